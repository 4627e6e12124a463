"""Matmul: products of two matrices, either of them transposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Matmul(Operation):
    """y = x @ w: x (batch, 1, 1, inputs), w (inputs, outputs), y (batch, 1, 1, outputs)."""

    name = "matmul"

    def __init__(self, y: Tensor, x: Tensor, w: Tensor) -> None:
        super().__init__((x, w), (y,))

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        x, w = self.inputs
        dx = dw = None
        if build.wants(x):
            dx = build.like(x, "gradient")
            build.append(MatmulInputGradient(dx, upstream, w))
        if build.wants(w):
            dw = build.like(w, "gradient")
            build.append(MatmulWeightGradient(dw, x, upstream))
        return (dx, dw)


class MatmulInputGradient(Operation):
    """dx = dy @ w transposed."""

    name = "matmul_input_gradient"

    def __init__(self, dx: Tensor, dy: Tensor, w: Tensor) -> None:
        super().__init__((dy, w), (dx,))


class MatmulWeightGradient(Operation):
    """dw = x transposed @ dy, a sum over the images."""

    name = "matmul_weight_gradient"

    def __init__(self, dw: Tensor, x: Tensor, dy: Tensor) -> None:
        super().__init__((x, dy), (dw,))
