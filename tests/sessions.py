"""Runs what documents show: the blocks of a page, one after another, in a folder of their own.

    python tests/sessions.py docs/tutorial.md

writes what is printed now into the pages that are named. In a page stand

- ```` ```console ````: commands behind `$` and exactly what they print; a line `...` stands for any lines,
- ```` ```text ```` with `$`: the same, and figures may be others, as they depend on the machine,
- ```` ```sh ````: commands that have to succeed,
- ```` ```python ````: statements that have to, which know what those before have defined,
- a title, ```` ```net title="lenet.net" ````: a file of that name with that text.

`<!-- not run: why -->` above a block leaves it out; `<!-- before: commands -->` prepares for what follows.
`docs` and `nets` are those of the repository.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from netdsl.commands import run

ROOT = Path(__file__).resolve().parent.parent

_FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n\n?)?"
    r"```(?P<language>[\w-]*)(?: title=\"(?P<title>[^\"\n]+)\")?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_BEFORE = re.compile(r"^<!-- before: (?P<text>.*?) -->$", re.MULTILINE | re.DOTALL)
_COMPILING = "compiling the network for this machine"
"""Only whoever runs it first is told so."""

_TIME = re.compile(r"; about [\d,]+ (?:s|min|h)\b|  [\d,]+ (?:s|min|h) left\b")
"""What a run says of the time to come, where it has had the time to find out."""

_SHELL = re.compile(r"[|<>&;`$]|^(?!netdsl )")


class Block(NamedTuple):
    """A fenced block; ``start`` and ``end`` are the places of its text in the page."""

    language: str
    title: str
    text: str
    reason: str
    start: int
    end: int


class Step(NamedTuple):
    """A command and what the page says that it prints."""

    command: str
    shown: str


class Difference(NamedTuple):
    """A command that printed something else."""

    command: str
    shown: str
    printed: str

    def __str__(self) -> str:
        return f"$ {self.command}\n--- the page has\n{self.shown}--- and it printed\n{self.printed}"


def blocks(page: str) -> list[Block]:
    """All blocks of a page in their order, what prepares for them included."""
    found = [
        Block(
            one["language"],
            one["title"] or "",
            one["text"],
            one["reason"] or "",
            one.start("text"),
            one.end("text"),
        )
        for one in _FENCE.finditer(page)
    ]
    found += [
        Block("sh", "", one["text"], "", one.start("text"), one.end("text")) for one in _BEFORE.finditer(page)
    ]
    return sorted(found, key=lambda block: block.start)


def is_session(block: Block) -> bool:
    """Whether there is something to run; what makes an environment and installs netdsl into it is not."""
    if "python3 -m venv" in block.text:
        return False
    commands = block.language in ("console", "sh", "python") or (
        block.language == "text" and block.text.startswith("$ ")
    )
    return not block.reason and (commands or bool(block.title))


def steps(block: Block) -> list[Step]:
    found: list[Step] = []
    for line in block.text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Step(line[2:].rstrip("\n"), ""))
        else:
            found[-1] = Step(found[-1].command, found[-1].shown + line)
    return found


def differences(page: str, folder: Path) -> Iterator[tuple[Block, list[Difference], str]]:
    """Each block of commands with what came out otherwise, and the text that it should have."""
    for name in ("docs", "nets"):
        (folder / name).symlink_to(ROOT / name)
    names: dict[str, object] = {}
    for block in filter(is_session, blocks(page)):
        if block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            code, printed = _in_shell(block.text, folder)
            yield block, [Difference(block.text, "", printed)] if code else [], block.text
        elif block.language == "python":
            with _program() as path, contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
                before, os.environ["PATH"] = os.environ["PATH"], path
                try:
                    exec(compile(block.text, "a block of Python", "exec"), names)
                finally:
                    os.environ["PATH"] = before
            yield block, [], block.text
        else:
            wrong, lines = [], []
            for step in steps(block):
                printed = _printed(step.command, folder)
                same = matches(step.shown, printed, exact=block.language == "console")
                wrong += [] if same else [Difference(step.command, step.shown, printed)]
                lines.append(f"$ {step.command}\n{step.shown if same else printed}")
            yield block, wrong, "".join(lines)


def matches(shown: str, printed: str, *, exact: bool) -> bool:
    """Whether a page shows what was printed, with ``...`` for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in _lines(shown, exact)
    )
    text = "".join(f"{line}\n" for line in _lines(printed, exact))
    return re.fullmatch(pattern, text) is not None


def _lines(text: str, exact: bool) -> list[str]:
    lines = [line.rstrip() for line in text.strip().splitlines()]
    if not exact:
        lines = [_TIME.sub("", line) for line in lines if not line.startswith(_COMPILING)]
        lines = [" ".join(re.sub(r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?", "0", line).split()) for line in lines]
    return lines


def _printed(command: str, folder: Path) -> str:
    if _SHELL.search(command):
        return _in_shell(command, folder)[1]
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="utf-8", write_through=True)
    with contextlib.chdir(folder), contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        run(shlex.split(command)[1:])
    stream.flush()
    return written.getvalue().decode()


@contextlib.contextmanager
def _program() -> Iterator[str]:
    """A search path on which `netdsl` is the one of this checkout."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "netdsl")
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "cli.py"}" "$@"\n')
        program.chmod(0o755)
        yield f"{folder}{os.pathsep}{os.environ['PATH']}"


def _in_shell(commands: str, folder: Path) -> tuple[int, str]:
    with _program() as path:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=folder,
            env=_environment(path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
    return done.returncode, done.stdout


def _environment(path: str) -> dict[str, str]:
    """That of the tests, with netdsl on the path and a git that knows nobody."""
    names = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
    return {
        **os.environ,
        **{f"GIT_{name}": "somebody@example.org" for name in names},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "init.defaultBranch",
        "GIT_CONFIG_VALUE_0": "main",
        "PATH": path,
    }


def rewrite(path: Path) -> bool:
    """Put what is printed now into a page; whether that changed it."""
    page = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        found = list(differences(page, Path(folder)))
    new = page
    for block, wrong, text in reversed(found):
        if block.language in ("sh", "python"):
            assert not wrong, wrong[0]
        new = new[: block.start] + text + new[block.end :]
    path.write_text(new, encoding="utf-8")
    return new != page


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, "changed" if rewrite(Path(name)) else "is as it was")
