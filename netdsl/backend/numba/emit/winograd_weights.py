"""Weights on their way into Winograd's domain and the gradient on its way back."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.cpu import WIDTH
from netdsl.backend.numba.emit.panels import ITEMS, Panels, panels_of
from netdsl.backend.numba.emit.winograd_tiles import Variant, text_of, transposed
from netdsl.backend.numba.kernel import Argument, Kernel, Launch, Place, Scratch, blocks, indented, kernel
from netdsl.primitives.tensor import Tensor

LINE_FLOATS = 16
"""A cache line. Planes are this much more than a power of 2 apart, so that the planes of one
transform do not fall on the same lines of the cache."""

_STEPS_PER_ITEM = 16


class Weights(NamedTuple):
    """Transformed weights, [product][panel][summed channel][lane], and the launch that fills them."""

    tensor: Tensor
    launch: Launch
    plane: int
    panels: Panels


def transform_weights(w: Tensor, form: Variant, *, rotated: bool) -> Weights:
    """U = G w G^T for every channel and filter.

    ``rotated`` turns the kernel by 180 degrees and exchanges channels and filters: the
    convolution by which the gradient goes back to the input.
    """
    side, _, depth, filters = w.shape
    steps, width = (filters, depth) if rotated else (depth, filters)
    tap = depth * filters
    by_row, by_column = (-side * tap, -tap) if rotated else (side * tap, tap)
    by_step, by_lane = (1, filters) if rotated else (filters, 1)
    panels = panels_of(width)
    plane = panels.total * steps * panels.width + LINE_FLOATS
    tensor = Tensor(f"{w.name}.winograd", (form.products, plane), batched=False)
    arguments: tuple[Argument, ...] = (
        Place(w),
        Place(tensor),
        panels.total,
        steps,
        width,
        by_row,
        by_column,
        by_step,
        by_lane,
        (side * side - 1) * tap if rotated else 0,
        plane,
        Scratch(),
        0,
    )
    items = panels.total * blocks(steps, _STEPS_PER_ITEM)
    scratch = side * side * panels.width
    launch = Launch(_weights_kernel(form, panels.vectors), arguments, items, (tensor,), scratch)
    return Weights(tensor, launch, plane, panels)


def _weights_kernel(form: Variant, vectors: int) -> Kernel:
    lanes, side = vectors * WIDTH, form.kernel_wide
    body = [
        "w = integer(arguments, 0)",
        "planes = integer(arguments, 1)",
        "panels = integer(arguments, 2)",
        "steps = integer(arguments, 3)",
        "width = integer(arguments, 4)",
        "by_row = integer(arguments, 5)",
        "by_column = integer(arguments, 6)",
        "by_step = integer(arguments, 7)",
        "by_lane = integer(arguments, 8)",
        "start = integer(arguments, 9)",
        "plane = integer(arguments, 10)",
        "taps = integer(arguments, 11) + worker * integer(arguments, 12) * 4",
        "for item in range(first, last):",
        "    block = item // panels",
        "    panel = item - block * panels",
        f"    lane = panel * {lanes}",
        f"    filled = min({lanes}, width - lane)",
        f"    for step in range(block * {_STEPS_PER_ITEM}, min((block + 1) * {_STEPS_PER_ITEM}, steps)):",
        "        source = w + (start + lane * by_lane + step * by_step) * 4",
        f"        for row in range({side}):",
        f"            pack_rows(source + row * by_row * 4, taps + row * {side * lanes * 4}, {side},",
        f"                      by_column, 1, 0, {lanes}, filled, by_lane)",
        f"        target = planes + (panel * steps + step) * {lanes * 4}",
        f"        for offset in range(0, {lanes * 4}, {WIDTH * 4}):",
        f'            transform("{text_of(form.weights)}", 0, 0,',
        f"                      taps, {lanes * 4}, target, plane * 4, offset, {WIDTH})",
    ]
    return kernel("winograd_weights", indented(body, 1) + "\n")


def gather_gradient(planes: Tensor, plane: int, row: int, dw: Tensor, form: Variant) -> Launch:
    """dw = G^T dU G, from planes of (channel x filter) whose rows are ``row`` numbers apart."""
    _, _, depth, filters = dw.shape
    channels = max(1, blocks(depth, 2 * ITEMS))
    arguments = (Place(planes), Place(dw), depth, filters, plane, row, channels)
    body = [
        "planes = integer(arguments, 0)",
        "dw = integer(arguments, 1)",
        "depth = integer(arguments, 2)",
        "filters = integer(arguments, 3)",
        "plane = integer(arguments, 4)",
        "row = integer(arguments, 5)",
        "channels = integer(arguments, 6)",
        "for channel in range(first * channels, min(last * channels, depth)):",
        "    source = planes + channel * row * 4",
        "    target = dw + channel * filters * 4",
        *(
            f"    {line}"
            for line in along(
                "filters",
                f'transform("{text_of(transposed(form.weights))}", 0, 0, source, plane * 4, '
                "target, depth * filters * 4, c * 4, {lanes})",
                filters,
            )
        ),
    ]
    built = kernel("winograd_weight_gradient", indented(body, 1) + "\n")
    return Launch(built, arguments, blocks(depth, channels), (dw,))


def along(count: str, line: str, channels: int) -> list[str]:
    """A loop over vectors of channels; the last is masked if it is not whole."""
    lines = [
        "c = 0",
        f"while c + {WIDTH} <= {count}:",
        "    " + line.format(lanes=WIDTH),
        f"    c += {WIDTH}",
    ]
    if channels % WIDTH:
        lines += [f"if c < {count}:", "    " + line.format(lanes=f"{count} - c")]
    return lines
