"""Chooses the layers whose vectors are images instead of channels.

A vector of WIDTH channels is mostly empty where there are 6, as in LeNet. Where the batch fills
vectors, such layers put WIDTH images side by side: every lane works, whatever the number of channels
(the order of Krizhevsky's cuda-convnet, 2012). Where channels become many, volumes go back to one
image after the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from netdsl.backend.numba.codegen.conv.image_vectors import (
    ON_IMAGE_VECTORS,
    change_order,
    emit_on_image_vectors,
)
from netdsl.backend.numba.codegen.gemm.packing import rows_of_product
from netdsl.backend.numba.kernel import Launch
from netdsl.backend.numba.schedule.cost_model import LEAST_WASTE
from netdsl.backend.numba.target import Target
from netdsl.primitives.builder import leading_ones
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
)
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.operation import Operation, Phase
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.tensor import Tensor, Type
from netdsl.program.program import Program

_CONVOLUTIONS = (Convolution, ConvolutionInputGradient, ConvolutionWeightGradient)

IMAGES = "images"
"""The variant of a group whose vectors are images."""

CHANNELS = "channels"
"""The variant of a group whose vectors are channels."""


def operations_on_image_vectors(program: Program, target: Target) -> frozenset[Operation]:
    """The operations that work on vectors of images; all batched tensors of each are in that order."""
    found: set[Operation] = set()
    for group in image_vector_groups(program, target):
        variants = program.numerics.variants
        variant = variants.get(key_of_group(group, program)) if variants else None
        if variant == IMAGES or (variant != CHANNELS and any(_wastes(member, target) for member in group)):
            found.update(group)
    return frozenset(found)


def image_vector_groups(program: Program, target: Target) -> list[tuple[Operation, ...]]:
    """The operations that could work on vectors of images; those that share volumes do so together.

    Each group has a convolution, which alone decides: it is worthwhile where one would leave lanes
    empty.
    """
    if program.batch % target.width:
        return []
    group_of: dict[Tensor, list[Operation]] = {}
    for operation in program.operations:
        if not _able(operation, target):
            continue
        volumes = list(_batched(operation))
        sharing = {id(group): group for tensor in volumes if (group := group_of.get(tensor))}
        joined = max(sharing.values(), key=len, default=[])
        for other in sharing.values():
            if other is not joined:
                joined += other
                group_of.update((tensor, joined) for member in other for tensor in _batched(member))
        joined.append(operation)
        group_of.update(dict.fromkeys(volumes, joined))
    positions = {operation: position for position, operation in enumerate(program.operations)}
    found = {id(group): tuple(sorted(group, key=positions.__getitem__)) for group in group_of.values()}
    return [group for group in found.values() if any(isinstance(member, _CONVOLUTIONS) for member in group)]


def key_of_group(group: tuple[Operation, ...], program: Program) -> str:
    """Under which ``variants`` names that of a group: all of it, but not how many threads there are."""
    exact, precision, _ = program.numerics
    text = "; ".join([f"{program.batch} images, exact {exact}, {precision}", *map(repr, group)])
    return f"image lanes: {len(group)} operations {hashlib.sha256(text.encode()).hexdigest()[:20]}"


class ImageVectors:
    """The tensors of a program that are there in the order of image vectors, as far as it is emitted.

    ``owner`` and ``launches`` are those of the program: views share the memory of their volume, and
    changes of order are put in where a volume is first needed in the other one.
    """

    def __init__(
        self, batch: int, target: Target, owner: dict[Tensor, Tensor], launches: list[Launch]
    ) -> None:
        self._batch = batch
        self._target = target
        self._owner = owner
        self._launches = launches
        self._image_vectors: dict[Tensor, Tensor] = {}
        self._views: dict[Tensor, Tensor] = {}
        self._plain: set[Tensor] = set()

    def emit(self, operation: Operation) -> list[Launch]:
        """The launches of an operation on vectors of images."""
        for tensor in operation.inputs:
            if tensor.batched and tensor not in self._image_vectors:
                self._plain.add(tensor)
                self._change(tensor, operation.origin, operation.phase, into=True)
        return emit_on_image_vectors(operation, self._view, self._batch, self._target)

    def restore(self, tensors: Iterable[Tensor], phase: Phase = Phase.FORWARD) -> None:
        """Have these tensors one image after the other, for operations that know no other order."""
        for tensor in tensors:
            if tensor in self._image_vectors and tensor not in self._plain:
                self._plain.add(tensor)
                self._change(tensor, tensor.name.partition(".")[0], phase, into=False)

    def _volume(self, tensor: Tensor) -> Tensor:
        """The memory of a tensor in the order of image vectors."""
        if tensor not in self._image_vectors:
            shape = (self._batch // self._target.width, *tensor.shape, self._target.width)
            self._image_vectors[tensor] = Tensor(f"{tensor.name}.lanes", shape, batched=False)
        return self._image_vectors[tensor]

    def _view(self, tensor: Tensor) -> Tensor:
        """The same memory as a volume of WIDTH times as many channels, for 1/WIDTH as many images."""
        if tensor not in self._views:
            height, width, channels = tensor.shape
            self._views[tensor] = Tensor(
                f"{tensor.name}.lanes", (height, width, channels * self._target.width)
            )
            self._owner[self._views[tensor]] = self._volume(tensor)
        return self._views[tensor]

    def _change(self, tensor: Tensor, origin: str, phase: Phase, *, into: bool) -> None:
        plain, image_vectors = self._owner.get(tensor, tensor), self._volume(tensor)
        source, destination = (plain, image_vectors) if into else (image_vectors, plain)
        launch = change_order(
            source,
            destination,
            tensor.values,
            self._batch,
            self._target,
            into=into,
            origin=origin,
            phase=phase,
        )
        self._launches.append(launch)


def _batched(operation: Operation) -> Iterable[Tensor]:
    return (tensor for tensor in (*operation.inputs, *operation.outputs) if tensor.batched)


def _able(operation: Operation, target: Target) -> bool:
    """Whether there is a kernel for it on vectors of images."""
    if type(operation) not in ON_IMAGE_VECTORS or any(
        len(tensor.shape) != 3 or tensor.type is not Type.FLOAT32 for tensor in _batched(operation)
    ):
        return False
    if isinstance(operation, _CONVOLUTIONS):
        return _few_channels(operation, target)
    if isinstance(operation, Elementwise):
        shape = operation.outputs[0].shape
        return operation.outputs[0].batched and all(
            tensor.shape == shape if tensor.batched else _per_channel(tensor, shape)
            for tensor in operation.inputs
        )
    if isinstance(operation, Reduction):
        y = operation.outputs[0]
        return (
            not (y.batched or operation.maximum)
            and operation.batched
            and leading_ones(y.shape) == (1, 1, operation.shape[2])
            and all(
                tensor.shape == operation.shape if tensor.batched else tensor.values == 1
                for tensor in operation.inputs
            )
        )
    return True


def _per_channel(tensor: Tensor, shape: tuple[int, ...]) -> bool:
    return tensor.values == 1 or leading_ones(tensor.shape) == (1, 1, shape[2])


def _sides(operation: Operation) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """The larger volume, the smaller one, and the shape of the weights of a convolution."""
    if isinstance(operation, Convolution):
        return operation.inputs[0], operation.outputs[0], operation.inputs[1].shape
    if isinstance(operation, ConvolutionInputGradient):
        return operation.outputs[0], operation.inputs[0], operation.inputs[1].shape
    return operation.inputs[0], operation.inputs[1], operation.outputs[0].shape


def _few_channels(
    operation: Convolution | ConvolutionInputGradient | ConvolutionWeightGradient, target: Target
) -> bool:
    x, y, weights = _sides(operation)
    geometry = operation.geometry
    return (
        geometry.groups == 1
        and geometry.dilation == (1, 1)
        and max(x.shape[2], y.shape[2]) <= 2 * target.width
        and rows_of_product(geometry, x.shape, weights) != 1
    )


def _wastes(operation: Operation, target: Target) -> bool:
    """Whether vectors of channels would be so empty that another order pays."""
    if not isinstance(operation, _CONVOLUTIONS):
        return False
    x, y, _ = _sides(operation)
    across = x.shape[2] if isinstance(operation, ConvolutionInputGradient) else y.shape[2]
    return -(-across // target.width) * target.width > LEAST_WASTE * across
