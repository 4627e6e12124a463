"""SCALE: every channel is multiplied by a learned number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import Parameter, SameVolume
from netdsl.layers.option import flag, real
from netdsl.primitives.expression import operand
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Scale(SameVolume):
    """A learned scale for each channel, and with ``shift`` a learned number added to it.

    Computes
        y = x*scale[c], or x*scale[c] + shift[c]: Caffe's Scale without and with `bias_term`, the layer scale
        of ConvNeXt with `initial 1e-6`. Before brackets with branches, `SCALE[ A | B ]` is MULTIPLY.

    Volume
        unchanged.

    Parameters
        scale C; with ``shift`` shift C.

    Cost
        no multiply-accumulates of weights; keeps its input for backward.

    Problems
        none.

    Example
        input 28x28x6
        SCALE with shift

    Reference
        Touvron, Cord, Sablayrolles, Synnaeve, Jegou, 2021, "Going Deeper with Image Transformers", equation
        6; Liu, Mao, Wu, Feichtenhofer, Darrell, Xie, 2022, "A ConvNet for the 2020s", appendix A.1.
    """

    keyword = "SCALE"
    joining = "MULTIPLY"
    linear = True
    rescales = True

    shift = flag("whether each channel adds a learned number, which starts at 0", words=("shift", "bias"))
    initial = real("what every scale starts at", default=1.0)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        channels = inputs[0].channels
        scale = Parameter("scale", (channels,), initial=self.initial)
        return (scale, Parameter("shift", (channels,))) if self.shift else (scale,)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x, scale, shift = (operand(number) for number in range(3))
        if self.shift:
            arrays = build.parameter("scale"), build.parameter("shift")
            return build.elementwise(x * scale + shift, inputs[0], *arrays, name="scaled")
        return build.elementwise(x * scale, inputs[0], build.parameter("scale"), name="scaled")
