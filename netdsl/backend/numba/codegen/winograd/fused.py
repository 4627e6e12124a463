"""Convolutions in Winograd's domain: transform tiles, multiply matrices, transform back.

Lavin, Gray, 2016, "Fast Algorithms for Convolutional Neural Networks". A work item takes a block
of tiles through all three, in memory of its worker, so that only x, y and the transformed
weights are read and written outside the caches.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.winograd.planes import whole_vectors
from netdsl.backend.numba.codegen.winograd.tiles import (
    Border,
    Mosaic,
    WinogradAlgorithm,
    final_rows_of_tile,
    mosaic,
    text_of,
)
from netdsl.backend.numba.codegen.winograd.weights import Weights, channel_loop, transform_weights
from netdsl.backend.numba.kernel import (
    Arguments,
    EpilogueSlot,
    Kernel,
    Launch,
    Numbers,
    PerWorker,
    blocks,
    kernel_with_epilogue_slot,
    named,
)
from netdsl.backend.numba.target import LINE_FLOATS, Target
from netdsl.primitives.tensor import Tensor

LEAST_ROWS = 24
"""Tiles of a block at the least, so that weights are read seldom."""

MOST_ROWS = 96


class Blocks(NamedTuple):
    """How tiles are dealt out: ``rows`` of a block, ``high`` of them in a register tile."""

    high: int
    rows: int
    items: int


def blocks_of(tiles: int, floats_per_tile: int, vectors: int, target: Target) -> Blocks:
    """Blocks as large as the cache holds, of about equal size."""
    high = target.accumulators // vectors
    most = max(LEAST_ROWS, min(MOST_ROWS, target.second_cache_floats // floats_per_tile))
    items = blocks(tiles, most)
    rows = blocks(blocks(tiles, items), high) * high
    return Blocks(high, rows, blocks(tiles, rows))


def convolve(
    x: Tensor,
    w: Tensor,
    y: Tensor,
    border: Border,
    algorithm: WinogradAlgorithm,
    batch: int,
    target: Target,
    *,
    rotated: bool,
) -> list[Launch]:
    """y = x convolved with w; ``rotated`` as in ``transform_weights``."""
    weights = transform_weights(w, algorithm, target, rotated=rotated)
    tiling = mosaic(batch, x.shape, y.shape, border, algorithm)
    return [weights.launch, _launch(x, weights, y, border, algorithm, tiling, batch, target)]


def _launch(
    x: Tensor,
    weights: Weights,
    y: Tensor,
    border: Border,
    algorithm: WinogradAlgorithm,
    tiling: Mosaic,
    batch: int,
    target: Target,
) -> Launch:
    panels = weights.panels
    channels, filters = x.shape[2], y.shape[2]
    depth, width = whole_vectors(channels, target), whole_vectors(filters, target)
    dealt = blocks_of(tiling.tiles, algorithm.products * (depth + width), panels.vectors, target)
    table = 2 * algorithm.products
    v_plane, m_plane = dealt.rows * depth + LINE_FLOATS, dealt.rows * width + LINE_FLOATS
    spare = max(depth, width)
    given = named(
        x=x,
        planes=weights.tensor,
        y=y,
        tiles=tiling.tiles,
        block=dealt.rows,
        channels=channels,
        filters=filters,
        depth=depth,
        width=width,
        panels=panels.total,
        plane=weights.plane,
        v_plane=v_plane,
        m_plane=m_plane,
        top=border.top,
        left=border.left,
        of_x=Numbers(tiling.numbers(batch, x.shape)),
        of_y=Numbers(tiling.numbers(batch, y.shape)),
        table=PerWorker(0),
    )
    scratch = table + 2 * spare + algorithm.products * (v_plane + m_plane)
    built, epilogue_slot = _kernel(given, algorithm, weights, dealt.high, channels, filters, target)
    return Launch(built, given.values, dealt.items, (y,), scratch, epilogue_slot=epilogue_slot)


def _kernel(
    given: Arguments,
    algorithm: WinogradAlgorithm,
    weights: Weights,
    high: int,
    channels: int,
    filters: int,
    target: Target,
) -> tuple[Kernel, EpilogueSlot | None]:
    inputs = (
        f'transform("{text_of(algorithm.inputs)}", 1, 0, table, 0, '
        "v + number * depth * 4, v_plane * 4, c * 4, {lanes})"
    )
    outputs = (
        f'transform("{text_of(algorithm.outputs)}", 0, 1, m + number * width * 4, m_plane * 4, '
        "table, 0, c * 4, {lanes})"
    )
    outputs_wide = algorithm.outputs_wide
    body = [
        *(line for name, line in given.by_name.items() if name not in ("of_y", "table")),
        f"of_y = of_x + {(given.indices['of_y'] - given.indices['of_x']) * 8}",
        f"table = integer(arguments, {given.indices['table']})",
        f"table += worker * integer(arguments, {given.indices['table'] + 1}) * 4",
        f"zeros = table + {algorithm.products * 8}",
        "spare = zeros + max(depth, width) * 4",
        "v = spare + max(depth, width) * 4",
        f"m = v + {algorithm.products} * v_plane * 4",
        "clear(zeros, depth)",
        "for item in range(first, last):",
        "    start = item * block",
        "    count = min(block, tiles - start)",
        "    for number in range(count):",
        f"        list_places(table, {algorithm.extent}, start + number, {outputs_wide}, top, left, "
        "x, zeros, of_x)",
        *(f"        {line}" for line in channel_loop("channels", inputs, channels, target)),
        *(f"    {line}" for line in _products(algorithm, weights, high, target)),
        "    for number in range(count):",
        f"        list_places(table, {outputs_wide}, start + number, {outputs_wide}, 0, 0, y, spare, of_y)",
        *(f"        {line}" for line in channel_loop("filters", outputs, filters, target)),
    ]
    return kernel_with_epilogue_slot("winograd", body, final_rows_of_tile(outputs_wide, 2))


def _products(algorithm: WinogradAlgorithm, weights: Weights, high: int, target: Target) -> list[str]:
    """M = V U for each of the products of a tile. Rows beyond the last tile are filled with
    whatever comes out, and not read."""
    panels, lanes = weights.panels, target.width

    def call(vectors: int) -> str:
        return (
            f"tile(1, {high}, {vectors}, {lanes}, v + (product * v_plane + row * depth) * 4, 0, depth, 1, "
            f"0, u, {panels.width}, 0, m + (product * m_plane + row * width + panel * {panels.width}) * 4, "
            "0, width, 1, channels, 0)"
        )

    lines = [
        f"for product in range({algorithm.products}):",
        "    for panel in range(panels):",
        f"        u = planes + (product * plane + panel * channels * {panels.width}) * 4",
        f"        for row in range(0, count, {high}):",
    ]
    called = panels.by_width("width", [call(panels.vectors)], [call(panels.tail_vectors)])
    return [*lines, *(f"            {line}" for line in called)]
