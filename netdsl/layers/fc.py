"""FC: fully connected neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Layer, Parameter, Window
from netdsl.layers.option import count, flag
from netdsl.layers.taps import Channels, Reads, reading_all
from netdsl.quantities import Padding, Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class FullyConnected(Layer):
    """Fully connected layer: every neuron takes a weighted sum of the whole volume.

    Computes
        y[n] = bias[n] + sum over i of x[i] * weights[i, n], with the volume flattened to one row
        in the order height, width, channels (PyTorch flattens channels first, so its weights are
        the same numbers in another order).

    Volume
        1x1xneurons, written as a plain count.

    Parameters
        weights H*W*C*neurons, bias neurons.

    Cost
        H*W*C*neurons multiply-accumulates; keeps its input for backward.

    Problems
        none.

    Example
        input 32x32x3
        FC: 10 neurons

    Reference
        Rumelhart, Hinton, Williams, 1986, "Learning Representations by Back-Propagating Errors",
        equation 1.
    """

    keyword = "FC"
    spellings = ("FULLY CONNECTED", "DENSE", "LINEAR", "AFFINE", "INNER PRODUCT", "INNERPRODUCT")
    implied_by = ("neurons", "neuron", "units")
    fillers = ("neurons", "neuron", "units", "unit", "outputs", "output", "nodes", "hidden")
    linear = True
    has_weights = True

    neurons = count("how many outputs", positional=True)
    bias = flag("whether each neuron adds a learned number", default=True, words=("bias", "biases"))

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        return Volume(1, 1, self.neurons, vector=True)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        stretched = "" if x.vector else f"{x.height}*{x.width}*{x.channels} = "
        return (f"{stretched}{x.values} inputs, {self.neurons} neurons",)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        values = inputs[0].values
        weights = Parameter("weights", (values, self.neurons), fan_in=values, fan_out=self.neurons)
        return (weights, Parameter("bias", (self.neurons,))) if self.bias else (weights,)

    def macs(self, *inputs: Volume) -> int:
        return inputs[0].values * self.neurons

    def window(self, *inputs: Volume) -> Window:
        (x,) = inputs
        return Window(x.size, Size(1, 1), Padding(0, 0, 0, 0))

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((reading_all(inputs[0]),), Channels.ALL)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        y = build.matmul(build.flatten(inputs[0]), build.parameter("weights"))
        return build.add_per_channel(y, build.parameter("bias")) if self.bias else y
