"""distort: images are bent elastically."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from netdsl.augmentations.augmentation import Augmentation, Change, Draws, Pictures, border_option
from netdsl.layers.option import real

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NODES = 3.0
"""To a standard deviation of the Gaussian: straight lines between them are off by 1.4 % at most."""

_REACH = 3
"""Standard deviations after which the Gaussian counts as 0."""


class Distort(Augmentation):
    """Every pixel is moved by a smooth random field, as if the image were printed on rubber.

    Computes
        noise, even from -1 to 1, for each pixel and each of the two directions, smoothed by a Gaussian
        of ``smoothness`` times the shorter side and multiplied so that three of its standard deviations
        are ``amount`` times the shorter side: hardly a pixel moves further. At the edges the noise continues
        from the opposite side. Wide fields are drawn at three nodes to a standard deviation, with
        straight lines between them. What all others do to the image comes first.

    Reference
        Simard, Steinkraus, Platt, 2003, "Best Practices for Convolutional Neural Networks Applied to Visual
        Document Analysis", section 2. Its field for 28x28 pixels (sigma 4, alpha 34) is
        `distort 0.15 smoothness 0.143`. ElasticTransform of torchvision.
    """

    name: ClassVar[str] = "distort"
    needs_area: ClassVar[bool] = True

    amount = real(
        "how far pixels move, as a share of the shorter side",
        positional=True,
        minimum=0.0,
        above=True,
        maximum=1.0,
    )
    smoothness = real(
        "standard deviation of the Gaussian, as a share of the shorter side",
        default=0.14,
        minimum=0.02,
        maximum=1.0,
    )
    border = border_option()

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        side = min(pictures.height, pictures.width)
        sigma = self.smoothness * side
        rows, columns = (self._nodes(length, sigma) for length in (pictures.height, pictures.width))
        # Node by node, so that what is added lies side by side whichever axis it is.
        field = draws.uniform(-1, 1, 2, rows, columns).astype(np.float32)
        variance = 1 / 3
        for axis, nodes, length in ((2, rows, pictures.height), (3, columns, pictures.width)):
            taps = _gaussian(sigma * (nodes - 1) / max(length - 1, 1), nodes)
            field = _smoothed(field, axis, taps)
            variance *= math.fsum(tap * tap for tap in taps)
        field *= np.float32(self.amount * side / 3 / math.sqrt(variance))
        return Change(lattice=np.moveaxis(field, 1, 3))

    def _nodes(self, length: int, sigma: float) -> int:
        return max(2, min(length, math.ceil(_NODES * (length - 1) / max(sigma, 1e-6)) + 1))


def _gaussian(sigma: float, nodes: int) -> list[float]:
    """The taps of a Gaussian with its standard deviation in nodes, no more than a period of the noise."""
    reach = min(max(1, math.ceil(_REACH * sigma)), (nodes - 1) // 2)
    weights = [math.exp(-0.5 * (offset / max(sigma, 1e-6)) ** 2) for offset in range(-reach, reach + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _smoothed(field: NDArray[Any], axis: int, taps: list[float]) -> NDArray[Any]:
    """The field, (images, 2, rows, columns), with each line of an axis weighed by ``taps`` in turn."""
    import numpy as np

    reach, length = len(taps) // 2, field.shape[axis]
    wrapped = np.take(field, np.arange(-reach, length + reach), axis, mode="wrap")
    total, product = np.zeros_like(field), np.empty_like(field)
    for start, tap in enumerate(taps):
        window = [slice(None)] * 4
        window[axis] = slice(start, start + length)
        total += np.multiply(wrapped[tuple(window)], np.float32(tap), out=product)
    return total
