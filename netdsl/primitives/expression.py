"""Formulas of numbers: what an elementwise primitive computes at each position.

An expression is a tree of calls over operands (``operand(0)``, ``operand(1)``) and constants.
It can be differentiated, simplified, rewritten and printed; backends turn it into code.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Number = int | float

_LONGEST_TEXT = 1000
"""Characters of the arguments of a call in a listing: those of ordinary networks have some hundred."""


class Expression:
    """A call, of ARITHMETIC or of a file of ``functions``, an operand or a constant.

    Immutable, equal by content.
    """

    __slots__ = ("_calls", "_hash", "_nodes", "arguments", "function", "value")

    def __init__(self, function: str, arguments: tuple[Expression, ...] = (), value: float = 0.0) -> None:
        self.function = function
        self.arguments = arguments
        self.value = value
        self._hash = hash((function, arguments, value))
        self._nodes: tuple[Expression, ...] | None = None
        self._calls = -1

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Expression):
            return False
        pending = [(self, other)]
        compared: set[tuple[int, int]] = set()
        while pending:
            a, b = pending.pop()
            if a is b:
                continue
            if a._hash != b._hash or a.function != b.function or a.value != b.value:
                return False
            # What occurs in many places is compared once: x + x of x + x and so on has few calls, many paths.
            if a.arguments and (id(a), id(b)) not in compared:
                compared.add((id(a), id(b)))
                pending.extend(zip(a.arguments, b.arguments, strict=True))
        return True

    def __add__(self, other: Expression | Number) -> Expression:
        return call("add", self, other)

    def __radd__(self, other: Number) -> Expression:
        return call("add", other, self)

    def __sub__(self, other: Expression | Number) -> Expression:
        return call("subtract", self, other)

    def __rsub__(self, other: Number) -> Expression:
        return call("subtract", other, self)

    def __mul__(self, other: Expression | Number) -> Expression:
        return call("multiply", self, other)

    def __rmul__(self, other: Number) -> Expression:
        return call("multiply", other, self)

    def __truediv__(self, other: Expression | Number) -> Expression:
        return call("divide", self, other)

    def __rtruediv__(self, other: Number) -> Expression:
        return call("divide", other, self)

    def __neg__(self) -> Expression:
        return call("subtract", 0.0, self)

    @property
    def constant(self) -> bool:
        return self.function == "constant"

    @property
    def operand(self) -> int | None:
        return int(self.value) if self.function == "operand" else None

    def walk(self) -> tuple[Expression, ...]:
        """Every distinct node, arguments before the calls that use them."""
        if self._nodes is None:
            found: dict[Expression, None] = {}
            pending = [self]
            while pending:
                node = pending[-1]
                if node in found:
                    pending.pop()
                    continue
                missing = [argument for argument in node.arguments if argument not in found]
                if missing:
                    pending.extend(reversed(missing))
                else:
                    found[pending.pop()] = None
            self._nodes = tuple(found)
        return self._nodes

    @property
    def calls(self) -> int:
        """How many distinct calls it has: what computing it costs, and compiling it."""
        if self._calls < 0:
            self._calls = sum(1 for node in self.walk() if node.arguments)
        return self._calls

    def operands(self) -> set[int]:
        return {int(node.value) for node in self.walk() if node.function == "operand"}

    def rewrite(self, replace: Callable[[Expression], Expression | None]) -> Expression:
        """A copy in which ``replace`` has had its say on every node, from the leaves up."""
        done: dict[Expression, Expression] = {}
        for node in self.walk():
            outcome = replace(node)
            if outcome is None:
                arguments = tuple(done[argument] for argument in node.arguments)
                outcome = node if arguments == node.arguments else call(node.function, *arguments)
            done[node] = outcome
        return done[self]

    def substitute(self, by: dict[int, Expression]) -> Expression:
        """Put an expression in place of each operand."""
        return self.rewrite(lambda node: by[int(node.value)] if node.function == "operand" else None)

    def __repr__(self) -> str:
        """As calls within calls; ``...`` stands for the arguments where they are longer than a few lines."""
        texts: dict[Expression, str] = {}
        for node in self.walk():
            if node.constant:
                texts[node] = repr(node.value)
            elif node.function == "operand":
                texts[node] = f"#{int(node.value)}"
            else:
                arguments = ", ".join(texts[argument] for argument in node.arguments)
                shown = arguments if len(arguments) <= _LONGEST_TEXT else "..."
                texts[node] = f"{node.function}({shown})"
        return texts[self]


def operand(number: int) -> Expression:
    """The value of the ``number``-th input at this position."""
    return Expression("operand", value=float(number))


def constant(value: Number) -> Expression:
    return Expression("constant", value=float(value))


ZERO, ONE = constant(0), constant(1)


def _lift(value: Expression | Number) -> Expression:
    return value if isinstance(value, Expression) else constant(value)


def call(function: str, *arguments: Expression | Number) -> Expression:
    """A call, simplified where constants and neutral elements allow it."""
    lifted = tuple(map(_lift, arguments))
    simple = _simplified(function, lifted)
    return Expression(function, lifted) if simple is None else simple


def _simplified(function: str, arguments: tuple[Expression, ...]) -> Expression | None:
    if function in _FOLDED and all(argument.constant for argument in arguments):
        return constant(_FOLDED[function](*(argument.value for argument in arguments)))
    if function == "add":
        a, b = arguments
        return b if a == ZERO else a if b == ZERO else None
    if function == "subtract" and arguments[1] == ZERO:
        return arguments[0]
    if function == "multiply":
        a, b = arguments
        if ZERO in (a, b):
            return ZERO
        return b if a == ONE else a if b == ONE else None
    if function == "divide":
        a, b = arguments
        return ZERO if a == ZERO else a if b == ONE else None
    if function == "power" and arguments[1] == ONE:
        return arguments[0]
    if function == "select" and arguments[1] == arguments[2]:
        return arguments[1]
    return None


_FOLDED: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b if b else math.nan,
}


ARITHMETIC = frozenset(
    ("add", "subtract", "multiply", "divide", "maximum", "greater", "select", "relu", "square_root", "power")
)
"""What processors compute by themselves, and powers; each other function has a file in ``functions``."""


def maximum(a: Expression | Number, b: Expression | Number) -> Expression:
    return call("maximum", a, b)


def greater(a: Expression | Number, b: Expression | Number) -> Expression:
    """1 where a > b, else 0."""
    return call("greater", a, b)


def select(condition: Expression, a: Expression | Number, b: Expression | Number) -> Expression:
    """a where the condition is not 0, else b."""
    return call("select", condition, a, b)


def relu(a: Expression) -> Expression:
    """max(a, 0), with derivative 0 at 0."""
    return call("relu", a)


def square_root(a: Expression) -> Expression:
    return call("square_root", a)


def power(a: Expression, exponent: Number) -> Expression:
    """a to a constant power; a must be positive unless the power is a whole number."""
    return call("power", a, exponent)
