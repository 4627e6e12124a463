"""The gradient of a convolution's weights in Winograd's domain.

dw is itself a convolution of x with dy: for each product of a tile, dU = sum over tiles of V^T dM
with V = B^T x B and dM = A dy A^T; then dw = G^T dU G. Chunks of tiles are transformed
into memory that all workers read; then each work item owns the weights of one product and one
panel of filters, so that nothing depends on the number of threads.
"""

from __future__ import annotations

from netdsl.backend.numba.codegen.gemm.packing import Panels, panels_of, split_evenly
from netdsl.backend.numba.codegen.winograd.planes import (
    Chunk,
    Planes,
    planes_of,
    tiles_of_chunk,
    transform_tiles,
    whole_vectors,
)
from netdsl.backend.numba.codegen.winograd.tiles import Border, WinogradAlgorithm, mosaic, transposed
from netdsl.backend.numba.codegen.winograd.weights import gather_gradient
from netdsl.backend.numba.kernel import (
    Arguments,
    Kernel,
    Launch,
    blocks,
    indented,
    kernel,
    named,
)
from netdsl.backend.numba.target import LINE_FLOATS, Target
from netdsl.primitives.tensor import Tensor

STEPS = 256
"""Tiles that are summed before the next channels."""


def weight_gradient(
    x: Tensor,
    dy: Tensor,
    dw: Tensor,
    border: Border,
    algorithm: WinogradAlgorithm,
    batch: int,
    target: Target,
    *,
    paired: bool = False,
) -> list[Launch]:
    """dw from x and dy of a convolution of stride 1; ``paired`` rounds tiles to bfloat16."""
    tiling = mosaic(batch, x.shape, dy.shape, border, algorithm)
    depth, width = whole_vectors(x.shape[2], target), whole_vectors(dy.shape[2], target)
    panels = panels_of(dy.shape[2], target)
    high = split_evenly(x.shape[2], target.accumulators // panels.vectors)[0]
    du_plane = blocks(x.shape[2], high) * high * width + LINE_FLOATS
    du = Tensor(f"{dw.name}.winograd", (algorithm.products, du_plane), batched=False)
    most = tiles_of_chunk(
        tiling.tiles, algorithm.products * (depth + width), algorithm.products * du_plane, target
    )
    pairing = "tiles" if paired else ""
    v, dm = planes_of(x, algorithm, most, target, pairing), planes_of(dy, algorithm, most, target, pairing)
    launches = []
    for start in range(0, tiling.tiles, most):
        chunk = Chunk(tiling, batch, start, min(most, tiling.tiles - start))
        launches += [
            transform_tiles(x, v, algorithm, algorithm.inputs, border, chunk, target),
            transform_tiles(dy, dm, algorithm, transposed(algorithm.outputs), Border(0, 0), chunk, target),
            _products(v, dm, du, du_plane, high, panels, x.shape[2], chunk, target),
        ]
    return [*launches, gather_gradient(du, du_plane, width, dw, algorithm, target)]


def _products(
    v: Planes,
    dm: Planes,
    du: Tensor,
    du_plane: int,
    high: int,
    panels: Panels,
    channels: int,
    chunk: Chunk,
    target: Target,
) -> Launch:
    """dU (+)= V^T dM for every product; ``start`` other than 0 adds to what is there."""
    given = named(
        v=v.tensor,
        dm=dm.tensor,
        du=du,
        depth=v.depth,
        width=dm.depth,
        v_plane=v.plane,
        dm_plane=dm.plane,
        du_plane=du_plane,
        panels=panels.total,
        channels=channels,
        tiles=blocks(chunk.tiles, 2) if v.pairing else chunk.tiles,
        start=chunk.start,
    )
    items = v.tensor.shape[0] * panels.total
    return Launch(_products_kernel(given, high, panels, bool(v.pairing), target), given.values, items, (du,))


def _products_kernel(given: Arguments, high: int, panels: Panels, paired: bool, target: Target) -> Kernel:
    name, strides = ("tile_pairs", "2, depth * 2") if paired else ("tile", "1, depth")

    def call(vectors: int) -> str:
        return (
            f"{name}(1, {high}, {vectors}, {target.width}, a + (step * depth + row) * 4, 0, {strides}, 0, "
            "b + step * width * 4, width, 0, c + row * width * 4, 0, width, 1, count, start + step)"
        )

    body = [
        *given.lines,
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
    called = panels.by_width("width", [call(panels.vectors)], [call(panels.tail_vectors)])
    body += [f"            {line}" for line in called]
    return kernel("winograd_products", indented(body, 1) + "\n")
