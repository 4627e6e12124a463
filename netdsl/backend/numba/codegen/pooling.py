"""Pooling windows: all channels of a position at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netdsl.backend.numba.kernel import (
    Kernel,
    Launch,
    indented,
    kernel,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.tensor import Tensor
from netdsl.primitives.window import (
    Counts,
    Pooling,
    WindowAverage,
    WindowAverageGradient,
    WindowChoice,
    WindowMaximum,
    WindowMaximumGradient,
)

MOST_WRITTEN_OUT = 16
"""Positions of a window that are written out one by one."""


def geometry_arguments(big: Tensor, small: Tensor, pooling: Pooling) -> dict[str, int]:
    """The arguments after the addresses: the larger volume, the smaller one, and the window."""
    height, width, channels = big.shape
    return {
        "height": height,
        "width": width,
        "channels": channels,
        "rows": small.shape[0],
        "columns": small.shape[1],
        "kernel_rows": pooling.kernel.height,
        "kernel_columns": pooling.kernel.width,
        "stride_row": pooling.stride.height,
        "stride_column": pooling.stride.width,
        "top": pooling.padding.top,
        "left": pooling.padding.left,
        "padded_height": height + pooling.padding.bottom,
        "padded_width": width + pooling.padding.right,
    }


_DIVISORS = {
    Counts.WINDOW: "kernel_rows * kernel_columns",
    Counts.ONE: "1",
    Counts.IMAGE: "max(1, (a1 - a0) * (b1 - b0))",
    Counts.PADDED: "min(kernel_rows, padded_height - y0) * min(kernel_columns, padded_width - x0)",
}
"""What an average divides by, for the window whose first row and column are y0 and x0."""


def _share(pooling: Pooling) -> str:
    return f"share = number(1.0) / from_integer({_DIVISORS[pooling.counts]})"


BOUNDS = [
    "y0 = row * stride_row - top",
    "x0 = column * stride_column - left",
    "a0 = max(0, -y0)",
    "a1 = min(kernel_rows, height - y0)",
    "b0 = max(0, -x0)",
    "b1 = min(kernel_columns, width - x0)",
]
"""The part of the window that is inside the volume."""


class Access(NamedTuple):
    """How code reads and writes a vector of channels: all of it, or as many as ``lanes`` at the end."""

    whole: bool

    def load(self, address: str) -> str:
        return f"load({address})" if self.whole else f"load_lanes({address}, lanes)"

    def store(self, address: str, value: str) -> str:
        return f"store({address}, {value})" if self.whole else f"store_lanes({address}, {value}, lanes)"


Lines = Callable[[Access], list[str]]
"""Code for a vector of channels."""


def over_channels(lines: Lines, channels: int, target: Target) -> list[str]:
    """Do ``lines`` for each whole vector of channels at c, and for the lanes left over if there are any."""
    whole = [
        "c = 0",
        "while c + WIDTH <= channels:",
        *(f"    {line}" for line in lines(Access(whole=True))),
        "    c += WIDTH",
    ]
    if channels % target.width == 0:
        return whole
    return [
        *whole,
        "if c < channels:",
        "    lanes = channels - c",
        *(f"    {line}" for line in lines(Access(whole=False))),
    ]


_EACH_OUTPUT_ROW = [
    "for item in range(first, last):",
    "    image = item // rows",
    "    row = item - image * rows",
    "    for column in range(columns):",
    *(f"        {line}" for line in BOUNDS),
    "        out = ((image * rows + row) * columns + column) * channels * 4",
    "        corner = x + ((image * height + y0) * width + x0) * channels * 4",
]


def _window_loop(lines: list[str]) -> list[str]:
    return [
        "for a in range(a0, a1):",
        "    for b in range(b0, b1):",
        "        seen = corner + ((a * width + b) * channels + c) * 4",
        *(f"        {line}" for line in lines),
    ]


def _all_inside(big: Tensor, small: Tensor, pooling: Pooling) -> bool:
    """Whether no window sees a border."""
    last_row = (small.shape[0] - 1) * pooling.stride.height + pooling.kernel.height
    last_column = (small.shape[1] - 1) * pooling.stride.width + pooling.kernel.width
    padding = pooling.padding
    return not (padding.top or padding.left) and last_row <= big.shape[0] and last_column <= big.shape[1]


def emit_window_maximum(op: WindowMaximum, batch: int, target: Target) -> list[Launch]:
    """One work item per output row; windows that are inside the volume are written out."""
    (x,), (y, winner) = op.inputs, op.outputs
    high, wide = op.pooling.kernel
    begin = ['best = number(float("-inf"))', "which = number(0.0)"]
    better = ["better = greater(value, best)", "best = select(better, value, best)"]
    channels = x.shape[2]

    def end(at: Access) -> list[str]:
        return [at.store("y + out + c * 4", "best"), at.store("winner + out + c * 4", "which")]

    def looped(at: Access) -> list[str]:
        return _window_loop(
            [
                "value = " + at.load("seen"),
                *better,
                "which = select(better, from_integer(a * kernel_columns + b), which)",
            ]
        )

    def written_out(at: Access) -> list[str]:
        lines = []
        for a in range(high):
            for b in range(wide):
                lines += [
                    "value = " + at.load(f"corner + {a} * row_bytes + ({b} * channels + c) * 4"),
                    *better,
                    f"which = select(better, number({a * wide + b}.0), which)",
                ]
        return lines

    def around(middle: Lines) -> list[str]:
        return over_channels(lambda at: [*begin, *middle(at), *end(at)], channels, target)

    given = named(x=x, y=y, winner=winner, **geometry_arguments(x, y, op.pooling))
    body = [*given.lines, "row_bytes = width * channels * 4", *_EACH_OUTPUT_ROW]
    anywhere = around(looped)
    if high * wide <= MOST_WRITTEN_OUT:
        inside = around(written_out)
        if _all_inside(x, y, op.pooling):
            anywhere = inside
        else:
            body += [
                f"        if a0 == 0 and b0 == 0 and a1 == {high} and b1 == {wide}:",
                *(f"            {line}" for line in inside),
                "            continue",
            ]
    body += [f"        {line}" for line in anywhere]
    built = kernel("window_maximum", indented(body, 1) + "\n")
    return [Launch(built, given.values, batch * y.shape[0], (y, winner))]


def emit_window_choice(op: WindowChoice, batch: int, target: Target) -> list[Launch]:
    """One work item per output row."""
    (x, winner), (y,) = op.inputs, op.outputs

    def lines(at: Access) -> list[str]:
        return [
            "which = " + at.load("winner + out + c * 4"),
            "total = zero",
            *_window_loop(
                [
                    "won = equal(which, from_integer(a * kernel_columns + b))",
                    "value = " + at.load("seen"),
                    "total = select(won, value, total)",
                ]
            ),
            at.store("y + out + c * 4", "total"),
        ]

    given = named(x=x, y=y, winner=winner, **geometry_arguments(x, y, op.pooling))
    body = [
        *given.lines,
        "zero = number(0.0)",
        *_EACH_OUTPUT_ROW,
        *(f"        {line}" for line in over_channels(lines, x.shape[2], target)),
    ]
    built = kernel("window_choice", indented(body, 1) + "\n")
    return [Launch(built, given.values, batch * y.shape[0], (y,))]


def emit_window_average(op: WindowAverage, batch: int, target: Target) -> list[Launch]:
    """One work item per output row."""
    (x,), (y,) = op.inputs, op.outputs

    def lines(at: Access) -> list[str]:
        return [
            "total = number(0.0)",
            *_window_loop(["total = total + " + at.load("seen")]),
            at.store("y + out + c * 4", "total * share"),
        ]

    given = named(x=x, y=y, **geometry_arguments(x, y, op.pooling))
    body = [
        *given.lines,
        *_EACH_OUTPUT_ROW,
        f"        {_share(op.pooling)}",
        *(f"        {line}" for line in over_channels(lines, x.shape[2], target)),
    ]
    built = kernel("window_average", indented(body, 1) + "\n")
    return [Launch(built, given.values, batch * y.shape[0], (y,))]


def emit_window_maximum_gradient(op: WindowMaximumGradient, batch: int, target: Target) -> list[Launch]:
    """Windows side by side each have their own values; those that overlap add up in a fixed order."""
    dy, winner = op.inputs
    dx = op.outputs[0]
    if op.pooling.kernel == op.pooling.stride and not any(op.pooling.padding):
        return [_side_by_side(dx, dy, winner, op.pooling, batch, target)]

    def lines(at: Access) -> list[str]:
        return [
            "gradient = " + at.load("dy + out + c * 4"),
            "which = " + at.load("winner + out + c * 4"),
            *_window_loop(
                [
                    "won = equal(which, from_integer(a * kernel_columns + b))",
                    "previous = " + at.load("seen"),
                    at.store("seen", "previous + select(won, gradient, zero)"),
                ]
            ),
        ]

    return [
        _scatter(
            "window_maximum_gradient",
            ["x", "dy", "winner"],
            [],
            lines,
            dx,
            (dy, winner),
            op.pooling,
            batch,
            target,
        )
    ]


def _side_by_side(
    dx: Tensor, dy: Tensor, winner: Tensor, pooling: Pooling, batch: int, target: Target
) -> Launch:
    """One work item per row of windows: each value is written once, zeros behind the last window too."""

    def lines(at: Access) -> list[str]:
        return [
            "gradient = " + at.load("dy + out + c * 4"),
            "which = " + at.load("winner + out + c * 4"),
            "for a in range(a0, a1):",
            "    for b in range(b0, b1):",
            "        won = equal(which, from_integer(a * kernel_columns + b))",
            "        "
            + at.store("corner + ((a * width + b) * channels + c) * 4", "select(won, gradient, zero)"),
        ]

    given = named(x=dx, dy=dy, winner=winner, **geometry_arguments(dx, dy, pooling))
    body = [
        *given.lines,
        "zero = number(0.0)",
        "behind = columns * stride_column",
        *_EACH_OUTPUT_ROW,
        *(f"        {line}" for line in over_channels(lines, dx.shape[2], target)),
        "    top_row = image * height + row * stride_row",
        "    for a in range(min(kernel_rows, height - row * stride_row)):",
        "        if behind < width:",
        "            rest = ((top_row + a) * width + behind) * channels",
        "            clear(x + rest * 4, (width - behind) * channels)",
        "    below = rows * stride_row",
        "    if row == rows - 1 and below < height:",
        "        rest = (image * height + below) * width * channels",
        "        clear(x + rest * 4, (height - below) * width * channels)",
    ]
    built = kernel("window_maximum_gradient", indented(body, 1) + "\n")
    return Launch(built, given.values, batch * dy.shape[0], (dx,))


def emit_window_average_gradient(op: WindowAverageGradient, batch: int, target: Target) -> list[Launch]:
    """One work item per image: windows that overlap add up in a fixed order."""
    dy, dx = op.inputs[0], op.outputs[0]

    def lines(at: Access) -> list[str]:
        return [
            "gradient = " + at.load("dy + out + c * 4"),
            "gradient = gradient * share",
            *_window_loop(["previous = " + at.load("seen"), at.store("seen", "previous + gradient")]),
        ]

    share = [_share(op.pooling)]
    return [
        _scatter("window_average_gradient", ["x", "dy"], share, lines, dx, (dy,), op.pooling, batch, target)
    ]


def _scatter(
    kind: str,
    addresses: list[str],
    more: list[str],
    lines: Lines,
    dx: Tensor,
    sources: tuple[Tensor, ...],
    pooling: Pooling,
    batch: int,
    target: Target,
) -> Launch:
    """Clear dx image by image, then add what each window sends back."""
    sent = dict(zip(addresses, (dx, *sources), strict=True))
    given = named(**sent, **geometry_arguments(dx, sources[0], pooling))
    body = [
        *given.lines,
        "zero = number(0.0)",
        "for image in range(first, last):",
        "    clear(x + image * height * width * channels * 4, height * width * channels)",
        "    for row in range(rows):",
        "        for column in range(columns):",
        *(f"            {line}" for line in (*BOUNDS, *more)),
        "            out = ((image * rows + row) * columns + column) * channels * 4",
        "            corner = x + ((image * height + y0) * width + x0) * channels * 4",
        *(f"            {line}" for line in over_channels(lines, dx.shape[2], target)),
    ]
    built: Kernel = kernel(kind, indented(body, 1) + "\n")
    return Launch(built, given.values, batch, (dx,))
