"""Lines that no layer is read from, because they say more than one layer can do or say it of no layer."""

from __future__ import annotations

import re

_SEVERAL = re.compile(
    r".+?\b(?:two|three|four|five|six|[2-9])[ \t]+(?:[A-Za-z-]+[ \t]+){0,3}layers\b", re.IGNORECASE
)
"""``The network has two hidden layers``, which says how many, and not of what size."""

_EACH = re.compile(r"\bper[ \t-]+(?:input[ \t]+)?(?:channel|map|feature)", re.IGNORECASE)
"""One filter for each channel is another layer."""

_UNSAID = re.compile(
    r"(?=.*\b(?:is|are|was|were)\b)(?!.*(?:[0-9]|global)).*\b(?:dropout|pool(?:ing)?)\b", re.IGNORECASE
)
"""``Dropout is used for regularization``, which says of no layer what it drops, or of which size."""


def is_barred(line: str) -> bool:
    """Whether words of a line say more than one layer can do, another layer than they name, or of no layer
    what it needs."""
    return bool(_SEVERAL.match(line) or _EACH.search(line) or _UNSAID.match(line))
