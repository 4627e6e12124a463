"""Elementwise formulas: one pass over memory."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backend.numba.codegen.broadcasting import Domain, Operand, domain_of, operand_of
from netdsl.backend.numba.codegen.expression_code import Formula, assignments, formula
from netdsl.backend.numba.kernel import (
    Arguments,
    Launch,
    Named,
    PerWorker,
    Real,
    blocks,
    indented,
    kernel,
    named,
)
from netdsl.backend.numba.target import Target
from netdsl.primitives.builder import leading_ones
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.operation import Operation

BLOCK = 4096
"""Numbers of one work item: 16 KiB of each operand, so that several fit the first cache."""


def emit_image_vectors_elementwise(op: Elementwise, groups_of_images: int, target: Target) -> list[Launch]:
    """For volumes of WIDTH numbers per channel; inputs of one number per channel have one for all of them."""
    y = op.outputs[0]
    domain = domain_of(leading_ones(y.shape), y.batched, groups_of_images)
    operands = [
        operand_of(tensor, leading_ones(y.shape))
        if tensor.batched
        else Operand(tensor, 0, 0, 1 if tensor.values > 1 else 0)
        for tensor in op.inputs
    ]
    return [_flat(op, domain, operands, formula(op.expression), target, on_image_vectors=True)]


def emit_elementwise(op: Elementwise, batch: int, target: Target) -> list[Launch]:
    """Along one line where every input is whole, one number or one per channel; else row by row."""
    y = op.outputs[0]
    shape = leading_ones(y.shape)
    domain = domain_of(shape, y.batched, batch)
    operands = [operand_of(tensor, shape) for tensor in op.inputs]
    code = formula(op.expression)
    flat = all(operand.full(domain) or operand.scalar or operand.per_channel for operand in operands)
    return [_flat(op, domain, operands, code, target)] if flat else [_rows(op, domain, operands, code)]


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


def emit_chain(ops: Sequence[Elementwise], batch: int, target: Target) -> list[Launch]:
    """As ``chained`` found them: one launch, whose work items do a block of each in turn."""
    if len(ops) == 1:
        return emit_elementwise(ops[0], batch, target)
    count = ops[0].outputs[0].count(batch)
    tensors, constants, loop = assignments(
        ops, count, {}, counter="position", start="start", end="end", at="position"
    )
    addresses: dict[str, Named] = {f"p{n}": tensor for n, tensor in enumerate(tensors)}
    numbers: dict[str, Named] = {f"k{n}": Real(value) for n, value in enumerate(constants)}
    given = named(count=count, **addresses, **numbers)
    body = [
        *given.read("count"),
        "zero = number(0.0)",
        "one = number(1.0)",
        *given.read(*addresses, *numbers),
        "for item in range(first, last):",
        f"    start = item * {BLOCK}",
        f"    end = min(start + {BLOCK}, count)",
        *(f"    {line}" for line in loop),
    ]
    built = kernel("elementwise_chain", indented(body, 1) + "\n")
    return [Launch(built, given.values, blocks(count, BLOCK), tuple(op.outputs[0] for op in ops))]


def formula_arguments(operands: list[Operand], constants: Sequence[float]) -> dict[str, Named]:
    """The addresses p0, ... and the constants k0, ... of a formula."""
    given: dict[str, Named] = {f"p{n}": operand.tensor for n, operand in enumerate(operands)}
    return given | {f"k{n}": Real(value) for n, value in enumerate(constants)}


ZERO_AND_ONE = ["zero = number(0.0)", "one = number(1.0)"]


def _flat(
    op: Elementwise,
    domain: Domain,
    operands: list[Operand],
    code: Formula,
    target: Target,
    *,
    on_image_vectors: bool = False,
) -> Launch:
    # In vectors of images a number per channel is never whole, not even where there is one position.
    kinds = [
        "full"
        if operand.full(domain) and (operand.tensor.batched or not on_image_vectors)
        else "scalar"
        if operand.scalar
        else "channel"
        for operand in operands
    ]
    periodic = [n for n, kind in enumerate(kinds) if kind == "channel"]
    extent = domain.channels + target.width
    floats = extent * len(periodic)
    read = formula_arguments(operands, code.constants)
    repeated: dict[str, Named] = (
        {"scratch": PerWorker(floats), "channels": domain.channels} if periodic else {}
    )
    given = named(y=op.outputs[0], count=domain.values, **read, **repeated)
    head = [*given.read("y", "count", *read), *ZERO_AND_ONE]
    head += [f"x{n} = load_everywhere(p{n})" for n, kind in enumerate(kinds) if kind == "scalar"]
    if periodic:
        head += _repeat_per_channel(given, periodic, on_image_vectors)
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
    text = indented(body, 1) + "\n"
    items = blocks(domain.values, BLOCK)
    return Launch(kernel("elementwise", text), given.values, items, op.outputs, floats, in_order=True)


def _repeat_per_channel(given: Arguments, periodic: list[int], on_image_vectors: bool) -> list[str]:
    """Copy each per-channel input behind itself, so that a vector may start at any channel; with
    vectors of images, each number into its own vector."""
    lines = [
        *given.read("scratch", "channels"),
        "extent = channels + WIDTH",
    ]
    for slot, n in enumerate(periodic):
        lines += [
            f"r{n} = scratch + {slot} * extent * 4",
            f"spread(p{n}, channels // WIDTH, r{n})"
            if on_image_vectors
            else f"repeat(p{n}, channels, r{n}, extent)",
        ]
    return lines


def _read(n: int, kind: str, *, whole: bool) -> str:
    address = f"r{n} + place * 4" if kind == "channel" else f"p{n} + position * 4"
    if whole:
        return f"x{n} = load({address})"
    return f"x{n} = load_lanes({address}, lanes)"


def row_starts(operands: list[Operand]) -> list[str]:
    """Lines that set a0, ... to where each input's row starts and read those of one number."""
    lines = []
    for n, operand in enumerate(operands):
        lines.append(f"a{n} = p{n} + (image * i{n} + position * j{n}) * 4")
        if not operand.by_channel:
            lines.append(f"x{n} = load_everywhere(a{n})")
    return lines


def row_strides(operands: list[Operand]) -> dict[str, Named]:
    """How far each input moves per image, i0, ..., and per position, j0, ..."""
    strides: dict[str, Named] = {}
    for n, operand in enumerate(operands):
        strides |= {f"i{n}": operand.by_image, f"j{n}": operand.by_position}
    return strides


def _rows(op: Elementwise, domain: Domain, operands: list[Operand], code: Formula) -> Launch:
    moving = [n for n, operand in enumerate(operands) if operand.by_channel]
    rows = domain.images * domain.positions
    rows_per_item = max(1, BLOCK // domain.channels)
    read, strides = formula_arguments(operands, code.constants), row_strides(operands)
    given = named(
        y=op.outputs[0],
        rows=rows,
        positions=domain.positions,
        channels=domain.channels,
        rows_per_item=rows_per_item,
        **read,
        **strides,
    )
    body = [
        *(line for name, line in given.by_name.items() if name not in strides),
        *ZERO_AND_ONE,
        *given.read(*strides),
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
    text = indented(body, 1) + "\n"
    return Launch(kernel("elementwise_rows", text), given.values, blocks(rows, rows_per_item), op.outputs)
