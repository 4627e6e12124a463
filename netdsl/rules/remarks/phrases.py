"""What is beside words of a remark: a `no` or `not needed`, a number."""

from __future__ import annotations

import re

Bounds = tuple[int, int]
"""Where words begin and end."""

_NOT = re.compile(
    r"(?:\b(?:no|not|without|w/o|never|minus|unlike|instead of|rather than|replac\w+)|\bnon-?)"
    r"(?:\s+(?:a|an|the|any|of|used|use))*\s*\Z",
    re.IGNORECASE,
)
_NOT_BEHIND = re.compile(
    r"\s*(?:(?:is|are) )?not (?:used|applied|needed|present|here)\b|[ -]free\b", re.IGNORECASE
)
_FIGURE = r"(?:[0-9]{1,9}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})"
_EXTENTS = rf"(?P<value>{_FIGURE}[ ]?%|{_FIGURE}(?:[ ]?[x×*][ ]?[0-9]{{1,6}})*)"
_VALUE_BEHIND = re.compile(rf"[ \t,]*(?:rate|size|of|is|factor|p|[:= \t])*{_EXTENTS}")
_VALUE_BEFORE = re.compile(rf"{_EXTENTS}[ \t-]*(?:(?:pixels?|px|rows?) (?:of )?)?\Z")


def is_denied(text: str, bounds: Bounds) -> bool:
    """Whether a remark says that what its words name is not there."""
    return bool(_NOT.search(text[: bounds[0]]) or _NOT_BEHIND.match(text, bounds[1]))


def value_of(text: str, bounds: Bounds) -> str:
    """The number beside words, a percentage as a share; empty where there is none."""
    found = _VALUE_BEHIND.match(text, bounds[1]) or _VALUE_BEFORE.search(text[: bounds[0]])
    if found is None:
        return ""
    value = re.sub(r"[ ]?[x×*][ ]?", "x", found["value"].strip())
    if value.endswith("%"):
        return f"{float(value[:-1]) / 100:g}"
    return f"{float(value):g}" if "." in value and "x" not in value else value


def without(text: str, bounds: Bounds, *, valued: bool) -> str:
    """A remark without words that are settled, and without what stands beside them; their number where they
    are ``valued``."""
    start, end = bounds
    before = _NOT.search(text[:start]) or (_VALUE_BEFORE.search(text[:start]) if valued else None)
    behind = _NOT_BEHIND.match(text, end) or (_VALUE_BEHIND.match(text, end) if valued else None)
    start = before.start() if before is not None else start
    end = behind.end() if behind is not None else end
    return f"{text[:start]}{' ' * (end - start)}{text[end:]}"
