"""The words, numbers and signs of a line of a sheet."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.graph.expressions.values import without_percent

LONGEST = 300
"""Characters of a line that is read."""

UNKNOWN = "0"
"""What comes in where a sheet asks for it: ``? inputs``."""

_EXTENT = r"[0-9]{1,6}"
_BETWEEN = r"[ \t]*[xX×*][ \t]*"
_BATCH = r"(?:None|batch(?:_?size)?|bs|N|B)[ \t]*,[ \t]*"
_PIECE = re.compile(
    rf"""(?P<blank>[ \t\u00a0]+)
    |(?P<size>{_EXTENT}[ \t]*@[ \t]*{_EXTENT}{_BETWEEN}{_EXTENT}(?![0-9])
      |{_EXTENT}(?:{_BETWEEN}{_EXTENT}(?![0-9])){{1,3}}
      |{_EXTENT}[ \t]+by[ \t]+{_EXTENT}(?:[ \t]+by[ \t]+{_EXTENT})?
      |[(\[][ \t]*{_BATCH}{_EXTENT}[ \t]*(?:,[ \t]*{_EXTENT}[ \t]*){{0,2}},?[ \t]*[)\]]
      |[(\[][ \t]*{_EXTENT}[ \t]*,[ \t]*[)\]]
      |[(\[][ \t]*{_EXTENT}[ \t]*(?:,[ \t]*{_EXTENT}[ \t]*){{1,3}},?[ \t]*[)\]])
    |(?P<number>\?(?=[ \t]*(?:inputs?\b|neurons\b|features\b|-+>|=>|→|⇒))
      |(?:[0-9]{{1,3}}(?:,[0-9]{{3}})+(?![0-9])|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[ \t]?%)?)
    |(?P<call>\x00[0-9]+\x00)
    |(?P<word>[A-Za-z_]+(?=[0-9]+[x×][0-9])|[A-Za-z]\w*)
    |(?P<arrow>-+>|=>|→|⇒|—>)
    |(?P<sign>.)""",
    re.VERBOSE | re.ASCII,
)
_QUOTED = re.compile(r"[\"'“‘]([A-Za-z][\w ]{0,40})[\"'”’]")
_HYPHEN = re.compile(r"(?<=[A-Za-z0-9])[-–](?=[A-Za-z])")
"""``max-pooling``, ``128-d``."""

_BULLET = re.compile(
    r"[ \t]*(?:[-–—*+•▪●◦‣·→>]|\(?(?:[0-9]{1,2}|[A-Za-z]|[ivx]{1,4})[.)](?=[ \t]))[ \t]*(?=\S)"
)


class Piece(NamedTuple):
    """A word in lower case without its plural, a number, a size such as ``3x3``, or a sign; ``tight`` where
    no blank stands before it."""

    kind: str
    text: str
    raw: str
    tight: bool

    @property
    def plural(self) -> bool:
        return self.kind == "word" and self.raw.lower() != self.text


def without_bullet(line: str) -> str:
    """A line without ``•``, ``-``, ``1.`` or ``a)`` before it."""
    found = _BULLET.match(line)
    return line[found.end() :].strip() if found is not None else line.strip()


def pieces_of(line: str) -> list[Piece]:
    """The pieces of a line, blanks left out."""
    found: list[Piece] = []
    tight = False
    for match in _PIECE.finditer(_HYPHEN.sub(" ", _QUOTED.sub(r"\1", line))):
        kind = match.lastgroup or "sign"
        if kind == "blank":
            tight = False
            continue
        found += _pieces(kind, match[0], tight)
        tight = True
    return found


def _pieces(kind: str, raw: str, tight: bool) -> list[Piece]:
    if kind == "word":
        words = [word for word in raw.split("_") if word]
        return [
            Piece("word", _singular(word.lower()), word, tight or bool(at)) for at, word in enumerate(words)
        ]
    if kind == "size":
        size = _size(raw)
        return [Piece("size" if "x" in size else "number", size, raw, tight)]
    if kind == "number":
        text = UNKNOWN if raw == "?" else raw.replace(",", "")
        return [Piece("number", without_percent(text), raw, tight)]
    return [Piece(kind, raw, raw, tight)]


def _size(raw: str) -> str:
    """``6@28x28`` keeps its sign; the rest has an `x` between its extents."""
    extents = re.findall("[0-9]+", raw)
    if raw[0] in "([" and not re.match(r"[(\[][ \t]*[0-9]", raw):
        if len(extents) == 3 and extents[1] == extents[2] != extents[0]:
            extents = [*extents[1:], extents[0]]  # PyTorch's order, images of a batch first
        return "x".join(extents)
    maps, at, size = raw.rpartition("@")
    return f"{maps.strip()}{at}{'x'.join(re.findall('[0-9]+', size))}"


_KEPT = frozenset(
    ("bias", "class", "loss", "s", "cross", "pass", "gans", "this", "its", "is", "has", "as", "plus")
)


def _singular(word: str) -> str:
    if word == "classes":
        return "class"
    if word.endswith("s") and len(word) > 2 and word not in _KEPT and not word.endswith(("ss", "us")):
        return word[:-1]
    return word
