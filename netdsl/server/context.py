"""Where the cursor of somebody who writes is, in a text that need not parse."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from netdsl.source import Span


class Around(Enum):
    """What is open around a place."""

    FILE = "nothing"
    GROUP = "["
    BLOCK = "block {"
    WHERE = "where {"
    TRAIN = "train {"
    TABLE = "table {"
    CALL = "NAME("
    HEAD = "block NAME("
    PARENTHESES = "("
    STRING = '"'
    COMMENT = "#"


class Context(NamedTuple):
    """``word`` is what is being typed, empty between words; ``element`` the part of the layer before it,
    or of the line inside a recipe; ``line`` all that comes before it in its line. ``callee`` is the name
    before the parenthesis that is open. ``closers`` would close all that is open."""

    around: Around
    word: Span
    element: str
    line: str
    callee: str
    closers: str


_SIGNS = re.compile(r'#[^\n]*|"[^"\n]*"?|“[^”\n]*”?|[\[\](){}]')
_PAIRS = {"[": "]", "(": ")", "{": "}"}
_TYPED = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_OPENED = re.compile(r"(?:(train)|(where)|(table))\s*\Z", re.IGNORECASE)
_CALLEE = re.compile(r"(block[ \t]+)?([A-Za-z_]\w*)\Z", re.ASCII | re.IGNORECASE)
_CUTS = re.compile(r"[;|\[\]{}]|->|[–—→]|-+(?![0-9.])")
_NEARBY = 200
"""Characters before a bracket that say what it opens."""


def context_at(text: str, offset: int) -> Context:
    """Where a place of a text is."""
    open_signs: list[tuple[str, int]] = []
    around = Around.FILE
    for sign in _SIGNS.finditer(text, 0, offset):
        written = sign.group()
        if written in _PAIRS:
            open_signs.append((written, sign.start()))
        elif written in _PAIRS.values():
            while open_signs and _PAIRS[open_signs.pop()[0]] != written:
                pass
        elif sign.end() == offset and written[0] == "#":
            around = Around.COMMENT
        elif sign.end() == offset and (len(written) == 1 or written[-1] not in '"”'):
            around = Around.STRING
    start = text.rfind("\n", 0, offset) + 1
    typed = _TYPED.search(text, start, offset)
    word = Span(typed.start() if typed else offset, offset)
    callee = ""
    if around is Around.FILE and open_signs:
        around, callee = _opened(text, *open_signs[-1])
    line = text[start : word.start]
    element = _CUTS.split(line)[-1] if around is not Around.TRAIN else re.split("[;{]", line)[-1]
    closers = "".join(f" {_PAIRS[sign]}" for sign, _ in reversed(open_signs))
    return Context(around, word, element, line, callee, closers)


def _opened(text: str, sign: str, offset: int) -> tuple[Around, str]:
    """What a bracket opens, and the name before a parenthesis."""
    before = text[max(0, offset - _NEARBY) : offset]
    if sign == "[":
        return Around.GROUP, ""
    if sign == "(":
        callee = _CALLEE.search(before)
        if callee is None:
            return Around.PARENTHESES, ""
        return (Around.HEAD if callee[1] else Around.CALL), callee[2]
    named = _OPENED.search(before)
    if named is None:
        return Around.BLOCK, ""
    return (Around.TRAIN if named[1] else Around.WHERE if named[2] else Around.TABLE), ""
