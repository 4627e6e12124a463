"""One object for all equal layers, in all the texts that one process reads.

A layer keeps its answers, so no question is asked twice: neither in a group that repeats it nor in the next
of a thousand files.
"""

from __future__ import annotations

from types import NoneType
from typing import Any

from netdsl.layers.dialect import Dialect
from netdsl.layers.layer import Layer
from netdsl.quantities import Padding, Same, Size

LAYER_LIMIT = 4096
"""So many are kept. Then all are freed, and those that are used again are made again."""

ANSWER_LIMIT = 20_000
"""So many of their answers are kept, of about 1 KiB each."""

_SMALL = frozenset((int, float, bool, str, NoneType, Size, Padding, Same))

_known: dict[Any, Layer] = {}
_answers = 0


def layer_like(kind: type[Layer], dialect: Dialect, values: dict[str, Any]) -> Layer:
    """The layer of a kind with these options."""
    key = (kind, id(dialect), *sorted(values.items()))
    for value in values.values():
        if not is_small(value) or (value == 0 and isinstance(value, float)):
            return kind(dialect=dialect, **values)  # 0 equals -0, and looks otherwise
    layer = _known.get(key)
    if layer is None:
        if len(_known) >= LAYER_LIMIT:
            _known.clear()
        layer = _known[key] = kind(dialect=dialect, **values)
    return layer


def is_small(value: Any) -> bool:
    """Whether the value of an option takes little memory; a table may take much."""
    return type(value) in _SMALL


def count_answers(more: int) -> None:
    """Count answers that layers keep."""
    global _answers
    _answers += more
    if _answers > ANSWER_LIMIT:
        _known.clear()
        _answers = 0
