"""What the pooling layers share: a window, a stride, and no weights."""

from __future__ import annotations

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import Layer, Parameter, Window
from netdsl.layers.option import padding, size
from netdsl.layers.sliding import equations, slide
from netdsl.quantities import Size, Volume


class Pooling(Layer, abstract=True):
    """Base of layers that slide a window over each channel by itself."""

    kernel = size("height and width of the window", words=("kernel", "size"), positional=True)
    stride = size("how far the window moves; its own size where it is left out", derived=True)
    padding = padding("zeros around the input", words=("pad",))

    @property
    def step(self) -> Size:
        """The stride, or the window's own size where none is written: windows side by side."""
        stride: Size | None = self.__dict__["stride"]
        return stride or self.kernel

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        widest = max(self.padding)
        if widest >= min(self.kernel):
            return (
                Mistake(
                    "ND304",
                    f"padding {self.padding} is not smaller than the {self.kernel} window",
                    option="padding",
                    label="a window would see nothing but padding",
                    help=(f"use a padding below {min(self.kernel)}",),
                ),
            )
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        (x,) = inputs
        outcome = slide(x, self.kernel, self.step, self.padding, "window")
        return outcome if isinstance(outcome, Mistake) else Volume(*outcome, x.channels)

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        (x,) = inputs
        steps = equations(x, self.kernel, self.step, self.padding)
        return (*steps, f"pooling keeps the {x.channels} channels")

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        return Window(self.kernel, self.step, self.padding)

    def output(self, *inputs: Volume) -> Volume:
        """The volume of a pool that has been checked."""
        outcome = self.volume(*inputs)
        assert isinstance(outcome, Volume)
        return outcome
