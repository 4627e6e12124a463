"""What the pooling layers share: a window, a stride, and no weights."""

from __future__ import annotations

from netdsl.diagnostics import Mistake
from netdsl.layers.dialect import Rounding
from netdsl.layers.layer import Layer, Parameter, Window, window_reading
from netdsl.layers.option import flag, padding, size
from netdsl.layers.sliding import Sliding, derivation, slide, sliding
from netdsl.layers.taps import Reads, reading_all
from netdsl.quantities import Padding, Same, Size, Volume


class Pooling(Layer, abstract=True):
    """Base of layers that slide a window over each channel by itself."""

    kernel = size(
        "height and width of the window",
        words=("kernel", "size", "window"),
        letters=("F", "k", "f"),
        positional=True,
        unless="whole",
    )
    stride = size("how far the window moves; set by the dialect by default", derived=True, letters=("S", "s"))
    padding = padding(
        "zeros around the input", words=("pad",), default=None, derived=True, letters=("P", "p")
    )
    whole = flag("the window is the whole image: global pooling", words=("global",), default=False)
    ceil = flag("round the number of positions up", default=False)
    floor = flag("round the number of positions down", default=False)

    def moving(self, x: Volume) -> Sliding:
        """How the window slides over an input."""
        written: Size | None = self.__dict__["kernel"]
        kernel = x.size if self.whole or written is None else written
        around: Padding | Same | None = self.__dict__["padding"]
        if around is None:
            around = self._default_padding(kernel)
        return sliding(x, kernel, self._stride(kernel), around, self._rounding())

    def _stride(self, kernel: Size) -> Size:
        stride: Size | None = self.__dict__["stride"]
        if stride is not None:
            return stride
        return kernel if self.dialect.pool_stride_is_kernel or self.whole else Size(1, 1)

    def _default_padding(self, kernel: Size) -> Padding:
        """None, but in Darknet one less than the window in all, the smaller half before."""
        if not self.dialect.darknet_pool or self.whole:
            return Padding(0, 0, 0, 0)
        high, wide = kernel.height - 1, kernel.width - 1
        return Padding(high // 2, high - high // 2, wide // 2, wide - wide // 2)

    def _rounding(self) -> Rounding:
        if self.ceil:
            ceils = (Rounding.CEIL_CLIPPED, Rounding.CEIL_CLIPPED_IF_PADDED)
            return self.dialect.pool if self.dialect.pool in ceils else Rounding.CEIL_CLIPPED
        return Rounding.FLOOR if self.floor else self.dialect.pool

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        found = []
        written: Size | None = self.__dict__["kernel"]
        if written is not None and self.whole:
            found.append(
                Mistake(
                    "ND307",
                    "`global` takes the whole image: there is no size to choose",
                    option="kernel",
                    label=f"the image is {inputs[0].size}",
                    help=("leave out one of the two",),
                )
            )
        if self.ceil and self.floor:
            found.append(
                Mistake(
                    "ND307", "a number cannot be rounded up and down", option="floor", help=("leave out one",)
                )
            )
        moving = self.moving(inputs[0])
        padding = moving.padding
        if max(padding.top, padding.bottom) >= moving.kernel.height or max(padding.left, padding.right) >= (
            moving.kernel.width
        ):
            found.append(
                Mistake(
                    "ND304",
                    f"padding {padding} is not smaller than the {moving.kernel} window",
                    option="padding",
                    label="a window would see nothing but padding",
                    help=(f"use a padding below {min(moving.kernel)}",),
                )
            )
        return tuple(found)

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        outcome = slide(x, self.moving(x), "window", "floor")
        return outcome if isinstance(outcome, Mistake) else Volume(*outcome, x.channels)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        return (*derivation(x, self.moving(x)), f"pooling keeps the {x.channels} channels")

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        moving = self.moving(inputs[0])
        return Window(moving.kernel, moving.stride, moving.padding)

    def reads(self, *inputs: Volume) -> Reads:
        window = self.window(*inputs)
        if self.whole and not any(window.padding):
            return Reads((reading_all(inputs[0]),))
        return Reads((window_reading(window),))

    def output(self, *inputs: Volume) -> Volume:
        """The volume of a pool that has been checked."""
        outcome = self.volume(*inputs)
        assert isinstance(outcome, Volume)
        return outcome
