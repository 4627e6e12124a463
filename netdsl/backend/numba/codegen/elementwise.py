"""Elementwise formulas: one pass over memory."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backend.numba.codegen.broadcasting import Domain, Operand, domain_of, operand_of
from netdsl.backend.numba.codegen.expression_code import Formula, assignments, formula
from netdsl.backend.numba.kernel import Argument, Launch, Place, Real, Scratch, blocks, indented, kernel
from netdsl.backend.numba.target import Target
from netdsl.primitives.builder import leading_ones
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.operation import Operation

BLOCK = 4096
"""Numbers of one work item: 16 KiB of each operand, so that several fit the first cache."""


def emit_lanes_elementwise(op: Elementwise, groups_of_images: int, machine: Target) -> list[Launch]:
    """For volumes of WIDTH numbers per channel; inputs of one number per channel have one for all of them."""
    y = op.outputs[0]
    domain = domain_of(leading_ones(y.shape), y.batched, groups_of_images)
    operands = [
        operand_of(tensor, leading_ones(y.shape))
        if tensor.batched
        else Operand(tensor, 0, 0, 1 if tensor.values > 1 else 0)
        for tensor in op.inputs
    ]
    return [_flat(op, domain, operands, formula(op.expression), machine, lanes=True)]


def emit_elementwise(op: Elementwise, batch: int, machine: Target) -> list[Launch]:
    """Along one line where every input is whole, one number or one per channel; else row by row."""
    y = op.outputs[0]
    shape = leading_ones(y.shape)
    domain = domain_of(shape, y.batched, batch)
    operands = [operand_of(tensor, shape) for tensor in op.inputs]
    code = formula(op.expression)
    flat = all(operand.full(domain) or operand.scalar or operand.per_channel for operand in operands)
    return [_flat(op, domain, operands, code, machine)] if flat else [_rows(op, domain, operands, code)]


def chained(ops: Sequence[Operation], batch: int) -> list[Elementwise]:
    """The formulas at the beginning that walk the same numbers in order, such as those of an update:
    block by block, what one writes is still in cache for the next."""
    found: list[Elementwise] = []
    for op in ops:
        if not isinstance(op, Elementwise):
            break
        first = found[0] if found else op
        if (op.origin, op.phase) != (first.origin, first.phase) or not _walks_in_order(op, batch):
            break
        if op.outputs[0].count(batch) != first.outputs[0].count(batch):
            break
        written = {other.outputs[0] for other in found}
        if any(tensor in written and tensor.count(batch) == 1 for tensor in op.inputs):
            break
        found.append(op)
    return found


def _walks_in_order(op: Elementwise, batch: int) -> bool:
    """Whether every input has a number for each of the output, in order, or one for all."""
    shape = leading_ones(op.outputs[0].shape)
    domain = domain_of(shape, op.outputs[0].batched, batch)
    operands = [operand_of(tensor, shape) for tensor in op.inputs]
    return all(operand.full(domain) or operand.scalar for operand in operands)


def emit_chain(ops: Sequence[Elementwise], batch: int, machine: Target) -> list[Launch]:
    """As ``chained`` found them: one launch, whose work items do a block of each in turn."""
    if len(ops) == 1:
        return emit_elementwise(ops[0], batch, machine)
    count = ops[0].outputs[0].count(batch)
    tensors, constants, loop = assignments(
        ops, count, {}, place="position", start="start", end="end", at="position"
    )
    head = ["count = integer(arguments, 0)", "zero = number(0.0)", "one = number(1.0)"]
    head += [f"p{n} = integer(arguments, {1 + n})" for n in range(len(tensors))]
    head += [f"k{n} = real(arguments, {1 + len(tensors) + n})" for n in range(len(constants))]
    body = [
        *head,
        "for item in range(first, last):",
        f"    start = item * {BLOCK}",
        f"    end = min(start + {BLOCK}, count)",
        *(f"    {line}" for line in loop),
    ]
    places = (Place(tensor) for tensor in tensors)
    arguments: tuple[Argument, ...] = (count, *places, *(Real(value) for value in constants))
    built = kernel("elementwise_chain", indented(body, 1) + "\n")
    return [Launch(built, arguments, blocks(count, BLOCK), tuple(op.outputs[0] for op in ops))]


def prelude(operands: list[Operand], code: Formula, first: int) -> list[str]:
    """Lines that read the addresses p0, ... and the constants k0, ... from the arguments."""
    lines = [f"p{n} = integer(arguments, {first + n})" for n in range(len(operands))]
    first += len(operands)
    lines += [f"k{n} = real(arguments, {first + n})" for n in range(len(code.constants))]
    return [*lines, "zero = number(0.0)", "one = number(1.0)"]


def _flat(
    op: Elementwise,
    domain: Domain,
    operands: list[Operand],
    code: Formula,
    machine: Target,
    *,
    lanes: bool = False,
) -> Launch:
    # In lanes one number per channel is never whole, not even where there is a single position.
    kinds = [
        "full"
        if operand.full(domain) and (operand.tensor.batched or not lanes)
        else "scalar"
        if operand.scalar
        else "channel"
        for operand in operands
    ]
    periodic = [n for n, kind in enumerate(kinds) if kind == "channel"]
    head = ["y = integer(arguments, 0)", "count = integer(arguments, 1)", *prelude(operands, code, 2)]
    after = 2 + len(operands) + len(code.constants)
    head += [f"x{n} = load_everywhere(p{n})" for n, kind in enumerate(kinds) if kind == "scalar"]
    if periodic:
        head += _repeat_per_channel(periodic, after, lanes)
    whole = [_read(n, kind, whole=True) for n, kind in enumerate(kinds) if kind != "scalar"]
    part = [_read(n, kind, whole=False) for n, kind in enumerate(kinds) if kind != "scalar"]
    step = ["place += step", "if place >= channels:", "    place -= channels"] if periodic else []
    body = [
        *head,
        f"position = first * {BLOCK}",
        f"end = min(last * {BLOCK}, count)",
        *(["place = position % channels", "step = WIDTH % channels"] if periodic else []),
        "while position + WIDTH <= end:",
        *(f"    {line}" for line in (*whole, *code.lines)),
        f"    store(y + position * 4, {code.result})",
        "    position += WIDTH",
        *(f"    {line}" for line in step),
        "if position < end:",
        "    lanes = end - position",
        *(f"    {line}" for line in (*part, *code.lines)),
        f"    store_lanes(y + position * 4, {code.result}, lanes)",
    ]
    extent = domain.channels + machine.width
    floats = extent * len(periodic)
    tail: tuple[Argument, ...] = (Scratch(), floats, domain.channels) if periodic else ()
    arguments = (
        Place(op.outputs[0]),
        domain.values,
        *(Place(operand.tensor) for operand in operands),
        *(Real(value) for value in code.constants),
        *tail,
    )
    text = indented(body, 1) + "\n"
    items = blocks(domain.values, BLOCK)
    return Launch(kernel("elementwise", text), arguments, items, op.outputs, floats, in_order=True)


def _repeat_per_channel(periodic: list[int], after: int, lanes: bool) -> list[str]:
    """Copy each per-channel input behind itself, so that a vector may start at any channel; with
    image lanes, each number into a vector of its own."""
    lines = [
        f"scratch = integer(arguments, {after}) + worker * integer(arguments, {after + 1}) * 4",
        f"channels = integer(arguments, {after + 2})",
        "extent = channels + WIDTH",
    ]
    for slot, n in enumerate(periodic):
        lines += [
            f"r{n} = scratch + {slot} * extent * 4",
            f"spread(p{n}, channels // WIDTH, r{n})" if lanes else f"repeat(p{n}, channels, r{n}, extent)",
        ]
    return lines


def _read(n: int, kind: str, *, whole: bool) -> str:
    place = f"r{n} + place * 4" if kind == "channel" else f"p{n} + position * 4"
    if whole:
        return f"x{n} = load({place})"
    return f"x{n} = load_lanes({place}, lanes)"


def row_starts(operands: list[Operand]) -> list[str]:
    """Lines that set a0, ... to where each input's row starts and read those of one number."""
    lines = []
    for n, operand in enumerate(operands):
        lines.append(f"a{n} = p{n} + (image * i{n} + position * j{n}) * 4")
        if not operand.by_channel:
            lines.append(f"x{n} = load_everywhere(a{n})")
    return lines


def row_strides(operands: list[Operand], first: int) -> tuple[list[str], list[Argument]]:
    """Lines that read the strides i0, j0, ... and the arguments that hold them."""
    lines: list[str] = []
    arguments: list[Argument] = []
    for n, operand in enumerate(operands):
        lines.append(f"i{n} = integer(arguments, {first + 2 * n})")
        lines.append(f"j{n} = integer(arguments, {first + 2 * n + 1})")
        arguments += [operand.by_image, operand.by_position]
    return lines, arguments


def _rows(op: Elementwise, domain: Domain, operands: list[Operand], code: Formula) -> Launch:
    moving = [n for n, operand in enumerate(operands) if operand.by_channel]
    head = [
        "y = integer(arguments, 0)",
        "rows = integer(arguments, 1)",
        "positions = integer(arguments, 2)",
        "channels = integer(arguments, 3)",
        "rows_per_item = integer(arguments, 4)",
        *prelude(operands, code, 5),
    ]
    strides, stride_arguments = row_strides(operands, 5 + len(operands) + len(code.constants))
    body = [
        *head,
        *strides,
        "for row in range(first * rows_per_item, min(last * rows_per_item, rows)):",
        "    image = row // positions",
        "    position = row - image * positions",
        *(f"    {line}" for line in row_starts(operands)),
        "    out = y + row * channels * 4",
        "    c = 0",
        "    while c + WIDTH <= channels:",
        *(f"        x{n} = load(a{n} + c * 4)" for n in moving),
        *(f"        {line}" for line in code.lines),
        f"        store(out + c * 4, {code.result})",
        "        c += WIDTH",
        "    if c < channels:",
        "        lanes = channels - c",
        *(f"        x{n} = load_lanes(a{n} + c * 4, lanes)" for n in moving),
        *(f"        {line}" for line in code.lines),
        f"        store_lanes(out + c * 4, {code.result}, lanes)",
    ]
    rows = domain.images * domain.positions
    rows_per_item = max(1, BLOCK // domain.channels)
    arguments = (
        Place(op.outputs[0]),
        rows,
        domain.positions,
        domain.channels,
        rows_per_item,
        *(Place(operand.tensor) for operand in operands),
        *(Real(value) for value in code.constants),
        *stride_arguments,
    )
    text = indented(body, 1) + "\n"
    return Launch(kernel("elementwise_rows", text), arguments, blocks(rows, rows_per_item), op.outputs)
