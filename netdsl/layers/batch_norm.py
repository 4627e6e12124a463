"""BN: batch normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.group_norm import scale_and_shift
from netdsl.layers.layer import POINT, Layer, Parameter, Statistic, Window
from netdsl.layers.option import flag, real
from netdsl.layers.taps import Channels, Reads, reading_here
from netdsl.primitives.expression import operand, square_root
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class BatchNorm(Layer):
    """Batch normalisation: each channel is shifted and scaled to mean 0 and variance 1.

    Computes
        y = (x - mean)/sqrt(variance + epsilon) * scale + shift. In training, mean and variance
        are those of the channel over the batch and all positions; afterwards running averages,
        running = (1 - momentum)*running + momentum*batch, with the unbiased variance (PyTorch). `no scale`
        and `no shift` leave out either, as Keras and PyTorch's `affine=False` do.

    Volume
        unchanged.

    Parameters
        scale C, shift C, but those that are left out. The running mean and variance (2C) are kept but
        not learned; Keras counts them in "Total params".

    Cost
        no multiply-accumulates of weights; keeps its input for backward.

    Problems
        none.

    Example
        input 28x28x6
        BN

    Reference
        Ioffe, Szegedy, 2015, "Batch Normalization: Accelerating Deep Network Training by Reducing
        Internal Covariate Shift", algorithm 1 and 2.
    """

    keyword = "BN"
    spellings = ("BATCHNORM", "BATCH NORM", "BATCH NORMALIZATION", "BATCH NORMALISATION")
    linear = True
    normalises = True
    normalises_batch = True

    epsilon = real(
        "what is added to the variance; set by the dialect by default",
        derived=True,
        minimum=1e-12,
        words=("epsilon", "eps"),
    )
    momentum = real(
        "weight of the newest batch in the running averages; set by the dialect by default",
        derived=True,
        minimum=0.0,
        maximum=1.0,
    )

    scale = flag("whether each channel is multiplied by a learned number", default=True)
    shift = flag("whether each channel adds a learned number", default=True)

    @property
    def added(self) -> float:
        """epsilon, or the dialect's."""
        epsilon: float | None = self.__dict__["epsilon"]
        return self.dialect.batch_norm_epsilon if epsilon is None else epsilon

    @property
    def newest(self) -> float:
        """momentum, or the dialect's."""
        momentum: float | None = self.__dict__["momentum"]
        return self.dialect.batch_norm_new_weight if momentum is None else momentum

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        return inputs[0]

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        return (f"the volume stays {inputs[0]}",)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return scale_and_shift(inputs[0].channels, scale=self.scale, shift=self.shift)

    def statistics(self, *inputs: Volume) -> tuple[Statistic, ...]:
        channels = inputs[0].channels
        return (Statistic("running_mean", (channels,), 0.0), Statistic("running_variance", (channels,), 1.0))

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        return POINT

    def reads(self, *inputs: Volume) -> Reads:
        # What training takes from the batch is fixed afterwards.
        return Reads((reading_here(),), Channels.OWN)

    def normalised_values(self, *inputs: Volume) -> int:
        return inputs[0].height * inputs[0].width

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        mean, variance = build.statistic("running_mean"), build.statistic("running_variance")
        if build.training:
            mean, variance = self._batch_statistics(build, x)
        a, b, c, d, e = (operand(number) for number in range(5))
        inverse = build.elementwise(1 / square_root(a + self.added), variance, name="inverse_deviation")
        channels = x.shape[2]
        scale = build.parameter("scale") if self.scale else _fixed(build, "one", channels, 1.0)
        shift = build.parameter("shift") if self.shift else _fixed(build, "zero", channels, 0.0)
        if build.training:
            return build.normalise(x, mean, inverse, scale, shift)
        return build.elementwise((a - b) * c * d + e, x, mean, inverse, scale, shift, name="normalised")

    def _batch_statistics(self, build: Builder, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance of each channel of the batch; keeps the running averages."""
        count = build.batch * x.shape[0] * x.shape[1]
        a, b = operand(0), operand(1)
        mean = build.reduce(a * (1 / count), x, keep="channel", name="mean")
        centred = a - b
        variance = build.reduce(centred * centred * (1 / count), x, mean, keep="channel", name="variance")
        unbiased = count / max(count - 1, 1)
        running_mean, running_variance = build.statistic("running_mean"), build.statistic("running_variance")
        build.assign(running_mean, a * (1 - self.newest) + b * self.newest, running_mean, mean)
        build.assign(
            running_variance,
            a * (1 - self.newest) + b * (self.newest * unbiased),
            running_variance,
            variance,
        )
        return mean, variance


def _fixed(build: Builder, name: str, channels: int, value: float) -> Tensor:
    """The constant in place of a scale or shift that is not learned."""
    return build.constant(name, (channels,), lambda: [value] * channels)
