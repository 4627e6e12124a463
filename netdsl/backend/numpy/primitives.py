"""Every primitive in NumPy. ``values`` maps tensors to arrays with the batch first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.backend.numpy.formulas import compute
from netdsl.primitives.builder import leading_ones
from netdsl.primitives.channel_window import ChannelWindow
from netdsl.primitives.concatenation import Concatenation
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
    Geometry,
)
from netdsl.primitives.crop import Crop
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.interpolation import MOST_POSITIONS, Interpolation
from netdsl.primitives.local_convolution import (
    LocalConvolution,
    LocalConvolutionInputGradient,
    LocalConvolutionWeightGradient,
)
from netdsl.primitives.matmul import Matmul, MatmulInputGradient, MatmulWeightGradient
from netdsl.primitives.operation import Operation
from netdsl.primitives.random_mask import RandomMask
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Tensor
from netdsl.primitives.transposition import Transposition
from netdsl.primitives.window import (
    Counts,
    Pooling,
    WindowAverage,
    WindowAverageGradient,
    WindowChoice,
    WindowMaximum,
    WindowMaximumGradient,
)
from netdsl.quantities import Padding, Size

Array = NDArray[Any]
Values = dict[Tensor, Array]


def _padded(x: Array, padding: Padding, fill: float = 0.0) -> Array:
    around = ((0, 0), (padding.top, padding.bottom), (padding.left, padding.right), (0, 0))
    return np.pad(x, around, constant_values=fill)


def _unpadded(x: Array, padding: Padding) -> Array:
    height, width = x.shape[1], x.shape[2]
    return x[:, padding.top : height - padding.bottom, padding.left : width - padding.right]


def _taps(geometry: Geometry | Pooling, kernel: tuple[int, int], out: tuple[int, int]) -> Iterator[Any]:
    """For each position (a, b) in the window: the slices of the padded input that it touches."""
    stride = geometry.stride
    dilation = geometry.dilation if isinstance(geometry, Geometry) else Size(1, 1)
    for a in range(kernel[0]):
        for b in range(kernel[1]):
            top, left = a * dilation.height, b * dilation.width
            rows = slice(top, top + stride.height * (out[0] - 1) + 1, stride.height)
            columns = slice(left, left + stride.width * (out[1] - 1) + 1, stride.width)
            yield a, b, (slice(None), rows, columns)


def _reaching(
    geometry: Geometry | Pooling, kernel: tuple[int, int], out: tuple[int, int], image: tuple[int, int]
) -> Padding:
    """The padding, made larger below and to the right where the last windows hang over it."""
    dilation = geometry.dilation if isinstance(geometry, Geometry) else Size(1, 1)
    stride, padding = geometry.stride, geometry.padding
    down = (out[0] - 1) * stride.height + (kernel[0] - 1) * dilation.height + 1
    across = (out[1] - 1) * stride.width + (kernel[1] - 1) * dilation.width + 1
    return Padding(
        padding.top,
        max(padding.bottom, down - image[0] - padding.top),
        padding.left,
        max(padding.right, across - image[1] - padding.left),
    )


def _group_slices(geometry: Geometry, channels: int, filters: int) -> Iterator[tuple[slice, slice]]:
    depth, width = channels // geometry.groups, filters // geometry.groups
    for group in range(geometry.groups):
        yield slice(group * depth, (group + 1) * depth), slice(group * width, (group + 1) * width)


def convolution(op: Convolution, values: Values) -> None:
    x, w = (values[tensor] for tensor in op.inputs)
    y = values[op.outputs[0]]
    padded = _padded(x, _reaching(op.geometry, w.shape[:2], y.shape[1:3], x.shape[1:3]))
    y[...] = 0
    for a, b, tap in _taps(op.geometry, w.shape[:2], y.shape[1:3]):
        for channels, filters in _group_slices(op.geometry, x.shape[3], w.shape[3]):
            y[..., filters] += padded[tap][..., channels] @ w[a, b][:, filters]


def convolution_input_gradient(op: ConvolutionInputGradient, values: Values) -> None:
    dy, w = (values[tensor] for tensor in op.inputs)
    dx = values[op.outputs[0]]
    padding = _reaching(op.geometry, w.shape[:2], dy.shape[1:3], dx.shape[1:3])
    padded = _padded(np.zeros_like(dx), padding)
    for a, b, tap in _taps(op.geometry, w.shape[:2], dy.shape[1:3]):
        for channels, filters in _group_slices(op.geometry, dx.shape[3], w.shape[3]):
            padded[tap][..., channels] += dy[..., filters] @ w[a, b][:, filters].T
    dx[...] = _unpadded(padded, padding)


def convolution_weight_gradient(op: ConvolutionWeightGradient, values: Values) -> None:
    x, dy = (values[tensor] for tensor in op.inputs)
    dw = values[op.outputs[0]]
    padded = _padded(x, _reaching(op.geometry, dw.shape[:2], dy.shape[1:3], x.shape[1:3]))
    for a, b, tap in _taps(op.geometry, dw.shape[:2], dy.shape[1:3]):
        for channels, filters in _group_slices(op.geometry, x.shape[3], dw.shape[3]):
            seen, gradient = padded[tap][..., channels], dy[..., filters]
            dw[a, b][:, filters] = np.tensordot(seen, gradient, axes=((0, 1, 2), (0, 1, 2)))


def _rows(x: Array) -> Array:
    return x.reshape(x.shape[0], -1)


def matmul(op: Matmul, values: Values) -> None:
    x, w = (values[tensor] for tensor in op.inputs)
    _rows(values[op.outputs[0]])[...] = _rows(x) @ w


def matmul_input_gradient(op: MatmulInputGradient, values: Values) -> None:
    dy, w = (values[tensor] for tensor in op.inputs)
    _rows(values[op.outputs[0]])[...] = _rows(dy) @ w.T


def matmul_weight_gradient(op: MatmulWeightGradient, values: Values) -> None:
    x, dy = (values[tensor] for tensor in op.inputs)
    values[op.outputs[0]][...] = _rows(x).T @ _rows(dy)


def _aligned(tensor: Tensor, array: Array) -> Array:
    """The array with four axes: batch (1 where there is none), height, width, channels."""
    batch = array.shape[0] if tensor.batched else 1
    return array.reshape(batch, *leading_ones(tensor.shape))


def elementwise(op: Elementwise, values: Values) -> None:
    target = _aligned(op.outputs[0], values[op.outputs[0]])
    operands = [_aligned(tensor, values[tensor]) for tensor in op.inputs]
    target[...] = compute(op.expression, operands, target.dtype)


def reduction(op: Reduction, values: Values) -> None:
    target = _aligned(op.outputs[0], values[op.outputs[0]])
    operands = [_aligned(tensor, values[tensor]) for tensor in op.inputs]
    batch = max((array.shape[0] for array in operands), default=1)
    if op.batched:
        batch = next((values[t].shape[0] for t in (*op.inputs, *op.outputs) if t.batched), batch)
    whole = np.broadcast_to(compute(op.expression, operands, target.dtype), (batch, *op.shape))
    axes = tuple(axis for axis in range(4) if target.shape[axis] == 1)
    target[...] = whole.max(axis=axes, keepdims=True) if op.maximum else whole.sum(axis=axes, keepdims=True)


def window_maximum(op: WindowMaximum, values: Values) -> None:
    x, y, winner = values[op.inputs[0]], values[op.outputs[0]], values[op.outputs[1]]
    reach = _reaching(op.pooling, op.pooling.kernel, y.shape[1:3], x.shape[1:3])
    padded = _padded(x, reach, fill=-np.inf)
    y[...] = -np.inf
    winner[...] = 0
    for a, b, tap in _taps(op.pooling, op.pooling.kernel, y.shape[1:3]):
        better = padded[tap] > y
        y[better] = padded[tap][better]
        winner[better] = a * op.pooling.kernel.width + b


def window_maximum_gradient(op: WindowMaximumGradient, values: Values) -> None:
    dy, winner = (values[tensor] for tensor in op.inputs)
    dx = values[op.outputs[0]]
    padding = _reaching(op.pooling, op.pooling.kernel, dy.shape[1:3], dx.shape[1:3])
    padded = _padded(np.zeros_like(dx), padding)
    for a, b, tap in _taps(op.pooling, op.pooling.kernel, dy.shape[1:3]):
        padded[tap] += dy * (winner == a * op.pooling.kernel.width + b)
    dx[...] = _unpadded(padded, padding)


def window_choice(op: WindowChoice, values: Values) -> None:
    x, winner = (values[tensor] for tensor in op.inputs)
    y = values[op.outputs[0]]
    padded = _padded(x, _reaching(op.pooling, op.pooling.kernel, y.shape[1:3], x.shape[1:3]))
    y[...] = 0
    for a, b, tap in _taps(op.pooling, op.pooling.kernel, y.shape[1:3]):
        y += padded[tap] * (winner == a * op.pooling.kernel.width + b)


def _divisors(pooling: Pooling, image: tuple[int, int], out: tuple[int, int]) -> Array:
    """What each output position divides by, shape (1, output height, output width, 1)."""
    reach = _reaching(pooling, pooling.kernel, out, image)
    counted = np.zeros((1, image[0] + reach.top + reach.bottom, image[1] + reach.left + reach.right, 1))
    if pooling.counts is Counts.IMAGE:
        _unpadded(counted, reach)[...] = 1
    elif pooling.counts is Counts.PADDED:
        padding = pooling.padding
        high, wide = image[0] + padding.top + padding.bottom, image[1] + padding.left + padding.right
        counted[:, :high, :wide] = 1
    else:
        counted[...] = 1
    if pooling.counts is Counts.ONE:
        return np.ones((1, *out, 1))
    total = np.zeros((1, *out, 1))
    for _, _, tap in _taps(pooling, pooling.kernel, out):
        total += counted[tap]
    return total


def window_average(op: WindowAverage, values: Values) -> None:
    x, y = values[op.inputs[0]], values[op.outputs[0]]
    padded = _padded(x, _reaching(op.pooling, op.pooling.kernel, y.shape[1:3], x.shape[1:3]))
    y[...] = 0
    for _, _, tap in _taps(op.pooling, op.pooling.kernel, y.shape[1:3]):
        y += padded[tap]
    y /= _divisors(op.pooling, x.shape[1:3], y.shape[1:3]).astype(y.dtype)


def window_average_gradient(op: WindowAverageGradient, values: Values) -> None:
    dy, dx = values[op.inputs[0]], values[op.outputs[0]]
    padding = _reaching(op.pooling, op.pooling.kernel, dy.shape[1:3], dx.shape[1:3])
    padded = _padded(np.zeros_like(dx), padding)
    shared = dy / _divisors(op.pooling, dx.shape[1:3], dy.shape[1:3]).astype(dy.dtype)
    for _, _, tap in _taps(op.pooling, op.pooling.kernel, dy.shape[1:3]):
        padded[tap] += shared
    dx[...] = _unpadded(padded, padding)


def crop(op: Crop, values: Values) -> None:
    x, y = values[op.inputs[0]], values[op.outputs[0]]
    y[...] = 0
    inside_y, inside_x = [slice(None)], [slice(None)]
    for start, big, small in zip(op.offset, x.shape[1:], y.shape[1:], strict=True):
        first, last = max(0, -start), max(0, min(small, big - start))
        inside_y.append(slice(first, max(first, last)))
        inside_x.append(slice(first + start, max(first, last) + start))
    y[tuple(inside_y)] = x[tuple(inside_x)]


def concatenation(op: Concatenation, values: Values) -> None:
    values[op.outputs[0]][...] = np.concatenate([values[tensor] for tensor in op.inputs], axis=-1)


def _patches(
    op: LocalConvolution | LocalConvolutionInputGradient | LocalConvolutionWeightGradient,
    x: Array,
    out: tuple[int, int],
) -> Array:
    """What the window covers at each position: (batch, positions, kernel values)."""
    padded = _padded(x, _reaching(op.geometry, op.kernel, out, x.shape[1:3]))
    taps = [padded[tap] for _, _, tap in _taps(op.geometry, op.kernel, out)]
    return np.stack(taps, axis=3).reshape(x.shape[0], out[0] * out[1], -1)


def local_convolution(op: LocalConvolution, values: Values) -> None:
    x, w = (values[tensor] for tensor in op.inputs)
    y = values[op.outputs[0]]
    found = np.einsum("npk,pkf->npf", _patches(op, x, y.shape[1:3]), w)
    y[...] = found.reshape(y.shape)


def local_convolution_weight_gradient(op: LocalConvolutionWeightGradient, values: Values) -> None:
    x, dy = (values[tensor] for tensor in op.inputs)
    gradient = dy.reshape(dy.shape[0], -1, dy.shape[3])
    values[op.outputs[0]][...] = np.einsum("npk,npf->pkf", _patches(op, x, dy.shape[1:3]), gradient)


def local_convolution_input_gradient(op: LocalConvolutionInputGradient, values: Values) -> None:
    dy, w = (values[tensor] for tensor in op.inputs)
    dx = values[op.outputs[0]]
    padding = _reaching(op.geometry, op.kernel, dy.shape[1:3], dx.shape[1:3])
    padded = _padded(np.zeros_like(dx), padding)
    rows = np.einsum("npf,pkf->npk", dy.reshape(dy.shape[0], -1, dy.shape[3]), w)
    taps = rows.reshape(*dy.shape[:3], op.kernel[0], op.kernel[1], dx.shape[3])
    for a, b, tap in _taps(op.geometry, op.kernel, dy.shape[1:3]):
        padded[tap] += taps[:, :, :, a, b]
    dx[...] = _unpadded(padded, padding)


def transposition(op: Transposition, values: Values) -> None:
    x, y = values[op.inputs[0]], values[op.outputs[0]]
    moved = x.reshape(x.shape[0], *op.extents).transpose(0, *(axis + 1 for axis in op.order))
    y[...] = moved.reshape(y.shape)


def interpolation(op: Interpolation, values: Values) -> None:
    x, table = (values[tensor] for tensor in op.inputs)
    y = values[op.outputs[0]]
    axis = op.axis + 1
    rows = table.reshape(y.shape[axis], -1)
    counts = rows[:, 0] - MOST_POSITIONS
    y[...] = 0
    for tap in range(int(counts.max())):
        sources = (rows[:, 1 + 2 * tap] - MOST_POSITIONS).astype(np.int64)
        weights = np.expand_dims(rows[:, 2 + 2 * tap], (1, 2) if op.axis == 0 else (1,))
        some = tap < counts
        where = (slice(None), some) if op.axis == 0 else (slice(None), slice(None), some)
        y[where] += weights[some] * x.take(sources[some], axis)


def channel_window(op: ChannelWindow, values: Values) -> None:
    x, y = values[op.inputs[0]], values[op.outputs[0]]
    channels = x.shape[-1]
    padded = np.pad(x, ((0, 0), (0, 0), (0, 0), (op.before, op.after)))
    y[...] = 0
    for offset in range(op.before + op.after + 1):
        y += padded[..., offset : offset + channels]


def hashed(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The integer hash lowbias32 (C. Wellons, 2018)."""
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def random_mask(op: RandomMask, values: Values) -> None:
    mask, seed = values[op.outputs[0]], values[op.inputs[0]]
    counters = np.arange(mask.size, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(op.stream)
    drawn = hashed(hashed(counters) ^ np.uint32(seed))
    mask.reshape(-1)[...] = np.where(drawn < np.uint32(op.threshold), op.kept_value, 0.0)


def reshape(op: Reshape, values: Values) -> None:
    values[op.outputs[0]][...] = values[op.inputs[0]].reshape(values[op.outputs[0]].shape)


COMPUTE: dict[type[Operation], Callable[[Any, Values], None]] = {
    Convolution: convolution,
    ConvolutionInputGradient: convolution_input_gradient,
    ConvolutionWeightGradient: convolution_weight_gradient,
    Matmul: matmul,
    MatmulInputGradient: matmul_input_gradient,
    MatmulWeightGradient: matmul_weight_gradient,
    Elementwise: elementwise,
    Reduction: reduction,
    WindowMaximum: window_maximum,
    WindowMaximumGradient: window_maximum_gradient,
    WindowChoice: window_choice,
    WindowAverage: window_average,
    WindowAverageGradient: window_average_gradient,
    ChannelWindow: channel_window,
    RandomMask: random_mask,
    Reshape: reshape,
    Crop: crop,
    Concatenation: concatenation,
    Transposition: transposition,
    Interpolation: interpolation,
    LocalConvolution: local_convolution,
    LocalConvolutionInputGradient: local_convolution_input_gradient,
    LocalConvolutionWeightGradient: local_convolution_weight_gradient,
}
"""The function of every primitive; a program with another one cannot run."""
