"""LN: each image's numbers are brought to mean 0 and variance 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.group_norm import normalised_by_group
from netdsl.layers.layer import Parameter, Pointwise
from netdsl.layers.option import real
from netdsl.layers.reading import Channels, Reads, reading_all, reading_here
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class LayerNorm(Pointwise):
    """Layer normalisation: mean and variance over all numbers of an image's volume.

    Computes
        y = (x - mean)/sqrt(variance + epsilon) * scale[c] + shift[c]. Scale and shift are per channel
        (PyTorch's LayerNorm has one for every number; on a row of numbers both are the same).

    Volume
        unchanged.

    Parameters
        scale C, shift C.

    Cost
        no multiply-accumulates of weights; keeps its input for backward.

    Problems
        none.

    Example
        input 28x28x6
        LN

    Reference
        Ba, Kiros, Hinton, 2016, "Layer Normalization", equation 3.
    """

    keyword = "LN"
    spellings = ("LAYER NORM", "LAYERNORM", "LAYER NORMALIZATION", "LAYER NORMALISATION")
    linear = False
    normalises = True

    epsilon = real("what is added to the variance", default=1e-5, minimum=1e-12, words=("epsilon", "eps"))

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        channels = inputs[0].channels
        return (Parameter("scale", (channels,), initial=1.0), Parameter("shift", (channels,)))

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((reading_here(), reading_all(inputs[0])), Channels.ALL)

    def normalised_values(self, *inputs: Volume) -> int:
        return inputs[0].values

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return normalised_by_group(build, inputs[0], 1, self.epsilon)
