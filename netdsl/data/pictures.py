"""Reads one picture file into an array: PNG, JPEG, GIF, BMP, PPM, WebP."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from netdsl.data.available_memory import Allowance, require_memory
from netdsl.data.scaling import check_convertible, check_sides, fit_rows, scaling_bytes
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.opening import open_file
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".pgm", ".ppm", ".webp")
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP")

LARGEST_PIXELS = 1 << 26
"""8192x8192: 192 MiB in colour. Larger pictures are refused before they are decompressed."""

DEEP_WHITE = 65535
"""White of a picture of 16 bits."""

_NOTEWORTHY_BYTES = 1 << 24
"""Pictures of less than this are read without asking how much memory is left."""

_MOST_PIECES = 200
"""Scans or remarks; programs write up to a dozen."""

_DECODER_BYTES = {"JPEG": 6, "WEBP": 12, "PPM": 8}
"""What decoders hold for each pixel beside the picture: coefficients, canvases, text."""

_ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held."""

_ONE_BYTE_MODES, _DEEP_MODES = ("1", "L", "P"), ("I", "I;16", "I;16B", "I;16L", "I;16N")


class Fitted(NamedTuple):
    """A picture at a network's input size: ``pixels`` (height, width, channels), from 0 for black to
    ``white``, which is 255, or 65535 for a picture of 16 bits."""

    pixels: NDArray[Any]
    white: int


class _Decoded:
    """A picture in memory, as Pillow holds it, handed out in rows of grey or colour levels."""

    def __init__(self, image: Any, picture: Any) -> None:
        self._image, self._picture = image, picture
        self.deep = picture.mode in _DEEP_MODES
        self._layered = not self.deep and ("A" in picture.mode or "transparency" in picture.info)
        grey = self.deep or picture.mode == "LA" or (picture.mode in ("1", "L") and not self._layered)
        self._mode = "L" if grey else "RGB"
        self.volume = Volume(picture.height, picture.width, 1 if grey else 3)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint16 if self.deep else np.uint8)

    def rows(self, first: int, last: int) -> NDArray[Any]:
        """Levels of some rows, (rows, width, channels)."""
        whole = (first, last) == (0, self._picture.height)
        band = self._picture if whole else self._picture.crop((0, first, self._picture.width, last))
        if self.deep:
            deep: NDArray[Any] = np.asarray(band)
            clear = self._picture.info.get("transparency")
            if isinstance(clear, int):
                deep = np.where(deep == clear, DEEP_WHITE, deep)
            levels: NDArray[Any] = np.clip(deep, 0, DEEP_WHITE).astype(np.uint16)[..., None]
            return levels
        if self._layered:
            band = band.convert("RGBA")
            paper = self._image.new("RGBA", band.size, (255, 255, 255, 255))
            band = self._image.alpha_composite(paper, band)
        levels = np.asarray(band.convert(self._mode))
        return levels[..., None] if levels.ndim == 2 else levels


def read_picture(path: Path) -> NDArray[Any]:
    """A picture as (height, width, 1) where it is grey, else (height, width, 3).

    uint8, or uint16 for grey of 16 bits. Turned as its EXIF data ask; transparent parts show white,
    as in a viewer; only the first frame of a moving picture. Raises Diagnosed: ND610 damaged or no
    picture, ND611 too large, ND632 bits that would be lost.
    """
    with _decoded(path, None, None) as picture:
        levels: NDArray[Any] = picture.rows(0, picture.volume.height)
        return levels


def fitted_picture(
    path: Path, volume: Volume, *, exact: bool = False, allowance: Allowance | None = None
) -> Fitted:
    """A picture at the size of ``volume``; raises as ``read_picture``, and ND508 and ND511.

    Levels are whole, uint8, or not rounded, float32, where ``exact`` or the picture has 16 bits.
    ``allowance`` is what all pictures that are read at once share.
    """
    with _decoded(path, volume, allowance) as picture:
        check_convertible(str(path), picture.volume, volume)
        if not (exact or picture.deep):
            return Fitted(fit_rows(picture.rows, picture.volume, picture.dtype, volume), 255)
        floats = fit_rows(
            lambda first, last: picture.rows(first, last).astype(np.float32),
            picture.volume,
            np.dtype(np.float32),
            volume,
        )
        return Fitted(floats, DEEP_WHITE if picture.deep else 255)


@cache
def _pillow() -> Any:
    """Pillow's Image module with the six formats, and none of the many others, registered."""
    from PIL import Image, ImageOps, WebPImagePlugin

    Image.preinit()
    assert ImageOps
    assert WebPImagePlugin
    with suppress(AttributeError, ValueError):
        # So large that the system gets the memory back with the picture, also from threads.
        Image.core.set_block_size(1 << 26)  # type: ignore[attr-defined]
    return Image


@contextmanager
def _decoded(path: Path, volume: Volume | None, allowance: Allowance | None) -> Iterator[_Decoded]:
    """The picture while it is used; all that goes wrong with it is Diagnosed."""
    image = _pillow()
    try:
        with warnings.catch_warnings():
            # Pillow warns of what it repairs and of large sizes; the size has its own rule here.
            warnings.simplefilter("ignore")
            with _opened(path) as file, image.open(file, formats=_FORMATS) as picture:
                _check_header(path, file, picture)
                if volume is not None:
                    check_sides(str(path), picture.height, picture.width, volume)
                needed = _decoding_bytes(picture, volume)
                if needed > _NOTEWORTHY_BYTES:
                    require_memory(needed, str(path), "reading this image", "scale it down first")
                with (allowance or Allowance()).of(needed):
                    try:
                        yield _Decoded(image, _upright(picture))
                    finally:
                        picture.close()  # frees the pixels while they still count
    except Diagnosed:
        raise
    except image.DecompressionBombError as error:
        raise Diagnosed(_too_large(path, "far more pixels")) from error
    except OSError as error:
        why = error.strerror or "it is damaged, cut short, or of another format"
        raise Diagnosed(_unreadable(path, why)) from error
    except MemoryError:
        raise
    except Exception as error:
        # The decoders raise whatever their parsers ran into: ValueError, SyntaxError, struct.error...
        raise Diagnosed(_unreadable(path, "it is damaged")) from error


def _opened(path: Path) -> BinaryIO:
    if os.path.isdir(path):
        raise Diagnosed(
            file_error("ND610", str(path), "this is a folder, not an image", "name a PNG or JPEG file")
        )
    try:
        return open_file(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise Diagnosed(
            file_error("ND610", str(path), "there is no such file", "name a PNG or JPEG file")
        ) from None


def _check_header(path: Path, file: BinaryIO, picture: Any) -> None:
    """Refuse by what a picture's header says: too many pixels, or bits that would be cut off."""
    width, height = picture.size
    if width * height > LARGEST_PIXELS:
        raise Diagnosed(_too_large(path, f"{width}x{height}"))
    if picture.mode == "F":
        raise Diagnosed(_shortened(path, "fractions"))
    if picture.mode not in _DEEP_MODES and _bits(file, picture) > 8:
        raise Diagnosed(_shortened(path, "16 bits per colour"))
    if _pieces(file, picture) > _MOST_PIECES:
        raise Diagnosed(_unreadable(path, f"it is made of more than {_MOST_PIECES} scans or remarks"))


def _pieces(file: BinaryIO, picture: Any) -> int:
    """Scans of a JPEG, each of which passes over the whole picture, or remarks in a PPM of text, each of
    which copies what follows: a small file with many of them takes minutes."""
    if picture.format == "JPEG" and picture.info.get("progressive"):
        mark = b"\xff\xda"
    elif picture.format == "PPM" and picture.tile and picture.tile[0][0] == "ppm_plain":
        mark = b"#"
    else:
        return 0
    offset = file.tell()
    file.seek(0)
    found = 0
    while piece := file.read(1 << 20):
        found += piece.count(mark)
    file.seek(offset)
    return found


def _bits(file: BinaryIO, picture: Any) -> int:
    """Bits of each channel, where a format has more than 8 of them."""
    if picture.format == "PNG":
        offset = file.tell()
        file.seek(24)
        bits = file.read(1)
        file.seek(offset)
        return bits[0] if bits else 0
    if picture.format == "PPM" and picture.tile and isinstance(picture.tile[0][3], tuple):
        largest = picture.tile[0][3][-1]
        return largest.bit_length() if isinstance(largest, int) else 0
    return 8


def _decoding_bytes(picture: Any, volume: Volume | None) -> int:
    """What decoding and scaling a picture takes at most, from its header."""
    width, height = picture.size
    pixel_bytes = 1 if picture.mode in _ONE_BYTE_MODES and picture.format != "GIF" else 4
    pixel_bytes += _DECODER_BYTES.get(picture.format, 0)
    copies = 2 if picture.format != "PNG" and picture.getexif().get(_ORIENTATION, 1) != 1 else 1
    scaled = 0 if volume is None else scaling_bytes(Volume(height, width, 3), volume)
    return int(width * height * pixel_bytes * copies) + scaled


def _upright(picture: Any) -> Any:
    from PIL import ImageOps

    picture.load()
    ImageOps.exif_transpose(picture, in_place=True)  # without a copy where nothing is to be turned
    return picture


def _unreadable(path: Path, why: str) -> Diagnostic:
    return file_error(
        "ND610", str(path), f"cannot read this image: {why}", "name a complete PNG or JPEG file"
    )


def _shortened(path: Path, what: str) -> Diagnostic:
    return file_error(
        "ND632",
        str(path),
        f"this image holds {what}, of which only 8 would remain"
        if "bits" in what
        else f"this image holds {what}, which would be cut to 256 levels",
        "save it as 16-bit grey, or with 8 bits if those are enough",
        "or put the images into an .npz archive, which keeps any numbers",
    )


def _too_large(path: Path, size: str) -> Diagnostic:
    return file_error(
        "ND611",
        str(path),
        f"this image claims {size}, more than the {LARGEST_PIXELS:,} pixels that netdsl reads",
        "scale it down first; networks see far smaller images anyway",
    )
