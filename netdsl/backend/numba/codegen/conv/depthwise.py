"""Depthwise convolutions: no sums across channels, so vectors run along them."""

from __future__ import annotations

from netdsl.backend.numba.codegen.pooling import BOUNDS, Access, geometry_arguments, over_channels
from netdsl.backend.numba.codegen.reduction import sum_parts
from netdsl.backend.numba.kernel import (
    Kernel,
    Launch,
    indented,
    kernel,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.convolution import Geometry
from netdsl.primitives.tensor import Tensor
from netdsl.primitives.window import Pooling
from netdsl.quantities import Padding, Size

TOGETHER = 4
"""Neighbouring outputs that share what they read."""

PARTS = 16
"""Parts of the batch that sum the weights' gradient by themselves."""


def is_depthwise(geometry: Geometry, channels: int, w: Tensor) -> bool:
    """Whether every channel has just one filter of its own."""
    return geometry.groups == channels == w.shape[3] and channels > 1


def _arguments(x: Tensor, y: Tensor, w: Tensor, geometry: Geometry) -> dict[str, int]:
    window = Pooling(Size(w.shape[0], w.shape[1]), geometry.stride, geometry.padding)
    return geometry_arguments(x, y, window)


def emit_depthwise(
    x: Tensor, w: Tensor, y: Tensor, geometry: Geometry, batch: int, target: Target
) -> list[Launch]:
    """One work item per output row."""
    return [_convolve("depthwise", x, w, y, geometry, batch, target, turned=False)]


def emit_depthwise_input_gradient(
    dy: Tensor, w: Tensor, dx: Tensor, geometry: Geometry, batch: int, target: Target
) -> list[Launch]:
    """At stride 1 the convolution of dy with the kernel turned by 180 degrees; else window by window."""
    high, wide = w.shape[:2]
    padding = geometry.padding
    if geometry.stride != Size(1, 1):
        return [_scatter(dy, w, dx, geometry, batch, target)]
    opposite = Padding(*(high - 1 - side for side in padding[:2]), *(wide - 1 - side for side in padding[2:]))
    turned = geometry._replace(padding=opposite)
    return [_convolve("depthwise_input_gradient", dy, w, dx, turned, batch, target, turned=True)]


def _convolve(
    kind: str,
    x: Tensor,
    w: Tensor,
    y: Tensor,
    geometry: Geometry,
    batch: int,
    target: Target,
    *,
    turned: bool,
) -> Launch:
    """Row by row: inside the image some columns side by side, which share weights and what they see."""
    wide, stride = w.shape[1], geometry.stride.width
    tap = "((kernel_rows - 1 - a) * kernel_columns + kernel_columns - 1" if turned else "(a * kernel_columns"
    sign = "-" if turned else "+"

    def weight(at: Access, b: int | str) -> str:
        return at.load(f"w + ({tap} {sign} {b}) * channels + c) * 4")

    def together(at: Access) -> list[str]:
        lines = [f"total{n} = number(0.0)" for n in range(TOGETHER)]
        lines += ["for a in range(a0, a1):", "    line = corner + (a * width * channels + c) * 4"]
        seen = (TOGETHER - 1) * stride + wide
        lines += [f"    v{n} = " + at.load(f"line + {n} * channels * 4") for n in range(seen)]
        for b in range(wide):
            lines.append(f"    weight = {weight(at, b)}")
            lines += [
                f"    total{n} = multiply_add(v{n * stride + b}, weight, total{n})" for n in range(TOGETHER)
            ]
        return lines + [at.store(f"y + out + ({n} * channels + c) * 4", f"total{n}") for n in range(TOGETHER)]

    def alone(at: Access) -> list[str]:
        return [
            "total = number(0.0)",
            "for a in range(a0, a1):",
            "    for b in range(b0, b1):",
            "        seen = " + at.load("corner + ((a * width + b) * channels + c) * 4"),
            f"        weight = {weight(at, 'b')}",
            "        total = multiply_add(seen, weight, total)",
            at.store("y + out + c * 4", "total"),
        ]

    given = named(x=x, y=y, w=w, **_arguments(x, y, w, geometry))
    body = [
        *given.lines,
        *_INNER_COLUMNS,
        "for item in range(first, last):",
        "    image = item // rows",
        "    row = item - image * rows",
        "    column = 0",
        "    while column < columns:",
        *(f"        {line}" for line in BOUNDS),
        "        out = ((image * rows + row) * columns + column) * channels * 4",
        "        corner = x + ((image * height + y0) * width + x0) * channels * 4",
        f"        if inner <= column and column + {TOGETHER} <= inner_end:",
        *(f"            {line}" for line in over_channels(together, x.shape[2], target)),
        f"            column += {TOGETHER}",
        "        else:",
        *(f"            {line}" for line in over_channels(alone, x.shape[2], target)),
        "            column += 1",
    ]
    return Launch(_kernel(kind, body), given.values, batch * y.shape[0], (y,))


_INNER_COLUMNS = [
    "inner = max(0, -(-left // stride_column))",
    "inner_end = max(inner, min(columns, (width - kernel_columns + left) // stride_column + 1))",
]
"""The outputs of a row whose windows are inside the image from left to right."""


def _scatter(dy: Tensor, w: Tensor, dx: Tensor, geometry: Geometry, batch: int, target: Target) -> Launch:
    """One work item per image: windows that overlap add up in a fixed order."""

    def lines(at: Access) -> list[str]:
        return [
            "gradient = " + at.load("dy + out + c * 4"),
            "for a in range(a0, a1):",
            "    for b in range(b0, b1):",
            "        seen = corner + ((a * width + b) * channels + c) * 4",
            "        weight = " + at.load("w + ((a * kernel_columns + b) * channels + c) * 4"),
            "        previous = " + at.load("seen"),
            "        " + at.store("seen", "multiply_add(gradient, weight, previous)"),
        ]

    given = named(x=dx, dy=dy, w=w, **_arguments(dx, dy, w, geometry))
    body = [
        *given.lines,
        "for image in range(first, last):",
        "    clear(x + image * height * width * channels * 4, height * width * channels)",
        "    for row in range(rows):",
        "        for column in range(columns):",
        *(f"            {line}" for line in BOUNDS),
        "            out = ((image * rows + row) * columns + column) * channels * 4",
        "            corner = x + ((image * height + y0) * width + x0) * channels * 4",
        *(f"            {line}" for line in over_channels(lines, dx.shape[2], target)),
    ]
    return Launch(_kernel("depthwise_input_gradient", body), given.values, batch, (dx,))


def emit_depthwise_weight_gradient(
    x: Tensor, dy: Tensor, dw: Tensor, geometry: Geometry, batch: int, target: Target
) -> list[Launch]:
    """Rows of output against rows of input, tap by tap; parts of the batch, then their sum."""
    parts = min(PARTS, batch)
    output = dw if parts == 1 else Tensor(f"{dw.name}.parts", (parts, *dw.shape), batched=False)

    def lines(at: Access) -> list[str]:
        return _taps_of_a_row(at, dw.shape[1], geometry.stride.width)

    given = named(x=x, dy=dy, w=output, **_arguments(x, dy, dw, geometry), batch=batch, parts=parts)
    body = [
        *given.lines,
        *_INNER_COLUMNS,
        "for part in range(first, last):",
        "    taps = kernel_rows * kernel_columns * channels",
        "    result = w + part * taps * 4",
        "    clear(result, taps)",
        "    for image in range(batch * part // parts, batch * (part + 1) // parts):",
        "        for row in range(rows):",
        "            y0 = row * stride_row - top",
        "            gradients = dy + (image * rows + row) * columns * channels * 4",
        "            for a in range(max(0, -y0), min(kernel_rows, height - y0)):",
        "                line = x + (image * height + y0 + a) * width * channels * 4",
        *(f"                {line}" for line in over_channels(lines, x.shape[2], target)),
    ]
    launch = Launch(_kernel("depthwise_weight_gradient", body), given.values, parts, (output,))
    return [launch] if parts == 1 else [launch, *sum_parts(dw, output, parts, target)]


def _taps_of_a_row(at: Access, wide: int, stride: int) -> list[str]:
    """The gradients of one kernel row for a vector of channels, summed along a row of outputs."""
    inside = [
        f"g{n} = " + at.load(f"gradients + ((column + {n}) * channels + c) * 4") for n in range(TOGETHER)
    ]
    inside.append("seen = line + ((column * stride_column - left) * channels + c) * 4")
    inside += [
        f"v{n} = " + at.load(f"seen + {n} * channels * 4") for n in range((TOGETHER - 1) * stride + wide)
    ]
    for b in range(wide):
        inside += [f"total{b} = multiply_add(v{n * stride + b}, g{n}, total{b})" for n in range(TOGETHER)]
    alone = [
        "g0 = " + at.load("gradients + (column * channels + c) * 4"),
        "x0 = column * stride_column - left",
    ]
    for b in range(wide):
        alone += [
            f"if 0 <= x0 + {b} and x0 + {b} < width:",
            "    v0 = " + at.load(f"line + ((x0 + {b}) * channels + c) * 4"),
            f"    total{b} = multiply_add(v0, g0, total{b})",
        ]
    addresses = [f"result + ((a * kernel_columns + {b}) * channels + c) * 4" for b in range(wide)]
    return [
        *(f"total{b} = {at.load(address)}" for b, address in enumerate(addresses)),
        "column = 0",
        "while column < columns:",
        f"    if inner <= column and column + {TOGETHER} <= inner_end:",
        *(f"        {line}" for line in inside),
        f"        column += {TOGETHER}",
        "    else:",
        *(f"        {line}" for line in alone),
        "        column += 1",
        *(at.store(address, f"total{b}") for b, address in enumerate(addresses)),
    ]


def _kernel(kind: str, body: list[str]) -> Kernel:
    return kernel(kind, indented(body, 1) + "\n")
