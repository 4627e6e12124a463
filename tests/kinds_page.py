"""Writes the table of docs/language.md that follows from what kinds of layers declare.

    python tests/kinds_page.py

A test compares the page with it, and runs the examples.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from netdsl.graph.options.assignment import FILLERS
from netdsl.graph.options.paddings import PADDINGS, ZERO
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.layers.registry import all_kinds

PAGE = Path(__file__).parent.parent / "docs" / "language.md"
BEGIN, END = "<!-- kinds -->\n", "<!-- end of kinds -->\n"


def table() -> str:
    lines = ["| kind, and its other names | options, and their other words | for example |", "|---|---|---|"]
    lines += [_row(kind) for kind in all_kinds()]
    nouns = sorted({filler.lower() for kind in all_kinds() for filler in kind.fillers} - FILLERS)
    sides = "`top`, `bottom`, `left`, `right`"
    lines += [
        "",
        f"Nouns that may follow a value: {_words(nouns)}. "
        f"Words that mean nothing: {_words(sorted(FILLERS))}. "
        f"Paddings: {_words(PADDINGS)}, {sides}, and `{ZERO}` before any of them.",
    ]
    return "\n".join([*lines, ""])


def _row(kind: type[Layer]) -> str:
    short = [f"{name} ({option})" for name, option in zip(*[iter(kind.short_for)] * 2, strict=True)]
    names = ", ".join(f"`{name}`" for name in (kind.keyword, *kind.spellings, *short))
    options = "; ".join(map(_option, kind.options().values()))
    return f"| {names} | {options or 'none'} | `{example(kind)}` |"


def example(kind: type[Layer]) -> str:
    """The example of the documentation in one line."""
    text = (inspect.getdoc(kind) or "").partition("\nExample\n")[2].partition("\nReference\n")[0]
    lines = (line.strip() for line in text.splitlines())
    return "; ".join(line for line in lines if line).replace("|", "\\|")


def _option(option: Option[Any]) -> str:
    choices = [*option.choices, *option.tables]
    said = _words(option.words)
    if option.type is OptionType.FLAG:
        return f"{said}, also with `no`" if option.default else said
    return f"{said}: {_words(choices)}" if choices else said


def _words(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in words)


def rewritten(page: str) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, behind = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{behind}"


def examples(page: str) -> list[str]:
    rows = re.findall(r"^\| `[A-Z].*\| `(.+)` \|$", page.partition(BEGIN)[2].partition(END)[0], re.MULTILINE)
    return [row.replace("\\|", "|") for row in rows]


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
