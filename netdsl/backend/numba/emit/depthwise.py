"""Depthwise convolutions: no sums across channels, so vectors run along them."""

from __future__ import annotations

from netdsl.backend.numba.emit.reduction import sum_parts
from netdsl.backend.numba.emit.window import BOUNDS, by_vector, geometry_arguments, masked, read
from netdsl.backend.numba.kernel import Argument, Kernel, Launch, Place, indented, kernel
from netdsl.primitives.convolution import Geometry
from netdsl.primitives.tensor import Tensor
from netdsl.primitives.window import Pooling
from netdsl.quantities import Size

PARTS = 16
"""Parts of the batch that sum the weights' gradient by themselves."""


def is_depthwise(geometry: Geometry, channels: int, w: Tensor) -> bool:
    """Whether every channel has just one filter of its own."""
    return geometry.groups == channels == w.shape[3] and channels > 1


def _arguments(x: Tensor, y: Tensor, w: Tensor, geometry: Geometry) -> tuple[int, ...]:
    window = Pooling(Size(w.shape[0], w.shape[1]), geometry.stride, geometry.padding)
    return geometry_arguments(x, y, window)


def emit_depthwise(x: Tensor, w: Tensor, y: Tensor, geometry: Geometry, batch: int) -> list[Launch]:
    """One work item per output row."""
    lines = [
        "total = number(0.0)",
        "for a in range(a0, a1):",
        "    for b in range(b0, b1):",
        "        seen = load(corner + ((a * width + b) * channels + c) * 4)",
        "        weight = load(w + ((a * kernel_columns + b) * channels + c) * 4)",
        "        total = multiply_add(seen, weight, total)",
        "store(y + out + c * 4, total)",
    ]
    body = [
        *read(["x", "y", "w"]),
        "for item in range(first, last):",
        "    image = item // rows",
        "    row = item - image * rows",
        "    for column in range(columns):",
        *(f"        {line}" for line in BOUNDS),
        "        out = ((image * rows + row) * columns + column) * channels * 4",
        "        corner = x + ((image * height + y0) * width + x0) * channels * 4",
        *(f"        {line}" for line in by_vector(lines, masked(lines))),
    ]
    arguments: tuple[Argument, ...] = (Place(x), Place(y), Place(w), *_arguments(x, y, w, geometry))
    return [Launch(_kernel("depthwise", body), arguments, batch * y.shape[0], (y,))]


def emit_depthwise_input_gradient(
    dy: Tensor, w: Tensor, dx: Tensor, geometry: Geometry, batch: int
) -> list[Launch]:
    """One work item per image: windows that overlap add up in a fixed order."""
    lines = [
        "gradient = load(dy + out + c * 4)",
        "for a in range(a0, a1):",
        "    for b in range(b0, b1):",
        "        seen = corner + ((a * width + b) * channels + c) * 4",
        "        weight = load(w + ((a * kernel_columns + b) * channels + c) * 4)",
        "        previous = load(seen)",
        "        store(seen, multiply_add(gradient, weight, previous))",
    ]
    body = [
        *read(["x", "dy", "w"]),
        "for image in range(first, last):",
        "    clear(x + image * height * width * channels * 4, height * width * channels)",
        "    for row in range(rows):",
        "        for column in range(columns):",
        *(f"            {line}" for line in BOUNDS),
        "            out = ((image * rows + row) * columns + column) * channels * 4",
        "            corner = x + ((image * height + y0) * width + x0) * channels * 4",
        *(f"            {line}" for line in by_vector(lines, masked(lines))),
    ]
    arguments: tuple[Argument, ...] = (Place(dx), Place(dy), Place(w), *_arguments(dx, dy, w, geometry))
    return [Launch(_kernel("depthwise_input_gradient", body), arguments, batch, (dx,))]


def emit_depthwise_weight_gradient(
    x: Tensor, dy: Tensor, dw: Tensor, geometry: Geometry, batch: int
) -> list[Launch]:
    """Rows of output against rows of input, tap by tap; parts of the batch, then their sum."""
    parts = min(PARTS, batch)
    target = dw if parts == 1 else Tensor(f"{dw.name}.parts", (parts, *dw.shape), batched=False)
    lines = [
        "total = number(0.0)",
        "for column in range(max(0, -((b - left) // stride_column)), columns):",
        "    j = column * stride_column + b - left",
        "    if j < width:",
        "        seen = load(line + (j * channels + c) * 4)",
        "        gradient = load(dy + ((image * rows + row) * columns + column) * channels * 4 + c * 4)",
        "        total = multiply_add(seen, gradient, total)",
        "place = result + ((a * kernel_columns + b) * channels + c) * 4",
        "previous = load(place)",
        "store(place, previous + total)",
    ]
    body = [
        *read(["x", "dy", "w"]),
        "batch = integer(arguments, 16)",
        "parts = integer(arguments, 17)",
        "for part in range(first, last):",
        "    taps = kernel_rows * kernel_columns * channels",
        "    result = w + part * taps * 4",
        "    clear(result, taps)",
        "    for image in range(batch * part // parts, batch * (part + 1) // parts):",
        "        for row in range(rows):",
        "            for a in range(kernel_rows):",
        "                i = row * stride_row + a - top",
        "                if i < 0 or i >= height:",
        "                    continue",
        "                line = x + (image * height + i) * width * channels * 4",
        "                for b in range(kernel_columns):",
        *(f"                    {line}" for line in by_vector(lines, masked(lines))),
    ]
    arguments: tuple[Argument, ...] = (
        Place(x),
        Place(dy),
        Place(target),
        *_arguments(x, dy, dw, geometry),
        batch,
        parts,
    )
    launch = Launch(_kernel("depthwise_weight_gradient", body), arguments, parts, (target,))
    return [launch] if parts == 1 else [launch, *sum_parts(dw, target, parts)]


def _kernel(kind: str, body: list[str]) -> Kernel:
    return kernel(kind, indented(body, 1) + "\n")
