"""How output channels are cut into panels of vectors, and weights packed for them."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.gemm.bfloat16_packing import pairs_of_rows
from netdsl.backend.numba.kernel import (
    Launch,
    blocks,
    fixed_kernel,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import Geometry
from netdsl.primitives.tensor import Tensor
from netdsl.quantities import Size

ITEMS = 16
"""Work items that are enough to keep all threads busy to the end."""


class Panels(NamedTuple):
    """Output channels cut into panels of ``vectors`` vectors of ``lanes``; the last may be narrower."""

    vectors: int
    whole: int
    tail_vectors: int
    tail_lanes: int
    lanes: int

    @property
    def total(self) -> int:
        return self.whole + (1 if self.tail_vectors else 0)

    @property
    def width(self) -> int:
        """Numbers of a whole panel."""
        return self.vectors * self.lanes

    def lanes_of_tail(self, channels: str) -> str:
        """Code of how many numbers count in the last vector of the narrower panel, number ``panel`` of
        ``channels``: a literal where all do, else found at run time, so that every rest has the same code."""
        if self.tail_lanes == self.lanes:
            return str(self.lanes)
        return f"{channels} - panel * {self.width} - {(self.tail_vectors - 1) * self.lanes}"

    def by_width(self, channels: str, full: list[str], tail: list[str]) -> list[str]:
        """Lines for panel number ``panel`` of ``channels``: those for a whole one or for the narrower one at
        the end, and a condition only where both occur and differ."""
        if not self.whole or not self.tail_vectors or full == tail:
            return full if self.whole else tail
        return [
            f"if (panel + 1) * {self.width} <= {channels}:",
            *(f"    {line}" for line in full),
            "else:",
            *(f"    {line}" for line in tail),
        ]


class Tile(NamedTuple):
    """Outputs of a register tile: ``rows`` of an image by ``vectors`` of channels.

    Columns, or the taps of a weight gradient, take the registers that are left.
    """

    rows: int
    vectors: int

    def __str__(self) -> str:
        return f"{self.rows}x{self.vectors}"


def usual_tile(channels: int, target: Target) -> Tile:
    """Two vectors wide where the channels fill them, else one."""
    return Tile(1, 2 if channels > target.width else 1)


def panels_of(channels: int, target: Target, tile: Tile | None = None) -> Panels:
    """The panels of a tile, the usual one unless it is said."""
    vectors = (tile or usual_tile(channels, target)).vectors
    whole, rest = divmod(channels, vectors * target.width)
    tail = blocks(rest, target.width)
    return Panels(vectors, whole, tail, rest - (tail - 1) * target.width if rest else 0, target.width)


def split_evenly(extent: int, most: int) -> tuple[int, int, int]:
    """Cut an extent into equal tiles of at most ``most`` and one smaller: (size, how many, rest)."""
    tiles = blocks(extent, most)
    size = blocks(extent, tiles)
    whole, rest = divmod(extent, size)
    return size, whole, rest


class Packing(NamedTuple):
    """Weights in the order in which tiles read them: [group][panel][kernel row, column, channel][lane].

    ``strides`` say how far apart the weights lie per kernel row, column, summed channel and lane.
    """

    groups: int
    steps: tuple[int, int, int]
    width: int
    strides: tuple[int, int, int, int]
    group_stride: int
    start: int = 0
    tile: Tile | None = None

    def launch(self, w: Tensor, target: Target) -> tuple[Tensor, list[Launch]]:
        """The packed tensor and the launch that fills it, zeros in lanes beyond the width."""
        panels = panels_of(self.width, target, self.tile)
        high, wide, deep = self.steps
        steps = high * wide * deep
        packed = Tensor(f"{w.name}.packed", (self.groups * panels.total, steps, panels.width), batched=False)
        given = named(
            w=w,
            packed=packed,
            panels=panels.total,
            lanes=panels.width,
            high=high,
            wide=wide,
            deep=deep,
            width=self.width,
            by_row=self.strides[0],
            by_column=self.strides[1],
            by_channel=self.strides[2],
            by_lane=self.strides[3],
            by_group=self.group_stride,
            start=self.start,
        )
        return packed, [
            Launch(
                fixed_kernel("pack_weights", given, _PACK),
                given.values,
                self.groups * panels.total * high,
                (packed,),
            )
        ]

    def launch_pairs(self, w: Tensor, target: Target) -> tuple[Tensor, list[Launch]]:
        """The same in pairs of bfloat16: neighbouring steps of a kernel row share 32 bits."""
        packed, launches = self.launch(w, target)
        high, wide, deep = self.steps
        sets = packed.shape[0] * high
        paired, pairing = pairs_of_rows(packed, sets, wide * deep, packed.shape[-1])
        return paired, [*launches, pairing]


_PACK = """    for item in range(first, last):
        panel = item // high
        row = item - panel * high
        group = panel // panels
        lane = (panel - group * panels) * lanes
        source = w + (start + group * by_group + row * by_row + lane * by_lane) * 4
        target = packed + item * wide * deep * lanes * 4
        filled = min(lanes, width - lane)
        for column in range(wide):
            pack_lanes(source + column * by_column * 4, deep, by_channel, filled, by_lane,
                       target + column * deep * lanes * 4, lanes, lanes)
"""


def rows_of_product(geometry: Geometry, x: tuple[int, ...], w: tuple[int, ...]) -> int:
    """Rows per image if the convolution is a plain matrix product of rows of x, else 0."""
    if geometry.groups > 1 or any(geometry.padding):
        return 0
    if w[:2] == x[:2]:
        return 1
    return x[0] * x[1] if w[:2] == (1, 1) and geometry.stride == Size(1, 1) else 0
