"""A picture to predict, for the run folder."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netdsl.training.run import Run
    from netdsl.training.run_folder import RunFolder


def save_example(run: Run, folder: RunFolder) -> Path | None:
    """Write the first test image into the run folder; None where it is no picture."""
    from PIL import Image

    from netdsl.data.preparation import pixels_of
    from netdsl.data.scaling import picture_of

    pixels = run.dataset.pixels[run.parts.test[0]]
    if pixels.shape[:2] == (1, 1) and (picture := picture_of(run.plan.input)) is not None:
        pixels = (pixels_of(pixels, picture) if run.preparation.planes else pixels).reshape(picture.shape)
    if pixels.dtype.name != "uint8" or pixels.shape[2] not in (1, 3):
        return None
    stream = BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(stream, "PNG")
    return folder.save_example(stream.getvalue())
