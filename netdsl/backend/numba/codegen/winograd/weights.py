"""Weights on their way into Winograd's domain and the gradient on its way back."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.gemm.packing import ITEMS, Panels, panels_of
from netdsl.backend.numba.codegen.winograd.tiles import WinogradAlgorithm, text_of, transposed
from netdsl.backend.numba.kernel import (
    Arguments,
    Kernel,
    Launch,
    PerWorker,
    blocks,
    indented,
    kernel,
    named,
)
from netdsl.backend.numba.target import LINE_FLOATS, Target
from netdsl.primitives.tensor import Tensor

_STEPS_PER_ITEM = 16


class Weights(NamedTuple):
    """Transformed weights, [product][panel][summed channel][lane], and the launch that fills them.

    Planes are a line more than a power of 2 apart, so that those of one transform do not fall on the same
    lines of the cache.
    """

    tensor: Tensor
    launch: Launch
    plane: int
    panels: Panels


def transform_weights(
    w: Tensor, algorithm: WinogradAlgorithm, target: Target, *, rotated: bool, paired: bool = False
) -> Weights:
    """U = G w G^T for every channel and filter.

    ``rotated`` turns the kernel by 180 degrees and exchanges channels and filters: the
    convolution by which the gradient goes back to the input. ``paired`` rounds to bfloat16, two
    summed channels to 32 bits.
    """
    side, _, depth, filters = w.shape
    steps, width = (filters, depth) if rotated else (depth, filters)
    tap = depth * filters
    by_row, by_column = (-side * tap, -tap) if rotated else (side * tap, tap)
    by_step, by_lane = (1, filters) if rotated else (filters, 1)
    panels = panels_of(width, target)
    plane = panels.total * (blocks(steps, 2) if paired else steps) * panels.width + LINE_FLOATS
    tensor = Tensor(f"{w.name}.winograd", (algorithm.products, plane), batched=False)
    given = named(
        w=w,
        planes=tensor,
        panels=panels.total,
        steps=steps,
        width=width,
        by_row=by_row,
        by_column=by_column,
        by_step=by_step,
        by_lane=by_lane,
        start=(side * side - 1) * tap if rotated else 0,
        plane=plane,
        taps=PerWorker(0),
    )
    items = panels.total * blocks(steps, _STEPS_PER_ITEM)
    taps = _STEPS_PER_ITEM * side * side
    scratch = (taps + (2 * algorithm.products if paired else 0)) * panels.width
    launch = Launch(
        _weights_kernel(given, algorithm, panels.vectors, paired, target),
        given.values,
        items,
        (tensor,),
        scratch,
    )
    return Weights(tensor, launch, plane, panels)


def _weights_kernel(
    given: Arguments, algorithm: WinogradAlgorithm, vectors: int, paired: bool, target: Target
) -> Kernel:
    lanes, side, unit = vectors * target.width, algorithm.kernel_wide, 2 if paired else 1
    line, taps_of_step = lanes * 4, side * side * lanes
    body = [
        *given.lines,
        f"pair = taps + {_STEPS_PER_ITEM * taps_of_step * 4}",
        "for item in range(first, last):",
        "    block = item // panels",
        "    panel = item - block * panels",
        f"    lane = panel * {lanes}",
        f"    filled = min({lanes}, width - lane)",
        f"    before = block * {_STEPS_PER_ITEM}",
        f"    count = min({_STEPS_PER_ITEM}, steps - before)",
        "    source = w + (start + lane * by_lane + before * by_step) * 4",
        f"    for row in range({side}):",
        f"        for column in range({side}):",
        "            tap = source + (row * by_row + column * by_column) * 4",
        f"            target = taps + (row * {side} + column) * {line}",
        f"            pack_lanes(tap, count, by_step, filled, by_lane, target, {taps_of_step}, {lanes})",
        f"    for step in range(0, count, {unit}):",
        f"        row = panel * ((steps + {unit - 1}) // {unit}) + (before + step) // {unit}",
        f"        target = planes + row * {line}",
    ]
    if not paired:
        body += _one_step(algorithm, lanes, "step", "target", "plane * 4", target)
        return kernel("winograd_weights", indented(body, 1) + "\n")
    size = algorithm.products * line
    body += [
        f"        clear(pair + {size}, {algorithm.products * lanes})",
        "        for ahead in range(min(2, count - step)):",
        *(
            f"    {text}"
            for text in _one_step(algorithm, lanes, "(step + ahead)", f"pair + ahead * {size}", line, target)
        ),
        f"        for product in range({algorithm.products}):",
        f"            here = pair + product * {line}",
        f"            pair_lines(here, here + {size}, target + product * plane * 4, {lanes})",
    ]
    return kernel("winograd_weights", indented(body, 1) + "\n")


def _one_step(
    algorithm: WinogradAlgorithm, lanes: int, step: str, destination: str, apart: int | str, target: Target
) -> list[str]:
    """The weights of one summed channel to ``destination``, products ``apart`` bytes apart."""
    line = lanes * 4
    return [
        f"        for offset in range(0, {line}, {target.width * 4}):",
        f'            transform("{text_of(algorithm.weights)}", 0, 0,',
        f"                      taps + {step} * {algorithm.kernel_wide**2 * line}, {line},",
        f"                      {destination}, {apart}, offset, {target.width})",
    ]


def gather_gradient(
    planes: Tensor, plane: int, row: int, dw: Tensor, algorithm: WinogradAlgorithm, target: Target
) -> Launch:
    """dw = G^T dU G, from planes of (channel x filter) whose rows are ``row`` numbers apart."""
    _, _, depth, filters = dw.shape
    channels = max(1, blocks(depth, 2 * ITEMS))
    given = named(
        planes=planes,
        dw=dw,
        depth=depth,
        filters=filters,
        plane=plane,
        row=row,
        channels=channels,
    )
    body = [
        *given.lines,
        "for channel in range(first * channels, min(last * channels, depth)):",
        "    source = planes + channel * row * 4",
        "    target = dw + channel * filters * 4",
        *(
            f"    {line}"
            for line in channel_loop(
                "filters",
                f'transform("{text_of(transposed(algorithm.weights))}", 0, 0, source, plane * 4, '
                "target, depth * filters * 4, c * 4, {lanes})",
                filters,
                target,
            )
        ),
    ]
    built = kernel("winograd_weight_gradient", indented(body, 1) + "\n")
    return Launch(built, given.values, blocks(depth, channels), (dw,))


def channel_loop(count: str, body: str | list[str], channels: int, target: Target) -> list[str]:
    """A loop over vectors of channels, c is the first; the last is masked if it is not whole."""
    body = [body] if isinstance(body, str) else body
    lines = [
        "c = 0",
        f"while c + {target.width} <= {count}:",
        *("    " + line.format(lanes=target.width) for line in body),
        f"    c += {target.width}",
    ]
    if channels % target.width:
        lines += [f"if c < {count}:", *("    " + line.format(lanes=f"{count} - c") for line in body)]
    return lines
