"""The one way from what a check has found to what is told of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netdsl.diagnostics import Diagnostic, sort_key
from netdsl.gate.settings import Settings
from netdsl.source import Source

if TYPE_CHECKING:
    from netdsl.planning.plan import Plan

_OURS = "netdsl"
"""What every comment of ours says."""


def sifted(
    source: Source, plan: Plan | None, findings: Sequence[Diagnostic], settings: Settings
) -> list[Diagnostic]:
    """The findings of a file with what its project asks of it, without what settings and comments leave out.

    ``findings`` are all that there are, advice included; ``plan`` is None where there is none. Depends on
    nothing but its arguments. What a baseline knows is left out later, of all files together.
    """
    found = list(findings)
    if plan is not None and (settings.budgets or settings.required or settings.forbidden):
        from netdsl.gate.budgets import broken_contracts  # few projects have budgets

        found = sorted([*found, *broken_contracts(plan, settings)], key=sort_key)
    if settings.select is not None or settings.ignore or settings.spared:
        from netdsl.gate.selection import selected

        found = selected(found, settings)
    sources = {id(one): one for one in (source, *(finding.source for finding in found)) if one is not None}
    if any(_OURS in one.text.lower() for one in sources.values()):
        from netdsl.gate.suppression import suppressed  # few texts have comments about findings

        found = suppressed(source, found, settings)
    return found
