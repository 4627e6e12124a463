"""RBF: distances to fixed patterns, LeNet-5's output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Layer, Parameter, Window
from netdsl.layers.option import count
from netdsl.layers.taps import Channels, Reads, reading_all
from netdsl.primitives.expression import operand
from netdsl.quantities import Padding, Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor

PATTERNS = """
.#####. ...#... .#####. .#####. ....##. ####### ..####. ####### .#####. .#####.
##...## ..##... ##...## ##...## ...###. ##..... .##.... .....## ##...## ##...##
##...## .###... .....## .....## ..#.##. ##..... ##..... .....## ##...## ##...##
##...## ..##... .....## .....## .##.##. ##..... ##..... ....##. ##...## ##...##
##...## ..##... ....##. ..####. ##..##. ######. ######. ....##. .#####. ##...##
##...## ..##... ...##.. .....## ##..##. .....## ##...## ...##.. .#####. .######
##...## ..##... ..##... .....## ####### .....## ##...## ...##.. ##...## .....##
##...## ..##... .##.... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ..##... ##..... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ..##... ##..... ##...## ....##. ##...## ##...## .##.... ##...## ....##.
##...## .####.. ##..... ##...## ....##. ##...## ##...## .##.... ##...## ...##..
.#####. .####.. ####### .#####. ....##. .#####. .#####. .##.... .#####. .####..
"""
"""The digits 0 to 9 as pictures of 7x12, a # for +1: in the manner of the paper's figure 3."""

PIXELS = 84


def patterns() -> list[tuple[float, ...]]:
    """For each digit the 84 numbers +1 and -1 of its picture, row by row."""
    rows = [line.split() for line in PATTERNS.strip().splitlines()]
    return [tuple(1.0 if mark == "#" else -1.0 for row in rows for mark in row[digit]) for digit in range(10)]


class Rbf(Layer):
    """Euclidean radial basis units with fixed centres: one picture of a digit per class.

    Computes
        y[n] = -(sum over i of (x[i] - pattern[n][i])^2): the paper's penalty with its sign turned, so
        that the largest output wins as with every other layer of scores.

    Volume
        1x1xunits, written as a plain count.

    Parameters
        none that are learned: 84 fixed numbers, +1 and -1, for each unit.

    Cost
        no multiply-accumulates of learned weights, 84 connections per unit; keeps its input for
        backward.

    Problems
        ND309 not 84 inputs, or more than 10 units.

    Example
        input 84
        RBF: 10 units

    Reference
        LeCun, Bottou, Bengio, Haffner, 1998, "Gradient-Based Learning Applied to Document
        Recognition", equation 7 and figure 3.
    """

    keyword = "RBF"
    spellings = ("RADIAL BASIS",)
    fillers = ("units", "unit", "neurons")
    linear = False

    units = count("how many outputs, one per digit", positional=True)

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        found = []
        if self.units > len(patterns()):
            message = f"there are patterns for {len(patterns())} units, not {self.units}"
            found.append(Mistake("ND309", message, option="units", label="one per digit"))
        if inputs[0].values != PIXELS:
            message = f"the patterns have {PIXELS} numbers, the input has {inputs[0].values}"
            found.append(Mistake("ND309", message, help=("put `FC 84` before it",)))
        return tuple(found)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        return Volume(1, 1, self.units, vector=True)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        return (f"{self.units} distances to patterns of {PIXELS} numbers",)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def connections(self, *inputs: Volume) -> int:
        return inputs[0].values * self.units

    def window(self, *inputs: Volume) -> Window:
        return Window(inputs[0].size, Size(1, 1), Padding(0, 0, 0, 0))

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((reading_all(inputs[0]),), Channels.ALL)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        # |x - p|^2 = |x|^2 - 2 x.p + |p|^2, and every pattern has |p|^2 = 84.
        x = build.flatten(inputs[0])
        centres = patterns()[: self.units]
        held = build.constant(
            "patterns",
            (PIXELS, self.units),
            lambda: [centre[pixel] for pixel in range(PIXELS) for centre in centres],
        )
        products = build.matmul(x, held)
        a, b = operand(0), operand(1)
        length = build.reduce(a * a, x, keep="batch", name="length")
        return build.elementwise(2 * a - b - PIXELS, products, length, name="nearness")
