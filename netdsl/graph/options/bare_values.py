"""Which options take a value that stands without their word; what `netdsl explain` promises follows from
the same answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.layers.option import SEVERAL, Option, OptionType

NUMBERS = (OptionType.COUNT, OptionType.INDEX, OptionType.REAL)
"""The types whose value is one number."""


def takes_bare(option: Option[Any], options: Mapping[str, Option[Any]], *, number: bool) -> bool:
    """Whether an option takes a bare number, or with ``number`` False a bare ``AxB``.

    A number is a square size only where the kind counts nothing: ``POOL 2`` is 2x2, but in ``CONV 16 3``
    and ``CONV 3 16`` nobody can tell filters from kernel, so there a size shows both extents.
    """
    if not option.positional:
        return False
    if option.type in NUMBERS or option.type in SEVERAL:
        return number
    if option.type is OptionType.SIZE and number:
        return not any(other.positional and other.type in NUMBERS for other in options.values())
    return option.type in (OptionType.SIZE, OptionType.PADDING)
