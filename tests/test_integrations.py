"""What CI servers and pre-commit run: the commands of the action and of the hooks, carried out."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netdsl.commands import run

ROOT = Path(__file__).parent.parent


def fields(text: str, name: str) -> list[str]:
    """The values of a key in YAML as simple as ours."""
    return re.findall(rf"^[- ]*{name}: (.*)$", text, re.MULTILINE)


def test_hooks_run_commands_that_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    path = tmp_path / "a.net"
    for entry, files in zip(fields(text, "entry"), fields(text, "files"), strict=True):
        assert re.search(files, "nets/lenet.net")
        path.write_text("input 8x8x1\nfc 10\n")
        assert run([*shlex.split(entry)[1:], str(path)]) == 0
    assert path.read_text() == "input 8x8x1\nFC 10\n"
    path.write_text("input 8x8x1\nfc ten\n")
    assert run([*shlex.split(fields(text, "entry")[0])[1:], str(path)]) == 1


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_action_checks_paths_with_blanks(tmp_path: Path) -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    script = text.rpartition("run: |\n")[2]
    folder = tmp_path / "netdsl" / "bin"
    folder.mkdir(parents=True)
    program = folder / "netdsl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "cli.py"}" "$@"\n')
    program.chmod(0o755)
    (tmp_path / "my nets").mkdir()
    (tmp_path / "my nets" / "a.net").write_text("input 8x8x1\nCONV 3 3x3\nFC 10\n")
    environment = {
        **os.environ,
        "RUNNER_TEMP": str(tmp_path),
        "PATHS": "my nets\nmy nets/a.net\n",
        "ARGUMENTS": "--strict --quiet",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::notice title=netdsl::1 warning in 1 of 1 file")
    assert "::warning file=my nets/a.net,line=" in done.stdout
    assert "ND401" in (tmp_path / "summary.md").read_text()
