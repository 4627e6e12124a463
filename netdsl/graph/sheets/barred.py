"""Lines that no layer is read from, because they say more than one layer can do or say it of no layer."""

from __future__ import annotations

import re

_SEVERAL = re.compile(
    r".+?\b(?:two|three|four|five|six|[2-9])[ \t]+(?:[A-Za-z-]+[ \t]+){0,3}layers\b", re.IGNORECASE
)
"""``The network has two hidden layers``, which says how many, and not of what size."""

_EACH = re.compile(r"\bper[ \t-]+(?:input[ \t]+)?(?:channel|map|feature)", re.IGNORECASE)
"""One filter for each channel is another layer."""


def is_barred(line: str) -> bool:
    """Whether words of a line say more than one layer can do, or another layer than they name."""
    return bool(_SEVERAL.match(line) or _EACH.search(line))
