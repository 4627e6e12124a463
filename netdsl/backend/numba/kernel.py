"""Kernels as text and the launches that call them, before memory is laid out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from netdsl.primitives.operation import Phase
from netdsl.primitives.tensor import Tensor


class Kernel(NamedTuple):
    """A function of generated code: ``name(arguments, first, last, worker)``.

    ``arguments`` is the address of its 64-bit arguments; it does the work items from ``first`` to
    before ``last``, each of which writes memory of its own. Sizes are arguments, so that
    one kernel serves every layer of its shape of tile and formula. A function of generated code that
    is no kernel, the step's, has another number of ``arguments``.
    """

    name: str
    text: str
    arguments: int = 4


class Place(NamedTuple):
    """The address of a tensor's first number."""

    tensor: Tensor


class Real(NamedTuple):
    """A number, passed as a 32-bit float."""

    value: float


class Scratch(NamedTuple):
    """The address of memory that each worker has for itself; its size is in the launch."""


Argument = int | Place | Real | Scratch


class Launch(NamedTuple):
    """One call of a kernel over ``items`` work items.

    ``writes`` are the tensors it changes; those it reads are the other places in ``arguments``.
    ``scratch_floats`` is what each worker needs of the Scratch argument, whose distance from one
    worker to the next is the argument after it. ``in_order`` says that it reads the number at each place
    before it writes the one there, place by place, so that its result may take the memory of an input.
    """

    kernel: Kernel
    arguments: tuple[Argument, ...]
    items: int
    writes: tuple[Tensor, ...]
    scratch_floats: int = 0
    in_order: bool = False
    origin: str = ""
    phase: Phase = Phase.FORWARD
    note: str = ""

    @property
    def tensors(self) -> list[Tensor]:
        """Every tensor it touches."""
        return [argument.tensor for argument in self.arguments if isinstance(argument, Place)]


def kernel(kind: str, body: str) -> Kernel:
    """A kernel named after its kind and its content; ``body`` is indented by four blanks."""
    digest = hashlib.sha256(body.encode()).hexdigest()[:10]
    name = f"{kind}_{digest}"
    return Kernel(name, f"def {name}(arguments, first, last, worker):\n{body}")


def indented(lines: Sequence[str], levels: int) -> str:
    """Lines of code at a depth of indentation."""
    return "\n".join("    " * levels + line if line else "" for line in lines)


def blocks(count: int, size: int) -> int:
    """How many blocks of ``size`` cover ``count``."""
    return -(-count // size)
