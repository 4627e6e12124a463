"""Formulas at the end of a product: bias, normalisation, activation and sum while its rows are in cache.

A launch whose kernel finishes rows of its result has an ``epilogue_slot``. Where the result is read by
one formula alone, that formula becomes the end of the kernel, and only what comes out of it is ever stored.
"""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backend.numba.codegen.broadcasting import Domain, Operand, domain_of, operand_of
from netdsl.backend.numba.codegen.expression_code import Formula, formula, renamed, vector_loop
from netdsl.backend.numba.kernel import FinalRows, Launch, Pointer, Real, indented, kernel, named_after
from netdsl.primitives.builder import leading_ones
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.tensor import Tensor


def with_formula(launches: Sequence[Launch], op: Elementwise, y: Tensor, batch: int) -> list[Launch]:
    """The launches of a product with a formula at its end; none where a kernel has no place for it."""
    writing = [launch for launch in launches if y in launch.writes]
    if any(launch.writes != (y,) or launch.epilogue_slot is None for launch in writing):
        return []
    return [_extended(launch, op, y, batch) if y in launch.writes else launch for launch in launches]


def _extended(launch: Launch, op: Elementwise, y: Tensor, batch: int) -> Launch:
    """The launch that writes the formula's result in place of y."""
    epilogue_slot, z = launch.epilogue_slot, op.outputs[0]
    assert epilogue_slot is not None
    shape = leading_ones(z.shape)
    domain = domain_of(shape, z.batched, batch)
    operands = [operand_of(tensor, shape) for tensor in op.inputs]
    code = renamed(formula(op.expression), lambda name: f"e{name}")
    kinds = [
        "result" if tensor is y else _kind(operand, domain)
        for operand, tensor in zip(operands, op.inputs, strict=True)
    ]
    given = named_after(
        len(launch.arguments),
        ey=z,
        echannels=shape[2],
        **{f"ep{n}": z if tensor is y else tensor for n, tensor in enumerate(op.inputs)},
        **{f"ek{n}": Real(value) for n, value in enumerate(code.constants)},
    )
    body = [
        *given.lines,
        "zero = from_integer(0)",
        "one = from_integer(1)",
        *(f"ex{n} = load_everywhere(ep{n})" for n, kind in enumerate(kinds) if kind == "scalar"),
        *epilogue_slot.body,
        *_lines(epilogue_slot.final_rows, kinds, code),
    ]
    before = (Pointer(z) if argument == Pointer(y) else argument for argument in launch.arguments)
    note = f"{launch.note}; {op!r}"
    return launch._replace(
        kernel=kernel(f"{epilogue_slot.kind}_formula", indented(body, 1) + "\n"),
        arguments=(*before, *given.values),
        writes=(z,),
        note=note,
        epilogue_slot=None,
    )


def _kind(operand: Operand, domain: Domain) -> str:
    """How a formula's input is walked."""
    if operand.full(domain):
        return "full"
    return "scalar" if operand.scalar else "channel"


_WHERE = {"result": "ey + (ebase + ec) * 4", "full": "ep{n} + (ebase + ec) * 4", "channel": "ep{n} + ec * 4"}


def _lines(final_rows: FinalRows, kinds: list[str], code: Formula) -> list[str]:
    """The formula over finished rows, vector by vector."""
    start, rows, first, last, around, depth = final_rows

    def reads(load: str, lanes: str) -> list[str]:
        return [
            f"ex{n} = {load}({_WHERE[kind].format(n=n)}{lanes})"
            for n, kind in enumerate(kinds)
            if kind in _WHERE
        ]

    destination = _WHERE["result"]
    loop = vector_loop(code, reads, destination, counter="ec", start=first, end=last, lanes="elanes")
    lines = [
        f"for erow in range({rows}):",
        f"    ebase = {start} + erow * echannels",
        *(f"    {line}" for line in loop),
    ]
    for line in reversed(around):
        lines = [line, *(f"    {inner}" for inner in lines)]
    return ["    " * depth + line for line in lines]
