"""The arithmetic of windows that slide over a volume, shared by convolutions and pools."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, isqrt
from typing import NamedTuple

from netdsl.diagnostics import Mistake
from netdsl.layers.dialect import Rounding
from netdsl.layers.option import Option, count
from netdsl.quantities import Padding, Same, Size, Volume, counted

ONE_BY_ONE = Size(1, 1)


def positions(extent: int, kernel: int, stride: int, before: int, after: int) -> Fraction:
    """How many positions a window takes along one axis, exactly: (W - F + P)/S + 1."""
    return Fraction(extent - kernel + before + after, stride) + 1


def _decimal(value: Fraction) -> str:
    """A fraction as a lecture writes it: 54.25, or 54.33."""
    if value.denominator == 1:
        return str(value.numerator)
    text = f"{float(value):.2f}".rstrip("0")
    return text if Fraction(text) == value else f"about {text}"


def _square(size: Size) -> str:
    """``4`` where both extents are 4."""
    return str(size.height) if size.height == size.width else str(size)


def equation(extent: int, kernel: int, stride: int, before: int, after: int) -> str:
    """``(227 - 11 + 2*0)/4 + 1 = 55``; uneven padding is written as a sum."""
    zeros = f"2*{before}" if before == after else f"{before} + {after}"
    result = _decimal(positions(extent, kernel, stride, before, after))
    return f"({extent} - {kernel} + {zeros})/{stride} + 1 = {result}"


_NEAR = 1_000
"""How far from what is written another padding is looked for: kernels may have 2^31 rows."""


def _padding_cures(extent: int, kernel: int, stride: int, padding: int) -> list[str]:
    """The nearest padding for which the window fits."""
    cures = []
    near = range(max(0, padding - _NEAR), min(kernel, padding + _NEAR + 1))
    paddings = [p for p in near if p != padding and positions(extent, kernel, stride, p, p).denominator == 1]
    fitting = [p for p in paddings if positions(extent, kernel, stride, p, p) >= 1]
    if fitting:
        nearest = min(fitting, key=lambda p: (abs(p - padding), p))
        outcome = positions(extent, kernel, stride, nearest, nearest)
        cures.append(f"pad {nearest} fits: it gives {outcome}")
    return cures


def _same_cure(x: Volume, moving: Sliding) -> str:
    """``same`` always fits, with the odd row and column of zeros below and to the right."""
    high, wide = (-(-extent // stride) for extent, stride in zip(x.size, moving.stride, strict=True))
    return f"`same` fits: it gives {high if high == wide else Size(high, wide)}"


def _input_cures(extent: int, kernel: int, stride: int, padding: int) -> list[str]:
    """The nearest extents of the input for which the window fits."""
    cures = []
    remainder = (extent - kernel + 2 * padding) % stride
    for candidate in (extent - remainder, extent + stride - remainder):
        outcome = positions(candidate, kernel, stride, padding, padding)
        if candidate >= 1 and outcome >= 1:
            cures.append(f"an input of {candidate} instead of {extent} fits: it gives {outcome}")
    return cures


class Sliding(NamedTuple):
    """A window that slides over a volume: what it covers, how far it moves, the padding around.

    ``kernel`` is what the window covers, dilation included; ``padding`` is in numbers.
    """

    kernel: Size
    stride: Size
    padding: Padding
    rounding: Rounding


def sliding(
    x: Volume,
    kernel: Size,
    stride: Size,
    padding: Padding | Same,
    rounding: Rounding,
    dilation: Size = ONE_BY_ONE,
) -> Sliding:
    """Dilation and ``same`` worked out for an input.

    ``same`` is TensorFlow's: ceil(W/S) positions, the odd zero below and to the right.
    """
    covered = Size((kernel.height - 1) * dilation.height + 1, (kernel.width - 1) * dilation.width + 1)
    if isinstance(padding, Padding):
        return Sliding(covered, stride, padding, rounding)
    top, bottom = _same(x.height, covered.height, stride.height)
    left, right = _same(x.width, covered.width, stride.width)
    return Sliding(covered, stride, Padding(top, bottom, left, right), Rounding.FLOOR)


def _same(extent: int, kernel: int, stride: int) -> tuple[int, int]:
    outputs = -(-extent // stride)
    total = max((outputs - 1) * stride + kernel - extent, 0)
    return total // 2, total - total // 2


def _rounded(exact: Fraction, rounding: Rounding, extent: int, stride: int, before: int, after: int) -> int:
    """Positions along one axis after rounding; see Rounding."""
    if rounding in (Rounding.EXACT, Rounding.FLOOR):
        return floor(exact)
    outputs = ceil(exact)
    clips = rounding is Rounding.CEIL_CLIPPED or before > 0 or after > 0
    if clips and (outputs - 1) * stride >= extent + before:
        outputs -= 1
    return outputs


def filters_give(filters: int) -> str:
    """``6 filters give 6 channels``."""
    return f"{counted(filters, 'filter')} {'gives' if filters == 1 else 'give'} {counted(filters, 'channel')}"


def derivation(x: Volume, moving: Sliding) -> tuple[str, ...]:
    """The equation of each axis with its rounding, once where both axes are alike."""
    lines = []
    for extent, kernel, stride, before, after in _axes(x, moving):
        line = equation(extent, kernel, stride, before, after)
        exact = positions(extent, kernel, stride, before, after)
        if exact.denominator != 1:
            outcome = _rounded(exact, moving.rounding, extent, stride, before, after)
            line += f", rounded {'down' if outcome < exact else 'up'} to {outcome}"
        lines.append(line)
    if lines[0] == lines[1]:
        return (lines[0],)
    return (f"height {lines[0]}", f"width {lines[1]}")


def _axes(x: Volume, moving: Sliding) -> tuple[tuple[int, int, int, int, int], ...]:
    """Extent, kernel, stride, zeros before and after: of the height, then of the width."""
    kernel, stride, padding = moving.kernel, moving.stride, moving.padding
    return (
        (x.height, kernel.height, stride.height, padding.top, padding.bottom),
        (x.width, kernel.width, stride.width, padding.left, padding.right),
    )


def _larger_input(x: Volume) -> tuple[str, ...]:
    """The image or the row that values at one position may have been meant as."""
    if x.size != (1, 1) or x.channels == 1:
        return ()
    cures = [f"{x} is {x.channels} channels at one position: `input {x.channels}x1` is a row to slide along"]
    for channels in (1, 3):
        side = isqrt(x.channels // channels)
        if side * side * channels == x.channels:
            cures.append(f"or an image of {x.channels} numbers: `input {side}x{side}x{channels}`")
    return tuple(cures)


def _narrower(x: Volume, kernel: Size) -> tuple[str, ...]:
    """The window along a row: ``POOL 2`` is 2x2, and a row is one number wide."""
    if x.width == 1 < x.height and kernel.height <= x.height and kernel.width > 1:
        return (f"the input is one column: write `{kernel.height}x1`",)
    return (f"the input is one row: write `1x{kernel.width}`",) if x.height == 1 < x.width else ()


def _smaller(x: Volume, noun: str, padded: int) -> tuple[str, ...]:
    """A smaller window; in a row of numbers none has anything to look around at."""
    return () if x.vector else (f"use a {noun} of at most {padded}, or more padding",)


def _rounded_down(x: Volume, moving: Sliding, option: str) -> str:
    """How to have the numbers of positions rounded down, as most frameworks do."""
    high, wide = (floor(positions(*sizes)) for sizes in _axes(x, moving))
    gives = f"rounds down: it gives {_square(Size(high, wide))}"
    everywhere = "`dialect torch` for the whole file"
    return f"`{option}`, or {everywhere}, {gives}" if option else f"{everywhere} {gives}"


def slide(x: Volume, moving: Sliding, noun: str, floors: str = "") -> Size | Mistake:
    """Output height and width, or why the window does not fit. ``floors`` is the option that rounds down.

    Where rounding is EXACT, the lecture's rule holds (CS231n, "Spatial arrangement"): the division
    must be exact.
    """
    counts = []
    for axis, sizes in zip(("height", "width"), _axes(x, moving), strict=True):
        extent, window, stride_length, before, after = sizes
        padded = extent + before + after
        if window > padded:
            return Mistake(
                "ND302",
                f"a {moving.kernel} {noun} is larger than its input of {x.size} "
                f"with padding {moving.padding}",
                option="kernel",
                label=f"{axis} {window} > {extent} + {before} + {after} = {padded}",
                help=_narrower(x, moving.kernel) or _smaller(x, noun, padded),
                input_help=_larger_input(x),
            )
        if (padded - window) % stride_length == 0 and after < window:  # nothing to round, and nothing to clip
            counts.append((padded - window) // stride_length + 1)
            continue
        exact = positions(*sizes)
        if exact.denominator != 1 and moving.rounding is Rounding.EXACT:
            stride = _square(moving.stride)
            square = (extent, window, stride_length, before) if before == after else None
            return Mistake(
                "ND301",
                f"the {moving.kernel} {noun} does not fit its input of {x} evenly at stride {stride}",
                option="stride",
                label=equation(*sizes),
                help=(
                    *(_padding_cures(*square) if square else ()),
                    _same_cure(x, moving),
                    _rounded_down(x, moving, floors),
                ),
                input_help=tuple(_input_cures(*square)) if square else (),
            )
        count = _rounded(exact, moving.rounding, extent, stride_length, before, after)
        start = (count - 1) * stride_length - before
        if count > exact and start >= extent:
            return Mistake(
                "ND304",
                f"rounded up, the last {noun} begins beyond its input of {x.size} and sees nothing of it",
                option="stride",
                label=f"{axis}: it begins at {start} of {extent}, counted from 0",
                help=(f"use a stride of at most {window}, or `floor`",),
            )
        counts.append(count)
    return Size(counts[0], counts[1])


def filter_depth() -> Option[int]:
    """The third extent of a filter that is written with one."""
    return count("channels that a filter covers, as in `5x5x3`", derived=True, restates=True)


def depth_problems(x: Volume, kernel: Size, depth: int | None, groups: int = 1) -> tuple[Mistake, ...]:
    """What is wrong with a stated depth: it is that of the input, or of one group of its channels."""
    if depth is None or depth in (x.channels, x.channels // groups):
        return ()
    cure = f"write `{kernel}x{x.channels // groups}`, or `{kernel}`: a filter covers all channels"
    return (
        Mistake(
            "ND317",
            f"the filter is {depth} deep, the input {x.channels}",
            option="depth",
            label=f"the input is {x}",
            help=(f"{cure} of its group" if groups > 1 else cure,),
            spares_volume=True,
        ),
    )
