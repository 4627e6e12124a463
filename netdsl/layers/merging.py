"""What layers with several inputs share."""

from __future__ import annotations

from netdsl.diagnostics import Mistake
from netdsl.layers.layer import POINT, Layer, Parameter, Window
from netdsl.quantities import Volume


class Merging(Layer, abstract=True):
    """Base of layers that combine two or more volumes, without weights."""

    inputs = None

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return ()

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        return POINT


def listed(volumes: tuple[Volume, ...]) -> str:
    """``28x28x64 and 14x14x64``."""
    texts = [str(volume) for volume in volumes]
    return f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else texts[0]
