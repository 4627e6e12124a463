"""Numba's answers to what a call returns, kept from kernel to kernel.

Kernels are made of the same few words and operators on the same few types, and Numba tries every
template of an operator, NumPy's included, each time that it meets one: a quarter of the time of compiling.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba import types

_known: dict[Any, Any] = {}
_ask = types.Function.get_call_type


def _call_type(function: Any, context: Any, arguments: Any, keywords: Any) -> Any:
    """As Numba's own: the signature of a call, or its error. Only answers are kept."""
    if keywords:
        return _ask(function, context, arguments, keywords)
    call = (context, function, *arguments)
    if call not in _known:
        _known[call] = _ask(function, context, arguments, keywords)
    return _known[call]


@contextmanager
def remembered_call_types() -> Iterator[None]:
    """Numba asks here meanwhile; to be entered under its lock."""
    before = types.Function.get_call_type
    types.Function.get_call_type = _call_type
    try:
        yield
    finally:
        types.Function.get_call_type = before
