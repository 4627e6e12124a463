"""What the fuzzers run: a command on any bytes has to end with a documented exit code.

``TARGETS`` maps a name to a function of the bytes; a failure is an AssertionError or whatever the code
raised. ``seeds`` gives the texts to begin with, ``tokens`` the words worth putting in.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edited_texts import edits_to_server

from netdsl.commands import run
from netdsl.layers.registry import all_kinds
from netdsl.resources import explained_codes, explanation_text, zoo_names, zoo_text

ROOT = Path(__file__).parent.parent

SECONDS = 10.0
"""Of processor time. The promise is two seconds; a machine for tests may be slow."""


class _Captured(io.TextIOWrapper):
    """A standard stream in memory, encoded like a real one."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")

    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode("utf-8")


@contextlib.contextmanager
def _streams(content: bytes) -> Iterator[tuple[_Captured, _Captured]]:
    import sys

    out, err = _Captured(), _Captured()
    old = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = _Captured(content), out, err
    try:
        yield out, err
    finally:
        sys.stdin, sys.stdout, sys.stderr = old


def ended(arguments: list[str], content: bytes = b"") -> tuple[int, str, str]:
    """Run a command line in this process: its exit code, standard output and standard error.

    Raises AssertionError where it ended in a way that users must never see.
    """
    begun = time.process_time()
    with _streams(content) as (out, err):
        code = run(["--debug", *arguments])
    seconds = time.process_time() - begun
    said = err.text()
    assert code in (0, 1, 2), f"{arguments}: exit code {code}\n{said}"
    assert "Traceback" not in said, said
    assert code != 1 or said or out.text(), f"{arguments}: exit code 1 without a word"
    assert seconds < SECONDS, f"{arguments}: {seconds:.1f} s"
    return code, out.text(), said


def check(content: bytes) -> None:
    """``check`` as text and as JSON; a network that is clean is explained and listed too."""
    code, _, _ = ended(["check", "-"], content)
    assert ended(["check", "--format", "json", "-"], content)[0] == code


def fmt(content: bytes) -> None:
    """``fmt`` changes nothing that it has formatted."""
    code, once, _ = ended(["fmt", "-"], content)
    if code == 0:
        again, twice, said = ended(["fmt", "-"], once.encode())
        assert (again, twice) == (0, once), said


def import_listing(content: bytes) -> None:
    """``import`` of a listing; what it makes of it is a text that ``check`` can read."""
    code, made, _ = ended(["import", "--from", "listing", "-"], content)
    if code == 0 and made.strip():
        ended(["check", "-"], made.encode())


def recipe(content: bytes) -> None:
    """The text of a ``.train`` file, read with a network and on its own within one."""
    from netdsl.recipe.written import read_file
    from netdsl.reports.as_text import diagnostics_as_text
    from netdsl.source import Source

    text = content.decode("utf-8", "ignore")
    _, found = read_file(Source("a.train", text))
    diagnostics_as_text(found, colour=False)
    ended(["check", "-"], b"input 8x8x1\nFC 2\ntrain {\n" + content + b"\n}\n")


def use(content: bytes) -> None:
    """A file that another one uses."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "blocks.net").write_bytes(content)
        main = Path(folder, "main.net")
        main.write_text('use "blocks.net"\ninput 16x16x3\nBASIC(8)\nSTEM - FC 10\n')
        ended(["check", os.fspath(main)])


def fix(content: bytes) -> None:
    """``check --fix --unsafe``: ends, and leaves a text that can be checked."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.net")
        path.write_bytes(content)
        ended(["check", "--fix", "--unsafe", os.fspath(path)])
        ended(["check", os.fspath(path)])


def lsp(content: bytes) -> None:
    """A text in an editor: opened, changed, and asked about in every way."""
    begun = time.process_time()
    edits_to_server(content)
    assert time.process_time() - begun < 2 * SECONDS


TARGETS: dict[str, Callable[[bytes], None]] = {
    "check": check,
    "fmt": fmt,
    "import": import_listing,
    "recipe": recipe,
    "use": use,
    "fix": fix,
    "lsp": lsp,
}

_RECIPES = (
    "data digits\nsplit 80/10/10\nbatch 64   epochs 10   seed 1\n",
    "optimizer sgd rate 0.01 momentum 0.9 decay 5e-4\n",
    "schedule 0.01*5 : 0.001*3\nloss cross-entropy\ninit he\nstop after 5 epochs without improvement\n",
    "augment flip, crop 4, rotate 10, color 0.2, distort 0.1\n",
    "search rate in 1e-4..1e-1 log, batch in {32, 64, 128}, decay in 0..1e-3\n",
)

_BLOCKS = (
    "block BASIC(width, stride = 1) {\n"
    "  ADD[ CONV width 3x3 pad 1 - BN | PROJECT at stride stride ]\n  RELU\n}\n"
    "block STEM { CONV 64 7x7 stride 2 pad 3 - RELU }\n",
    'use "more.net"\nlet k = 3*4/2\nblock A(k) { CONV k 3x3 same }\nblock BASIC(n) { A(n)*2 }\n',
)


def networks() -> list[str]:
    """The texts of networks that the project has: cases, pages, the zoo."""
    pages = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "cases").rglob("*.md"))]
    pages += [explanation_text(code) for code in explained_codes()]
    pages.append((ROOT / "docs" / "language.md").read_text(encoding="utf-8"))
    texts = [text for page in pages for text in re.findall(r"```net\n(.*?)```", page, re.S)]
    return [*texts, *(zoo_text(name) for name in zoo_names())]


def seeds(target: str) -> list[bytes]:
    """Texts for a target to begin with."""
    if target == "recipe":
        return [text.encode() for text in _RECIPES]
    if target == "use":
        blocks = [text for text in networks() if "block" in text]
        return [text.encode() for text in (*_BLOCKS, *blocks)]
    if target == "import":
        pages = [
            path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "cases").rglob("*.md"))
        ]
        return [text.encode() for text in (*networks(), *pages)]
    return [text.encode() for text in networks()]


def tokens() -> list[bytes]:
    """Kinds, words of options, keywords and signs of the language."""
    words = {
        "let",
        "block",
        "use",
        "default",
        "expect",
        "pattern",
        "where",
        "table",
        "dialect",
        "train",
        "net",
    }
    for kind in all_kinds():
        words.update((kind.keyword, *kind.spellings, *kind.fillers))
        words.update(word for option in kind.options().values() for word in option.words)
    signs = [
        "->",
        " - ",
        "|",
        "[",
        "]",
        "]*3",
        "{",
        "}",
        "(",
        ")",
        "@a",
        "a: ",
        "*",
        "/2",
        "=",
        ",",
        ";",
        "\r",
        "\n",
    ]
    odd = [
        "×",
        "−",
        "\u00a0",
        "\u2028",
        "\x00",
        "\x85",
        "ß",
        "\ufeff",
        "0",
        "1e9",
        "99999999999",
        "3x3",
        "32x32x3",
        "1/0",
    ]
    return [word.encode() for word in (*sorted(words), *signs, *odd)]
