"""The arithmetic of windows that slide over a volume, shared by convolutions and pools."""

from __future__ import annotations

from fractions import Fraction

from netdsl.diagnostics import Mistake
from netdsl.quantities import Padding, Size, Volume


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


def equations(x: Volume, kernel: Size, stride: Size, padding: Padding) -> tuple[str, ...]:
    """The equation of the height, and that of the width where it differs."""
    height = equation(x.height, kernel.height, stride.height, padding.top, padding.bottom)
    width = equation(x.width, kernel.width, stride.width, padding.left, padding.right)
    if height == width:
        return (height,)
    return (f"height {height}", f"width {width}")


def _cures(extent: int, kernel: int, stride: int, padding: int) -> list[str]:
    """The nearest paddings and input extents for which the window fits."""
    cures = []
    paddings = [
        p for p in range(kernel) if p != padding and positions(extent, kernel, stride, p, p).denominator == 1
    ]
    fitting = [p for p in paddings if positions(extent, kernel, stride, p, p) >= 1]
    if fitting:
        nearest = min(fitting, key=lambda p: (abs(p - padding), p))
        outcome = positions(extent, kernel, stride, nearest, nearest)
        cures.append(f"pad {nearest} fits: it gives {outcome}")
    remainder = (extent - kernel + 2 * padding) % stride
    for candidate in (extent - remainder, extent + stride - remainder):
        outcome = positions(candidate, kernel, stride, padding, padding)
        if candidate >= 1 and outcome >= 1:
            cures.append(f"an input of {candidate} instead of {extent} fits: it gives {outcome}")
    return cures


def slide(x: Volume, kernel: Size, stride: Size, padding: Padding, noun: str) -> Size | Mistake:
    """Output height and width, or why the window does not fit.

    The lecture's rule (CS231n, "Spatial arrangement"): the division must come out even.
    """
    axes = (
        ("height", x.height, kernel.height, stride.height, padding.top, padding.bottom),
        ("width", x.width, kernel.width, stride.width, padding.left, padding.right),
    )
    counts = []
    for axis, extent, window, step, before, after in axes:
        padded = extent + before + after
        if window > padded:
            return Mistake(
                "ND302",
                f"a {kernel} {noun} is larger than its input of {x.size} with padding {padding}",
                option="kernel",
                label=f"{axis} {window} > {extent} + {before} + {after} = {padded}",
                help=(f"use a {noun} of at most {padded}, or more padding",),
            )
        count = positions(extent, window, step, before, after)
        if count.denominator != 1:
            return Mistake(
                "ND301",
                f"the {kernel} {noun} does not fit its input of {x} evenly at stride {_square(stride)}",
                option="stride",
                label=equation(extent, window, step, before, after),
                help=tuple(_cures(extent, window, step, before)) if before == after else (),
            )
        counts.append(int(count))
    return Size(counts[0], counts[1])
