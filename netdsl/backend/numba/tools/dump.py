"""The program that will run, to be read: its operations, its schedule, its kernels, or all as one module."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.backend.numba.kernel import Argument, Launch, Pointer, Real
from netdsl.backend.numba.schedule.schedule import PASSES, Layout, Schedule, lay_out, scheduled
from netdsl.backend.numba.target import Target
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program import passes as program_passes
from netdsl.program.program import Program
from netdsl.quantities import bytes_text, counted, grouped


def program_text(program: Program, network_name: str, target: Target) -> str:
    """What each pass leaves of the operations, and these in order; the same for every target."""
    lines = [f"# {_doing(program, network_name)}: {counted(len(program.operations), 'operation')}"]
    found, outputs = program.written, tuple(program.outputs.values())
    lines.append(f"# {len(found):4} operations as layers and gradients write them")
    for one in program_passes.PASSES:
        found = one(found, outputs)
        lines.append(f"# {len(found):4} operations after {_named(one)}")
    origin = ""
    for operation in program.operations:
        if operation.origin != origin:
            origin = operation.origin
            lines.append(f"# {_plain(origin)}")
        lines.append(_plain(repr(operation), _LONGEST))
    return "\n".join(lines) + "\n"


def schedule_text(program: Program, network_name: str, target: Target) -> str:
    """What each pass of the schedule leaves, and then every group with its launches."""
    lines = [f"# {_doing(program, network_name)}, for {target.name}"]
    found = scheduled(program, target, ())
    lines.append(f"# {len(found.groups):4} groups, an operation each")
    for one in PASSES:
        found = one(found)
        lines.append(f"# {len(found.groups):4} groups after {_named(one)}")
    origin = ""
    for group in found.groups:
        if group.operations[0].origin != origin:
            origin = group.operations[0].origin
            lines.append(f"# {_plain(origin)}")
        lines.append(f"{group.kind.value}:")
        members = (*group.operations, *([group.before] if group.before else []))
        lines += [f"    {_plain(repr(operation), _LONGEST)}" for operation in members]
        lines += [f"    -> {launch.kernel.name}, {launch.items} items" for launch in group.launches]
    return "\n".join([*lines, *_shared(found)]) + "\n"


def _named(one: Callable[..., object]) -> str:
    """A pass by its name, with the line that says what it does."""
    return f"{one.__name__}: {(one.__doc__ or '').splitlines()[0]}"


def _shared(schedule: Schedule) -> list[str]:
    pairs = [(tensor, owner) for tensor, owner in schedule.owner.items() if tensor is not owner]
    lines = [f"# {counted(len(pairs), 'tensor')} in the memory of another"]
    return [*lines, *(_plain(f"{tensor!r} in {owner!r}", _LONGEST) for tensor, owner in pairs)]


def kernels_text(program: Program, network_name: str, target: Target) -> str:
    """The text of every kernel of a step, once, in the order of their first launches."""
    layout = lay_out(program, target)
    kernels = {launch.kernel.name: launch.kernel for launch in layout.launches}
    head = f"# {_doing(program, network_name)}, for {target.name}: {counted(len(kernels), 'kernel')}"
    return "\n\n\n".join([head, *(kernel.text.rstrip() for kernel in kernels.values())]) + "\n"


def _doing(program: Program, network_name: str) -> str:
    doing = "a training step" if program.name == "train" else "the forward pass"
    return f"{doing} of {_plain(network_name)} for {counted(program.batch, 'image')}"


def module_text(program: Program, network_name: str, target: Target) -> str:
    """The module of a program; it can be imported, and ``step`` run with arrays of one's own."""
    layout = lay_out(program, target)
    kernels = {launch.kernel.name: launch.kernel for launch in layout.launches}
    parts = [
        f'"""{_purpose(program, network_name, layout, len(kernels))}"""\n\n'
        "from netdsl.backend.numba.isa.process_target import compile_for\n\n"
        f'compile_for("{target.name}")\n\n'
        "from netdsl.backend.numba.isa.vocabulary import *",
        _memory_table(layout),
        *(f"@compiled\n{kernel.text.rstrip()}" for kernel in kernels.values()),
        _step(layout),
    ]
    return "\n\n\n".join(parts) + "\n"


def _purpose(program: Program, network_name: str, layout: Layout, kernels: int) -> str:
    doing = "Forward, backward and update" if program.name == "train" else "The forward pass"
    return (
        f"{doing} of {_plain(network_name)} for {program.batch} images.\n\n"
        f"{len(layout.launches)} launches of {kernels} kernels; a kernel does the work items first..last.\n"
        "``step(call, arena, scratch, inputs, stored, constants)`` lists them in order:\n"
        "``call(kernel, items, arguments)`` must have all items of one done before the next begins.\n"
        "``arena`` and ``scratch`` are addresses; ``inputs``, ``stored`` and ``constants`` map names to\n"
        "addresses.\n"
    )


_LONGEST = 400
"""Letters of an operation: names are users', and formulas may be long."""


def _plain(name: str, longest: int = 80) -> str:
    """A name from a file, safe inside a docstring or a comment."""
    return "".join(letter for letter in name if letter.isprintable() and letter not in "\"'\\")[:longest]


def _memory_table(layout: Layout) -> str:
    memory = layout.memory
    lines = [
        f"# Memory: {bytes_text(memory.arena_bytes)} for all values of a step, which would take",
        f"# {bytes_text(memory.unshared_bytes)} side by side. Live from launch to launch, at offset, bytes:",
        "#",
    ]
    for tensor, slot in sorted(memory.slots.items(), key=lambda item: (item[1].first, item[1].offset_bytes)):
        last = "end" if slot.last >= len(layout.launches) else str(slot.last)
        lines.append(
            f"# {slot.first:4} to {last:>4}  {slot.offset_bytes:>12,}  {grouped(slot.size_bytes):>12}  "
            f"{_plain(repr(tensor))}"
        )
    lines.append("")
    lines.append(f"ARENA_BYTES = {memory.arena_bytes}")
    lines.append(f"SCRATCH_FLOATS = {layout.scratch_floats}")
    return "\n".join(lines)


def _step(layout: Layout) -> str:
    lines = ["def step(call, arena, scratch, inputs, stored, constants):"]
    origin = ""
    for number, launch in enumerate(layout.launches):
        if launch.origin != origin:
            origin = launch.origin
            lines.append(f"    # {_plain(origin)}")
        arguments = ", ".join(_argument(argument, layout) for argument in launch.arguments)
        lines.append(f"    # {number}: {_plain(_writes(launch))}")
        lines.append(f"    call({launch.kernel.name}, {launch.items}, ({arguments},))")
    return "\n".join(lines)


def _writes(launch: Launch) -> str:
    return ", ".join(repr(tensor) for tensor in launch.writes)


def _argument(argument: Argument, layout: Layout) -> str:
    if isinstance(argument, int):
        return str(argument)
    if isinstance(argument, Pointer):
        return _address(layout.owner.get(argument.tensor, argument.tensor), layout)
    if isinstance(argument, Real):
        return repr(float(argument.value))
    return "scratch"


def _address(tensor: Tensor, layout: Layout) -> str:
    if tensor.role is Role.INPUT:
        return f"inputs[{tensor.name!r}]"
    if tensor.role is Role.CONSTANT:
        return f"constants[{tensor.name!r}]"
    if tensor.role is Role.STORED:
        return f"stored[{tensor.name!r}]"
    return f"arena + {layout.memory.slots[tensor].offset_bytes}"


LISTINGS: dict[str, Callable[[Program, str, Target], str]] = {
    "module": module_text,
    "program": program_text,
    "schedule": schedule_text,
    "kernels": kernels_text,
}
"""What ``netdsl compile --emit`` prints, by what it is called there."""
