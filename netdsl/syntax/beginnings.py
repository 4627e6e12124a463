"""Which characters a regular expression may begin with, so that few terminals are tried at a place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from netdsl.syntax.table_format import BEYOND_ASCII

_EVERY = frozenset(map(chr, range(129)))
_WIDTHLESS = ("ASSERT", "ASSERT_NOT", "AT")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def beginnings(pattern: str) -> str:
    """The ASCII characters that a match may begin with, in their order, and BEYOND_ASCII where others may.

    Read off the tree that Python's own compiler makes; what is not known there may begin with anything.
    """
    parser: Any = re._parser  # type: ignore[attr-defined]
    found, may_be_empty = _of_sequence(parser.parse(pattern), ignores_case=pattern.startswith("(?i"))
    return "".join(sorted(_EVERY if may_be_empty else found))


def _of_sequence(items: Iterable[Any], ignores_case: bool) -> tuple[frozenset[str], bool]:
    """What a sequence may begin with, and whether it may match nothing."""
    found: frozenset[str] = frozenset()
    for kind, argument in items:
        more, may_be_empty = _of_item(str(kind), argument, ignores_case)
        found |= more
        if not may_be_empty:
            return found, False
    return found, True


def _of_item(kind: str, argument: Any, ignores_case: bool) -> tuple[frozenset[str], bool]:
    if kind in _WIDTHLESS:
        return frozenset(), True
    if kind in _REPEATS:
        least, _, items = argument
        found, may_be_empty = _of_sequence(items, ignores_case)
        return found, may_be_empty or least == 0
    if kind == "BRANCH":
        branches = [_of_sequence(items, ignores_case) for items in argument[1]]
        return frozenset().union(*(found for found, _ in branches)), any(empty for _, empty in branches)
    if kind == "SUBPATTERN":
        return _of_sequence(argument[3], ignores_case or bool(argument[1] & re.IGNORECASE))
    if kind == "ATOMIC_GROUP":
        return _of_sequence(argument, ignores_case)
    if kind in ("LITERAL", "NOT_LITERAL", "IN"):
        items = argument if kind == "IN" else [(kind, argument)]
        return _cased(_of_set(items), ignores_case), False
    return _EVERY, True


def _of_set(items: Iterable[Any]) -> frozenset[str]:
    """``[^a-z]`` as its parts."""
    found: set[str] = set()
    negated = False
    for kind, argument in ((str(kind), argument) for kind, argument in items):
        if kind == "LITERAL":
            found.add(_shown(argument))
        elif kind == "NOT_LITERAL":
            found |= _EVERY - {chr(argument)}
        elif kind == "RANGE":
            found |= {_shown(code) for code in range(argument[0], min(argument[1], 128) + 1)}
        elif kind == "NEGATE":
            negated = True
        else:  # a category such as \w
            return _EVERY
    return (_EVERY - found) | {BEYOND_ASCII} if negated else frozenset(found)


def _shown(code: int) -> str:
    return chr(code) if code < 128 else BEYOND_ASCII


def _cased(found: frozenset[str], ignores_case: bool) -> frozenset[str]:
    """Beyond ASCII are letters that are i, k or s in another case, such as that of the kelvin."""
    if not ignores_case:
        return found
    beyond = {BEYOND_ASCII} if found & {*"iksIKS"} else set()
    return found | {one.swapcase() for one in found if one.isascii()} | beyond
