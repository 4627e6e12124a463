"""color: brightness, contrast, saturation and hue of images change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from netdsl.augmentations.augmentation import Augmentation, Change, Draws, Pictures
from netdsl.layers.option import real
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_COLOURED = ("saturation", "hue", "cast")
"""Settings that need red, green and blue."""


class Color(Augmentation):
    """Brightness, contrast and saturation change by factors drawn evenly from 1 - share to 1 + share.

    Computes
        in this order, each limited to black and white: `cast` adds a number of its own to each channel;
        brightness multiplies; contrast moves away from the mean grey of the image, saturation from
        the grey of each pixel; `hue` turns the hue of HSV. Grey is 0.299 red + 0.587 green + 0.114 blue
        (ITU-R BT.601); of other channels it is their mean, and there is no saturation.

    Reference
        Wu, Yan, Shan, Dang, Sun, 2015, "Deep Image: Scaling up Image Recognition", colour
        casting; adjust_brightness, adjust_contrast, adjust_saturation and adjust_hue of torchvision.
    """

    name: ClassVar[str] = "color"
    spellings: ClassVar[tuple[str, ...]] = ("colour",)

    amount = real(
        "largest share of the change of brightness, contrast and saturation",
        positional=True,
        default=0.0,
        minimum=0.0,
        maximum=1.0,
    )
    brightness = real("share for brightness alone", derived=True, minimum=0.0, maximum=1.0)
    contrast = real("share for contrast alone", derived=True, minimum=0.0, maximum=1.0)
    saturation = real("share for saturation alone", derived=True, minimum=0.0, maximum=1.0)
    hue = real(
        "largest rotation of the hue, as a share of a full turn; none by default",
        derived=True,
        minimum=0.0,
        maximum=0.5,
    )
    cast = real(
        "largest number added to a channel, as a share of white; none by default",
        derived=True,
        minimum=0.0,
        maximum=1.0,
    )

    def problems(self) -> Iterator[str]:
        if not any(value for value in self.values().values()):
            yield "`color` changes nothing: it needs a share, such as `color 0.2`, or `color hue 0.1`"

    def unfit(self, volume: Volume) -> Iterator[tuple[str, str]]:
        yield from super().unfit(volume)
        if volume.channels == 3 or (volume.height == 1 and volume.width == 1):
            return
        for name in _COLOURED:
            if self.values()[name]:
                plural = "" if volume.channels == 1 else "s"
                yield (
                    f"`color {name}` is for red, green and blue, but the network takes images of "
                    f"{volume.channels} channel{plural}",
                    "brightness and contrast work for any number of channels: `color 0.2`",
                )
                return

    def _share(self, name: str) -> float:
        given: float | None = self.values()[name]
        return self.amount if given is None else given

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        channels = pictures.channels
        drawn = draws.uniform(-1, 1, channels + 4)
        eye, matrices = np.eye(channels), []
        if self.cast:
            moves = drawn[:, 4:] * (self.cast * pictures.span)
            matrices.append(_matrix(np.ones(draws.images), eye, offset=moves))
        brightness, contrast, saturation = (
            1 + self._share(name) * drawn[:, index]
            for index, name in enumerate(("brightness", "contrast", "saturation"))
        )
        if self._share("brightness"):
            # Black stays black, whatever number it is.
            matrices.append(_matrix(brightness, eye, offset=((1 - brightness) * pictures.black)[:, None]))
        if self._share("contrast"):
            matrices.append(_matrix(contrast, eye, pivot=1 - contrast))
        if self._share("saturation") and channels == 3:
            matrices.append(_matrix(saturation, eye, towards=np.broadcast_to(pictures.grey, eye.shape)))
        turns = drawn[:, 3] * self.hue if self.hue else None
        return Change(colours=np.stack(matrices, axis=1) if matrices else None, hues=turns)


def _matrix(
    factor: Array,
    eye: Array,
    *,
    towards: Array | None = None,
    offset: Array | None = None,
    pivot: Array | None = None,
) -> Array:
    """One step of Change.colours: factor*v + (1 - factor)*towards @ v + offset + pivot*mean."""
    import numpy as np

    channels = len(eye)
    matrix = np.zeros((len(factor), channels, channels + 2))
    matrix[:, :, :channels] = factor[:, None, None] * eye
    if towards is not None:
        matrix[:, :, :channels] += (1 - factor)[:, None, None] * towards
    if offset is not None:
        matrix[:, :, channels] = offset
    if pivot is not None:
        matrix[:, :, channels + 1] = pivot[:, None]
    return matrix
