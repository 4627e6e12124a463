"""Formulas among the options of a layer: ``4*k``, ``height x width``, ``kx1``."""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.environment import Environment, Failed, LayerOutput
from netdsl.graph.expressions.evaluate import apart, evaluate, exact_value, formula_span, is_by, joined
from netdsl.graph.expressions.values import ExactSize, Item, Items
from netdsl.syntax import tree


def calculated(items: Items, environment: Environment, findings: Findings) -> Items | None:
    """The items of a layer with every formula replaced by its value; None where one has none.

    Names that stand alone stay: whether ``stride`` is an option or a parameter depends on where it
    stands. A sign without operands stays too, for whoever reads the options to report.
    """
    values = environment.values
    for item in items:
        if isinstance(item, tree.Word) and isinstance(values.get(item.text), Failed):
            evaluate((item,), environment, findings)
            return None
    if not any(isinstance(item, tree.Sign) or _may_join(item, environment) for item in items):
        return items
    items = apart(items)
    result: list[Item] = []
    sound = True
    position = 0
    while position < len(items):
        size, end = size_at(items, position, environment, findings)
        if end > position:
            sound = sound and size is not None
            result += [size] if size is not None else []
            position = end
            continue
        end = formula_end(items, position)
        if end - position < 2:
            result.append(items[position])
            position += 1
            continue
        formula = tuple(item for item in items[position:end] if isinstance(item, tree.Operand))
        environment.readings.read.update(item.span for item in formula if isinstance(item, tree.Word))
        value = evaluate(formula, environment, findings)
        known = exact_value(value, formula_span(formula)) if value is not None else None
        sound = sound and known is not None
        if known is not None:
            result.append(known)
        position = end
    return tuple(result) if sound else None


def _may_join(item: Item, environment: Environment) -> bool:
    """Whether an item may be part of a size of several words: ``height x width``, ``kx1``, ``3xk``."""
    return (
        isinstance(item, tree.Word)
        and item.text not in environment.values
        and any(sign in item.text for sign in "xX")
    )


def size_at(
    items: Items, position: int, environment: Environment, findings: Findings
) -> tuple[ExactSize | None, int]:
    """The size made of formulas that begins here, and where it ends: ``position`` where there is none.

    None instead of the size, with a finding, where it has no value.
    """
    first = items[position]
    following = items[position + 1] if position + 1 < len(items) else None
    if isinstance(first, tree.Word) and first.text not in environment.values:
        known = joined(first.text, environment)
        return (ExactSize(known, first.span), position + 1) if known else (None, position)
    if isinstance(first, tree.Number) and isinstance(following, tree.Word):
        glued = first.span.end == following.span.start
        known = joined(first.text + following.text, environment) if glued else None
        if known:
            return ExactSize(known, first.span.to(following.span)), position + 2
    end = formula_end(items, position)
    bounds = [(position, end)]
    while end > position and end + 1 < len(items) and is_by(items[end : end + 1], environment):
        start, end = end + 1, formula_end(items, end + 1)
        bounds.append((start, end))
    if len(bounds) < 2 or end == bounds[-1][0]:
        return None, position
    first_words = (item for item in items[position : bounds[0][1]] if isinstance(item, tree.Word))
    if any(word.text not in environment.values for word in first_words):
        return None, position  # `stride x 3`
    formula = tuple(item for item in items[position:end] if isinstance(item, tree.Operand))
    environment.readings.read.update(item.span for item in formula if isinstance(item, tree.Word))
    value = evaluate(formula, environment, findings)
    known = value if isinstance(value, tuple) and not isinstance(value, LayerOutput | Failed) else None
    return ExactSize(known, formula_span(formula)) if known is not None else None, end


def formula_end(items: Items, position: int) -> int:
    """Where the formula ends that begins here; ``position`` where none does."""
    while True:
        end = _operand_end(items, position)
        if end == position or end >= len(items):
            return end
        following = items[end]
        if not (isinstance(following, tree.Sign) and following.text in "*/"):
            return end
        if _operand_end(items, end + 1) == end + 1:
            return end
        position = end + 1


def _operand_end(items: Items, position: int) -> int:
    """Behind a number, a name, or the closing parenthesis; ``position`` where none stands."""
    if position >= len(items):
        return position
    item = items[position]
    if isinstance(item, tree.Number | tree.Word):
        return position + 1
    if not (isinstance(item, tree.Sign) and item.text == "("):
        return position
    depth = 0
    for end, item in enumerate(items[position:], position + 1):
        if isinstance(item, tree.Sign) and item.text in "()":
            depth += 1 if item.text == "(" else -1
            if depth == 0:
                return end if end > position + 2 else position
    return position  # a word in the parentheses was taken for the kind
