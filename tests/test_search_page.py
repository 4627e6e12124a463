"""docs/search.md: its search runs and prints what the page shows, its networks are checked."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.commands.search import command
from netdsl.recipe.search_settings import settings

PAGE = (Path(__file__).parent.parent / "docs" / "search.md").read_text(encoding="utf-8")


def shape(text: str) -> list[str]:
    """The lines with figures replaced, which depend on the processor in their last digits."""
    return [" ".join(re.sub(r"\d+(?:\.\d+)?(?:e-?\d+)?", "0", line).split()) for line in text.splitlines()]


def test_the_search_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```text\n\$ netdsl (.*?)```", PAGE, re.DOTALL)
    line, _, shown = block.partition("\n")
    assert run([*shlex.split(line), "--threads", "2"]) == 0
    captured = capsys.readouterr()
    told = captured.err.splitlines(keepends=True)
    begin = 1 + sum(line.startswith("trial ") for line in told)
    assert shape("".join(told[:begin]) + captured.out + "".join(told[begin:])) == shape(shown)
    again = shown.splitlines()[-1].split()
    assert again[:2] == ["netdsl", "train"]
    assert run([*again[1:], "--threads", "2"]) == 0
    test = next(line for line in captured.out.splitlines() if line.startswith("test accuracy"))
    assert capsys.readouterr().out.splitlines()[-1] == test


def test_the_finding_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (network, code, place, words) = re.findall(
        r"```net\n(.*?)```\n\n```expect\nexit 1\n(\w+) (\S+) (.*?)\n```", PAGE, re.DOTALL
    )[0]
    path = tmp_path / "page.net"
    path.write_text(network)
    assert run(["check", str(path)]) == 1
    told = capsys.readouterr().err
    assert f"{path}:{place}: error {code}" in told
    assert words in told


def test_the_settings_and_options_of_the_page() -> None:
    for example in re.findall(r"`([a-z]+(?: [a-z]+)?) in [{\d]", PAGE):
        assert example in settings(), example
    known = {flag for option in command.params for flag in option.opts}
    assert set(re.findall(r"(--[a-z][a-z-]+)", PAGE)) <= known
