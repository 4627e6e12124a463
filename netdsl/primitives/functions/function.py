"""The contract of a function of numbers that formulas call."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from netdsl.primitives.expression import ARITHMETIC, Expression, Number, call, operand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Function(NamedTuple):
    """A function of one or more numbers, called with expressions: ``sigmoid(operand(0))``.

    The file ``functions/sigmoid.py`` defines ``sigmoid``. ``slopes`` gives the derivative
    for each argument from the call itself (f) and its arguments; where f is enough, backward keeps the
    output and not the input. ``numpy`` computes it with arrays that broadcast, in their type, and imports
    NumPy by itself: it specifies the function. ``vector`` is a formula of arithmetic and other functions
    that compiled code computes instead, in 32-bit floats, or the name of an intrinsic of
    ``backend/numba/isa/functions.py``.
    """

    name: str
    slopes: Callable[..., tuple[Expression, ...]]
    numpy: Callable[..., Array]
    vector: Callable[..., Expression] | str

    def __call__(self, *arguments: Expression | Number) -> Expression:
        return call(self.name, *arguments)


@cache
def function_named(name: str) -> Function:
    """The function that a call of an expression names, which is none of ARITHMETIC."""
    found = getattr(importlib.import_module(f"{__package__}.{name}"), name, None)
    if not isinstance(found, Function) or found.name != name:
        raise TypeError(f"{__package__}.{name} does not define the function {name}")
    return found


def for_vectors(expression: Expression) -> Expression:
    """The same formula with arithmetic and intrinsics alone."""
    done: dict[Expression, Expression] = {}
    for node in expression.walk():
        arguments = tuple(done[argument] for argument in node.arguments)
        form = _vector_form(node.function, len(arguments)) if arguments else None
        if form is not None:
            done[node] = form.substitute(dict(enumerate(arguments)))
        else:
            done[node] = node if arguments == node.arguments else call(node.function, *arguments)
    return done[expression]


@cache
def _vector_form(name: str, arguments: int) -> Expression | None:
    """What stands for a call in compiled code; None for itself."""
    if name in ARITHMETIC:
        return None
    vector = function_named(name).vector
    return None if isinstance(vector, str) else for_vectors(vector(*map(operand, range(arguments))))
