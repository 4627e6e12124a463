"""Convolutions in Winograd's domain, phase by phase: all tiles there, all products, all tiles back.

For layers of many channels, whose weights are read too often where every work item takes a few tiles
through all three.
"""

from __future__ import annotations

from netdsl.backend.numba.codegen.gemm.packing import ITEMS, split_evenly
from netdsl.backend.numba.codegen.winograd.planes import (
    Chunk,
    Planes,
    planes_of,
    tiles_of_chunk,
    transform_tiles,
    whole_vectors,
)
from netdsl.backend.numba.codegen.winograd.tiles import (
    Border,
    WinogradAlgorithm,
    final_rows_of_tile,
    mosaic,
    text_of,
)
from netdsl.backend.numba.codegen.winograd.weights import Weights, channel_loop, transform_weights
from netdsl.backend.numba.kernel import (
    Arguments,
    Kernel,
    Launch,
    Numbers,
    PerWorker,
    blocks,
    indented,
    kernel,
    kernel_with_epilogue_slot,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.tensor import Tensor

MOST_ROWS = 96
"""Tiles of a work item of products: they stay in the second cache while all filters pass by."""


def convolve_in_phases(
    x: Tensor,
    w: Tensor,
    y: Tensor,
    border: Border,
    algorithm: WinogradAlgorithm,
    batch: int,
    target: Target,
    *,
    rotated: bool,
    paired: bool = False,
) -> list[Launch]:
    """y = x convolved with w; ``rotated`` and ``paired`` as in ``transform_weights``."""
    weights = transform_weights(w, algorithm, target, rotated=rotated, paired=paired)
    tiling = mosaic(batch, x.shape, y.shape, border, algorithm)
    depth, width = whole_vectors(x.shape[2], target), whole_vectors(y.shape[2], target)
    most = tiles_of_chunk(tiling.tiles, algorithm.products * (depth + width), weights.tensor.values, target)
    # Register tiles at the end of a chunk may reach beyond its last row.
    room = most + target.accumulators
    v = planes_of(x, algorithm, room, target, "channels" if paired else "")
    m = planes_of(y, algorithm, room, target)
    launches = [weights.launch]
    for start in range(0, tiling.tiles, most):
        chunk = Chunk(tiling, batch, start, min(most, tiling.tiles - start))
        launches += [
            transform_tiles(x, v, algorithm, algorithm.inputs, border, chunk, target),
            _products(v, weights, m, x.shape[2], chunk, target),
            _outputs(m, y, algorithm, chunk, target),
        ]
    return launches


def _products(v: Planes, weights: Weights, m: Planes, channels: int, chunk: Chunk, target: Target) -> Launch:
    """M = V U for every product: work items are some rows of one product."""
    panels = weights.panels
    shares = max(blocks(chunk.tiles, MOST_ROWS), blocks(2 * ITEMS, v.tensor.shape[0]))
    high = split_evenly(blocks(chunk.tiles, shares), target.accumulators // panels.vectors)[0]
    rows = blocks(blocks(chunk.tiles, shares), high) * high
    shares = blocks(chunk.tiles, rows)
    given = named(
        v=v.tensor,
        u=weights.tensor,
        m=m.tensor,
        depth=v.depth,
        width=m.depth,
        v_plane=v.plane,
        u_plane=weights.plane,
        m_plane=m.plane,
        panels=panels.total,
        steps=blocks(channels, 2) if v.pairing else channels,
        tiles=chunk.tiles,
        rows=rows,
        shares=shares,
    )
    items = v.tensor.shape[0] * shares
    return Launch(
        _products_kernel(given, weights, high, bool(v.pairing), target), given.values, items, (m.tensor,)
    )


def _products_kernel(given: Arguments, weights: Weights, high: int, paired: bool, target: Target) -> Kernel:
    panels = weights.panels
    name, strides = ("tile_pairs", "depth * 2, 2") if paired else ("tile", "depth, 1")

    def call(vectors: int) -> str:
        return (
            f"{name}(1, {high}, {vectors}, {target.width}, v + (product * v_plane + row * depth) * 4, 0, "
            f"{strides}, 0, here, {panels.width}, 0, "
            f"m + (product * m_plane + row * width + panel * {panels.width}) * 4, 0, width, 1, steps, 0)"
        )

    body = [
        *given.lines,
        "for item in range(first, last):",
        "    product = item // shares",
        "    top = (item - product * shares) * rows",
        "    bottom = min(top + rows, tiles)",
        "    for panel in range(panels):",
        f"        here = u + (product * u_plane + panel * steps * {panels.width}) * 4",
        f"        for row in range(top, bottom, {high}):",
    ]
    called = panels.by_width("width", [call(panels.vectors)], [call(panels.tail_vectors)])
    body += [f"            {line}" for line in called]
    return kernel("winograd_rows", indented(body, 1) + "\n")


def _outputs(m: Planes, y: Tensor, algorithm: WinogradAlgorithm, chunk: Chunk, target: Target) -> Launch:
    """A^T M A of the tiles of a chunk, into the images."""
    filters = y.shape[2]
    per_item = blocks(chunk.tiles, 4 * ITEMS)
    given = named(
        m=m.tensor,
        y=y,
        start=chunk.start,
        tiles=chunk.tiles,
        per_item=per_item,
        filters=filters,
        width=m.depth,
        plane=m.plane,
        mosaic=Numbers(chunk.tiling.numbers(chunk.batch, y.shape)),
        table=PerWorker(0),
    )
    outputs_wide = algorithm.outputs_wide
    line = (
        f'transform("{text_of(algorithm.outputs)}", 0, 1, m + number * width * 4, plane * 4, '
        "table, 0, c * 4, {lanes})"
    )
    body = [
        *given.lines,
        f"spare = table + {algorithm.products * 8}",
        "for number in range(first * per_item, min(last * per_item, tiles)):",
        f"    list_places(table, {outputs_wide}, start + number, {outputs_wide}, 0, 0, y, spare, mosaic)",
        *(f"    {line}" for line in channel_loop("filters", line, filters, target)),
    ]
    built, epilogue_slot = kernel_with_epilogue_slot(
        "winograd_outputs", body, final_rows_of_tile(outputs_wide, 1)
    )
    scratch = 2 * algorithm.products + m.depth
    return Launch(
        built, given.values, blocks(chunk.tiles, per_item), (y,), scratch, epilogue_slot=epilogue_slot
    )
