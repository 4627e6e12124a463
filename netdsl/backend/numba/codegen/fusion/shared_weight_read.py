"""The gradient of a product's inputs, taken row by row of its weights just before they are updated.

Both gradients of a fully connected layer read its weights, which mostly are the largest thing a step
touches. A row of them that has come into the cache for the one is still there for the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from netdsl.backend.numba.codegen.gemm.matmul import MOST_BATCH_ROWS
from netdsl.backend.numba.codegen.gemm.packing import Tile
from netdsl.backend.numba.kernel import Arguments, blocks
from netdsl.backend.numba.target import Target
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.matmul import MatmulInputGradient, MatmulWeightGradient
from netdsl.primitives.operation import Operation
from netdsl.program.program import Program

Updates = Mapping[Operation, tuple[Elementwise, ...]]
"""Weight gradients with the formulas that use them up."""

MOST_OUTPUTS = 4608
"""Numbers of a row of weights: a few rows stay in the second cache."""


def taken_along(program: Program, updates: Updates, machine: Target) -> dict[Operation, MatmulInputGradient]:
    """The gradients of inputs that can wait for the update of the weights they read, by the gradient
    of these weights.

    Nothing in between may read them, or change what they read.
    """
    operations = program.operations
    if program.batch > MOST_BATCH_ROWS:
        return {}
    places = {operation: place for place, operation in enumerate(operations)}
    found: dict[Operation, MatmulInputGradient] = {}
    for place, operation in enumerate(operations):
        if not isinstance(operation, MatmulInputGradient) or operation.outputs[0] in program.outputs.values():
            continue
        dy, w = operation.inputs
        if w.values <= machine.second_cache_floats or w.shape[1] > MOST_OUTPUTS:
            continue
        for gradient, chain in updates.items():
            if not isinstance(gradient, MatmulWeightGradient) or gradient.inputs[1] is not dy:
                continue
            between = operations[place + 1 : places[gradient]]
            changed = {dy, w, operation.outputs[0]}
            waits = places[gradient] > place and not any(
                changed.intersection(other.outputs) or operation.outputs[0] in other.inputs
                for other in between
            )
            if waits and any(update.outputs[0] is w for update in chain):
                found[gradient] = operation
    return found


def rows_for_both(machine: Target) -> Tile:
    """The register tile of the weights' gradient whose rows suit that of the inputs, too."""
    return Tile(6, 4) if machine.registers >= 32 else Tile(4, 3)


ARGUMENTS = ("dy", "dx", "images")
"""Of the kernel: addresses of images x outputs and of images x inputs, and how many images."""


class Along(NamedTuple):
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

    def lines(self, tall: int, machine: Target) -> list[str]:
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
        high = machine.accumulators // rows_for_both(machine).rows
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
