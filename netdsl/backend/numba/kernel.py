"""Kernels as text and the launches that call them, before memory is laid out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netdsl.primitives.operation import Operation, Phase
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


class Pointer(NamedTuple):
    """The address of a tensor's first number."""

    tensor: Tensor


class Real(NamedTuple):
    """A number, passed as a 32-bit float."""

    value: float


class Scratch(NamedTuple):
    """The address of memory that each worker has for itself; its size is in the launch."""


Argument = int | Pointer | Real | Scratch


class FinalRows(NamedTuple):
    """The point in a kernel where numbers ``first`` to ``last`` of some ``rows`` of its result are final.

    All are code. ``start`` is the index of the first row's number 0, ``around`` are lines of loops and
    conditions that a formula over these numbers goes into, and ``depth`` is how deep that is.
    """

    start: str
    rows: str
    first: str
    last: str
    around: tuple[str, ...] = ()
    depth: int = 1

    @property
    def line(self) -> str:
        """What is there as long as no formula is: a comment."""
        return "    " * self.depth + "#: finished " + " | ".join((*self[:4], *self.around))


class EpilogueSlot(NamedTuple):
    """A kernel of which a formula may become the end: its kind, the lines before, and where they finish."""

    kind: str
    body: tuple[str, ...]
    final_rows: FinalRows


class Launch(NamedTuple):
    """One call of a kernel over ``items`` work items.

    ``writes`` are the tensors it changes; those it reads are the other pointers in ``arguments``.
    ``scratch_floats`` is what each worker needs of the Scratch argument, whose distance from one
    worker to the next is the argument after it. ``in_order`` says that it reads the number at each index
    before it writes the one there, index by index, so that its result may take the memory of an input;
    ``epilogue_slot`` that a formula over its result may be computed in the same kernel.
    """

    kernel: Kernel
    arguments: tuple[Argument, ...]
    items: int
    writes: tuple[Tensor, ...]
    scratch_floats: int = 0
    in_order: bool = False
    epilogue_slot: EpilogueSlot | None = None
    origin: str = ""
    phase: Phase = Phase.FORWARD
    note: str = ""

    @property
    def tensors(self) -> list[Tensor]:
        """Every tensor it touches."""
        return [argument.tensor for argument in self.arguments if isinstance(argument, Pointer)]


def labelled(launches: Iterable[Launch], operation: Operation, note: str) -> list[Launch]:
    """Launches of an operation, with whose they are and what they do, for listings and profiles.

    Emitters know tensors alone; whoever has an emitter's launches for an operation labels them here, once.
    """
    return [one._replace(origin=operation.origin, phase=operation.phase, note=note) for one in launches]


def kernel(kind: str, body: str) -> Kernel:
    """A kernel named after its kind and its content; ``body`` is indented by four blanks."""
    digest = hashlib.sha256(body.encode()).hexdigest()[:10]
    name = f"{kind}_{digest}"
    return Kernel(name, f"def {name}(arguments, first, last, worker):\n{body}")


def kernel_with_epilogue_slot(
    kind: str, body: Sequence[str], final_rows: FinalRows | None
) -> tuple[Kernel, EpilogueSlot | None]:
    """A kernel that has finished rows of its result at its end, if it has."""
    if final_rows is None:
        return kernel(kind, indented(body, 1) + "\n"), None
    whole = indented([*body, final_rows.line], 1) + "\n"
    return kernel(kind, whole), EpilogueSlot(kind, tuple(body), final_rows)


def indented(lines: Sequence[str], levels: int) -> str:
    """Lines of code at a depth of indentation."""
    return "\n".join("    " * levels + line if line else "" for line in lines)


def blocks(count: int, size: int) -> int:
    """How many blocks of ``size`` cover ``count``."""
    return -(-count // size)


class PerWorker(NamedTuple):
    """Memory of ``floats`` numbers that each worker has for itself."""

    floats: int


class Unsigned(NamedTuple):
    """The 32-bit whole number that a tensor holds."""

    tensor: Tensor


class Numbers(NamedTuple):
    """Numbers that a kernel reads one by one, from the address where they begin."""

    numbers: tuple[int, ...]


Named = Tensor | int | Real | PerWorker | Unsigned | Numbers


class Arguments(NamedTuple):
    """The arguments of a kernel: ``values`` of a call, and the ``lines`` by which the kernel reads them.

    Both come from one declaration, ``named``, so that no count has to be kept in step. ``indices`` says where
    each begins.
    """

    values: tuple[Argument, ...]
    by_name: dict[str, str]
    indices: dict[str, int]

    @property
    def lines(self) -> list[str]:
        return [*self.by_name.values()]

    def read(self, *names: str) -> list[str]:
        """The lines of some of them."""
        return [self.by_name[name] for name in names]


def named(**given: Named) -> Arguments:
    """Arguments in this order, each a variable of its name in the kernel.

    A Tensor is the address of its first number.
    """
    return named_after(0, **given)


def named_after(others: int, **given: Named) -> Arguments:
    """The same behind so many arguments of a kernel that there is."""
    values: list[Argument] = []
    by_name, indices = {}, {}
    for name, value in given.items():
        index = indices[name] = others + len(values)
        read = f"integer(arguments, {index})"
        if isinstance(value, Tensor):
            values.append(Pointer(value))
        elif isinstance(value, Unsigned):
            values.append(Pointer(value.tensor))
            read = f"load_unsigned({read})"
        elif isinstance(value, PerWorker):
            values += [Scratch(), value.floats]
            read += f" + worker * integer(arguments, {index + 1}) * 4"
        elif isinstance(value, Numbers):
            values += value.numbers
            read = f"arguments + {index * 8}"
        else:
            values.append(value)
            if isinstance(value, Real):
                read = f"real(arguments, {index})"
        by_name[name] = f"{name} = {read}"
    return Arguments(tuple(values), by_name, indices)


def fixed_kernel(name: str, given: Arguments, body: str) -> Kernel:
    """A kernel with one text alone, so that a name is enough; ``body`` follows the lines of its arguments."""
    return Kernel(name, f"def {name}(arguments, first, last, worker):\n{indented(given.lines, 1)}\n{body}")
