"""Writes the tables of docs/language.md that follow from what recipes declare.

    python tests/recipe_page.py

A test compares the page with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path
from typing import Any

from netdsl.layers.option import Option, OptionType
from netdsl.recipe.component import Component, option_text
from netdsl.recipe.entries import entries
from netdsl.reports.as_component import components, has_default, value_text

PAGE = Path(__file__).parent.parent / "docs" / "language.md"
BEGIN, END = "<!-- recipe -->\n", "<!-- end of recipe -->\n"

_TITLES = {
    "loss": "Losses",
    "optimizer": "Optimizers",
    "schedule": "Schedules, `warmup N` before each",
    "init": "Initial weights",
    "augment": "Augmentations",
}


def tables() -> str:
    """The table of entries, then one for each kind of component."""
    lines = ["| entry | what it takes | decides | by default |", "|---|---|---|---|"]
    for entry in entries().values():
        default = f"`{entry.default_text}`" if entry.default_text else "nothing"
        names = ", ".join(f"`{name}`" for name in (entry.name, *entry.spellings))
        lines.append(f"| {names} | `{entry.syntax}` | {entry.sentence} | {default} |")
    for entry_name, kinds in components().items():
        lines += ["", f"{_TITLES[entry_name]}:", "", "| name | does | settings |", "|---|---|---|"]
        lines += [row for kind in kinds.values() for row in _rows(kind)]
    return "\n".join([*lines, ""])


def _rows(kind: type[Component]) -> Iterator[str]:
    head = (getdoc(kind) or "").partition("\n")[0]
    settings = [_setting(option) for option in kind.options().values() if option.words[0] not in ("warmup",)]
    names = ", ".join(f"`{name}`" for name in (kind.name, *kind.spellings))
    shown = getattr(kind, "syntax", None)
    yield f"| {f'`{shown}`' if shown else names} | {_cell(head)} | {'; '.join(settings) or 'none'} |"


def _setting(option: Option[Any]) -> str:
    words = [word for word in option.words if word != option.name or word == option.words[0]]
    told = f"{', '.join(f'`{word}`' for word in words)} {option.doc}"
    if option.type is not OptionType.FLAG:
        values = value_text(option)
        if option.type is OptionType.WORD:
            values = f"one of {', '.join(f'`{choice}`' for choice in option.choices)}"
        told += f" ({_cell(values)}"
        told += f"; {option_text(option, option.default)} by default)" if has_default(option) else ")"
    return _cell(told)


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def rewritten(page: str) -> str:
    """The page with the tables in their place."""
    before, _, rest = page.partition(BEGIN)
    _, _, behind = rest.partition(END)
    return f"{before}{BEGIN}{tables()}{END}{behind}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
