"""The gradient of a product's inputs, taken row by row of its weights just before they are updated.

Both gradients of a fully connected layer read its weights, which mostly are the largest thing a step
touches. A row of them that has come into the cache for the one is still there for the other.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.gemm.packing import Tile
from netdsl.backend.numba.kernel import Arguments, blocks
from netdsl.backend.numba.target import Target


def rows_for_both(target: Target) -> Tile:
    """The register tile of the weights' gradient whose rows suit that of the inputs, too."""
    return Tile(6, 4) if target.registers >= 32 else Tile(4, 3)


ARGUMENTS = ("dy", "dx", "images")
"""Of the kernel: addresses of images x outputs and of images x inputs, and how many images."""


class InputGradientCode(NamedTuple):
    """Its code: for so many ``images``, from the weights at p``weights``, before these change.

    ``paired``: dy has pairs of bfloat16, and rows of weights are rounded into memory of the worker.
    """

    images: int
    weights: int
    paired: bool

    def head(self, given: Arguments, tall: int) -> list[str]:
        """What comes once; tiles have ``tall`` rows."""
        names = given.read(*ARGUMENTS)
        return [*names, f"halves = scratch + {tall} * broad * 4"] if self.paired else names

    def lines(self, tall: int, target: Target) -> list[str]:
        """The gradient of the inputs that ``tall`` rows of weights belong to, from ``row`` on."""
        rows, length, name = f"p{self.weights} + row * outputs * 4", "outputs", "dot_tile"
        body = []
        if self.paired:
            rows, length, name = "halves", "pairs", "dot_tile_pairs"
            body += [
                "pairs = (outputs + 1) // 2",
                f"for line in range({tall}):",
                "    target = halves + line * pairs * 4",
                f"    halve(p{self.weights} + (row + line) * outputs * 4, target, outputs)",
                "    clear_halves(target + outputs * 2, pairs * 2 - outputs)",
            ]
        high = target.accumulators // rows_for_both(target).rows
        rest = self.images % high
        loops = [(f"range(0, images - {high - 1}, {high})", high)]
        if rest:
            loops.append((f"range(images - {rest}, images, {rest})", rest))
        for numbers, down in loops:
            body += [
                f"for image in {numbers}:",
                f"    {name}({down}, {tall}, dy + image * {length} * 4, {length}, {rows}, {length}, "
                f"dx + (image * inputs + row) * 4, inputs, {length}, 0)",
            ]
        return body

    def scratch_floats(self, tall: int, outputs: int) -> int:
        """Memory of the worker for rounded rows."""
        return tall * blocks(outputs, 2) if self.paired else 0
