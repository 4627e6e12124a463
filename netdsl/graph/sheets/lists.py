"""Lists of options below the name of a layer, as the line that a sheet would have.

``Convolutional layer 1:`` above ``- Filters: 16`` and ``- Filter size: 5x5`` is one layer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from netdsl.graph.sheets import columns
from netdsl.graph.sheets.items import KIND, SWITCH, VALUE, UnknownError, items_of
from netdsl.graph.sheets.markup import plain
from netdsl.graph.sheets.tables import BEHIND, named, said_of
from netdsl.graph.sheets.words import LONGEST, pieces_of, without_bullet


class Listed(NamedTuple):
    """A layer in several lines, by their numbers from 0: what its head and its options say as one line."""

    head: int
    options: tuple[int, ...]
    line: str


_OPTION = re.compile(
    r"(?P<key>[A-Za-z#][\w #()/-]{0,50}?)[ \t]*(?::|=|→|->|[–—-][ \t])[ \t]*(?P<value>\S.*)\Z"
)
_COUNTED = re.compile(
    r"param|weight|bias|memory|flop|\bmac|formula|calculation|learnable|trainable|connection", re.IGNORECASE
)
_ORDINAL = re.compile(
    r"\A(?:(?:layer|block|step|stage|part)[ \t]*)?#?[ \t]*[0-9]{1,2}[ \t]*[.:)–-][ \t]*", re.IGNORECASE
)
_REMARK = re.compile(r"[ \t]*\([^()0-9]*\)[ \t]*\Z|[ \t]*\([^()]*[A-Za-z]{3}[^()]*\)[ \t]*\Z")


_LABEL = re.compile(r"\A[A-Z][A-Za-z]?[0-9]{1,2}[ \t]*[:–—-][ \t]+(?=[A-Za-z])")


def _kinds_in(name: str) -> list[str]:
    try:
        return [item.text for item in items_of(pieces_of(name), label=True) if item.what == KIND]
    except UnknownError:
        return []


def lists_of(lines: Sequence[str]) -> list[Listed]:
    """The layers of a text whose options stand in lines below them."""
    found: list[Listed] = []
    number = 0
    while number < len(lines):
        listed = _read(lines, number)
        if listed is not None:
            found.append(listed)
            number = listed.options[-1]
        number += 1
    return found


def _read(lines: Sequence[str], head: int) -> Listed | None:
    name = _head(lines[head])
    if not name:
        return None
    parts: list[str] = []
    behind: list[str] = []
    options: list[int] = []
    number = head + 1
    while number < len(lines) and (options or number < head + 3):
        if not lines[number].strip() and not options:
            number += 1
            continue
        option = _option(lines[number])
        if option is None:
            break
        options.append(number)
        role, said = option
        (behind if role in BEHIND else parts).append(said)
        number += 1
    said = ", ".join(part for part in (*parts, *behind) if part)
    return Listed(head, tuple(options), f"{name}: {said}" if said else name) if options else None


def _head(line: str) -> str:
    """The name of a layer that stands alone in a line, perhaps a heading of Markdown."""
    if len(line) > LONGEST or "|" in line:
        return ""
    text = without_bullet(plain(line).lstrip("# \t")).rstrip(": \t")
    text = _LABEL.sub("", _ORDINAL.sub("", text))
    remark = _REMARK.search(text)
    kind = named([remark[0].strip(" \t()")], []) if remark is not None else ""
    name = kind if kind and _kinds_in(kind) else named([_REMARK.sub("", text)], [])
    if not name or re.search(r"[=;→|]|->", name):
        return ""
    try:
        items = items_of(pieces_of(name), label=True)
    except UnknownError:
        return ""
    kinds = [item for item in items if item.what == KIND]
    plain_name = len(kinds) == 1 and not any(item.what in (VALUE, SWITCH) for item in items)
    return name if plain_name and len(name.split()) <= 6 else ""


def _option(line: str) -> tuple[str, str] | None:
    """The role of an option in a line of its own, and what it says; None where the line is no option."""
    if len(line) > LONGEST or "|" in line or line.lstrip().startswith("#"):
        return None
    found = _OPTION.match(without_bullet(plain(line)))
    if found is None:
        return None
    key = re.sub(r"[ \t]*\([^()]*\)", "", found["key"]).strip()
    if _COUNTED.search(key):
        return columns.COUNTS, ""
    role = columns.role_of(key)
    if role == columns.EITHER:
        role = (
            columns.KERNEL if re.search(r"[0-9][ \t]*[x×*,][ \t]*[0-9]", found["value"]) else columns.FILTERS
        )
    if role == columns.SIZE:
        role = columns.KERNEL
    if role in ("", columns.LABEL, columns.LAYER, columns.TEXT, columns.TIMES) or "/" in role:
        return (columns.IDLE, "") if role == columns.IDLE else None
    value = found["value"].rstrip(" .;,")
    value = _REMARK.sub("", value) if not re.search(r"same|valid", value, re.IGNORECASE) else value
    return role, "" if role == columns.IDLE else said_of(role, value)
