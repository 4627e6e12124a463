"""Lines that no layer is read from, because they say more than one layer can do or say it of no layer."""

from __future__ import annotations

import re

_SEVERAL = re.compile(
    r".+?\b(?:two|three|four|five|six|[2-9])[ \t]+(?:[A-Za-z-]+[ \t]+){0,3}layers\b", re.IGNORECASE
)
"""``The network has two hidden layers``, which says how many, and not of what size."""

_EACH = re.compile(r"\bper[ \t-]+(?:input[ \t]+)?(?:channel|map|feature)", re.IGNORECASE)
"""One filter for each channel is another layer."""

_MANNERS = ("dilat|atrous", "strid", "group", "padd", "shared|tied")
"""Stems of what is an option of a convolution, and no part of its name."""


def is_barred(line: str) -> bool:
    """Whether words of a line would be lost that change its layer: ``Dilated conv: 16 3x3``."""
    if _SEVERAL.match(line) or _EACH.search(line):
        return True
    label, _, rest = line.partition(":")
    return (
        bool(rest)
        and "," not in label
        and any(
            re.search(rf"\b(?:{stems})", label, re.IGNORECASE) and not re.search(stems, rest, re.IGNORECASE)
            for stems in _MANNERS
        )
    )
