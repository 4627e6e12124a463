"""ADD: volumes are added elementwise."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.merging import Merging, listed
from netdsl.layers.option import factors
from netdsl.primitives.expression import operand
from netdsl.primitives.folding import MOST_SUMMED
from netdsl.quantities import Size, Volume, counted

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Add(Merging):
    """Adds two or more volumes: the shortcut of residual networks.

    Computes
        y = x1 + x2 + ..., or with ``factors`` y = factors[1]*x1 + factors[2]*x2 + ...: Caffe's Eltwise with
        `coeff`. ``factors 1, -1`` is a difference.

    Volume
        that of the inputs, which must agree.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        ND308 the volumes differ, ND322 another number of factors than of branches.

    Example
        input 28x28x6
        ADD[ CONV 6 3x3 pad 1 | SKIP ]

    Reference
        He, Zhang, Ren, Sun, 2015, "Deep Residual Learning for Image Recognition", equation 1.
    """

    keyword = "ADD"
    spellings = ("SUM",)
    linear = True

    factors = factors("what each branch is multiplied by, in order", words=("factors", "coeff"))

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        if len(self.factors) in (0, len(inputs)):
            return ()
        return (
            Mistake(
                "ND322",
                f"{counted(len(self.factors), 'factor')} for {len(inputs)} branches",
                option="factors",
                label="one for each branch",
                spares_volume=True,
            ),
        )

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        if any(not volume.agrees(inputs[0]) for volume in inputs):
            return Mistake(
                "ND308",
                f"ADD takes volumes of one size, not {listed(inputs)}",
                help=_cures(inputs),
            )
        return inputs[0]

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        times = f", times {', '.join(f'{factor:g}' for factor in self.factors)}" if self.factors else ""
        return (f"{len(inputs)} volumes of {inputs[0]} are added{times}",)

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        if all(factor == 1 for factor in self.factors):
            return build.fold(add, *inputs, most=MOST_SUMMED, name="sum")
        weighed = [
            x if factor == 1 else build.elementwise(operand(0) * factor, x, name="weighed")
            for x, factor in zip(inputs, self.factors, strict=True)
        ]
        return build.fold(add, *weighed, most=MOST_SUMMED, name="sum")


def _cures(inputs: tuple[Volume, ...]) -> tuple[str, ...]:
    """The cures for branches that differ: a projection for channels, a stride or padding for extents."""
    smaller, larger = (choose(volume.size for volume in inputs) for choose in (min, max))
    if smaller == larger:
        return ("PROJECT in place of SKIP gives a shortcut the channels of the other branch",)
    rows, columns = -(-larger.height // smaller.height), -(-larger.width // smaller.width)
    if Size(-(-larger.height // rows), -(-larger.width // columns)) == smaller:
        stride = str(rows) if rows == columns else f"{rows}x{columns}"
        return (
            f"`PROJECT at stride {stride}` in the shortcut reduces {larger} to {smaller}",
            "or drop the stride in the other branch, and pad its filters",
        )
    padded = (f"filters without padding turn {larger} into {smaller}: write `same`, or `pad 1` after 3x3",)
    rows, columns = larger.height // smaller.height, larger.width // smaller.width
    if max(rows, columns) == 1:
        return padded
    stride = str(rows) if rows == columns else f"{rows}x{columns}"
    made = Size(-(-larger.height // rows), -(-larger.width // columns))
    return (
        f"with `same`, or `pad 1` after 3x3, the filters of stride {stride} turn {larger} into {made}",
        f"`PROJECT at stride {stride}` in the shortcut gives {made}, too",
    )
