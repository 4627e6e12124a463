"""Builder: the pen with which layers, losses and optimizers write primitives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netdsl.primitives.channel_window import ChannelWindow
from netdsl.primitives.concatenation import Concatenation
from netdsl.primitives.convolution import Convolution, ConvolutionInputGradient, Geometry
from netdsl.primitives.crop import Crop, Offset
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import ZERO, Expression, operand
from netdsl.primitives.folding import MOST_DERIVED, Combine, folded, in_groups
from netdsl.primitives.interpolation import Stretch, interpolated
from netdsl.primitives.local_convolution import LocalConvolution
from netdsl.primitives.matmul import Matmul
from netdsl.primitives.normalisation import Normalisation
from netdsl.primitives.operation import Operation, Phase
from netdsl.primitives.random_mask import RandomMask
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Role, Tensor, Type
from netdsl.primitives.transposition import Transposition
from netdsl.primitives.window import (
    Counts,
    Pooling,
    WindowAverage,
    WindowAverageGradient,
    WindowMaximum,
    WindowMaximumGradient,
)
from netdsl.quantities import Padding, Size, Volume

Shape3 = tuple[int, int, int]
ONE_BY_ONE = Size(1, 1)


class Builder:
    """Collects operations for one batch size, in the order in which they run.

    ``batch`` is the number of images per step; ``training`` tells layers that behave otherwise
    in training (dropout, batch normalisation) which they are in.
    """

    def __init__(self, batch: int, *, training: bool) -> None:
        self.batch = batch
        self.training = training
        self.operations: list[Operation] = []
        self.stored: dict[str, Tensor] = {}
        self.inputs: dict[str, Tensor] = {}
        self.constants: dict[Tensor, tuple[float, ...]] = {}
        self.origin = ""
        self.owner = ""
        self.phase = Phase.FORWARD
        self._wanted: set[Tensor] = set()
        self._constant: set[Tensor] = set()
        self._streams = 0

    # What exists: inputs and stored arrays.

    def input(
        self, name: str, shape: tuple[int, ...], *, batched: bool = True, type: Type = Type.FLOAT32
    ) -> Tensor:
        """A tensor that the caller writes before each step."""
        if name not in self.inputs:
            self.inputs[name] = Tensor(name, shape, batched=batched, role=Role.INPUT, type=type)
        return self.inputs[name]

    def store(self, name: str, shape: tuple[int, ...], *, learnable: bool = False) -> Tensor:
        """A tensor that outlives the step, by its full name (``CONV1.weights``)."""
        if name not in self.stored:
            self.stored[name] = Tensor(name, shape, batched=False, role=Role.STORED)
        if learnable:
            self._wanted.add(self.stored[name])
        return self.stored[name]

    def parameter(self, name: str) -> Tensor:
        """A learnable array of the layer being lowered, or of its ``owner``."""
        return self.stored[f"{self.owner or self.origin}.{name}"]

    def statistic(self, name: str) -> Tensor:
        """An array that the layer being lowered, or its ``owner``, keeps without learning it."""
        return self.stored[f"{self.owner or self.origin}.{name}"]

    def constant(self, name: str, shape: tuple[int, ...], values: Callable[[], Sequence[float]]) -> Tensor:
        """A tensor of fixed numbers; ``values`` makes them, in C order."""
        tensor = Tensor(f"{self.origin}.{name}", shape, batched=False, role=Role.CONSTANT)
        self.constants[tensor] = tuple(values())
        return tensor

    # What gradients ask.

    def wants(self, tensor: Tensor) -> bool:
        """Whether the tensor depends on something learnable."""
        return tensor in self._wanted

    def want(self, tensor: Tensor) -> None:
        """Say of a tensor from elsewhere that it depends on something learnable."""
        self._wanted.add(tensor)

    def append(self, operation: Operation) -> None:
        """Add an operation; its outputs want a gradient if any of its inputs does."""
        operation.origin, operation.phase = self.origin, self.phase
        self.operations.append(operation)
        if any(tensor in self._wanted for tensor in operation.inputs):
            self._wanted.update(tensor for tensor in operation.outputs if tensor not in self._constant)

    def like(self, tensor: Tensor, suffix: str) -> Tensor:
        """A new value of the same shape, named after its model."""
        return Tensor(f"{tensor.name}.{suffix}", tensor.shape, batched=tensor.batched)

    def _value(
        self, name: str, shape: tuple[int, ...], *, batched: bool = True, type: Type = Type.FLOAT32
    ) -> Tensor:
        return Tensor(f"{self.origin}.{name}" if self.origin else name, shape, batched=batched, type=type)

    # What layers write.

    def convolve(
        self,
        x: Tensor,
        w: Tensor,
        output: Size,
        *,
        stride: Size,
        padding: Padding,
        groups: int = 1,
        dilation: Size = ONE_BY_ONE,
    ) -> Tensor:
        """See Convolution. Positions whose window hangs over the padding see zeros there."""
        geometry = Geometry(stride, padding, groups, dilation)
        y = self._value("convolution", (*output, w.shape[3]))
        self.append(Convolution(y, x, w, geometry))
        return y

    def deconvolve(
        self, x: Tensor, w: Tensor, output: Size, *, stride: Size, padding: Padding, groups: int = 1
    ) -> Tensor:
        """The transposed convolution: w (kernel height, kernel width, filters/groups, channels)."""
        y = self._value("deconvolution", (*output, w.shape[2] * groups))
        self.append(ConvolutionInputGradient(y, x, w, Geometry(stride, padding, groups)))
        return y

    def convolve_locally(
        self, x: Tensor, w: Tensor, output: Size, *, kernel: Size, stride: Size, padding: Padding
    ) -> Tensor:
        """See LocalConvolution."""
        y = self._value("convolution", (*output, w.shape[2]))
        self.append(LocalConvolution(y, x, w, kernel, Geometry(stride, padding)))
        return y

    def crop(self, x: Tensor, shape: Shape3, *, row: int = 0, column: int = 0, channel: int = 0) -> Tensor:
        """The part of x of the given shape that begins there; zeros where it is outside x."""
        if x.shape == shape and not (row or column or channel):
            return x
        y = self._value("crop", shape)
        self.append(Crop(y, x, Offset(row, column, channel)))
        return y

    def concatenate(self, *inputs: Tensor) -> Tensor:
        """Volumes one after the other along the channels."""
        height, width, _ = inputs[0].shape
        y = self._value("concatenation", (height, width, sum(tensor.shape[2] for tensor in inputs)))
        self.append(Concatenation(y, inputs))
        return y

    def transpose(self, x: Tensor, extents: tuple[int, ...], order: tuple[int, ...], shape: Shape3) -> Tensor:
        """See Transposition: x read with these extents, its axes in this order, as a volume of a shape."""
        y = self._value("transposed", shape)
        self.append(Transposition(y, x, extents, order))
        return y

    def enlarge(self, x: Tensor, factor: Size) -> Tensor:
        """Each number repeated factor.height times down and factor.width times across."""
        height, width, channels = x.shape
        y = self._value("enlarged", (height * factor.height, width * factor.width, channels))
        spread = Pooling(factor, factor, Padding(0, 0, 0, 0), Counts.ONE)
        self.append(WindowAverageGradient(y, x, spread))
        return y

    def interpolate(self, x: Tensor, axis: int, stretch: Stretch) -> Tensor:
        """See Interpolation: the height (axis 0) or the width (1) of x becomes another extent."""
        if stretch.inputs == stretch.outputs:
            return x
        shape = (*x.shape[:axis], stretch.outputs, *x.shape[axis + 1 :])
        y = self._value("interpolated", (shape[0], shape[1], shape[2]))
        self.append(interpolated(self, y, x, axis, stretch))
        return y

    def matmul(self, x: Tensor, w: Tensor) -> Tensor:
        """x (batch, 1, 1, inputs) @ w (inputs, outputs)."""
        y = self._value("product", (1, 1, w.shape[1]))
        self.append(Matmul(y, x, w))
        return y

    def reshape(self, x: Tensor, shape: Shape3) -> Tensor:
        """The same values in another shape."""
        if x.shape == shape:
            return x
        y = self._value("reshaped", shape)
        self.append(Reshape(y, x))
        return y

    def flatten(self, x: Tensor) -> Tensor:
        """(height, width, channels) to (1, 1, height*width*channels), channels fastest."""
        return self.reshape(x, (1, 1, x.values))

    def window_maximum(
        self, x: Tensor, output: Volume, *, kernel: Size, stride: Size, padding: Padding
    ) -> Tensor:
        """Max pooling to the given volume."""
        y = self._value("maximum", output.shape)
        winner = self._value("winner", output.shape)
        self.append(WindowMaximum(y, winner, x, Pooling(kernel, stride, padding)))
        return y

    def window_unpool(
        self, x: Tensor, before: Tensor, *, kernel: Size, stride: Size, padding: Padding
    ) -> Tensor:
        """x spread over the volume ``before`` that was pooled: each number to where its maximum was."""
        pooling = Pooling(kernel, stride, padding)
        maximum, winner = self._value("maximum", x.shape), self._value("winner", x.shape)
        self.append(WindowMaximum(maximum, winner, before, pooling))
        # The position of a maximum has no slope.
        self._wanted.discard(winner)
        y = self._value("unpooled", before.shape)
        self.append(WindowMaximumGradient(y, x, winner, pooling))
        return y

    def window_average(
        self,
        x: Tensor,
        output: Volume,
        *,
        kernel: Size,
        stride: Size,
        padding: Padding,
        counts: Counts = Counts.WINDOW,
    ) -> Tensor:
        """Average pooling to the given volume; padding counts as zeros."""
        y = self._value("average", output.shape)
        self.append(WindowAverage(y, x, Pooling(kernel, stride, padding, counts)))
        return y

    def channel_window(self, x: Tensor, *, before: int, after: int) -> Tensor:
        """Sums over neighbouring channels."""
        y = self._value("neighbours", x.shape)
        self.append(ChannelWindow(y, x, before, after))
        return y

    def random_mask(self, shape: Shape3, *, keep: float, kept_value: float) -> Tensor:
        """A fresh mask each step; see RandomMask."""
        seed = self.input("seed", (), batched=False, type=Type.UINT32)
        mask = self._value("mask", shape)
        self._streams += 1
        self.append(RandomMask(mask, seed, keep=keep, kept_value=kept_value, stream=self._streams))
        return mask

    def elementwise(self, expression: Expression, *inputs: Tensor, name: str = "value") -> Tensor:
        """One formula at every position; see Elementwise."""
        shape, batched = broadcast(inputs)
        y = self._value(name, shape, batched=batched)
        self._elementwise(y, expression, inputs)
        return y

    def fold(
        self, combine: Combine, *inputs: Tensor, most: int = MOST_DERIVED, name: str = "value"
    ) -> Tensor:
        """``combine`` of all inputs, from the first to the last; ``most`` as in ``in_groups``."""

        def write(group: tuple[Tensor, ...]) -> Tensor:
            return self.elementwise(folded(combine, len(group)), *group, name=name)

        return in_groups(inputs, write, most)

    def elementwise_like(
        self, model: Tensor, expression: Expression, *inputs: Tensor, name: str = "value"
    ) -> Tensor:
        """A formula of tensors that all have the model's shape, whatever number of extents it has."""
        y = Tensor(f"{self.origin}.{name}", model.shape, batched=model.batched)
        self._elementwise(y, expression, inputs)
        return y

    def assign(self, target: Tensor, expression: Expression, *inputs: Tensor) -> None:
        """Give a tensor the value of a formula; a stored one may occur in it itself."""
        self._elementwise(target, expression, inputs)

    def _elementwise(self, y: Tensor, expression: Expression, inputs: tuple[Tensor, ...]) -> None:
        expression, inputs = pruned(expression, inputs)
        self.append(Elementwise(y, expression, inputs))

    def normalise(self, x: Tensor, mean: Tensor, inverse: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """See Normalisation: by the mean and the deviation of x over images and positions."""
        y = self._value("normalised", x.shape, batched=x.batched)
        count = (self.batch if x.batched else 1) * x.shape[0] * x.shape[1]
        self.append(Normalisation(y, x, mean, inverse, scale, shift, count=count))
        return y

    def spread(self, x: Tensor, shape: Shape3) -> Tensor:
        """x repeated along its extents of 1 to a shape."""
        y = self._value("spread", shape, batched=x.batched)
        self._elementwise(y, operand(0), (x,))
        return y

    def add_per_channel(self, x: Tensor, bias: Tensor) -> Tensor:
        """x + bias, one bias per channel."""
        return self.elementwise(operand(0) + operand(1), x, bias, name="biased")

    def reduce(
        self,
        expression: Expression,
        *inputs: Tensor,
        keep: str,
        maximum: bool = False,
        name: str = "sum",
        domain: tuple[Shape3, bool] | None = None,
    ) -> Tensor:
        """Sum a formula over all axes but those named in ``keep``: of "batch", "space", "channel".

        ``domain`` is the shape summed over where the inputs alone do not span it.
        """
        shape, batched = domain or broadcast(inputs)
        kept = set(keep.split())
        target = (
            shape[0] if "space" in kept else 1,
            shape[1] if "space" in kept else 1,
            shape[2] if "channel" in kept else 1,
        )
        y = self._value(name, target, batched=batched and "batch" in kept)
        self._reduction(y, expression, inputs, (shape, batched), maximum)
        return y

    def _reduction(
        self,
        y: Tensor,
        expression: Expression,
        inputs: tuple[Tensor, ...],
        domain: tuple[Shape3, bool],
        maximum: bool = False,
    ) -> None:
        expression, inputs = pruned(expression, inputs)
        if maximum:
            self._constant.add(y)
        self.append(Reduction(y, expression, inputs, shape=domain[0], batched=domain[1], maximum=maximum))

    def reduce_to(
        self,
        model: Tensor,
        expression: Expression,
        *inputs: Tensor,
        suffix: str,
        domain: tuple[Shape3, bool] | None = None,
    ) -> Tensor | None:
        """A formula summed to the shape of ``model``: the gradient of a broadcast. None where it is 0."""
        if expression == ZERO:
            return None
        whole = inputs[expression.operand] if expression.operand is not None else None
        if whole is not None and (whole.shape, whole.batched) == (model.shape, model.batched):
            # A gradient that passes unchanged needs no copy: it is the same tensor.
            return whole
        domain = domain or broadcast(inputs)
        y = self.like(model, suffix)
        if (leading_ones(model.shape), model.batched) == domain:
            self._elementwise(y, expression, inputs)
        else:
            self._reduction(y, expression, inputs, domain)
        return y


def leading_ones(shape: tuple[int, ...]) -> Shape3:
    """A shape as (height, width, channels): ones in front of fewer extents, the first of more than
    three as one (the weights of a convolution, when they are updated)."""
    height, width, channels = (1,) * (3 - len(shape)) + shape if len(shape) <= 3 else _merged(shape)
    return (height, width, channels)


def _merged(shape: tuple[int, ...]) -> Shape3:
    first = 1
    for extent in shape[:-2]:
        first *= extent
    return (first, shape[-2], shape[-1])


def broadcast(tensors: tuple[Tensor, ...]) -> tuple[Shape3, bool]:
    """The shape that tensors span together, and whether it is per image."""
    shapes = [leading_ones(tensor.shape) for tensor in tensors]
    spanned = (max(s[0] for s in shapes), max(s[1] for s in shapes), max(s[2] for s in shapes))
    for shape in shapes:
        if any(extent not in (1, full) for extent, full in zip(shape, spanned, strict=True)):
            raise ValueError(f"{tensors} do not broadcast")
    return spanned, any(tensor.batched for tensor in tensors)


def pruned(expression: Expression, inputs: tuple[Tensor, ...]) -> tuple[Expression, tuple[Tensor, ...]]:
    """The same formula with each input once and only those that it reads."""
    kept: list[Tensor] = []
    numbers: dict[int, Expression] = {}
    for number in sorted(expression.operands()):
        tensor = inputs[number]
        if tensor not in kept:
            kept.append(tensor)
        numbers[number] = operand(kept.index(tensor))
    return expression.substitute(numbers), tuple(kept)
