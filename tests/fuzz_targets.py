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
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from edited_texts import edits_to_server
from report_readers import hold_reports

from netdsl.commands import run
from netdsl.layers.registry import all_kinds
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.reports.formats import FORMATS
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


MANNERS = (
    *((), ("--strict",), ("--select", "ND4,ND68"), ("--ignore", "ND4,ND23"), ("--quiet",), ("--recipe",)),
    *(("--statistics",), ("--exit-zero",), ("--max-warnings", "1"), ("--like", "caffe", "--like", "paper")),
    ("--columns", "kept,connections,receptive_field", "--columns", "macs"),
)
"""Options of ``check``, of which a text decides by itself which it is checked with."""


def check(content: bytes) -> None:
    """``check`` as text, and in every format at once: the same exit code, and each what it should be."""
    manner = MANNERS[zlib.crc32(content) % len(MANNERS)]
    code, _, _ = ended(["check", "-", *manner], content)
    assert reported(["-", *manner], content) == code


HELD_TO_SCHEMAS = 16
"""Of so many texts the reports of one are held to their schemas, which takes longer than all the rest."""


def reported(arguments: list[str], content: bytes) -> int:
    """The exit code of a check in all formats at once, whose reports are held to what reads them."""
    reports: dict[str, str] = {}
    outputs = [f"--format={form}={form}" for form in FORMATS if form != "json"]
    with mock.patch("netdsl.commands.console.writing.write_output", reports.__setitem__):
        code, reports["json"], _ = ended(["check", "--format", "json", *outputs, *arguments], content)
    if len(reports) == len(FORMATS):  # else the command line or the settings allow none
        to_schemas = zlib.crc32(content) % HELD_TO_SCHEMAS == 0
        hold_reports(reports, quiet="--quiet" in arguments, to_schemas=to_schemas)
    else:
        assert (code, reports) == (2, {"json": ""})
    return code


def settings(content: bytes) -> None:
    """Bytes as the settings of a folder with a network that is warned of, or as its baseline."""
    name = "known.json" if content[:1] == b"{" else "netdsl.toml"
    arguments = ["a.net", "--baseline", name] if name == "known.json" else ["a.net"]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path(name).write_bytes(content)
        Path("a.net").write_text(WARNED)
        code, _, _ = ended(["check", *arguments])
        assert reported(arguments, content) == code


WARNED = """input 8x8x3   # netdsl: ignore ND4
CONV 4 3x3 - CONV 4 3x3 # netdsl: ignore
BN - BN
FC 10 - FC 5
"""


def fmt(content: bytes) -> None:
    """``fmt`` changes nothing that it has formatted, and never what the network is."""
    code, once, _ = ended(["fmt", "-"], content)
    if code == 0:
        again, twice, said = ended(["fmt", "-"], once.encode())
        assert (again, twice) == (0, once), said
        before, after = (load_plan(text).plan for text in (content.decode(), once))
        assert (before is None) == (after is None), once
        if before is not None and after is not None:
            assert totals(before) == totals(after), once


def totals(plan: Plan) -> list[object]:
    """What a layout must not change."""
    layers = [(one.node.layer.keyword, one.output, one.parameter_count, one.macs) for one in plan.layers]
    return [plan.network.name, *layers]


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
    "settings": settings,
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

_SETTINGS = (
    'select = ["ND4", "nd68"]\nignore = "ND404, ND409"\nstrict = true\nmax-warnings = 3\nquiet = false\n',
    'max-parameters = "5K"\nmax-macs = 1_000\nmax-memory = "2 MiB"\nrequired-patterns = "[CONV - BN?]*N"\n',
    'forbidden-layers = ["LRN", "FC"]\nexclude = ["old", "**/x*.net"]\nformat = "json"\ncolumns = ["macs"]\n',
    '[per-file-ignores]\n"a.net" = ["ND4"]\n[[overrides]]\nfiles = "!*.train"\nstrict = true\nmax-macs = 9\n',
    "select = []\nextend-select = 'ALL'\nbaseline = \"known.json\"\n",
)

_BASELINES = (
    '{"netdsl-baseline": 1, "findings": {'
    '  "a.net": ['
    '    {"code": "ND401", "line": "CONV 4 3x3 - CONV 4 3x3"},'
    '    {"code": "ND401", "line": "FC 10 - FC 5", "count": 2},'
    '    {"code": "ND403", "line": "CONV 4 3x3 - CONV 4 3x3"},'
    '    {"code": "ND415", "line": "BN - BN"}'
    "  ]"
    "}}"
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
    if target == "settings":
        return [text.encode() for text in (*_SETTINGS, *_BASELINES)]
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
    told = ["# netdsl: ignore ", "# netdsl: ignore-file", "# netdsl: ignore-next", "ND401", "ND4", " -- why"]
    told += [
        "strict",
        "true",
        "max-warnings",
        "[[overrides]]",
        "files",
        "select",
        "ignore",
        '"ND4"',
        '"**/a"',
    ]
    told += ["| Layer | Type | Filters |\n|---|---|---|\n", "Conv2D(8, 3)", "learning rate", "train {"]
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
    return [word.encode() for word in (*sorted(words), *signs, *told, *odd)]
