"""MULTIPLY: volumes are multiplied elementwise."""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.merging import Merging, listed
from netdsl.layers.taps import Reads, reading_all, reading_here
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Multiply(Merging):
    """Multiplies two or more volumes; smaller ones repeat: the gate of squeeze-and-excitation.

    `SCALE[ A | B ]` is another spelling.

    Computes
        y[i, j, c] = x1[i, j, c] * x2[i, j, c] * ...; a volume of 1x1xC repeats over all positions,
        one of HxWx1 over all channels.

    Volume
        the largest of the inputs.

    Parameters
        none.

    Cost
        no multiply-accumulates of weights; keeps its inputs for backward.

    Problems
        ND308 the volumes do not repeat to one size.

    Example
        input 28x28x16
        MULTIPLY[ SKIP | AVG POOL: global - FC 4 - RELU - FC 16 - SIGMOID ]

    Reference
        Hu, Shen, Sun, 2017, "Squeeze-and-Excitation Networks", equation 4.
    """

    keyword = "MULTIPLY"
    spellings = ("GATE",)
    linear = False

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        height = max(volume.height for volume in inputs)
        width = max(volume.width for volume in inputs)
        channels = max(volume.channels for volume in inputs)
        whole = Volume(height, width, channels)
        for volume in inputs:
            if volume.size not in ((1, 1), (height, width)) or volume.channels not in (1, channels):
                return Mistake(
                    "ND308",
                    f"MULTIPLY takes volumes that repeat to {whole}, not {listed(inputs)}",
                    help=(f"give a gate of 1x1x{channels}, {height}x{width}x1 or {whole}",),
                )
        return Volume(height, width, channels, vector=all(volume.vector for volume in inputs))

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        return (f"{listed(inputs)} are multiplied, the smaller repeated",)

    def reads(self, *inputs: Volume) -> Reads:
        single = all(volume.size == (1, 1) for volume in inputs)
        return Reads(
            tuple(
                reading_here(source) if single or volume.size != (1, 1) else reading_all(volume, source)
                for source, volume in enumerate(inputs)
            )
        )

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.fold(mul, *inputs, name="product")
