"""Winograd's minimal filtering: the constant matrices, and how images are cut into tiles.

Lavin, Gray, 2016, "Fast Algorithms for Convolutional Neural Networks": a tile of m x m outputs of
an r x r kernel takes (m + r - 1)^2 multiplications per channel and filter, not m^2 r^2.
"""

from __future__ import annotations

from functools import cache
from math import prod, sqrt
from typing import NamedTuple

from netdsl.backend.numba.kernel import FinalRows, blocks

POINTS = {
    4: (0.0, 1.0, -1.0),
    6: (0.0, sqrt(0.5), -sqrt(0.5), sqrt(2.0), -sqrt(2.0)),
    7: (0.0, 0.95, -0.95, 1.8, -1.8, 0.38),
    8: (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5),
}
"""Where polynomials are evaluated, by the extent of a tile, besides infinity.

Rounding grows with the powers of the points. Of those that were tried these have the smallest
error; a tile of 6 with the roots of 1/2 and 2 has half that with the usual 1 and 2. Points come
in pairs of both signs, whose sums are shared.
"""

Matrix = tuple[tuple[float, ...], ...]


class WinogradAlgorithm(NamedTuple):
    """F(m x m, r x r): y = A^T [(G w G^T) * (B^T x B)] A for one tile.

    ``inputs`` is B^T (t x t), ``weights`` is G (t x r), ``outputs`` is A^T (m x t), with t = m + r - 1.
    """

    outputs_wide: int
    kernel_wide: int
    inputs: Matrix
    weights: Matrix
    outputs: Matrix

    def __str__(self) -> str:
        m, r = self.outputs_wide, self.kernel_wide
        return f"F({m}x{m}, {r}x{r})"

    @property
    def extent(self) -> int:
        """Rows and columns of a tile of inputs."""
        return self.outputs_wide + self.kernel_wide - 1

    @property
    def products(self) -> int:
        """Multiplications of a tile, per channel and filter."""
        return self.extent**2


def _coefficients(roots: tuple[float, ...]) -> list[float]:
    """Of the polynomial with these roots, the constant first."""
    found = [1.0]
    for root in roots:
        found = [
            (found[power - 1] if power else 0.0) - root * (found[power] if power < len(found) else 0.0)
            for power in range(len(found) + 1)
        ]
    return found


@cache
def winograd_algorithm(outputs_wide: int, kernel_wide: int) -> WinogradAlgorithm:
    """The matrices of F(m x m, r x r) after Toom and Cook, with the kernel's side divided by the
    products of differences."""
    extent = outputs_wide + kernel_wide - 1
    points = POINTS[extent]
    inputs, weights, columns = [], [], []
    for number, point in enumerate(points):
        others = points[:number] + points[number + 1 :]
        scale = prod(point - other for other in others)
        inputs.append((*_coefficients(others), 0.0))
        weights.append(tuple(point**power / scale for power in range(kernel_wide)))
        columns.append(tuple(point**power for power in range(outputs_wide)))
    inputs.append(tuple(_coefficients(points)))
    weights.append((0.0,) * (kernel_wide - 1) + (1.0,))
    columns.append((0.0,) * (outputs_wide - 1) + (1.0,))
    return WinogradAlgorithm(
        outputs_wide, kernel_wide, tuple(inputs), tuple(weights), transposed(tuple(columns))
    )


def transposed(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


def text_of(matrix: Matrix) -> str:
    """A matrix as ``transform`` takes it; equal numbers are spelt alike, whatever their sign."""
    return "; ".join(" ".join(f"{round(number, 12) + 0.0:.9g}" for number in row) for row in matrix)


def final_rows_of_tile(side: int, depth: int) -> FinalRows:
    """The place of a kernel behind which the side x side outputs that ``table`` lists are final, where they
    belong to an image and are not ``spare``."""
    loops = (f"for place in range({side**2}):", "if integer(table, place) != spare:")
    return FinalRows("(integer(table, place) - y) // 4", "1", "0", "filters", loops, depth)


class Border(NamedTuple):
    """Rows and columns of zeros before an image, those after it follow from the shapes; negative
    where the first rows or columns are not read."""

    top: int
    left: int


class Axis(NamedTuple):
    """Images side by side along height or width, ``pitch`` apart, under one line of tiles.

    ``run`` tiles lie close together, then the next run begins ``run_pitch`` after the one before.
    Either each image has its own run, or one run covers them all: then the border of zeros
    between two images serves both, and a tile may cover parts of two images, so that few outputs are
    computed for nothing where an image is no multiple of a tile.
    """

    images: int
    pitch: int
    run: int
    run_pitch: int
    tiles: int


class Mosaic(NamedTuple):
    """All images of a batch in rows and columns, cut into tiles."""

    rows: Axis
    columns: Axis

    @property
    def tiles(self) -> int:
        return self.rows.tiles * self.columns.tiles

    def numbers(self, images: int, shape: tuple[int, ...]) -> tuple[int, ...]:
        """What ``list_places`` reads, for images of this height, width and channels."""
        rows, columns = self.rows, self.columns
        ways = (*rows[1:4], *columns[1:4])
        return (*ways, columns.tiles, rows.images, columns.images, images, *shape)


def _axes(images: int, inputs: int, outputs: int, before: int, algorithm: WinogradAlgorithm) -> list[Axis]:
    """Images one by one, and all in one run; ``before`` is the border before the first input."""
    wide = algorithm.outputs_wide
    after = outputs + algorithm.kernel_wide - 1 - before - inputs
    pitch = max(inputs + max(before, after, 0), outputs)
    run = blocks(outputs, wide)
    apart = max(pitch, run * wide)
    joined = blocks((images - 1) * pitch + outputs, wide)
    return [Axis(images, apart, run, apart, images * run), Axis(images, pitch, joined, 0, joined)]


def mosaic(
    batch: int, x: tuple[int, ...], y: tuple[int, ...], border: Border, algorithm: WinogradAlgorithm
) -> Mosaic:
    """The arrangement of ``batch`` images with the fewest tiles.

    ``x`` and ``y`` are the shapes of one image before and after the convolution.
    """
    found = [
        Mosaic(rows, columns)
        for high in range(1, batch + 1)
        for rows in _axes(high, x[0], y[0], border.top, algorithm)
        for columns in _axes(blocks(batch, high), x[1], y[1], border.left, algorithm)
    ]
    # In one column, the rows of tiles that share inputs are close together.
    return min(found, key=lambda one: (one.tiles, one.columns.images))
