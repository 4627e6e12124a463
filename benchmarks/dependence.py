"""Which pixels one output of a network depends on, by walking back from it number by number.

This is the gradient of one output of the network with all weights 1, of which only is kept whether it
is 0: a maximum counts as the sum of what it is taken over, for each of them can be it. The image goes
on beyond its edges, and padding with it; a layer that reads all positions reads those that there are.
It is written from what each layer computes, number by number, and knows of no interval or period:
``netdsl.planning.receptive_field`` is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np

from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.blocks_to_channels import BlocksToChannels
from netdsl.layers.channels_to_blocks import ChannelsToBlocks
from netdsl.layers.concat import Concat
from netdsl.layers.conv import Conv
from netdsl.layers.crop import Crop
from netdsl.layers.deconv import Deconv
from netdsl.layers.depthwise import Depthwise
from netdsl.layers.fc import FullyConnected
from netdsl.layers.flatten import Flatten
from netdsl.layers.group_norm import GroupNorm
from netdsl.layers.layer import Layer
from netdsl.layers.layer_norm import LayerNorm
from netdsl.layers.lcn import LocalContrastNorm
from netdsl.layers.local import Local
from netdsl.layers.lrn import LocalResponseNorm
from netdsl.layers.maxout import Maxout
from netdsl.layers.multiply import Multiply
from netdsl.layers.pad import Pad
from netdsl.layers.pixel_shuffle import PixelShuffle
from netdsl.layers.pixel_unshuffle import PixelUnshuffle
from netdsl.layers.pooling import Pooling
from netdsl.layers.rbf import Rbf
from netdsl.layers.relu import Relu
from netdsl.layers.reorg import Reorg
from netdsl.layers.shuffle import Shuffle
from netdsl.layers.sigmoid import Sigmoid
from netdsl.layers.slice import Slice
from netdsl.layers.softmax import Softmax
from netdsl.layers.unpool import Unpool
from netdsl.layers.upsample import Upsample
from netdsl.planning.plan import Plan
from netdsl.quantities import Size, Volume

Positions = Callable[[int], Iterable[int]]
"""The input positions behind an output position, along one axis."""


class Marks(NamedTuple):
    """Which numbers of a volume are needed: (rows, columns, channels), the first at ``top``, ``left``."""

    top: int
    left: int
    values: np.ndarray[Any, np.dtype[np.bool_]]

    def size(self) -> Size:
        """Height and width of the rectangle around all marks."""
        rows, columns = (self.values.any(axis=axes).nonzero()[0] for axes in ((1, 2), (0, 2)))
        if not len(rows):
            return Size(0, 0)
        return Size(int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1)


def seen_pixels(plan: Plan, position: int, row: int, column: int, *, narrow: bool = False) -> Size:
    """The rectangle of pixels that one position of a layer's output depends on, all its channels together.

    ``narrow`` makes one channel of all, which is as exact where no layer moves channels elsewhere.
    """
    layers = plan.layers[: position + 1]
    depths = [1 if narrow else layer.output.channels for layer in layers]
    marks = needed_numbers(plan, position, Marks(row, column, np.ones((1, 1, depths[-1]), bool)), depths)
    return Size(0, 0) if marks is None else marks.size()


def needed_numbers(plan: Plan, position: int, outputs: Marks, depths: list[int]) -> Marks | None:
    """The numbers of the input that some outputs of a layer depend on; None where there are none.

    ``depths`` says how many channels the volumes count as: all of them, or one.
    """
    layers = plan.layers[: position + 1]
    narrow = any(depth != layer.output.channels for depth, layer in zip(depths, layers, strict=True))
    needed = {position: outputs}
    for layer_index in range(position, 0, -1):
        marks = needed.pop(layer_index, None)
        if marks is None or not marks.values.any():
            continue
        node = layers[layer_index].node
        if node.layer.keeps_order and not narrow:
            source = _numbered(plan, layer_index)
            back = [_renumbered(_trimmed(marks), layers[layer_index].output, layers[source].output)]
            sources: tuple[int, ...] = (source,)
        else:
            inputs = tuple(layers[index].output._replace(channels=depths[index]) for index in node.inputs)
            back = _back(node.layer, _trimmed(marks), inputs, layers[layer_index].output, narrow)
            sources = node.inputs
        for index, found in zip(sources, back, strict=True):
            needed[index] = _united(needed[index], found) if index in needed else found
    return needed.get(0)


def _back(
    layer: Layer, marks: Marks, inputs: tuple[Volume, ...], output: Volume, narrow: bool
) -> list[Marks]:
    """What is needed of each input where some of the output is."""
    x = inputs[0]
    if isinstance(layer, Concat) and not narrow:
        ends = np.cumsum([volume.channels for volume in inputs])
        parts = np.split(marks.values, ends[:-1], axis=2)
        return [marks._replace(values=part) for part in parts]
    if isinstance(layer, Multiply):
        return [_gate(marks, volume, output) for volume in inputs]
    if isinstance(layer, Unpool):
        return _unpooled(layer, marks, inputs)
    if len(inputs) > 1:
        return [marks] * len(inputs)
    if isinstance(layer, BlocksToChannels) and not narrow:
        return [_out_of_blocks(layer, marks, x, output)]
    if isinstance(layer, ChannelsToBlocks) and not narrow:
        return [_into_blocks(layer, marks, x)]
    mixed = marks if narrow else marks._replace(values=_channels(layer, marks.values, x.channels))
    return [_spaces(layer, mixed, x)]


def _spaces(layer: Layer, marks: Marks, x: Volume) -> Marks:
    """The positions of the only input that are needed for those of the output."""
    match layer:
        case Conv() | Depthwise() | Local() | Pooling():
            moving = layer.moving(x)
            kernel = layer.kernel if isinstance(layer, Conv | Depthwise) else moving.kernel
            dilation = layer.dilation if isinstance(layer, Conv | Depthwise) else Size(1, 1)
            if isinstance(layer, Pooling) and layer.whole and not any(moving.padding):
                return _everything(marks, x)
            rows = _slide(kernel.height, moving.stride.height, moving.padding.top, dilation.height)
            columns = _slide(kernel.width, moving.stride.width, moving.padding.left, dilation.width)
            return _moved(marks, rows, columns)
        case Deconv():
            rows = _reach(layer.kernel.height, layer.stride.height, layer.cut().top)
            columns = _reach(layer.kernel.width, layer.stride.width, layer.cut().left)
            return _moved(marks, rows, columns)
        case Upsample():
            output = layer.volume(x)
            assert isinstance(output, Volume)
            return _moved(
                marks, _between(layer, x.height, output.height), _between(layer, x.width, output.width)
            )
        case ChannelsToBlocks():
            down, across = layer.stride
            return _moved(marks, lambda o: [o // down], lambda o: [o // across])
        case BlocksToChannels():
            down, across = layer.stride
            return _moved(marks, _slide(down, down, 0, 1), _slide(across, across, 0, 1))
        case Crop():
            top, left = layer.corner(x)
            return Marks(marks.top + top, marks.left + left, marks.values)
        case Pad():
            around = layer.zeros()
            return Marks(marks.top - around.top, marks.left - around.left, marks.values)
        case FullyConnected() | Rbf() | Flatten():
            return _everything(marks, x)
        case LayerNorm(per="position"):
            return marks
        case LayerNorm() | GroupNorm():
            return _united(marks, _everything(marks, x))
        case LocalResponseNorm(region="within"):
            near = _slide(layer.size, 1, layer.size // 2, 1)
            return _moved(marks, near, near)
        case LocalContrastNorm():
            near = _slide(layer.size, 1, layer.size // 2, 1)
            contrasts = _united(marks, _everything(marks, x))
            centred = _united(marks, _moved(contrasts, near, near))
            return _united(centred, _moved(centred, near, near))
    return marks


def _channels(layer: Layer, values: Any, depth: int) -> Any:
    """The channels of the input that are needed for those of the output."""
    anything = values.any(axis=2, keepdims=True)
    match layer:
        case Conv(table=table) if table is not None:
            found = np.zeros((*values.shape[:2], depth), bool)
            for filter_number, row in enumerate(table):
                found[:, :, list(row)] |= values[:, :, filter_number : filter_number + 1]
            return found
        case Conv() | Deconv():
            grouped = values.reshape(*values.shape[:2], layer.groups, -1).any(axis=3)
            return np.repeat(grouped, depth // layer.groups, axis=2)
        case Depthwise():
            return values.reshape(*values.shape[:2], depth, -1).any(axis=3)
        case GroupNorm():
            grouped = values.reshape(*values.shape[:2], layer.groups, -1).any(axis=3)
            return np.repeat(grouped, depth // layer.groups, axis=2)
        case Slice():
            found = np.zeros((*values.shape[:2], depth), bool)
            taken = layer.ranges(Volume(1, 1, depth))
            found[:, :, [c for first, last in taken for c in range(first, last + 1)]] = values
            return found
        case Shuffle():
            dealt = values.reshape(*values.shape[:2], -1, layer.groups)
            return dealt.swapaxes(2, 3).reshape(values.shape)
        case Maxout():
            return np.tile(values, (1, 1, layer.pieces))
        case LocalResponseNorm(region="across"):
            half, found = layer.size // 2, np.zeros_like(values)
            for channel in values.any(axis=(0, 1)).nonzero()[0]:
                low = max(channel - half, 0)
                found[:, :, low : channel + half + 1] |= values[:, :, channel : channel + 1]
            return found
        case Local() | FullyConnected() | Rbf() | Softmax() | LayerNorm() | LocalContrastNorm():
            return np.repeat(anything, depth, axis=2)
        case Pad():
            return values[:, :, :depth]
    return values


def _between(layer: Upsample, inputs: int, outputs: int) -> Positions:
    """The position, or the two around the point, that an output is filled from."""

    def positions(o: int) -> list[int]:
        if layer.mode == "nearest":
            centre = layer.dialect.nearest_centers and not layer.repeats
            return [floor((o + Fraction(centre, 2)) * Fraction(inputs, outputs))]
        if layer.corners:
            point = o * Fraction(inputs - 1, max(outputs - 1, 1))
        else:
            point = (o + Fraction(1, 2)) * Fraction(inputs, outputs) - Fraction(1, 2)
        return [floor(point), ceil(point)]

    return positions


def _out_of_blocks(layer: BlocksToChannels, marks: Marks, x: Volume, y: Volume) -> Marks:
    """Every number of a volume goes back to its place in a block."""
    down, across = layer.stride
    rows, columns, channels = marks.values.nonzero()
    rows, columns = rows + marks.top, columns + marks.left
    if isinstance(layer, PixelUnshuffle):
        channel, within = divmod(channels, down * across)
    else:
        within, channel = divmod(channels, x.channels)
    row, column = rows * down + within // across, columns * across + within % across
    if isinstance(layer, Reorg):
        inside = (rows >= 0) & (rows < y.height) & (columns >= 0) & (columns < y.width)
        number = ((channels * y.height + rows) * y.width + columns)[inside]
        plane, number = divmod(number, x.height * x.width)
        within, part = divmod(plane, x.channels // (down * across))
        high, wide = divmod(number, x.width)
        number = (part * x.height * down + high * down + within // across) * x.width * across
        number = number + wide * across + within % across
        channel, number = divmod(number, x.height * x.width)
        row, column = divmod(number, x.width)
    if not len(row):
        return Marks(0, 0, np.zeros((0, 0, x.channels), bool))
    top, left = int(row.min()), int(column.min())
    found = np.zeros((int(row.max()) - top + 1, int(column.max()) - left + 1, x.channels), bool)
    found[row - top, column - left, channel] = True
    return Marks(top, left, found)


def _into_blocks(layer: ChannelsToBlocks, marks: Marks, x: Volume) -> Marks:
    """Every number goes back to its channel."""
    down, across = layer.stride
    rows, columns, channels = marks.values.nonzero()
    (row, a), (column, b) = divmod(rows + marks.top, down), divmod(columns + marks.left, across)
    if isinstance(layer, PixelShuffle):
        channel = channels * down * across + a * across + b
    else:
        channel = (a * across + b) * (x.channels // (down * across)) + channels
    top, left = int(row.min()), int(column.min())
    found = np.zeros((int(row.max()) - top + 1, int(column.max()) - left + 1, x.channels), bool)
    found[row - top, column - left, channel] = True
    return Marks(top, left, found)


def _slide(kernel: int, stride: int, before: int, apart: int) -> Positions:
    return lambda o: [o * stride + k * apart - before for k in range(kernel)]


def _reach(kernel: int, stride: int, before: int) -> Positions:
    """The inputs that add to an output where input i adds to i*stride + a - before for every a."""

    def positions(o: int) -> list[int]:
        near = range((o + before - kernel) // stride - 1, (o + before) // stride + 2)
        return [i for i in near if any(i * stride + a - before == o for a in range(kernel))]

    return positions


def _unpooled(layer: Unpool, marks: Marks, inputs: tuple[Volume, ...]) -> list[Marks]:
    """The numbers whose windows cover a place, and everything that decides where in it they go."""
    moving = layer.moving(inputs[1])
    (high, wide), (down, across), padding = moving.kernel, moving.stride, moving.padding
    rows, columns = _reach(high, down, padding.top), _reach(wide, across, padding.left)
    numbers = _moved(marks, rows, columns)
    if not numbers.values.size:
        return [numbers, numbers]
    decide = _moved(numbers, _slide(high, down, padding.top, 1), _slide(wide, across, padding.left, 1))
    return [numbers, decide]


def _gate(marks: Marks, volume: Volume, output: Volume) -> Marks:
    values = marks.values
    if volume.channels == 1:
        values = values.any(axis=2, keepdims=True)
    found = marks._replace(values=values)
    repeats = volume.size == (1, 1) and output.size != (1, 1)
    return _everything(found, volume) if repeats else found


def _everything(marks: Marks, x: Volume) -> Marks:
    """All positions that there are, in the channels that are needed anywhere."""
    channels = marks.values.any(axis=(0, 1), keepdims=True)
    return Marks(0, 0, np.tile(channels, (x.height, x.width, 1)))


def _moved(marks: Marks, rows: Positions, columns: Positions) -> Marks:
    top, values = _along(marks.top, marks.values, rows)
    left, across = _along(marks.left, values.swapaxes(0, 1), columns)
    return Marks(top, left, across.swapaxes(0, 1))


def _along(first: int, values: Any, positions: Positions) -> tuple[int, Any]:
    pairs = [(o, i) for o in range(len(values)) for i in positions(first + o)]
    if not pairs:
        return 0, np.zeros((0, *values.shape[1:]), bool)
    low = min(i for _, i in pairs)
    found = np.zeros((max(i for _, i in pairs) - low + 1, *values.shape[1:]), bool)
    for o, i in pairs:
        found[i - low] |= values[o]
    return low, found


def _numbered(plan: Plan, layer_index: int) -> int:
    """The volume whose numbers a RESHAPE hands on: a second one undoes or follows the first, and what
    takes number by number makes no difference."""
    source = layer_index
    while True:
        (layer_index,) = plan.layers[layer_index].node.inputs
        layer = plan.layers[layer_index].node.layer
        if layer.keeps_order:
            source = layer_index
        elif not isinstance(layer, Relu | BatchNorm | Sigmoid):
            return plan.layers[source].node.inputs[0]


def _renumbered(marks: Marks, y: Volume, x: Volume) -> Marks:
    """The numbers in their order: rows go on beyond their ends only where they stay rows.

    A vector reads all positions, so what lies beside it, such as padding, lies nowhere in the image.
    """
    if x.shape == y.shape:
        return marks
    rows, columns, channels = marks.values.nonzero()
    rows, columns = rows + marks.top, columns + marks.left
    row, new_row = x.width * x.channels, y.width * y.channels
    if y.size == (1, 1):
        inside = (rows == 0) & (columns == 0)
        rows, columns, channels = rows[inside], columns[inside], channels[inside]
    elif row != new_row:
        if not (y.width == 1 and new_row % row == 0) and not (x.width == 1 and row % new_row == 0):
            inside = (rows >= 0) & (rows < y.height) & (columns >= 0) & (columns < y.width)
            rows, columns, channels = rows[inside], columns[inside], channels[inside]
        columns = columns.clip(0, y.width - 1)
    if not len(rows):
        return Marks(0, 0, np.zeros((0, 0, x.channels), bool))
    within = columns * y.channels + channels
    number = rows * new_row + within
    old_rows = rows if row == new_row else number // row
    within = within if row == new_row else number % row
    old_columns, old_channels = within // x.channels, within % x.channels
    if x.height == 1:
        old_rows = np.zeros_like(old_rows)
    if x.width == 1:
        old_columns = np.zeros_like(old_columns)
    top, left = int(old_rows.min()), int(old_columns.min())
    shape = (int(old_rows.max()) - top + 1, int(old_columns.max()) - left + 1, x.channels)
    found = np.zeros(shape, bool)
    found[old_rows - top, old_columns - left, old_channels] = True
    return Marks(top, left, found)


def _trimmed(marks: Marks) -> Marks:
    rows, columns = (marks.values.any(axis=axes).nonzero()[0] for axes in ((1, 2), (0, 2)))
    part = marks.values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Marks(marks.top + int(rows[0]), marks.left + int(columns[0]), part)


def _united(first: Marks, second: Marks) -> Marks:
    if not first.values.size or not second.values.size:
        return second if not first.values.size else first
    top, left = min(first.top, second.top), min(first.left, second.left)
    bottom = max(marks.top + marks.values.shape[0] for marks in (first, second))
    right = max(marks.left + marks.values.shape[1] for marks in (first, second))
    found = np.zeros((bottom - top, right - left, first.values.shape[2]), bool)
    for marks in (first, second):
        high, wide, _ = marks.values.shape
        found[marks.top - top :, marks.left - left :][:high, :wide] |= marks.values
    return Marks(top, left, found)
