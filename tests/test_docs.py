"""What the documents show is what happens: every block of every page is run, or says why not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sessions import blocks, differences, is_session, matches

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SESSIONS = {
    path.relative_to(ROOT).as_posix(): text
    for path in PAGES
    if any(map(is_session, blocks(text := path.read_text(encoding="utf-8"))))
}
TRAINS = re.compile(r"^(?:\$ )?netdsl (?:train|search|lr-find|bench|compile|eval|predict) ", re.MULTILINE)
EDITORS = {"lua", "vim", "elisp", "lisp"}
"""Languages of settings of editors, which test_editor_page loads."""

ELSEWHERE = {"docs/search.md"}
"""Pages with a test of their own."""


def session(page: str) -> object:
    slow = any(TRAINS.search(block.text) for block in blocks(SESSIONS[page]) if is_session(block))
    return pytest.param(page, marks=pytest.mark.slow if slow else (), id=page)


@pytest.mark.parametrize("page", [session(page) for page in sorted(SESSIONS.keys() - ELSEWHERE)])
def test_blocks_show_what_happens(page: str, tmp_path: Path) -> None:
    wrong = [one for _, found, _ in differences(SESSIONS[page], tmp_path) for one in found]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_block_is_run_or_says_why_not(path: Path) -> None:
    """Networks are checked by test_language_page, YAML by test_integrations, what Python answers by
    test_library; text without `$` is shown."""
    if path.name == "README.md":
        return
    text = path.read_text(encoding="utf-8")
    found = blocks(text)
    assert len(found) == len(re.findall(r"^```\w", text, re.MULTILINE)) + text.count("<!-- before: ")
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(re.findall(r"^```\w", text, re.MULTILINE))
    assert path.name == "library.md" or "```pycon" not in text
    for block in found:
        known = {
            "net",
            "expect",
            "yaml",
            "text",
            "console",
            "sh",
            "python",
            "toml",
            "json",
            "pycon",
        } | EDITORS
        assert block.language in known, block.text
        assert block.language not in ("sh", "python", "console") or is_session(block) or block.reason
    assert not re.search(r"^    (?:\$ |netdsl )", text, re.MULTILINE), "fence what is to be run"


def test_what_is_shown_may_leave_lines_out() -> None:
    assert matches("a 1\n...\nc\n", "a 1\nb\nb\nc\n", exact=True)
    assert matches("a\n...\nc", "a\nc", exact=True)
    assert not matches("a 1\n...\nc", "a 2\nc", exact=True)
    assert matches("a 1.5\n...\nc", "a   20,000\nc", exact=False)
    assert not matches("a\n...\nc", "a\nb", exact=False)


@pytest.mark.slow
def test_readme_training_command_ends_in_a_trained_network(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith(".venv/bin/netdsl train nets/lenet.net")
    assert commands[1].endswith(".venv-test/bin/pytest")
    arguments = [sys.executable, "cli.py", "train", "nets/lenet.net", "--out", str(tmp_path / "run")]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    accuracy = re.fullmatch(r"test accuracy (\d+\.\d\d) % \(95 % interval .* %\)", last)
    assert accuracy is not None, last
    assert float(accuracy[1]) >= 97
