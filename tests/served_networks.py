"""A network as an editor has it open, and places in it: ``^`` marks the place that is asked about."""

from __future__ import annotations

from edited_texts import desk

from netdsl.server.desk import Desk
from netdsl.server.positions import Position

URI = "file:///nets/a.net"

NETWORK = """\
# a network
net Small
let k = 8
input 33x33x3
block UNIT(width, act = RELU, height = 3) { CONV width height x 3 same no bias - BN - act }
block DOWN(filters, stride) { CONV filters 3x3 stride stride - RELU }
enc1: UNIT(k*2, HARD SWISH)
MAX POOL1: 3x3 /2
[UNIT(16, height = 1)]*2
a: CONV 16 3x3 same
CONV same weights as a
ADD[ @a | @MAX_POOL1 - CONV 16 1x1 ]
DOWN(4, 2)
FC 10   # the scores
expect volume MAX POOL1 = 16x16x16
train { optimizer adam   freeze a }
"""


def opened(text: str, uri: str = URI) -> Desk:
    made = desk()
    made.open(uri, 1, text)
    return made


def marked(text: str) -> tuple[Desk, Position]:
    """A desk with the text without its mark, and the place of the mark."""
    before, _, behind = text.partition("^")
    lines = before.split("\n")
    return opened(before + behind), Position(len(lines) - 1, len(lines[-1]))


def at(word: str, *, text: str = NETWORK, number: int = 0) -> Position:
    """Where a word begins in a text: the first time, or a later one."""
    offset = -1
    for _ in range(number + 1):
        offset = text.index(word, offset + 1)
    lines = text[:offset].split("\n")
    return Position(len(lines) - 1, len(lines[-1]))


def hover_text(text: str) -> str:
    made, position = marked(text)
    found = made.hover(URI, position)
    return found[1].markdown if found is not None else ""
