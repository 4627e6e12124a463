"""Convolution and its two gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netdsl.primitives.operation import Operation
from netdsl.quantities import Padding, Size

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Geometry(NamedTuple):
    """How a convolution's window moves: one value shared by the operation and its gradients."""

    stride: Size
    padding: Padding
    groups: int = 1
    dilation: Size = Size(1, 1)


class Convolution(Operation):
    """y[n,i,j,f] = sum of x[n, i*S + a*D - P, j*S + b*D - P, c] * w[a,b,c,f].

    S is the stride, D the dilation, P the padding before the first row or column.
    x (batch, height, width, channels); w (kernel height, kernel width, channels/groups, filters);
    y (batch, output height, output width, filters). Group g of the filters sees group g of the
    channels.
    """

    name = "convolution"

    def __init__(self, y: Tensor, x: Tensor, w: Tensor, geometry: Geometry) -> None:
        super().__init__((x, w), (y,))
        self.geometry = geometry

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        x, w = self.inputs
        dx = dw = None
        if build.wants(x):
            dx = build.like(x, "gradient")
            build.append(ConvolutionInputGradient(dx, upstream, w, self.geometry))
        if build.wants(w):
            dw = build.like(w, "gradient")
            build.append(ConvolutionWeightGradient(dw, x, upstream, self.geometry))
        return (dx, dw)

    def details(self) -> str:
        return _text(self.geometry)


class ConvolutionInputGradient(Operation):
    """dx[n,i,j,c] = sum over every (a, b, f) whose window covers (i, j) of dy * w[a,b,c,f]."""

    name = "convolution_input_gradient"

    def __init__(self, dx: Tensor, dy: Tensor, w: Tensor, geometry: Geometry) -> None:
        super().__init__((dy, w), (dx,))
        self.geometry = geometry

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        # As a layer of its own this is the transposed convolution, and its gradient is the
        # convolution that it is the gradient of.
        x, w = self.inputs
        dx = dw = None
        if build.wants(x):
            dx = build.like(x, "gradient")
            build.append(Convolution(dx, upstream, w, self.geometry))
        if build.wants(w):
            dw = build.like(w, "gradient")
            build.append(ConvolutionWeightGradient(dw, upstream, x, self.geometry))
        return (dx, dw)

    def details(self) -> str:
        return _text(self.geometry)


class ConvolutionWeightGradient(Operation):
    """dw[a,b,c,f] = sum over n, i, j of x[n, i*S + a*D - P, j*S + b*D - P, c] * dy[n,i,j,f]."""

    name = "convolution_weight_gradient"

    def __init__(self, dw: Tensor, x: Tensor, dy: Tensor, geometry: Geometry) -> None:
        super().__init__((x, dy), (dw,))
        self.geometry = geometry

    def details(self) -> str:
        return _text(self.geometry)


def _text(geometry: Geometry) -> str:
    groups = f", groups {geometry.groups}" if geometry.groups > 1 else ""
    dilation = f", dilation {geometry.dilation}" if geometry.dilation != (1, 1) else ""
    return f"stride {geometry.stride}, pad {geometry.padding}{groups}{dilation}"
