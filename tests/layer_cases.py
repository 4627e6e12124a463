"""Small networks that exercise every layer kind; the layer under test is the middle one.

A kind of one input without a case here has that of the example in its docstring.
"""

from __future__ import annotations

import inspect
import re

from netdsl.layers.add import Add
from netdsl.layers.avg_pool import AvgPool
from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.concat import Concat
from netdsl.layers.connection_tables import LENET5
from netdsl.layers.conv import Conv
from netdsl.layers.crop import Crop
from netdsl.layers.deconv import Deconv
from netdsl.layers.depth_to_space import DepthToSpace
from netdsl.layers.depthwise import Depthwise
from netdsl.layers.dialect import DIALECTS
from netdsl.layers.dropout import Dropout
from netdsl.layers.elu import Elu
from netdsl.layers.fc import FullyConnected
from netdsl.layers.flatten import Flatten
from netdsl.layers.gelu import Gelu
from netdsl.layers.group_norm import GroupNorm
from netdsl.layers.hard_sigmoid import HardSigmoid
from netdsl.layers.hard_swish import HardSwish
from netdsl.layers.input import Input
from netdsl.layers.layer import Layer
from netdsl.layers.layer_norm import LayerNorm
from netdsl.layers.lcn import LocalContrastNorm
from netdsl.layers.leaky_relu import LeakyRelu
from netdsl.layers.local import Local
from netdsl.layers.lrn import LocalResponseNorm
from netdsl.layers.max_pool import MaxPool
from netdsl.layers.maxout import Maxout
from netdsl.layers.mish import Mish
from netdsl.layers.multiply import Multiply
from netdsl.layers.pad import Pad
from netdsl.layers.pixel_shuffle import PixelShuffle
from netdsl.layers.pixel_unshuffle import PixelUnshuffle
from netdsl.layers.prelu import Prelu
from netdsl.layers.rbf import Rbf
from netdsl.layers.registry import all_kinds
from netdsl.layers.relu import Relu
from netdsl.layers.relu6 import Relu6
from netdsl.layers.reorg import Reorg
from netdsl.layers.reshape import Reshape
from netdsl.layers.scale import Scale
from netdsl.layers.selu import Selu
from netdsl.layers.shuffle import Shuffle
from netdsl.layers.sigmoid import Sigmoid
from netdsl.layers.silu import Silu
from netdsl.layers.slice import Slice
from netdsl.layers.softmax import Softmax
from netdsl.layers.space_to_depth import SpaceToDepth
from netdsl.layers.step import Step
from netdsl.layers.stochastic_depth import StochasticDepth
from netdsl.layers.subsample import Subsample
from netdsl.layers.tanh import Tanh
from netdsl.layers.unpool import Unpool
from netdsl.layers.upsample import Upsample
from netdsl.planning.pipeline import load_plan
from netdsl.quantities import SAME, Padding, Size


def image(height: int, width: int, channels: int) -> Input:
    return Input(height=height, width=width, channels=channels)


def conv(filters: int, kernel: tuple[int, int], stride: int = 1, pad: int = 0, **options) -> Conv:
    return Conv(
        filters=filters,
        kernel=Size(*kernel),
        stride=Size(stride, stride),
        padding=Padding(pad, pad, pad, pad),
        **options,
    )


def pad(amount: int) -> Padding:
    return Padding(amount, amount, amount, amount)


def example(kind: type[Layer]) -> tuple[Input, Layer]:
    """The example in the docstring of a kind: its input, and the layer."""
    text = inspect.cleandoc(re.split(r"\n\n +(?:Example|Reference)\n", kind.__doc__ or "")[1])
    plan, findings = load_plan(text, kind.keyword)
    assert plan is not None, findings
    given, *layers = (planned.node.layer for planned in plan.layers)
    assert isinstance(given, Input)
    return given, next(layer for layer in layers if type(layer) is kind)


LAYERS: dict[str, tuple[Input, Layer]] = {
    "conv": (image(6, 8, 3), conv(5, (3, 3))),
    "conv-pad": (image(5, 7, 3), conv(4, (3, 3), pad=1)),
    "conv-stride": (image(5, 7, 3), conv(9, (3, 3), stride=2, pad=1)),
    "conv-stride-wide": (image(7, 7, 3), conv(6, (3, 3), stride=4)),
    "conv-1x1-stride": (image(3, 3, 4), conv(6, (1, 1), stride=2)),
    "conv-1x1": (image(3, 4, 6), conv(20, (1, 1))),
    "conv-whole": (image(4, 4, 3), conv(7, (4, 4))),
    "conv-oblong": (image(6, 8, 3), conv(3, (2, 5), pad=2)),
    "conv-groups": (image(5, 5, 4), conv(6, (3, 3), pad=1, groups=2)),
    "conv-depthwise": (image(5, 5, 4), conv(4, (3, 3), pad=1, groups=4, bias=False)),
    "conv-wide": (image(9, 9, 17), conv(35, (3, 3), pad=1)),
    "conv-deep-pad": (image(3, 3, 3), conv(3, (3, 3), pad=3)),
    "fc": (image(3, 4, 2), FullyConnected(neurons=5)),
    "fc-wide": (image(1, 1, 70), FullyConnected(neurons=45, bias=False)),
    "max-pool": (image(6, 8, 3), MaxPool(kernel=Size(2, 2))),
    "max-pool-overlap": (image(5, 5, 9), MaxPool(kernel=Size(3, 3), stride=Size(2, 2))),
    "max-pool-pad": (image(5, 5, 3), MaxPool(kernel=Size(3, 3), stride=Size(2, 2), padding=pad(1))),
    "max-pool-rest": (image(8, 9, 5), MaxPool(kernel=Size(3, 2), stride=Size(3, 2), floor=True)),
    "max-pool-ceil-beside": (image(7, 5, 9), MaxPool(kernel=Size(2, 2), ceil=True)),
    "avg-pool": (image(6, 8, 3), AvgPool(kernel=Size(2, 2))),
    "avg-pool-pad": (image(5, 5, 9), AvgPool(kernel=Size(3, 3), stride=Size(2, 2), padding=pad(1))),
    "lrn": (image(3, 3, 9), LocalResponseNorm(size=5, alpha=0.5)),
    "lrn-power": (image(3, 2, 4), LocalResponseNorm(size=3, alpha=0.3, beta=0.6, k=1.0)),
    "lrn-within": (image(4, 5, 3), LocalResponseNorm(region="within", size=3, alpha=0.5)),
    "lrn-within-caffe": (
        image(3, 7, 4),
        LocalResponseNorm(region="within", size=5, dialect=DIALECTS["caffe"]),
    ),
    "bn": (image(4, 5, 3), BatchNorm()),
    "bn-vector": (image(1, 1, 11), BatchNorm()),
    "bn-unscaled": (image(4, 5, 3), BatchNorm(scale=False)),
    "bn-alone": (image(4, 5, 3), BatchNorm(scale=False, shift=False)),
    "scale": (image(4, 5, 3), Scale()),
    "scale-shift": (image(3, 4, 11), Scale(shift=True, initial=0.5)),
    "relu": (image(4, 3, 5), Relu()),
    "leaky-relu": (image(4, 3, 5), LeakyRelu(slope=0.1)),
    "sigmoid": (image(4, 3, 5), Sigmoid()),
    "tanh": (image(4, 3, 5), Tanh()),
    "softmax": (image(2, 3, 5), Softmax()),
    "dropout": (image(4, 5, 6), Dropout(rate=0.4)),
    "stochastic-depth": (image(4, 5, 6), StochasticDepth(rate=0.4)),
    "flatten": (image(2, 3, 4), Flatten()),
    "conv-dilated": (image(6, 8, 3), conv(5, (3, 3), pad=2, dilation=Size(2, 2))),
    "conv-dilated-stride": (image(9, 9, 2), conv(3, (3, 3), stride=2, dilation=Size(2, 2))),
    "conv-same": (image(5, 7, 3), Conv(filters=4, kernel=Size(4, 3), padding=SAME)),
    "conv-same-stride": (image(5, 7, 3), Conv(filters=4, kernel=Size(3, 3), stride=Size(2, 2), padding=SAME)),
    "conv-floor": (image(6, 6, 3), conv(4, (3, 3), stride=2, dialect=DIALECTS["torch"])),
    "max-pool-ceil": (image(6, 6, 3), MaxPool(kernel=Size(3, 3), stride=Size(2, 2), ceil=True)),
    "avg-pool-ceil": (
        image(6, 6, 3),
        AvgPool(kernel=Size(3, 3), stride=Size(2, 2), padding=pad(1), ceil=True, dialect=DIALECTS["torch"]),
    ),
    "avg-pool-image": (
        image(5, 5, 9),
        AvgPool(kernel=Size(3, 3), stride=Size(2, 2), padding=SAME, dialect=DIALECTS["tensorflow"]),
    ),
    "avg-pool-global": (image(4, 5, 6), AvgPool(whole=True)),
    "local": (image(5, 6, 3), Local(filters=4, kernel=Size(3, 3), padding=pad(1), stride=Size(2, 1))),
    "local-wide": (image(4, 4, 5), Local(filters=21, kernel=Size(2, 2), bias=False)),
    "deconv": (image(4, 5, 3), Deconv(filters=6, kernel=Size(2, 2), stride=Size(2, 2))),
    "deconv-overlap": (
        image(4, 4, 3),
        Deconv(filters=4, kernel=Size(4, 4), stride=Size(2, 2), padding=pad(1)),
    ),
    "deconv-groups": (
        image(4, 4, 4),
        Deconv(filters=6, kernel=Size(3, 3), stride=Size(2, 2), groups=2, bias=False),
    ),
    "depthwise": (image(5, 6, 9), Depthwise(kernel=Size(3, 3), padding=pad(1))),
    "depthwise-stride": (image(7, 7, 3), Depthwise(kernel=Size(3, 3), stride=Size(2, 2), padding=pad(1))),
    "depthwise-multiplier": (image(5, 5, 3), Depthwise(kernel=Size(3, 3), multiplier=2, bias=False)),
    "depthwise-dilated": (image(7, 7, 3), Depthwise(kernel=Size(3, 3), padding=pad(2), dilation=Size(2, 2))),
    "subsample": (image(6, 8, 3), Subsample(kernel=Size(2, 2))),
    "upsample": (image(3, 4, 5), Upsample(factor=Size(2, 3))),
    "upsample-to": (image(3, 4, 5), Upsample(extent=Size(7, 6))),
    "upsample-centers": (image(3, 4, 5), Upsample(extent=Size(4, 9), dialect=DIALECTS["tensorflow"])),
    "bilinear": (image(3, 4, 5), Upsample(factor=Size(2, 3), mode="bilinear")),
    "bilinear-to": (image(5, 4, 11), Upsample(extent=Size(13, 3), mode="bilinear")),
    "bilinear-corners": (image(3, 4, 5), Upsample(extent=Size(7, 1), mode="bilinear", align="corners")),
    "crop": (image(6, 7, 3), Crop(extent=Size(3, 4))),
    "crop-corner": (image(6, 7, 3), Crop(extent=Size(3, 4), top=0, left=2)),
    "pad": (image(3, 4, 3), Pad(around=Padding(1, 2, 0, 1), channels=5)),
    "slice": (image(3, 4, 5), Slice(taken=((1, 3),))),
    "slice-ranges": (image(3, 4, 5), Slice(taken=((3, 4), (0, 1)))),
    "slice-part": (image(3, 4, 6), Slice(part=2, parts=3)),
    "shuffle": (image(3, 4, 6), Shuffle(groups=2)),
    "shuffle-pairs": (image(4, 2, 58), Shuffle(groups=2)),
    "shuffle-wide": (image(2, 2, 51), Shuffle(groups=3)),
    "space-to-depth": (image(4, 6, 3), SpaceToDepth(stride=Size(2, 3))),
    "pixel-unshuffle": (image(4, 6, 3), PixelUnshuffle(stride=Size(2, 2))),
    "pixel-shuffle": (image(2, 3, 8), PixelShuffle(stride=Size(2, 2))),
    "depth-to-space": (image(2, 3, 12), DepthToSpace(stride=Size(2, 3))),
    "reorg": (image(4, 6, 8), Reorg(stride=Size(2, 2))),
    "reorg-oblong": (image(4, 3, 6), Reorg(stride=Size(2, 3))),
    "reshape": (image(3, 4, 2), Reshape(height=2, width=2, channels=6)),
    "maxout": (image(3, 4, 6), Maxout(pieces=3)),
    "gn": (image(4, 3, 6), GroupNorm(groups=3)),
    "ln": (image(4, 3, 5), LayerNorm()),
    "ln-position": (image(4, 3, 5), LayerNorm(per="position")),
    "ln-position-wide": (image(2, 3, 19), LayerNorm(per="position", epsilon=1e-6, shift=False)),
    "gn-alone": (image(4, 3, 6), GroupNorm(groups=2, scale=False, shift=False)),
    "ln-vector": (image(1, 1, 11), LayerNorm()),
    "lcn": (image(5, 6, 5), LocalContrastNorm(size=3)),
    "prelu": (image(4, 3, 5), Prelu()),
    "elu": (image(4, 3, 5), Elu()),
    "selu": (image(4, 3, 5), Selu()),
    "gelu": (image(4, 3, 5), Gelu()),
    "silu": (image(4, 3, 5), Silu()),
    "mish": (image(4, 3, 5), Mish()),
    "hard-sigmoid": (image(4, 3, 5), HardSigmoid()),
    "hard-swish": (image(4, 3, 5), HardSwish()),
    "relu6": (image(4, 3, 5), Relu6()),
    "tanh-scaled": (image(4, 3, 5), Tanh(scaled=True)),
    "step": (image(4, 3, 5), Step()),
    "conv-table": (image(5, 6, 6), conv(16, (3, 3), table=LENET5)),
    "rbf": (image(7, 3, 4), Rbf(units=10)),
    "unpool": (image(4, 6, 5), Unpool(kernel=Size(2, 2))),
    "add": (image(4, 3, 5), Add()),
    "add-factors": (image(4, 3, 5), Add(factors=(1.0, -0.5))),
    "concat": (image(4, 3, 5), Concat()),
    "multiply": (image(4, 3, 5), Multiply()),
}

for _kind in all_kinds():
    if _kind.inputs == 1 and not any(type(layer) is _kind for _, layer in LAYERS.values()):
        LAYERS[_kind.keyword.lower()] = example(_kind)

SECOND = {
    "add": conv(5, (3, 3), pad=1),
    "add-factors": conv(5, (3, 3), pad=1),
    "concat": conv(7, (3, 3), pad=1),
    "multiply": AvgPool(whole=True),
}
"""What the second input of a layer with two is made by."""


def network_of(name: str) -> tuple[Layer, ...]:
    """Weights below the layer, so that its input gradient matters, and scores above it."""
    given, layer = LAYERS[name]
    volume = given.volume()
    below = conv(volume.channels, (1, 1))
    if name == "unpool":
        pooled = (MaxPool(kernel=Size(2, 2)), (1,))
        return (given, below, pooled, conv(5, (1, 1)), (layer, (3, 1)), FullyConnected(neurons=4))
    if name in SECOND:
        return (given, below, (SECOND[name], (1,)), (layer, (1, 2)), FullyConnected(neurons=4))
    return (given, below, layer, FullyConnected(neurons=4))


def small_network() -> tuple[Layer, ...]:
    """A little of everything that a usual network has."""
    return (
        image(12, 12, 2),
        conv(8, (3, 3), pad=1),
        BatchNorm(),
        Relu(),
        MaxPool(kernel=Size(2, 2)),
        conv(12, (3, 3)),
        Relu(),
        FullyConnected(neurons=20),
        Relu(),
        FullyConnected(neurons=5),
    )
