"""The pages of codes about settings and baselines: what they show fails, and is mended, as they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.resources import explained_codes, explanation_text

NETWORK = "input 8x8x1\nFC 10\n"
PAGES = [code for code in explained_codes() if re.search("```(?:toml|json)", explanation_text(code))]
NAMES = {"toml": "netdsl.toml", "json": "known.json", "net": "case.net"}


@pytest.mark.parametrize("code", PAGES)
def test_page(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _, failing, mended = re.split("^## (?:Fails|Fixed)$", explanation_text(code), flags=re.M)
    for part, expected in ((failing, [code]), (mended, [])):
        Path("case.net").write_text(NETWORK)
        Path("known.json").unlink(missing_ok=True)
        for kind, text in re.findall("```(toml|json|net)\n(.*?)```", part, re.S):
            Path(NAMES[kind]).write_text(text)
        known = ["--baseline", "known.json"] if Path("known.json").exists() else []
        run(["check", "case.net", "--format", "jsonl", *known])
        lines = capsys.readouterr().out.splitlines()
        assert [json.loads(line)["code"] for line in lines] == expected


def test_all_of_these_codes_have_pages() -> None:
    assert {f"ND{number}" for number in (680, 681, 682, 683, 684, 685, 689, 690)} <= set(PAGES)
