"""Values of options as they are written, and kinds that are given by a volume: ``input 32x32x1``."""

from __future__ import annotations

from typing import Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.coercion import MisfitError, extents, from_extents
from netdsl.graph.expressions.values import Value
from netdsl.graph.options.channel_order import listed_volume
from netdsl.layers.layer import Layer
from netdsl.source import Span

VOLUME_OPTIONS = ("height", "width", "channels")
"""A kind that declares these three is given by a volume."""


class Written(NamedTuple):
    """The value of an option and the place where it is written."""

    value: Any
    span: Span


def volume_options(kind: type[Layer], value: Value, findings: Findings) -> dict[str, Written]:
    """What a volume says about a kind that is given by one; empty for other kinds."""
    options = kind.options()
    if not all(name in options for name in VOLUME_OPTIONS):
        return {}
    parts = extents(value)
    if parts is None or len(parts) > 3:
        listed = listed_volume(value.text)
        findings.add(
            "ND206",
            "a volume has a height, a width and channels",
            value.span,
            help=(f"write `{listed.meant}`" if listed is not None else "write `32x32x3`, or `784`",),
        )
        return {name: Written(None, value.span) for name in VOLUME_OPTIONS}
    names = VOLUME_OPTIONS[2:] if len(parts) == 1 else VOLUME_OPTIONS
    padded = (*parts, 1) if len(parts) == 2 else parts
    found = {}
    for name, part in zip(names, padded, strict=True):
        try:
            found[name] = Written(from_extents(options[name], (part,), str(part)), value.span)
        except MisfitError as misfit:
            findings.add(misfit.code, misfit.message, value.span, misfit.label)
            found[name] = Written(None, value.span)
    return found
