"""Small networks that exercise every layer kind; the layer under test is the middle one."""

from __future__ import annotations

from netdsl.layers.avg_pool import AvgPool
from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.conv import Conv
from netdsl.layers.dropout import Dropout
from netdsl.layers.fc import FullyConnected
from netdsl.layers.flatten import Flatten
from netdsl.layers.input import Input
from netdsl.layers.layer import Layer
from netdsl.layers.leaky_relu import LeakyRelu
from netdsl.layers.lrn import LocalResponseNorm
from netdsl.layers.max_pool import MaxPool
from netdsl.layers.relu import Relu
from netdsl.layers.sigmoid import Sigmoid
from netdsl.layers.softmax import Softmax
from netdsl.layers.tanh import Tanh
from netdsl.quantities import Padding, Size


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


LAYERS: dict[str, tuple[Input, Layer]] = {
    "conv": (image(6, 7, 3), conv(5, (3, 3))),
    "conv-pad": (image(5, 6, 2), conv(4, (3, 3), pad=1)),
    "conv-stride": (image(7, 9, 3), conv(9, (3, 3), stride=2, pad=1)),
    "conv-stride-wide": (image(11, 11, 3), conv(6, (3, 3), stride=4)),
    "conv-1x1-stride": (image(5, 5, 4), conv(6, (1, 1), stride=2)),
    "conv-1x1": (image(4, 5, 6), conv(20, (1, 1))),
    "conv-whole": (image(4, 4, 3), conv(7, (4, 4))),
    "conv-oblong": (image(6, 8, 2), conv(3, (2, 5), pad=2)),
    "conv-groups": (image(5, 5, 4), conv(6, (3, 3), pad=1, groups=2)),
    "conv-depthwise": (image(5, 5, 4), conv(4, (3, 3), pad=1, groups=4, bias=False)),
    "conv-wide": (image(9, 9, 17), conv(35, (3, 3), pad=1)),
    "conv-deep-pad": (image(3, 3, 2), conv(3, (3, 3), pad=3)),
    "fc": (image(3, 4, 2), FullyConnected(neurons=5)),
    "fc-wide": (image(1, 1, 70), FullyConnected(neurons=45, bias=False)),
    "max-pool": (image(6, 8, 3), MaxPool(kernel=Size(2, 2))),
    "max-pool-overlap": (image(7, 7, 9), MaxPool(kernel=Size(3, 3), stride=Size(2, 2))),
    "max-pool-pad": (image(5, 5, 3), MaxPool(kernel=Size(3, 3), stride=Size(2, 2), padding=pad(1))),
    "avg-pool": (image(6, 8, 3), AvgPool(kernel=Size(2, 2))),
    "avg-pool-pad": (image(5, 5, 9), AvgPool(kernel=Size(3, 3), stride=Size(2, 2), padding=pad(1))),
    "lrn": (image(3, 3, 9), LocalResponseNorm(size=5, alpha=0.5)),
    "lrn-power": (image(3, 2, 4), LocalResponseNorm(size=3, alpha=0.3, beta=0.6, k=1.0)),
    "bn": (image(4, 5, 3), BatchNorm()),
    "bn-vector": (image(1, 1, 11), BatchNorm()),
    "relu": (image(4, 3, 5), Relu()),
    "leaky-relu": (image(4, 3, 5), LeakyRelu(slope=0.1)),
    "sigmoid": (image(4, 3, 5), Sigmoid()),
    "tanh": (image(4, 3, 5), Tanh()),
    "softmax": (image(2, 3, 5), Softmax()),
    "dropout": (image(4, 5, 6), Dropout(rate=0.4)),
    "flatten": (image(2, 3, 4), Flatten()),
}


def network_of(name: str) -> tuple[Layer, ...]:
    """Weights below the layer, so that its input gradient matters, and scores above it."""
    given, layer = LAYERS[name]
    volume = given.volume()
    below = conv(volume.channels, (1, 1))
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
