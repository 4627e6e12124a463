"""PROJECT: converts a shortcut to the volume of the other branches."""

from __future__ import annotations

from typing import ClassVar

from netdsl.layers.alike import layer_like
from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.conv import Conv
from netdsl.layers.dialect import Dialect
from netdsl.layers.layer import Layer
from netdsl.layers.option import size
from netdsl.quantities import Size


class Project(Layer, abstract=True):
    """A shortcut: the identity where the volumes agree, else a 1x1 convolution and a normalisation.

    Not a kind of layer by itself, which is why the registry does not find it: the planner puts other
    layers in its place. He, Zhang, Ren, Sun, 2016, "Deep Residual Learning for Image Recognition",
    section 3.3, option B.
    """

    keyword: ClassVar[str] = "PROJECT"

    stride = size("how far the 1x1 filters move", default=Size(1, 1))


def projection(channels: int, stride: Size, dialect: Dialect) -> tuple[tuple[str, Layer], ...]:
    """The layers that stand for PROJECT, each with what its name ends with."""
    options = {"filters": channels, "kernel": Size(1, 1), "stride": stride, "bias": False}
    return (("", layer_like(Conv, dialect, options)), ("_BN", layer_like(BatchNorm, dialect, {})))
