"""Options that other programs have and netdsl says otherwise: ``output_padding``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from netdsl.graph.expressions.coercion import MisfitError, convert
from netdsl.graph.expressions.values import Item, Items, Value
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option
from netdsl.quantities import Padding
from netdsl.source import Span
from netdsl.syntax import tree


class Reworded(NamedTuple):
    """What a kind says in place of a foreign option: ``meant`` instead of its own option ``own``, and
    nothing instead of the ``foreign`` one. Without ``own`` it is a layer to chain behind."""

    meant: str
    foreign: Span
    own: Span | None


def foreign_option(
    kind: type[Layer],
    items: Items,
    index: int,
    option_of: Callable[[tree.Word], Option[Any] | None],
    value_of: Callable[[Item | None], Value | None],
) -> Reworded | None:
    """What the word at ``index`` means in the words of the kind; None where it is no such option."""
    word = items[index]
    assert isinstance(word, tree.Word)
    name = word.text.lower().replace("_", "")
    if name not in kind.foreign:
        return None
    foreign = _value_behind(items, index, value_of)
    padding = next((option for option in kind.options().values() if option.name == "padding"), None)
    if padding is None or foreign is None:
        return None
    given = own = None
    for number, item in enumerate(items):
        if isinstance(item, tree.Word) and option_of(item) is padding:
            given = _value_behind(items, number, value_of)
            if given is None:
                return None
            own = item.span.to(given.span)
            break
    try:
        more = convert(padding, foreign)
        around = convert(padding, given) if given is not None else Padding(0, 0, 0, 0)
    except MisfitError:
        return None
    found = kind.reworded(name, more, around)
    if found is None:
        return None
    meant, instead = found
    return Reworded(meant, word.span.to(foreign.span), own if instead else None)


def _value_behind(items: Items, index: int, value_of: Callable[[Item | None], Value | None]) -> Value | None:
    index += 1
    while index < len(items) and isinstance(items[index], tree.Mark) and items[index].text in "=:":  # type: ignore[union-attr]
        index += 1
    return value_of(items[index]) if index < len(items) else None
