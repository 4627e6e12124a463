"""Joins as program texts have them, ``ADD @a``, ``CONCAT(a, b)``, ``add: @a + @b``, and as they are meant."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from netdsl.source import Span

_NAME = r"@?[A-Za-z_][\w.]{0,60}+"
_BETWEEN = r"(?:[ \t]*[,+&|*][ \t]*|[ \t]+and[ \t]+|[ \t]+)"
_JOIN = re.compile(
    r"(?P<kind>\b(?:ADD|SUM|CONCAT|CONCATENATE|MULTIPLY))\b"
    r"[ \t]*:?[ \t]*(?P<open>[(\[]?[(\[]?)[ \t]*(?:(?:with|of|to|from)[ \t]+)?"
    rf"(?P<names>{_NAME}(?:{_BETWEEN}{_NAME}){{0,31}}+)[ \t]*+(?P<close>[)\]]?[)\]]?)"
    r"[ \t]*(?=\Z|[-–—→#;\n(|\]])",
    re.IGNORECASE,
)
_KIND = re.compile(r"\b(?:ADD|SUM|CONCAT|CONCATENATE|MULTIPLY)\b", re.IGNORECASE)
_PART = re.compile(_BETWEEN)
_LABEL = re.compile(r"(?<![\w.@])([A-Za-z_][\w.]{0,60})[ \t]*:")


class Join(NamedTuple):
    """A join, its span in the text looked at, the names it joins, and how it is written."""

    span: Span
    names: tuple[str, ...]
    meant: str

    @property
    def cure(self) -> str:
        """What to write, and what SKIP is."""
        if len(self.names) > 1:
            return f"write `{self.meant}`: branches go in brackets"
        return f"write `{self.meant}`: SKIP is the volume that the line above makes"


@lru_cache(maxsize=4)
def label_names(text: str) -> frozenset[str]:
    """What comes before a colon in a text, in small letters: its labels, and perhaps more."""
    return frozenset(name.lower() for name in _LABEL.findall(text))


def joined_names(text: str, start: int, reach: int = 400) -> Join | None:
    """The join that begins at an offset of a text; None where there is none, or where one of the names joined
    is no label."""
    line = text[start : start + reach].partition("\n")[0]
    found = _JOIN.match(line)
    if found is None or len(found["open"]) > len(found["close"]):
        return None
    names = tuple(name.removeprefix("@") for name in _PART.split(found["names"]))
    known = label_names(text)
    if any(_KIND.fullmatch(name) for name in names):
        return None
    if not all(name.lower() in known or name.upper() == "SKIP" for name in names):
        return None
    shown = [name.upper() if name.upper() == "SKIP" else f"@{name}" for name in names]
    branches = shown if len(shown) > 1 else ["SKIP", *shown]
    end = found.start("close") + len(found["open"]) if found["open"] else found.end("names")
    return Join(Span(start, start + end), names, f"{found['kind']}[ {' | '.join(branches)} ]")


def join_around(text: str, offset: int, reach: int = 400) -> Join | None:
    """The join that begins before an offset of a text, in the same line, and covers it."""
    begin = max(text.rfind("\n", 0, offset) + 1, offset - reach)
    for found in _KIND.finditer(text, begin, offset):
        join = joined_names(text, found.start())
        if join is not None and join.span.start <= offset < join.span.end:
            return join
    return None
