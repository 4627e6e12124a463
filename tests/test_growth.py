"""Work grows with the text and with the layers, not faster: twice the input is at most 2.5 times the work.

Work is counted and not timed: the calls of functions, those in C among them. ``hostile_texts`` has the
shapes of the texts; a new one there is tried with every command.
"""

from __future__ import annotations

import cProfile
import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from edited_texts import Editor, ask_everything
from hostile_texts import BLOCK_FILES, LISTINGS, NETWORKS, RECIPES, Shape

from netdsl.commands import run
from netdsl.formats.listing import LINE_LIMIT
from netdsl.planning.pipeline import load_plan
from netdsl.recipe.written import read_file
from netdsl.server.positions import Position
from netdsl.source import Source

pytestmark = pytest.mark.slow

SIZE = 40
GROWTH = 2.5

LIMITS = {
    "netdsl.diagnostics.CROWD": 10,
    "netdsl.edits.CHARACTERS": 1,
    "netdsl.diagnostics.MOST": 20,
    "netdsl.diagnostics.SEARCHED": 200,
    "netdsl.spelling.MOST": 20,
    "netdsl.graph.macros.scopes.READ_LIMIT": 500,
    "netdsl.graph.macros.limits.CALL_LIMIT": 200,
    "netdsl.graph.layer_patterns.POSITION_LIMIT": 100,
    "netdsl.planning.second_reading._LINES": 10,
    "netdsl.planning.option_inference._TRIED": 500,
}
"""Limits that bound work which would grow faster, low enough for small texts to reach them."""


@pytest.fixture(autouse=True)
def _comparable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without the destructors that the collector calls at any time, and with low limits."""
    for name, limit in LIMITS.items():
        monkeypatch.setattr(name, limit)
    gc.disable()
    yield
    gc.enable()


def calls(work: Callable[[], object]) -> int:
    """How many functions are called."""
    profile = cProfile.Profile(subcalls=False, builtins=True)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        profile.enable()
        try:
            work()
        finally:
            profile.disable()
    return sum(entry.callcount for entry in profile.getstats())


def command(*arguments: str) -> Callable[[str, Path], object]:
    """A command that reads a text from a file."""

    def work(text: str, folder: Path) -> object:
        path = folder / "x.net"
        path.write_text(text, encoding="utf-8", newline="")
        code = run([argument.replace("FILE", str(path)) for argument in arguments])
        assert code in (0, 1, 2), "no internal error"
        return code

    return work


def used(text: str, folder: Path) -> None:
    (folder / "blocks.net").write_text(text, encoding="utf-8")
    command("check", "FILE")('use "blocks.net"\ninput 8x8x1\nFC 10\n', folder)


def recipe(text: str, folder: Path) -> None:
    read_file(Source("x.train", text))


def carried(text: str, folder: Path) -> None:
    """As ``predict`` and ``eval`` read the network inside a checkpoint."""
    load_plan(text, "x (its network)")


def asked(text: str, folder: Path) -> None:
    """As an editor asks the language server about a text that it holds."""
    editor = Editor(text)
    ask_everything(editor, Position(len(editor.lines()) // 2, 3))


Work = Callable[[str, Path], object]


def _some(which: int) -> dict[str, Shape]:
    """A third of the networks: commands that do what ``check`` does, and more, are tried with these."""
    return {label: shape for index, (label, shape) in enumerate(NETWORKS.items()) if index % 3 == which}


COMMANDS: dict[str, tuple[Work, dict[str, Shape]]] = {
    "check": (command("check", "FILE"), NETWORKS),
    "check as JSON": (command("check", "--format", "json", "FILE"), _some(0)),
    "check --fix": (command("check", "--fix", "--unsafe", "FILE"), _some(1)),
    "fmt": (command("fmt", "FILE"), _some(2)),
    "explain": (command("explain", "FILE", "RELU9"), _some(0)),
    "predict": (carried, _some(1)),
    "import": (command("import", "--from", "listing", "FILE"), LISTINGS),
    "lsp": (asked, dict(list(NETWORKS.items())[4::9])),
    "use": (used, BLOCK_FILES),
    "train": (recipe, RECIPES),
}


AFTER_CHECK = ("check as JSON", "check --fix", "fmt", "explain", "predict")
"""Commands that do what ``check`` does, and more: CI tries them with three times as many shapes."""


def _tried() -> Iterator[object]:
    for name in COMMANDS:
        step = 3 if name in AFTER_CHECK else 1
        for first in range(step):
            marks = pytest.mark.ci if first else ()
            yield pytest.param(name, slice(first, None, step), id=f"{name}-{first}", marks=marks)


@pytest.mark.parametrize(("name", "some"), [*_tried()])
def test_twice_the_text_is_twice_the_work(name: str, some: slice, tmp_path: Path) -> None:
    work, shapes = COMMANDS[name]
    grown: dict[str, float] = {}
    for label, shape in list(shapes.items())[some]:
        texts = [shape(size) for size in (4, SIZE, 2 * SIZE)]  # at first, what is loaded once is loaded
        _, once, twice = (calls(lambda text=text: work(text, tmp_path)) for text in texts)  # type: ignore[misc]
        grown[label] = twice / once
    faster = {label: round(growth, 1) for label, growth in grown.items() if growth > GROWTH}
    assert not faster


def test_the_measure_finds_what_grows_faster() -> None:
    def quadratic(size: int) -> None:
        for _ in range(size):
            for number in range(size):
                str.upper(str(number))

    assert calls(lambda: quadratic(2 * SIZE)) > GROWTH * calls(lambda: quadratic(SIZE))


def test_listings_end_somewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "book.txt"
    path.write_text("[8x8x1] INPUT\n" * (LINE_LIMIT + 1) + "\n" * 10)
    assert run(["import", "--from", "listing", str(path)]) == 1
    assert "ND009" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["x", "default x", "default activation r", "x-", "CONV 3x3 y"])
def test_a_long_word_ends(text: str, tmp_path: Path) -> None:
    """Searches inside one word are not calls of functions: a million letters would take hours."""
    path = tmp_path / "x.net"
    path.write_text(f"input 8x8x1\n{text + text[-1] * 1_000_000}\n", encoding="utf-8")
    for arguments in (["check"], ["fmt", "--check"]):
        command = [sys.executable, "-m", "netdsl.commands", *arguments, str(path)]
        assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode in (0, 1)
