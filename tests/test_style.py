"""The code reads alike: ruff, ruff format and strict types."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        pytest.param(["mypy", "--no-error-summary"], marks=[pytest.mark.slow, pytest.mark.ci]),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_clean(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


_FILE = re.compile(r"(?<![\w/.])(?:netdsl|tests|benchmarks|docs|editors)/[\w/.-]*\w\.(?:py|md|lark|json)\b")

EXAMPLES = re.compile(r".*/x\.py|netdsl/explanations/ND(?:499|xxx)\.md|netdsl/grammar/netdsl\.lark")
"""Files that somebody may add, and where the wheel has the grammar."""


@pytest.mark.parametrize("folder", [".", "docs", "netdsl", "tests", "benchmarks"])
def test_files_that_prose_names_are_there(folder: str) -> None:
    """A file that moves is named anew by docstrings, comments and pages; the changes tell of old ones."""
    every = (ROOT / folder).glob("*.md") if folder == "." else (ROOT / folder).rglob("*.[pm][yd]")
    gone = [
        f"{path.relative_to(ROOT)}: {named}"
        for path in every
        if path.name != "CHANGELOG.md"
        for named in _FILE.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / named).exists() and not EXAMPLES.fullmatch(named)
    ]
    assert not gone
