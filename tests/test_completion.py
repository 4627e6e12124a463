"""The Tab key in real shells; those that this machine lacks are left out."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netdsl.commands import ASKED_BY, group, run
from netdsl.commands.console.completing import _BY_METAVAR, _BY_NAME, SHELLS, answer

ROOT = Path(__file__).parent.parent

OFFERED = {
    "netdsl chec": {"plain check"},
    "netdsl check lenet1": {"plain lenet1", "file lenet1"},
    "netdsl check --format=sar": {"plain sarif"},
    "netdsl check --format sar": {"plain sarif"},
    "netdsl check --like torchi": {"plain torchinfo"},
    "netdsl check --columns macs,weig": {"plain macs,weights"},
    "netdsl check lenet --stri": {"plain --strict"},
    "netdsl check lenet --ignore ND40": {*(f"plain ND40{n}" for n in range(1, 10))},
    "netdsl check lenet --select nd3,nd40": {*(f"plain nd3,nd40{n}" for n in range(1, 10))},
    "netdsl check 'my ne": {"file my ne"},
    "netdsl check my\\ ne": {"file my ne"},
    "netdsl explain nd30": {*(f"plain nd30{n}" for n in range(1, 10)), "file nd30"},
    "netdsl explain DEPTHW": {"plain DEPTHWISE", "file DEPTHW"},
    "netdsl explain cutou": {"plain cutout", "file cutou"},
    "netdsl explain lenet max_": {"plain MAX_POOL1", "plain MAX_POOL2"},
    "netdsl explain lenet FC": {"plain FC1", "plain FC2"},
    "netdsl train lenet --optimizer adam": {"plain adam", "plain adamw"},
    "netdsl train --data di": {"plain digits", "file di"},
    "netdsl train --out ru": {"dir ru"},
    "netdsl eval ru": {"file ru"},
    "netdsl diff lenet alexnet-g": {"plain alexnet-grouped", "file alexnet-g"},
    "netdsl zoo vgg1": {"plain vgg11", "plain vgg13", "plain vgg16", "plain vgg19"},
    "netdsl completion ba": {"plain bash"},
    # Lines that no command takes, or that nothing fits.
    "netdsl chekc le": set(),
    "netdsl explain there-is-none CO": set(),
    "netdsl zoo zzz": set(),
}


@pytest.mark.parametrize("line", OFFERED)
def test_what_is_offered(
    line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ASKED_BY, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    assert run([]) == 0
    said = capfd.readouterr()
    assert not said.err
    offered = {found.replace("\t", " ") for found in said.out.splitlines()}
    assert offered >= OFFERED[line]
    if OFFERED[line] and "nd3" not in line:
        begun = line.rpartition(" ")[2].rpartition("=")[2].rpartition(",")[2]
        assert len(offered) == len(OFFERED[line]) or begun in ("lenet1", "adam"), offered
    else:
        assert bool(offered) == bool(OFFERED[line])


def test_a_strange_question_has_no_answer() -> None:
    for question in ("", "bash", "tcsh_complete", "bash_", "bash_nonsense", "_complete"):
        assert answer(group, question) == ""


def test_each_rule_is_for_a_parameter_that_there_is() -> None:
    context = group.make_context("netdsl", [], resilient_parsing=True)
    commands = {name: group.get_command(context, name) for name in group.list_commands(context)}
    parameters = [(name, one) for name, command in commands.items() if command for one in command.params]
    assert set(_BY_METAVAR) <= {one.metavar for _, one in parameters}
    assert set(_BY_NAME) <= {(name, one.name) for name, one in parameters}
    metavars = {"FILE", "FOLDER", "NET", "NETWORK", "RUN", "DATA", "IMAGE"}
    for name, one in parameters:
        words = {word.strip(".") for word in (one.metavar or "").replace("|", " ").split()}
        known = one.metavar in _BY_METAVAR or (name, one.name) in _BY_NAME
        assert known or not words & metavars, f"{name} {one.metavar}: say in completing.py what fits"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a `netdsl` is on the path that completes, and else prints its arguments."""
    root = tmp_path_factory.mktemp("completion")
    program = root / "bin" / "netdsl"
    program.parent.mkdir()
    netdsl = f'exec "{sys.executable}" "{ROOT / "cli.py"}" "$@"'
    program.write_text(
        f'#!/bin/sh\n[ -n "${ASKED_BY}" ] || [ $1 = completion ] && {netdsl}\nprintf \'<%s>\' "$@"; echo\n'
    )
    program.chmod(0o755)
    (root / "my nets").mkdir()
    (root / "my nets" / "small.net").write_text("input 8x8x1\nFC 10\n")
    (root / "lenet-mine.net").write_text("input 8x8x1\nFC 10\n")
    return root


TYPED = {
    "netdsl che\tlenet5-\t": "<check><lenet5-1998>",
    "netdsl check lenet-\t": "<check><lenet-mine.net>",
    "netdsl check my\tsm\t": "<check><my nets/small.net>",
    "netdsl check lenet --format=sar\t": "<check><lenet><--format=sarif>",
    "netdsl check lenet --columns macs,weig\t": "<check><lenet><--columns><macs,weights>",
    "netdsl explain lenet MAX_POOL2\t": "<explain><lenet><MAX_POOL2>",
}


def typed(command: list[str], prepare: str, folder: Path) -> str:
    """What a terminal shows of a shell in which lines are written with Tab keys in them, and entered."""
    child, terminal = pty.fork()
    if child == 0:
        path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "TERM": "dumb", "HOME": str(folder)}
        os.chdir(folder)
        os.execvpe(command[0], command, environment)
    shown = ""

    def wait_for(sign: str) -> None:
        end = time.monotonic() + 20
        nonlocal shown
        while sign not in shown and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 4096).decode(errors="replace")

    try:
        os.write(terminal, f"{prepare}; echo re''ady\n".encode())
        wait_for("ready")
        for line in TYPED:
            os.write(terminal, f"{line}\n".encode())
            wait_for(TYPED[line])
            assert TYPED[line] in shown, shown
    finally:
        os.kill(child, signal.SIGKILL)
        os.close(terminal)
        os.waitpid(child, 0)
    return shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "prepare"),
    [
        (["bash", "--norc", "-i"], "source <(netdsl completion bash)"),
        (["zsh", "-f", "-i"], "autoload compinit; compinit -u -D; source <(netdsl completion zsh)"),
    ],
)
def test_completes_on_a_terminal(command: list[str], prepare: str, folder: Path) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    typed(command, prepare, folder)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_completes(folder: Path) -> None:
    lines = {
        "netdsl check lenet": ["lenet", "lenet-mine.net", "lenet1", "lenet5-1998"],
        "netdsl check my": ["my nets/"],
        "netdsl check lenet --format=sar": ["--format=sarif"],
        "netdsl chec": ["check"],
    }
    asked = "; ".join(f"echo '> {line}'; complete -C '{line}'" for line in lines)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"netdsl completion fish | source; {asked}"],
        cwd=folder,
        env={**os.environ, "PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    offered = dict(part.split("\n", 1) for part in done.stdout.split("> ")[1:])
    found = {line: sorted(one.split("\t")[0] for one in offered[line].splitlines()) for line in lines}
    assert found == {line: sorted(wanted) for line, wanted in lines.items()}


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_are_read_by_their_shells(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "netdsl" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
