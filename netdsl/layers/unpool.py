"""UNPOOL: numbers go back to where the maxima were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Window, window_reading
from netdsl.layers.pooling import Pooling
from netdsl.layers.taps import Reading, Reads, spreading_taps
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Unpool(Pooling):
    """Max unpooling: the counterpart of a MAX POOL, with the volume that it pooled beside it.

    Computes
        y = 0, but at the place where the window of a MAX POOL over the second input finds its
        maximum, the number of the first input. Overlapping windows add up.

    Volume
        that of the second input, whose MAX POOL with these options must have the first's.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps one number per input, the place of the maximum, for
        backward.

    Problems
        ND301, ND302 as MAX POOL, ND304 a window sees nothing, ND308 volumes that do not go together.

    Example
        input 8x8x3
        before: CONV 6 3x3 pad 1
        MAX POOL 2x2
        default UNPOOL 2x2
        UNPOOL[ SKIP | @before ]

    Reference
        Zeiler, Fergus, 2013, "Visualizing and Understanding Convolutional Networks", section 2.1;
        Badrinarayanan, Kendall, Cipolla, 2015, "SegNet", section 3.
    """

    keyword = "UNPOOL"
    spellings = ("MAX UNPOOL", "UNPOOLING")
    linear = False
    inputs = None

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        if len(inputs) != 2:
            help = ("write `UNPOOL[ SKIP | @before ]`",)
            return (Mistake("ND308", f"UNPOOL takes two volumes, not {len(inputs)}", help=help),)
        return super().problems(inputs[1])

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        x, before = inputs
        pooled = super().volume(before)
        if isinstance(pooled, Mistake):
            return pooled
        if not pooled.agrees(x):
            return Mistake(
                "ND308",
                f"a MAX POOL of {before} gives {pooled}, and what goes back is {x}",
                help=("name the volume from before the MAX POOL that this undoes",),
            )
        return before

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        return (f"the volume is that of what was pooled, {inputs[1]}",)

    def window(self, *inputs: Volume) -> Window:
        return super().window(inputs[1])

    def reads(self, *inputs: Volume) -> Reads:
        # A number goes to where the maximum of its window is, so all of that window decides.
        window = self.window(*inputs)
        back = (
            spreading_taps(window.kernel.height, window.stride.height, window.padding.top),
            spreading_taps(window.kernel.width, window.stride.width, window.padding.left),
        )
        return Reads((Reading((back,)), Reading((*window_reading(window).stages, back), 1)))

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        x, before = inputs
        moving = self.moving(Volume(before.shape[0], before.shape[1], before.shape[2]))
        return build.window_unpool(
            x, before, kernel=moving.kernel, stride=moving.stride, padding=moving.padding
        )
