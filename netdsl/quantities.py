"""The quantities that networks are described in: volumes, sizes, padding, counts, bytes."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

VALUE_LIMIT = 2**63
"""More numbers than a volume may hold: nobody's memory does, and totals stay printable."""

FLOAT_BYTES = 4
"""Bytes of one value: activations, weights and gradients are 32-bit floats."""

PRECISIONS = ("float32", "bf16")
"""Of what is multiplied; sums, weights and what a layer passes on are 32-bit floats in both."""


class Size(NamedTuple):
    """Height and width of a kernel, a stride or an image, in pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"


class Padding(NamedTuple):
    """Rows and columns of zeros added on each side, in pixels."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def even(cls, size: Size) -> Padding:
        """The same on both sides of each axis."""
        return cls(size.height, size.height, size.width, size.width)

    def __str__(self) -> str:
        if self.top == self.bottom == self.left == self.right:
            return str(self.top)
        if self.top == self.bottom and self.left == self.right:
            return f"{self.top}x{self.left}"
        return f"{self.top},{self.bottom},{self.left},{self.right}"


class Same(Enum):
    """Padding that keeps ceil(extent/stride) positions, whatever the window: ``same``."""

    SAME = "same"

    def __str__(self) -> str:
        return self.value


SAME = Same.SAME


class Volume(NamedTuple):
    """Height, width and channels of what one layer hands to the next, for one image.

    ``vector`` says that the volume is written as a plain count (``[4096]``), as after FC.
    """

    height: int
    width: int
    channels: int
    vector: bool = False

    @property
    def size(self) -> Size:
        return Size(self.height, self.width)

    @property
    def values(self) -> int:
        """How many numbers the volume holds."""
        return self.height * self.width * self.channels

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.height, self.width, self.channels)

    def agrees(self, other: Volume) -> bool:
        """Whether both have the same height, width and channels, however they are written."""
        return self.shape == other.shape

    def __str__(self) -> str:
        if self.vector:
            return str(self.channels)
        return f"{self.height}x{self.width}x{self.channels}"


_SCALES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def grouped(count: int) -> str:
    """A count as a reader wants it: ``61,706``."""
    return f"{count:,}"


def counted(count: int, noun: str) -> str:
    """``1 thread``, ``2 threads``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def abbreviated(count: int) -> str:
    """A count to three figures with its scale: ``1.14G``; exact below 10,000."""
    if abs(count) < 10_000:
        return grouped(count)
    for letter in "KMGT":
        scaled = count / _SCALES[letter]
        if abs(scaled) < 999.5 or letter == "T":
            digits = 2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0
            return f"{scaled:.{digits}f}{letter}"
    raise AssertionError("unreachable")


def bytes_text(size_bytes: int) -> str:
    """A number of bytes with a binary unit: ``58.1 MiB``."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    scaled = float(size_bytes)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        scaled /= 1024
        if scaled < 1024 or unit == "TiB":
            return f"{scaled:.1f} {unit}" if scaled < 100 else f"{scaled:.0f} {unit}"
    raise AssertionError("unreachable")


_COUNT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?([KMGT]?)\Z", re.IGNORECASE)


def count_from_text(text: str) -> int | None:
    """Read ``61,706``, ``70M`` or ``1.2G``; None where it is not a whole count."""
    match = _COUNT.match(text) if len(text) <= 40 else None
    if match is None:
        return None
    whole, fraction, letter = match.groups()
    scale = _SCALES[letter.upper()]
    digits = whole.replace(",", "")
    if fraction:
        scaled = int(digits + fraction) * scale
        divisor = 10 ** len(fraction)
        return scaled // divisor if scaled % divisor == 0 else None
    return int(digits) * scale


BYTE_UNITS = {"": 1, "b": 1, "bytes": 1}
BYTE_UNITS |= {f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)}
BYTE_UNITS |= {f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)}
"""Bytes of a unit of memory, by its name in lower case."""

_BYTES = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?([KMGT]?)\s*([A-Za-z]*)\Z", re.IGNORECASE)


def bytes_from_text(text: str) -> int | None:
    """Read ``256 MiB``, ``2.5 MiB`` or ``64M``, rounded down to whole bytes; None where it is no memory."""
    match = _BYTES.match(text) if len(text) <= 40 else None
    if match is None:
        return None
    whole, fraction, letter, unit = match.groups()
    named = f"{letter}{unit}".lower()
    scale = BYTE_UNITS.get(named) or _SCALES.get(named.upper())  # `64M` is 64 million bytes
    if scale is None:  # `64K B`
        scale = _SCALES[letter.upper()] * BYTE_UNITS.get(unit.lower(), 0)
    if not scale or (fraction and scale == 1):
        return None
    digits = int(whole.replace(",", "") + (fraction or ""))
    return digits * scale // int("1" + "0" * len(fraction or ""))


def duration(seconds: float) -> str:
    """``12 s``, ``3 min``, ``2 h 10 min``, ``3 days 4 h``: as exactly as an estimate is known."""
    whole = max(round(seconds), 1)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min"
    return "{} days {} h".format(*divmod(round(seconds / 3600), 24))


def clock(seconds: float | None) -> str:
    """``0:12:09``, in hours, minutes and seconds; ``-:--:--`` where they are not known."""
    if seconds is None:
        return "-:--:--"
    minutes, rest = divmod(round(seconds), 60)
    return "{}:{:02}:{:02}".format(*divmod(minutes, 60), rest)
