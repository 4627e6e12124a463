"""Volumes as other programs write them: channels first, ``3x224x224``, or with commas, ``28,28,1``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from netdsl.diagnostics import Edit, Findings
from netdsl.graph.expressions.values import Items, Number
from netdsl.quantities import Volume
from netdsl.source import Span
from netdsl.syntax import tree

_COUNTS = (1, 3, 4)
"""Channels of pictures: grey, colour, colour with a mask."""

_COLOURS = (3, 4)
_LARGE = 32
"""Rows and columns of a picture that need not be square to be taken for one."""

_SMALLEST = 5
"""Rows and columns of a picture, at least."""

_LISTED = re.compile(
    r"\(?\s*(?:(?:None|N|-?1)\s*[,xX×]\s*(?=(?:[0-9]+\D+){2}[0-9]))?"
    r"([0-9]+)\s*[,xX×\s]\s*([0-9]+)\s*[,xX×\s]\s*([0-9]+)\s*\)?"
)
"""Three extents, the images of a batch before them or not."""


def is_channels_first(extents: Sequence[int]) -> bool:
    """Whether three extents look like those of a square picture whose channels stand first."""
    first, second, third = extents
    return first in _COUNTS and second == third >= _SMALLEST


def seems_turned(extents: Sequence[int]) -> bool:
    """Whether three extents look like those of a picture, square or oblong, whose channels stand first."""
    first, second, third = extents
    oblong = first in _COLOURS and min(second, third) >= _LARGE
    return (oblong and max(second, third) <= 4 * min(second, third)) or is_channels_first(extents)


def channels_last(volume: Volume) -> Volume:
    """``28x28x1`` of ``1x28x28``."""
    return Volume(volume.width, volume.channels, volume.height)


class Listed(NamedTuple):
    """Three extents of a list as netdsl writes them; ``turned`` where the channels stood first."""

    meant: str
    turned: bool


def listed_volume(written: str) -> Listed | None:
    """What ``(1, 28, 28)`` means; None where the text is no list of three numbers."""
    found = _LISTED.fullmatch(written.strip())
    if found is None:
        return None
    extents = [int(part[:9]) for part in found.groups()]
    turned = is_channels_first(extents)
    first, second, third = extents
    return Listed(f"{second}x{third}x{first}" if turned else f"{first}x{second}x{third}", turned)


def volume_as_list(items: Items, index: int, findings: Findings) -> int | None:
    """Report ``input 3, 224, 224``, whose first number stands before ``index``; where the list ends, or
    None where there is none. ``1,228,800`` is one number, ``3,224,224`` a picture."""
    end = index
    while end < len(items) and (
        isinstance(items[end], Number) or items[end] == tree.Mark(",", items[end].span)
    ):
        end += 1
    span = items[index - 1].span.to(items[end - 1].span)
    written = findings.source.excerpt(span)
    listed = listed_volume(written)
    if listed is None or (end == index and not listed.turned):
        return None
    code, message, help = "ND206", "a volume has `x` between its extents", f"write `{listed.meant}`"
    if listed.turned:
        message = f"`{written}` seems to have its channels first"
        code, help = "ND235", channels_last_instead(listed.meant)
    findings.add(code, message, span, help=(help,), fix=Edit(span, listed.meant))
    return end


def report_bracketed(join: tree.Join, findings: Findings) -> bool:
    """Report ``input [28, 28, 1]``, whose brackets hold a volume and no layers."""
    if len(join.branches) != 1 or len(join.branches[0].elements) != 1:
        return False
    (element,) = join.branches[0].elements
    if not isinstance(element, tree.Layer) or element.words or len(element.items) < _LISTED_ITEMS:
        return False
    listed = listed_volume(findings.source.excerpt(element.span))
    if listed is None:
        return False
    span = join.branches[0].span
    before = join.layer.span.end
    bracketed = Span(before, join.span.end)
    written = findings.source.excerpt(bracketed)
    bracketed = Span(before + len(written) - len(written.lstrip()), join.span.end)
    message, help = "the volume of an input has no brackets", f"write `{listed.meant}`"
    code = "ND206"
    if listed.turned:
        code, message = "ND235", f"`{findings.source.excerpt(span)}` seems to have its channels first"
        help = channels_last_instead(listed.meant)
    findings.add(code, message, bracketed, help=(help,), fix=Edit(bracketed, listed.meant))
    return True


_LISTED_ITEMS = 3
"""Numbers of a volume, commas aside."""


def picture_in(text: str) -> str:
    """``28x28x1`` of ``input_shape=(28, 28, 1)``; empty where no list of three numbers stands there."""
    for part in _PARENTHESES.findall(text[:_REACH]):
        listed = listed_volume(part)
        if listed is not None:
            return listed.meant
    return ""


_PARENTHESES = re.compile(r"\([^()]{5,60}\)")
_REACH = 200


def channels_last_instead(meant: object) -> str:
    """The cure of a volume whose channels stand first."""
    return f"written channels first? write `{meant}`: height, width, channels"


def row_instead(volume: Volume) -> str:
    """The other reading of a volume that is one row high."""
    row = f"a row of {volume.width} with {volume.channels} channels"
    return f"for {row} the windows are one row high, as in `CONV 16 1x3`"
