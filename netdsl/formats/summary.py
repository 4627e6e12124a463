"""What summaries of frameworks say about a network, whichever tool printed them.

torchinfo, torchsummary and Keras print one row a layer: a class, perhaps a name, the volume that it
makes, how many numbers it learns. They leave out kernels, strides and paddings.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from netdsl.quantities import Size, Volume


class Row(NamedTuple):
    """One row of a summary, at line ``number`` of the text.

    ``layer`` is the class as the tool prints it (``Conv2d``), ``name`` what the author called it.
    ``depth`` counts from 0 for the whole model. ``output`` is None where the tool prints none, or
    one that is no volume, which is in ``shape``. ``parameters`` is None where none are stated;
    ``repeated`` where the row shows a layer again whose parameters are counted above.
    ``sources`` are the names of the rows that it works on; None where the tool does not say.
    """

    number: int
    layer: str
    name: str = ""
    depth: int = 1
    shape: str = ""
    output: Volume | None = None
    input: Volume | None = None
    kernel: Size | None = None
    parameters: int | None = None
    repeated: bool = False
    sources: tuple[str, ...] | None = None


class MultAdds(NamedTuple):
    """Mult-adds as a line states them, for a whole batch: ``text`` as it is written, and the least and the
    most that it is rounded from."""

    number: int
    text: str
    least: Fraction
    most: Fraction


class Summary(NamedTuple):
    """A summary as it was found: the tool, the rows, and the totals with their line.

    ``total`` counts all parameters, those that do not learn as well. ``input_values`` is how many
    numbers of one image the model is given, as (least, most); None where it is not said. ``batch`` is how
    many images it was given.
    """

    tool: str
    title: str
    first: int
    last: int
    rows: tuple[Row, ...]
    total: int | None = None
    total_number: int = 0
    input_values: tuple[int, int] | None = None
    mult_adds: MultAdds | None = None
    batch: int = 1

    @property
    def is_keras(self) -> bool:
        return self.tool == "Keras"


_NUMBER = re.compile(r"-?\d{1,10}|None|\?")
_SHAPE = re.compile(r"[\[(]+\s*((?:-?\d{1,10}|None|\?)(?:\s*,\s*(?:-?\d{1,10}|None|\?))*)\s*,?\s*[\])]+")


def shape_volume(written: str, *, channels_first: bool) -> Volume | None:
    """The volume of one image of ``[1, 64, 224, 224]`` or ``(None, 224, 224, 64)``; None where the text
    is no shape of an image or a row of numbers."""
    found = _SHAPE.search(written)
    if found is None:
        return None
    extents = _NUMBER.findall(found[1])[1:]
    if not extents or len(extents) > 3 or not all(extent.isdigit() and int(extent) for extent in extents):
        return None
    sizes = [int(extent) for extent in extents]
    if len(sizes) == 1:
        return Volume(1, 1, sizes[0], vector=True)
    if len(sizes) == 2:
        return None
    if channels_first:
        return Volume(sizes[1], sizes[2], sizes[0])
    return Volume(sizes[0], sizes[1], sizes[2])


def plain_count(written: str) -> int | None:
    """``1,792``, ``(1,792)`` of a frozen layer; None for ``--``."""
    found = re.match(r"\(?\s*(\d[\d,]{0,20})\s*\)?(?:\s|\Z)", written.strip())
    return int(found[1].replace(",", "")) if found else None
