"""Expressions as lines of vector code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import ARITHMETIC, Expression
from netdsl.primitives.functions.function import for_vectors, function_named
from netdsl.primitives.tensor import Tensor

_INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
_INTRINSICS = ("maximum", "greater", "select", "relu", "square_root")
assert {*_INFIX, *_INTRINSICS, "power"} == ARITHMETIC

_STRUCTURAL = (0.0, 1.0)
"""Constants that stay in the text; all others are arguments, so that kernels are shared."""


class Formula(NamedTuple):
    """Lines that compute ``result`` from variables x0, x1, ... and constants k0, k1, ..."""

    lines: tuple[str, ...]
    result: str
    constants: tuple[float, ...]


def formula(expression: Expression) -> Formula:
    """An expression as straight-line code, every distinct call once."""
    lines: list[str] = []
    constants: list[float] = []
    names: dict[Expression, str] = {}
    expression = for_vectors(expression)
    for node in expression.walk():
        if node.function == "operand":
            names[node] = f"x{int(node.value)}"
        elif node.constant:
            names[node] = _constant(node.value, constants)
        else:
            names[node] = f"t{len(lines)}"
            lines.append(f"{names[node]} = {_call(node, [names[a] for a in node.arguments])}")
    return Formula(tuple(lines), names[expression], tuple(constants))


def renamed(code: Formula, rename: Callable[[str], str]) -> Formula:
    """The same code with other names for its variables: operands x0, constants k0, results t0 and so on."""

    def line_with_new_names(line: str) -> str:
        return re.sub(r"\b(?:s\d+)?[ktx]\d+\b", lambda match: rename(match[0]), line)

    return code._replace(
        lines=tuple(map(line_with_new_names, code.lines)), result=line_with_new_names(code.result)
    )


def vector_loop(
    code: Formula,
    reads: Callable[[str, str], list[str]],
    destination: str,
    *,
    counter: str,
    start: str,
    end: str,
    lanes: str = "lanes",
) -> list[str]:
    """A loop that stores the formula at ``destination``, vector by vector, the last one in part.

    ``counter`` is the variable that goes from ``start`` to ``end``, ``lanes`` the one for what is left
    of the last vector. ``reads`` gives the lines that read the operands, from the intrinsic that loads and
    from what follows the address.
    """
    return [
        f"{counter} = {start}",
        f"while {counter} + WIDTH <= {end}:",
        *(f"    {line}" for line in (*reads("load", ""), *code.lines)),
        f"    store({destination}, {code.result})",
        f"    {counter} += WIDTH",
        f"if {counter} < {end}:",
        f"    {lanes} = {end} - {counter}",
        *(f"    {line}" for line in (*reads("load_lanes", f", {lanes}"), *code.lines)),
        f"    store_lanes({destination}, {code.result}, {lanes})",
    ]


def _constant(value: float, constants: list[float]) -> str:
    if value in _STRUCTURAL:
        return "zero" if value == 0 else "one"
    if value not in constants:
        constants.append(value)
    return f"k{constants.index(value)}"


def _call(node: Expression, arguments: list[str]) -> str:
    if node.function in _INFIX:
        left, right = arguments
        return f"{left} {_INFIX[node.function]} {right}"
    if node.function == "power":
        return _power(arguments[0], node.arguments[1].value, arguments[1])
    name = node.function if node.function in _INTRINSICS else function_named(node.function).vector
    return f"{name}({', '.join(arguments)})"


def _power(base: str, exponent: float, name: str) -> str:
    """Whole and quarter powers by multiplication and square roots, others by logarithm."""
    quarters = exponent * 4
    if quarters != int(quarters) or abs(exponent) > 4:
        return f"raised({base}, {name})"
    whole, rest = divmod(int(abs(quarters)), 4)
    factors = [base] * whole
    if rest & 2:
        factors.append(f"square_root({base})")
    if rest & 1:
        factors.append(f"square_root(square_root({base}))")
    product = " * ".join(factors) or "one"
    return f"one / ({product})" if exponent < 0 else product


class Assignments(NamedTuple):
    """Formulas one after the other over the same numbers, as one loop: what one assigns the next reads from
    its register.

    ``tensors`` are at the addresses p0 and so on, ``constants`` are k0 and so on.
    """

    tensors: list[Tensor]
    constants: list[float]
    lines: list[str]


def assignments(
    operations: Sequence[Elementwise],
    count: int,
    given: Mapping[Tensor, str],
    *,
    counter: str,
    start: str,
    end: str,
    at: str,
) -> Assignments:
    """The loop of some formulas of ``count`` numbers each.

    ``given`` are tensors that have an address of their own, which is an expression of the loop's variable
    ``counter``; all others are read and written at number ``at``, or have one number for all.
    """
    tensors: list[Tensor] = []
    constants: list[float] = []
    names: dict[Tensor, str] = {}
    once: list[str] = []
    moving: dict[str, str] = {}
    computed: list[str] = []
    for number, operation in enumerate(operations):
        code = formula(operation.expression)
        for tensor in (*operation.inputs, *operation.outputs):
            if tensor not in given and tensor not in tensors:
                tensors.append(tensor)
        for tensor in operation.inputs:
            if tensor in names:
                continue
            name = names[tensor] = f"x{len(names)}"
            if tensor in given:
                moving[name] = given[tensor]
            elif tensor.values == 1 < count and not tensor.batched:
                once.append(f"{name} = load_everywhere(p{tensors.index(tensor)})")
            else:
                moving[name] = f"p{tensors.index(tensor)} + ({at}) * 4"

        known = {f"x{index}": names[tensor] for index, tensor in enumerate(operation.inputs)}
        known |= {f"k{index}": f"k{len(constants) + index}" for index in range(len(code.constants))}

        def own(name: str, known: dict[str, str] = known, number: int = number) -> str:
            return known.get(name, f"s{number}{name}")

        code = renamed(code, own)
        constants += code.constants
        computed += [*code.lines, f"y{number} = {code.result}"]
        names[operation.outputs[0]] = f"y{number}"
    written = dict.fromkeys(operation.outputs[0] for operation in operations)
    destinations = {names[tensor]: f"p{tensors.index(tensor)} + ({at}) * 4" for tensor in written}
    lines = [
        *once,
        f"{counter} = {start}",
        f"while {counter} + WIDTH <= {end}:",
        *(f"    {name} = load({address})" for name, address in moving.items()),
        *(f"    {line}" for line in computed),
        *(f"    store({destination}, {name})" for name, destination in destinations.items()),
        f"    {counter} += WIDTH",
        f"if {counter} < {end}:",
        f"    lanes = {end} - {counter}",
        *(f"    {name} = load_lanes({address}, lanes)" for name, address in moving.items()),
        *(f"    {line}" for line in computed),
        *(f"    store_lanes({destination}, {name}, lanes)" for name, destination in destinations.items()),
    ]
    return Assignments(tensors, constants, lines)
