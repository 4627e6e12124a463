"""Local convolution: windows with weights of their own at every position, and its gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.convolution import Geometry
from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class LocalConvolution(Operation):
    """y[n,i,j,f] = sum of x[n, i*S + a - P, j*S + b - P, c] * w[i*W + j, (a, b, c), f].

    w (output positions, kernel height * kernel width * channels, filters). ``kernel`` is the
    window's height and width; groups and dilation are not used.
    """

    name = "local_convolution"

    def __init__(self, y: Tensor, x: Tensor, w: Tensor, kernel: tuple[int, int], geometry: Geometry) -> None:
        super().__init__((x, w), (y,))
        self.kernel = kernel
        self.geometry = geometry

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        x, w = self.inputs
        dx = dw = None
        if build.wants(x):
            dx = build.like(x, "gradient")
            build.append(LocalConvolutionInputGradient(dx, upstream, w, self.kernel, self.geometry))
        if build.wants(w):
            dw = build.like(w, "gradient")
            build.append(LocalConvolutionWeightGradient(dw, x, upstream, self.kernel, self.geometry))
        return (dx, dw)

    def details(self) -> str:
        return _text(self.kernel, self.geometry)


class LocalConvolutionInputGradient(Operation):
    """dx = each dy times the weights of its position, added to what its window covers."""

    name = "local_convolution_input_gradient"

    def __init__(
        self, dx: Tensor, dy: Tensor, w: Tensor, kernel: tuple[int, int], geometry: Geometry
    ) -> None:
        super().__init__((dy, w), (dx,))
        self.kernel = kernel
        self.geometry = geometry

    def details(self) -> str:
        return _text(self.kernel, self.geometry)


class LocalConvolutionWeightGradient(Operation):
    """dw[i*W + j, (a, b, c), f] = sum over n of x[n, i*S + a - P, j*S + b - P, c] * dy[n,i,j,f]."""

    name = "local_convolution_weight_gradient"

    def __init__(
        self, dw: Tensor, x: Tensor, dy: Tensor, kernel: tuple[int, int], geometry: Geometry
    ) -> None:
        super().__init__((x, dy), (dw,))
        self.kernel = kernel
        self.geometry = geometry

    def details(self) -> str:
        return _text(self.kernel, self.geometry)


def _text(kernel: tuple[int, int], geometry: Geometry) -> str:
    return f"kernel {kernel[0]}x{kernel[1]}, stride {geometry.stride}, pad {geometry.padding}"
