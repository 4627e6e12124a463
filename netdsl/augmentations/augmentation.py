"""The contract of an augmentation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from netdsl.diagnostics import Mistake
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import Volume
from netdsl.recipe.component import Component

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.losses.loss import Loss

    Array = NDArray[Any]

BORDERS = ("black", "edge", "reflect")
"""What is around an image: its black, its outermost pixels again, or its mirror image, in which the
outermost pixels are not repeated."""


class Pictures(NamedTuple):
    """What is known of the images that are changed.

    Sides are in pixels. ``black`` is the value of level 0, 0 where the data have no such range; ``span`` the
    distance from there to white, or four standard deviations. ``grey`` weighs the channels in the grey of a
    pixel and adds up to 1.
    """

    height: int
    width: int
    channels: int
    black: float
    span: float
    grey: tuple[float, ...]


class Draws(Protocol):
    """Random numbers for some images: those of an image depend on the seed, the epoch, the augmentation and
    the image's number alone."""

    images: int

    def uniform(self, low: float, high: float, *shape: int) -> Array:
        """New numbers from ``low`` to below ``high``, (images, *shape) float64."""


class Change(NamedTuple):
    """What an augmentation does to each of some images, (images, ...); None for what it leaves alone.

    ``maps``: (images, 2, 3); the pixel at (x, y) is taken from maps @ (x, y, 1), both in pixels from the
    middle of the upper left one. Those of several augmentations follow one another as written.
    ``lattice``: (images, rows, columns, 2), at least 2 of each; displacements (x, y) in pixels at nodes that
    are spread evenly from corner to corner, with straight lines between. They are added to (x, y) before it
    is mapped.
    ``colours``: (images, steps, channels, channels + 2); in each step the channels become
    matrix @ channels + offset + pivot*mean, the columns in this order, where ``mean`` is that of the grey of
    the whole image; then they are limited to black and white.
    ``hues``: (images,) turns of the hue, 1 for a whole one, of images with three channels.
    ``holes``: (images, holes, 4), whole numbers: top, left, bottom and right, where the mean of the
    training images is shown.
    ``partners`` and ``shares``: (images,); what the image is mixed with, as a place from 0 to below 1 in
    the training part, and its own share.
    """

    maps: Array | None = None
    lattice: Array | None = None
    colours: Array | None = None
    hues: Array | None = None
    holes: Array | None = None
    partners: Array | None = None
    shares: Array | None = None


class Augmentation(Component):
    """A random change of the images of a training step."""

    needs_picture: ClassVar[bool] = True
    """Whether it makes no sense for rows of numbers, which have neither sides nor colours."""

    needs_area: ClassVar[bool] = False
    """Whether it makes no sense for images of a single line either, such as spectra."""

    mixes: ClassVar[bool] = False
    """Whether its changes have partners and shares."""

    def misfits(self, image: Volume, scores: Volume) -> Iterator[Mistake]:
        for message, cure in self.unfit(image):
            yield Mistake("ND536", message, self.name, help=(cure,))

    def unfit(self, volume: Volume) -> Iterator[tuple[str, str]]:
        """Why it cannot be done to the input of a network: a sentence and a cure each (ND536)."""
        if self.needs_picture and volume.height == 1 and volume.width == 1:
            yield (
                f"`{self.name}` changes images, but the network takes a row of {volume.values:,} numbers",
                "give the network the image, such as `input 28x28x1`; FC flattens it",
            )
        elif self.needs_area and 1 in volume.size:
            yield (
                f"`{self.name}` needs images of several rows; these are {volume.height}x{volume.width}",
                "a single row can be mirrored and shifted: `flip`, `crop`, `shift`",
            )

    def unfit_loss(self, loss: Loss) -> Iterator[tuple[str, str]]:
        """Why it does not go with a loss: a sentence and a cure each (ND537)."""
        yield from ()

    @abstractmethod
    def change(self, draws: Draws, pictures: Pictures) -> Change:
        """What is done to each image of ``draws``. It must follow from the draws alone, image by image."""


def border_option() -> Option[str | None]:
    """What an augmentation that moves images shows beyond their edges. One image has one border: that
    which any augmentation names."""
    doc = "what surrounds the image; black by default"
    return Option(OptionType.WORD, doc, choices=BORDERS, derived=True)


def about_centre(pictures: Pictures, matrices: Array) -> Array:
    """Maps, (images, 2, 3), that apply matrices, (images, 2, 2), around the centre of the image."""
    import numpy as np

    centre = np.array([(pictures.width - 1) / 2, (pictures.height - 1) / 2])
    moved = centre - (matrices[:, :, 0] * centre[0] + matrices[:, :, 1] * centre[1])
    return np.concatenate([matrices, moved[:, :, None]], axis=2)


def shifts(across: Array, down: Array) -> Array:
    """Maps, (images, 2, 3), that take each pixel from so many pixels to the right and further down."""
    import numpy as np

    maps = np.zeros((len(across), 2, 3))
    maps[:, 0, 0] = maps[:, 1, 1] = 1
    maps[:, 0, 2], maps[:, 1, 2] = across, down
    return maps
