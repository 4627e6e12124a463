"""Files that a network uses: only those beside it, with findings in the right file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.planning.pipeline import Checked, load_plan, plan_source
from netdsl.source import Source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "network"
    (inner / "parts").mkdir(parents=True)
    (tmp_path / "outside.net").write_text("block OUT { RELU }\n")
    (inner / "blocks.net").write_text(
        'let k = 8\nuse "parts/more.net"\nblock B(w) { inner: CONV w 3x3 - RELU }\n'
    )
    (inner / "parts" / "more.net").write_text("block C(w) { FC w - RELU }\n")
    return inner


def _check(folder: Path, text: str) -> Checked:
    return plan_source(Source(str(folder / "main.net"), text, str(folder)))


def test_blocks_and_values_of_other_files(folder: Path) -> None:
    plan, findings = _check(folder, 'use "blocks.net"\nuse "parts/more.net"\ninput 8x8x1\nB(k) - C(10)\n')
    assert plan is not None, findings
    assert [layer.node.name for layer in plan.layers] == ["INPUT", "inner", "RELU1", "FC1", "RELU2"]


def test_findings_are_placed_in_their_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "main.net").write_text('use "blocks.net"\ninput 2x2x1\nB(k)\nB(k, 2)\n')
    assert run(["check", str(folder / "main.net"), "--format", "json", "--format", "text=/dev/null"]) == 1
    assert run(["check", str(folder / "main.net")]) == 1
    shown = capsys.readouterr().err
    assert "blocks.net:3:28: error ND302" in shown
    assert "main.net:4:6: error ND218" in shown
    assert "the first" not in shown


@pytest.mark.parametrize(
    "path",
    [
        "../outside.net",
        "/etc/passwd",
        "nothing.net",
        "parts",
        "link.net",
        "",
        "a\0b",
        "x" * 5000,
        "main.net/x",
        "pipe",
    ],
)
def test_what_is_not_beside_the_network_is_refused(folder: Path, path: str) -> None:
    (folder / "link.net").symlink_to(folder.parent / "outside.net")
    os.mkfifo(folder / "pipe")
    plan, findings = _check(folder, f'use "{path}"\ninput 8x8x1\nOUT - FC 10\n')
    assert plan is None
    assert findings[0].code == "ND224"


def test_a_missing_file_brings_no_other_findings(folder: Path) -> None:
    _, findings = _check(folder, 'use "blocs.net"\ninput 8x8x1\nB(2*k) - D(3)\n')
    assert [finding.code for finding in findings] == ["ND224"]


def test_mistakes_of_syntax_in_a_used_file(folder: Path) -> None:
    (folder / "blocks.net").write_text("block B(w) { CONV w 3x3\n")
    _, findings = _check(folder, 'use "blocks.net"\ninput 8x8x1\nB(3)\n')
    (finding,) = findings
    assert finding.code == "ND103"
    assert finding.source is not None
    assert finding.source.name == str(folder / "blocks.net")


def test_circles_are_named_and_depth_is_limited(folder: Path) -> None:
    (folder / "parts" / "more.net").write_text('use "../blocks.net"\n')
    _, findings = _check(folder, 'use "blocks.net"\ninput 8x8x1\nFC 10\n')
    assert "blocks.net -> parts/more.net -> blocks.net" in findings[0].message
    for number in range(20):
        (folder / f"{number}.net").write_text(f'use "{number + 1}.net"\n')
    _, findings = _check(folder, 'use "0.net"\ninput 8x8x1\nFC 10\n')
    assert "more than 16 deep" in findings[0].message


def test_used_files_hold_blocks_and_values_only(folder: Path) -> None:
    (folder / "blocks.net").write_text("FC 10\nnet X\n")
    _, findings = _check(folder, 'use "blocks.net"\ninput 8x8x1\nFC 10\n')
    assert [finding.code for finding in findings] == ["ND224", "ND224"]


def test_large_and_binary_files(folder: Path) -> None:
    begin = time.process_time()
    (folder / "large.net").write_text("#" * 2**20)
    (folder / "binary.net").write_bytes(b"\xff\xfe\x00")
    (folder / "zero.net").write_bytes(b"let k = 3\n\x00")
    for name in ("large", "binary", "zero"):
        _, findings = _check(folder, f'use "blocks.net"\nuse "{name}.net"\ninput 8x8x1\nFC 10\n')
        assert [finding.code for finding in findings] == ["ND224"], name
    assert time.process_time() - begin < 3


def test_a_text_without_a_folder_uses_nothing() -> None:
    _, findings = load_plan('use "blocks.net"\ninput 8x8x1\nFC 10\n')
    assert [finding.code for finding in findings] == ["ND224"]
