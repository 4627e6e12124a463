"""Reads one picture file into an array: PNG, JPEG, GIF, BMP, PPM, WebP."""

from __future__ import annotations

import os
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.diagnostics import Diagnosed, file_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".pgm", ".ppm", ".webp")
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP")

LARGEST_PIXELS = 1 << 26
"""8192x8192: 192 MiB in colour. Larger pictures are refused before they are decompressed."""


@cache
def _pillow() -> Any:
    """Pillow's Image module with the six formats, and none of the many others, registered."""
    from PIL import Image, ImageOps, WebPImagePlugin

    Image.preinit()
    assert ImageOps
    assert WebPImagePlugin
    return Image


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture as (height, width, 1) where it is grey, else (height, width, 3).

    Turned as its EXIF data ask; transparent parts show white, as in a viewer; only the first frame
    of a moving picture. Raises Diagnosed: ND610 damaged or no picture, ND611 too large.
    """
    if not os.path.isfile(path):
        what = "this is a folder, not a picture" if os.path.isdir(path) else "there is no such file"
        raise Diagnosed(file_error("ND610", str(path), what, "name a PNG or JPEG file"))
    image = _pillow()
    try:
        with warnings.catch_warnings():
            # Pillow warns of what it repairs and of large sizes; the size has its own rule here.
            warnings.simplefilter("ignore")
            with image.open(path, formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > LARGEST_PIXELS:
                    raise Diagnosed(_too_large(path, f"{width}x{height}"))
                return _levels(image, picture)
    except Diagnosed:
        raise
    except image.DecompressionBombError as error:
        raise Diagnosed(_too_large(path, "far more pixels")) from error
    except OSError as error:
        why = error.strerror or "it is damaged, cut short, or of another format"
        raise Diagnosed(_unreadable(path, why)) from error
    except Exception as error:
        # The decoders raise whatever their parsers ran into: ValueError, SyntaxError, struct.error...
        raise Diagnosed(_unreadable(path, "it is damaged")) from error


def _levels(image: Any, picture: Any) -> NDArray[np.uint8]:
    """Any mode of Pillow's as grey or colour levels of 0..255."""
    from PIL import ImageOps

    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16") or picture.mode == "I":
        wide = np.asarray(picture).astype(np.int64)
        return np.clip((wide + 128) // 257, 0, 255).astype(np.uint8)[..., None]
    if "A" in picture.mode or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        paper = image.new("RGBA", layered.size, (255, 255, 255, 255))
        picture = image.alpha_composite(paper, layered).convert("L" if picture.mode == "LA" else "RGB")
    if picture.mode in ("1", "L"):
        return np.asarray(picture.convert("L"))[..., None]
    return np.asarray(picture.convert("RGB"))


def _unreadable(path: Path, why: str) -> Any:
    return file_error("ND610", str(path), f"cannot read this picture: {why}", "name a whole PNG or JPEG file")


def _too_large(path: Path, size: str) -> Any:
    return file_error(
        "ND611",
        str(path),
        f"this picture claims {size}, more than the {LARGEST_PIXELS:,} pixels that are read",
        "scale it down first; networks see far smaller pictures anyway",
    )
