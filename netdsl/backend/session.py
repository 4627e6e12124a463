"""The contract of a backend: bind a program to arrays, run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from netdsl.backend.pixel_changes import Changes, changed, mixed
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.program import Program

Array = NDArray[Any]
Store = dict[str, NDArray[np.float32]]
"""Every stored array by name, 32-bit floats in C order; several sessions may share one."""


def allow_any(needed_bytes: int) -> None:
    """Let a session have whatever memory it needs."""


class Images(NamedTuple):
    """Labelled images in memory, and how some of them become inputs.

    ``pixels``: (images, height, width, channels), uint8 or float32; ``labels``: (images,) int64;
    ``scale`` and ``shift``: (height, width, channels) and ``targets``: (classes, scores), float32.
    All in C order. ``black`` and ``white`` are those of Preparation.
    """

    pixels: Array
    labels: NDArray[np.int64]
    scale: NDArray[np.float32]
    shift: NDArray[np.float32]
    targets: NDArray[np.float32]
    black: float | None = None
    white: float | None = None


class Batch(NamedTuple):
    """The images of one step: ``chosen`` numbers those of ``images``, (batch,), in C order.

    ``changes`` say how augmentation changes them, where it does.
    """

    images: Images
    chosen: NDArray[np.int64]
    changes: Changes | None = None


class Session(Protocol):
    """A program bound to memory. Not for several threads at once."""

    inputs: dict[str, Array]
    """Write here before a step: (batch, ...) per input, scalars with shape ()."""

    outputs: dict[str, Array]
    """Read here after a step: ``loss`` with shape (), ``scores`` (batch, classes)."""

    arena_bytes: int
    """Memory for everything that lives within a step."""

    def make_ready(self, images: Images | None = None, *, changes: bool = False) -> None:
        """Do now what the first step, on batches of ``images``, would have to wait for.

        ``changes``: whether augmentation changes them.
        """

    def fill(self, batch: Batch) -> None:
        """Write a batch into ``x`` and ``target``."""

    def run(self, following: tuple[Session, Batch] | None = None) -> None:
        """Compute one step, changing the store in place.

        Meanwhile ``following``, a batch for the next step of this or another session, is prepared;
        afterwards it is in the ``inputs`` of that session as if by ``fill``.
        """


class Prepared(Protocol):
    """A program of which it is known how it will run. Nothing is allocated for it."""

    def needed_bytes(self, *, repeated: bool, changes: bool = False) -> int:
        """The memory that its session will allocate, without the store.

        ``repeated`` says whether it runs several steps in a row, so that a backend which prepares the
        next batch during a step needs the inputs twice; ``changes`` whether batches are augmented.
        """

    def bind(self, store: Store) -> Session:
        """Make the session. ``store`` must hold every array of ``program.stored``."""


class Backend(Protocol):
    """Binds programs."""

    name: str

    @property
    def problem(self) -> str:
        """Why compiled code could not be kept for the next process; empty where it could."""

    def prepare(self, program: Program, threads: int) -> Prepared:
        """Decide how a program will run."""

    def bind(
        self, program: Program, store: Store, threads: int, allow: Callable[[int], None] = allow_any
    ) -> Session:
        """Make a session. ``store`` must hold every array of ``program.stored``.

        ``allow`` is called with the bytes of the session, for one step, before they are asked for, and
        may raise.
        """


def check_store(program: Program, store: Store) -> None:
    """ValueError where an array is missing, or has another shape, type or order."""
    for name, shape, _ in program.stored:
        array = store.get(name)
        if array is None or array.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, not {None if array is None else array.shape}")
        if array.dtype != np.float32 or not array.flags.c_contiguous or not array.flags.writeable:
            raise ValueError(f"{name} must be writeable 32-bit floats in C order")


def input_arrays(program: Program) -> dict[str, Array]:
    """Zeroed arrays for the inputs; ``target`` is (batch, classes)."""
    arrays: dict[str, Array] = {}
    for name, tensor in program.inputs.items():
        assert tensor.role is Role.INPUT
        arrays[name] = np.zeros(tensor.full_shape(program.batch), tensor.type.value[0])
    return arrays


def given_bytes(program: Program) -> int:
    """Bytes of the inputs and the constants."""
    tensors = (*program.inputs.values(), *program.constants)
    return sum(tensor.size_bytes(program.batch) for tensor in tensors)


def constant_arrays(program: Program) -> dict[Tensor, Array]:
    """The program's constants as 32-bit floats."""
    return {
        tensor: np.array(values, np.float32).reshape(tensor.shape)
        for tensor, values in program.constants.items()
    }


def write_batch(inputs: dict[str, Array], batch: Batch) -> None:
    """What ``fill`` does, as NumPy says it: x = pixels*scale + shift, target = targets[label]; with changes
    the pixels are ``changed`` on the way, and images and targets ``mixed``."""
    images, chosen, changes = batch
    if changes is not None:
        _write_changed(inputs, images, changes)
        return
    with np.errstate(all="ignore"):  # as compiled code does
        np.multiply(images.pixels[chosen], images.scale, out=inputs["x"])
        inputs["x"] += images.shift
    inputs["target"][...] = images.targets[images.labels[chosen]]


def _write_changed(inputs: dict[str, Array], images: Images, changes: Changes) -> None:
    with np.errstate(all="ignore"):
        x = changed(images.pixels[changes.numbers], changes, images.scale, images.shift)
    target = images.targets[images.labels[changes.numbers]]
    if changes.shares is not None:
        size = len(changes.shares)
        x, target = (mixed(rows[:size], rows[size:], changes.shares) for rows in (x, target))
    inputs["x"][...] = x
    inputs["target"][...] = target


def shown(array: Array, batched: bool) -> Array:
    """The view a caller gets: (batch, classes) for rows of scores, () for one number."""
    if batched and array.ndim == 4 and array.shape[1:3] == (1, 1):
        return array.reshape(array.shape[0], array.shape[3])
    return array.reshape(()) if array.size == 1 and not batched else array
