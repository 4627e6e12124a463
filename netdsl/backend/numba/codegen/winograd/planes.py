"""Tiles of images in Winograd's domain, kept in memory for all workers.

The plane of a product holds one number of every tile and channel. Where channels are so many that the
tiles of a work item would leave its cache, tiles are transformed first, chunk by chunk, and the
products of a chunk are large matrix products.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.codegen.gemm.packing import ITEMS
from netdsl.backend.numba.codegen.winograd.tiles import Border, Matrix, Mosaic, WinogradAlgorithm, text_of
from netdsl.backend.numba.codegen.winograd.weights import channel_loop
from netdsl.backend.numba.kernel import (
    Launch,
    Numbers,
    PerWorker,
    blocks,
    indented,
    kernel,
    named,
)
from netdsl.backend.numba.target import LINE_FLOATS, Target
from netdsl.primitives.tensor import Tensor

MOST_CHUNKS = 32


def whole_vectors(channels: int, target: Target) -> int:
    """Channels with those that fill up the last vector."""
    return blocks(channels, target.width) * target.width


class Planes(NamedTuple):
    """Transformed tiles of a chunk, [product][tile][channel]; ``plane`` from one product to the next.

    ``pairing`` says how bfloat16 numbers share 32 bits: "" for not at all, "channels" for
    neighbouring channels of a tile, "tiles" for the same channel of neighbouring tiles. ``depth``
    and ``plane`` count 32 bits.
    """

    tensor: Tensor
    depth: int
    plane: int
    pairing: str = ""


def tiles_of_chunk(tiles: int, floats_per_tile: int, weights: int, target: Target) -> int:
    """Few enough for the cache, but as many as make reading the weights again worthwhile; even."""
    chunks = blocks(tiles * floats_per_tile, max(target.shared_cache_floats, 2 * weights))
    return blocks(blocks(tiles, min(chunks, MOST_CHUNKS)), 2) * 2


def planes_of(
    image: Tensor, algorithm: WinogradAlgorithm, tiles: int, target: Target, pairing: str = ""
) -> Planes:
    """Room for ``tiles`` of an image's channels."""
    depth = whole_vectors(image.shape[2], target)
    if pairing == "channels":
        depth //= 2
    rows = blocks(tiles, 2) if pairing == "tiles" else tiles
    plane = rows * depth + LINE_FLOATS
    tensor = Tensor(f"{image.name}.winograd", (algorithm.products, plane), batched=False)
    return Planes(tensor, depth, plane, pairing)


class Chunk(NamedTuple):
    """The tiles of a mosaic from ``start`` on."""

    tiling: Mosaic
    batch: int
    start: int
    tiles: int


def transform_tiles(
    image: Tensor,
    planes: Planes,
    algorithm: WinogradAlgorithm,
    matrix: Matrix,
    border: Border,
    chunk: Chunk,
    target: Target,
) -> Launch:
    """M d M^T of the tiles of a chunk, into ``planes``."""
    channels = image.shape[2]
    unit = 2 if planes.pairing == "tiles" else 1
    units = blocks(chunk.tiles, unit)
    per_item = blocks(units, 4 * ITEMS)
    given = named(
        image=image,
        planes=planes.tensor,
        start=chunk.start,
        tiles=chunk.tiles,
        per_item=per_item,
        channels=channels,
        depth=planes.depth,
        plane=planes.plane,
        top=border.top,
        left=border.left,
        mosaic=Numbers(chunk.tiling.numbers(chunk.batch, image.shape)),
        table=PerWorker(0),
    )
    body = [
        *given.lines,
        f"second_table = table + {algorithm.products * 8}",
        f"first_tile = second_table + {algorithm.products * 8}",
        f"second_tile = first_tile + {algorithm.products * target.width * 4}",
        # Behind the tiles, where no address depends on how many there are.
        f"zeros = second_tile + {algorithm.products * target.width * 4}",
        f"clear(second_tile, {algorithm.products * target.width})",
        "clear(zeros, channels)",
        f"for number in range(first * per_item, min(last * per_item, (tiles + {unit - 1}) // {unit})):",
        *(f"    {line}" for line in _tile_lines(planes, algorithm, matrix, channels, target)),
    ]
    built = kernel("winograd_tiles", indented(body, 1) + "\n")
    scratch = 4 * algorithm.products + 2 * algorithm.products * target.width + channels
    return Launch(built, given.values, blocks(units, per_item), (planes.tensor,), scratch)


def _tile_lines(
    planes: Planes, algorithm: WinogradAlgorithm, matrix: Matrix, channels: int, target: Target
) -> list[str]:
    """The transform of unit ``number``: a tile, or two where tiles are paired."""
    extent, text = len(matrix[0]), text_of(matrix)

    def listed(table: str, tile: str) -> str:
        return (
            f"list_places({table}, {extent}, start + {tile}, {algorithm.outputs_wide}, "
            "top, left, image, zeros, mosaic)"
        )

    if planes.pairing != "tiles":
        name, scatters = ("transform_to_halves", "") if planes.pairing else ("transform", "0, ")
        line = (
            f'{name}("{text}", 1, {scatters}table, 0, '
            "planes + number * depth * 4, plane * 4, c * 4, {lanes})"
        )
        return [listed("table", "number"), *channel_loop("channels", line, channels, target)]

    def one(table: str, destination: str) -> str:
        return (
            f'transform("{text}", 1, 0, {table}, 0, {destination} - c * 4, '
            f"{target.width * 4}, c * 4, {{lanes}})"
        )

    destination = "planes + (number * depth + c) * 4"
    lines = [
        one("table", "first_tile"),
        one("second_table", "second_tile"),
        f"scatter_pairs(first_tile, second_tile, {destination}, plane * 4, {algorithm.products})",
    ]
    return [
        listed("table", "2 * number"),
        "if 2 * number + 1 < tiles:",
        f"    {listed('second_table', '2 * number + 1')}",
        "else:",
        f"    list_nowhere(second_table, {extent}, zeros)",
        *channel_loop("channels", lines, channels, target),
    ]
