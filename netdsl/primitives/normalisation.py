"""Normalisation: an elementwise formula with the mean and the deviation of its own input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import operand

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Normalisation(Elementwise):
    """y = (x - mean) * inverse * scale + shift, one of the last four per channel.

    ``mean`` and ``inverse``, 1 over the deviation, are those of x itself over ``count`` images and positions,
    so that the gradient of x contains what goes through both of them; they get none of their own.
    """

    def __init__(
        self,
        y: Tensor,
        x: Tensor,
        mean: Tensor,
        inverse: Tensor,
        scale: Tensor,
        shift: Tensor,
        *,
        count: int,
    ) -> None:
        a, b, c, d, e = (operand(number) for number in range(5))
        super().__init__(y, (a - b) * c * d + e, (x, mean, inverse, scale, shift))
        self.count = count

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        """Ioffe, Szegedy, 2015, "Batch Normalization", section 3: with n = (x - mean) * inverse,

        dshift = sum dy, dscale = sum dy*n, dx = scale * inverse * (dy - (dshift + n*dscale) / count).
        """
        x, mean, inverse, scale, shift = self.inputs
        a, b, c, d, e, f = (operand(number) for number in range(6))
        dshift = build.reduce_to(shift, a, upstream, suffix="gradient")
        dscale = build.reduce_to(scale, a * ((b - c) * d), upstream, x, mean, inverse, suffix="gradient")
        assert dshift is not None
        assert dscale is not None
        dx = None
        if build.wants(x):
            through_both = (b + (c - d) * e * f) * (1 / self.count)
            pull = build.elementwise(a * b, scale, inverse, name="pull")
            dx = build.like(x, "gradient")
            build.assign(
                dx,
                operand(6) * (a - through_both),
                upstream,
                dshift,
                x,
                mean,
                inverse,
                dscale,
                pull,
            )
        return (
            dx,
            None,
            None,
            dscale if build.wants(scale) else None,
            dshift if build.wants(shift) else None,
        )
