"""A contact sheet: the images of a batch as the network sees them, each above its label, as a PNG."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np

from netdsl.backend.session import Batch, write_batch
from netdsl.data.preparation import pixels_of
from netdsl.data.scaling import picture_of
from netdsl.training.augmenting import augmenting
from netdsl.training.batches import batch_sizes, epoch_order
from netdsl.training.plain_letters import plain_letters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.training.run import Run

MOST_SHOWN = 64
"""Images of a larger batch that are left out of the sheet."""

_LEAST_SIDE, _MOST_SIDE = 96, 256
"""Pixels of the longer side of an image on the sheet: smaller ones are enlarged, larger ones reduced."""

_LABEL_HEIGHT, _GAP = 16, 6
_PAPER, _INK = 255, 0


def first_batch(run: Run) -> dict[str, NDArray[np.float32]]:
    """``x`` and ``target`` of the first training step of a new run, at most MOST_SHOWN images of them.

    ``x`` is (images, height, width, channels) as the network sees it, ``target`` (images, scores).
    """
    recipe, images = run.recipe, run.images
    size = min(batch_sizes(len(run.parts.train), recipe.batch)[0], MOST_SHOWN)
    chosen = np.ascontiguousarray(epoch_order(run.parts.train, recipe.seed, 1)[:size], np.int64)
    changes_of = augmenting(recipe.augment, images, run.parts.train, recipe.seed).changes_of(1)
    inputs = {
        "x": np.zeros((size, *images.pixels.shape[1:]), np.float32),
        "target": np.zeros((size, images.targets.shape[1]), np.float32),
    }
    write_batch(inputs, Batch(images, chosen, None if changes_of is None else changes_of(chosen)))
    return inputs


def sheet_of_first_batch(run: Run) -> bytes:
    """The first training batch of a new run as a PNG: what the network sees, with its classes below.

    Normalisation is undone, so that pictures look like those of the data; values beyond black and white are
    cut off. Of images with neither one nor three channels the first channel is shown.
    """
    inputs = first_batch(run)
    images = run.images
    pixels = (inputs["x"] - images.shift) / images.scale
    pictures = [_levels(run, picture) for picture in pixels]
    labels = [_label(run.dataset.classes, target) for target in inputs["target"]]
    return contact_sheet(pictures, labels)


def _levels(run: Run, picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """One image as (height, width) or (height, width, 3) levels."""
    if picture.shape[:2] == (1, 1) and (square := picture_of(run.plan.input)) is not None:
        row = picture.reshape(-1)
        picture = (pixels_of(row, square) if run.preparation.planes else row).reshape(square.shape)
    black, white = run.preparation.black, run.preparation.white
    if black is None or white is None:
        black, white = float(picture.min()), float(picture.max())
    levels = np.rint((picture - black) * (255 / max(white - black, 1e-30)))
    shown: NDArray[np.uint8] = np.clip(np.nan_to_num(levels), 0, 255).astype(np.uint8)
    return shown if shown.shape[2] == 3 else shown[..., 0]


def _label(classes: tuple[str, ...], target: NDArray[np.float32]) -> str:
    """``cat``, or ``cat 70 %, dog 30 %`` where two are mixed."""
    shares = [(float(share), name) for share, name in zip(target, classes, strict=False) if share > 0]
    if len(shares) == 1:
        return shares[0][1]
    return ", ".join(f"{name} {100 * share:.0f} %" for share, name in sorted(shares, reverse=True))


def contact_sheet(pictures: list[NDArray[np.uint8]], labels: list[str]) -> bytes:
    """Pictures of one size in rows, as square as they come, each above its label; a PNG.

    Pictures are (height, width) or (height, width, 3). Small ones are enlarged by a whole factor, so that
    every pixel can be seen.
    """
    from PIL import Image, ImageDraw, ImageFont

    height, width = pictures[0].shape[:2]
    longer = max(height, width)
    factor: float = max(1, ceil(_LEAST_SIDE / longer)) if longer <= _MOST_SIDE else _MOST_SIDE / longer
    shown = (max(1, round(width * factor)), max(1, round(height * factor)))
    cell = (max(shown[0], _LEAST_SIDE) + _GAP, shown[1] + _LABEL_HEIGHT + _GAP)
    columns = max(1, min(len(pictures), round(sqrt(len(pictures) * cell[1] / cell[0]))))
    rows = ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * cell[0] + _GAP, rows * cell[1] + _GAP), (_PAPER,) * 3)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    how = Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.BOX
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left, top = _GAP + number % columns * cell[0], _GAP + number // columns * cell[1]
        sheet.paste(Image.fromarray(picture).resize(shown, how).convert("RGB"), (left, top))
        text = _fitting(label, lambda text: pen.textlength(text, font), cell[0] - _GAP)
        pen.text((left, top + shown[1] + 2), text, (_INK,) * 3, font)
    stream = BytesIO()
    sheet.save(stream, "PNG")
    return stream.getvalue()


def _fitting(label: str, length: Callable[[str], float], most: float) -> str:
    """As much of a label as fits into so many pixels, in letters that the font has."""
    text = plain_letters(label[:100])
    if length(text) <= most:
        return text
    while text and length(text + "..") > most:
        text = text[:-1]
    return text + ".."
