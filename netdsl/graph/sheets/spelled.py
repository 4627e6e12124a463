"""Patterns of English, in which blanks stand for what may part words."""

from __future__ import annotations

import re


def spelled(pattern: str) -> re.Pattern[str]:
    """A pattern of any case, in which a blank stands for some blanks and ``~`` for some or none."""
    inside, parts = False, []
    for index, sign in enumerate(pattern):
        escaped = index > 0 and pattern[index - 1] == "\\"
        inside = (inside or sign == "[") and not (sign == "]" and not escaped)
        blank = sign == " " and not inside
        parts.append(r"[ \t]+" if blank else r"[ \t]*" if sign == "~" else sign)
    return re.compile("".join(parts), re.IGNORECASE)
