"""What the documents show is what happens: every console block is run and compared."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)


def examples() -> list[tuple[str, str, str]]:
    """(page, command, output) of every console block; a block shows one command."""
    found = []
    for page in PAGES:
        for block in CONSOLE.findall(page.read_text(encoding="utf-8")):
            first, _, output = block.partition("\n")
            assert first.startswith("$ netdsl "), first
            found.append((page.name, first.removeprefix("$ "), output))
    return found


@pytest.mark.parametrize(("page", "command", "output"), examples())
def test_console_block(page: str, command: str, output: str) -> None:
    arguments = [sys.executable, "cli.py", *shlex.split(command)[1:]]
    done = subprocess.run(
        arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.stdout.strip() == output.strip()


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
