"""The gradient of a convolution's weights in Winograd's domain.

dw is itself a convolution of x with dy: for each product of a tile, dU = sum over tiles of V^T dM
with V = B^T x B and dM = A dy A^T; then dw = G^T dU G. Chunks of tiles are transformed
into memory that all workers read; then each work item owns the weights of one product and one
panel of filters, so that nothing depends on the number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.cpu import WIDTH, cpu
from netdsl.backend.numba.emit.panels import ITEMS, Panels, panels_of, split_evenly
from netdsl.backend.numba.emit.winograd import whole_vectors
from netdsl.backend.numba.emit.winograd_tiles import (
    Border,
    Matrix,
    Mosaic,
    Variant,
    mosaic,
    text_of,
    transposed,
)
from netdsl.backend.numba.emit.winograd_weights import LINE_FLOATS, along, gather_gradient
from netdsl.backend.numba.kernel import Argument, Kernel, Launch, Place, Scratch, blocks, indented, kernel
from netdsl.primitives.tensor import Tensor

CHUNK_FLOATS = 2**20
"""Transformed numbers of a chunk, about, where the weights do not need more: a part of the cache
that all cores share."""

MOST_CHUNKS = 32

STEPS = 256
"""Tiles that are summed before the next channels."""


class Planes(NamedTuple):
    """Transformed tiles of a chunk, [product][tile][channel]; ``plane`` from one product to the next."""

    tensor: Tensor
    depth: int
    plane: int


def weight_gradient(
    x: Tensor, dy: Tensor, dw: Tensor, border: Border, form: Variant, batch: int
) -> list[Launch]:
    """dw from x and dy of a convolution of stride 1."""
    tiling = mosaic(batch, x.shape, dy.shape, border, form)
    depth, width = whole_vectors(x.shape[2]), whole_vectors(dy.shape[2])
    panels = panels_of(dy.shape[2])
    high = split_evenly(x.shape[2], cpu().accumulators // panels.vectors)[0]
    du_plane = blocks(x.shape[2], high) * high * width + LINE_FLOATS
    du = Tensor(f"{dw.name}.winograd", (form.products, du_plane), batched=False)
    chunk = _tiles_of_chunk(tiling.tiles, form.products * (depth + width), form.products * du_plane)
    v, dm = _planes(x, form, chunk), _planes(dy, form, chunk)
    launches = []
    for start in range(0, tiling.tiles, chunk):
        tiles = min(chunk, tiling.tiles - start)
        launches += [
            _transform(x, v, form, form.inputs, border, tiling, batch, start, tiles),
            _transform(dy, dm, form, transposed(form.outputs), Border(0, 0), tiling, batch, start, tiles),
            _products(v, dm, du, du_plane, high, panels, x.shape[2], tiles, start),
        ]
    return [*launches, gather_gradient(du, du_plane, width, dw, form)]


def _tiles_of_chunk(tiles: int, floats_per_tile: int, weights: int) -> int:
    """Few enough for the cache, but as many as make reading the weights again worth while."""
    chunks = blocks(tiles * floats_per_tile, max(CHUNK_FLOATS, 2 * weights))
    return blocks(tiles, min(chunks, MOST_CHUNKS))


def _planes(image: Tensor, form: Variant, tiles: int) -> Planes:
    depth = whole_vectors(image.shape[2])
    plane = tiles * depth + LINE_FLOATS
    return Planes(
        Tensor(f"{image.name}.winograd", (form.products, plane), batched=False),
        depth,
        plane,
    )


_TRANSFORM_NAMES = (
    "image",
    "planes",
    "start",
    "tiles",
    "per_item",
    "channels",
    "depth",
    "plane",
    "top",
    "left",
)

_PRODUCTS_NAMES = (
    "v",
    "dm",
    "du",
    "depth",
    "width",
    "v_plane",
    "dm_plane",
    "du_plane",
    "panels",
    "channels",
    "tiles",
    "start",
)


def _transform(
    image: Tensor,
    planes: Planes,
    form: Variant,
    matrix: Matrix,
    border: Border,
    tiling: Mosaic,
    batch: int,
    start: int,
    tiles: int,
) -> Launch:
    """V or dM of the tiles of a chunk."""
    channels = image.shape[2]
    per_item = blocks(tiles, 4 * ITEMS)
    arguments: tuple[Argument, ...] = (
        Place(image),
        Place(planes.tensor),
        start,
        tiles,
        per_item,
        channels,
        planes.depth,
        planes.plane,
        border.top,
        border.left,
        *tiling.numbers(batch, image.shape),
        Scratch(),
        0,
    )
    extent = len(matrix[0])
    line = (
        f'transform("{text_of(matrix)}", 1, 0, table, 0, '
        "planes + number * depth * 4, plane * 4, c * 4, {lanes})"
    )
    body = [
        *(f"{name} = integer(arguments, {number})" for number, name in enumerate(_TRANSFORM_NAMES)),
        "mosaic = arguments + 80",
        "table = integer(arguments, 23) + worker * integer(arguments, 24) * 4",
        f"zeros = table + {form.products * 8}",
        "clear(zeros, depth)",
        "for number in range(first * per_item, min(last * per_item, tiles)):",
        f"    list_places(table, {extent}, start + number, {form.outputs_wide}, top, left, image, zeros,",
        "                mosaic)",
        *(f"    {line}" for line in along("channels", line, channels)),
    ]
    built = kernel("winograd_tiles", indented(body, 1) + "\n")
    scratch = 2 * form.products + planes.depth
    return Launch(built, arguments, blocks(tiles, per_item), (planes.tensor,), scratch)


def _products(
    v: Planes,
    dm: Planes,
    du: Tensor,
    du_plane: int,
    high: int,
    panels: Panels,
    channels: int,
    tiles: int,
    start: int,
) -> Launch:
    """dU (+)= V^T dM for every product; ``start`` other than 0 adds to what is there."""
    arguments: tuple[Argument, ...] = (
        Place(v.tensor),
        Place(dm.tensor),
        Place(du),
        v.depth,
        dm.depth,
        v.plane,
        dm.plane,
        du_plane,
        panels.total,
        channels,
        tiles,
        start,
    )
    items = v.tensor.shape[0] * panels.total
    return Launch(_products_kernel(high, panels), arguments, items, (du,))


def _products_kernel(high: int, panels: Panels) -> Kernel:
    def call(vectors: int) -> str:
        return (
            f"tile(1, {high}, {vectors}, {WIDTH}, a + (step * depth + row) * 4, 0, 1, depth, 0, "
            "b + step * width * 4, width, 0, c + row * width * 4, 0, width, 1, count, start + step)"
        )

    body = [
        *(f"{name} = integer(arguments, {number})" for number, name in enumerate(_PRODUCTS_NAMES)),
        "for item in range(first, last):",
        "    product = item // panels",
        "    panel = item - product * panels",
        "    a = v + product * v_plane * 4",
        f"    b = dm + (product * dm_plane + panel * {panels.width}) * 4",
        f"    c = du + (product * du_plane + panel * {panels.width}) * 4",
        f"    for step in range(0, tiles, {STEPS}):",
        f"        count = min({STEPS}, tiles - step)",
        f"        for row in range(0, channels, {high}):",
    ]
    if panels.whole and panels.tail_vectors not in (0, panels.vectors):
        body += [
            f"            if (panel + 1) * {panels.width} <= width:",
            f"                {call(panels.vectors)}",
            "            else:",
            f"                {call(panels.tail_vectors)}",
        ]
    else:
        body.append(f"            {call(panels.tail_vectors or panels.vectors)}")
    return kernel("winograd_products", indented(body, 1) + "\n")
