"""Joins seconds, multiply-accumulates and bytes to the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping

from netdsl.measuring.measurement import Figures, Row
from netdsl.planning.plan import Plan
from netdsl.primitives.operation import Phase
from netdsl.program.program import Program
from netdsl.program.roofline_counts import LayerPhase, macs, traffic


def rows_of(plan: Plan, program: Program, seconds: Mapping[LayerPhase, float]) -> tuple[Row, ...]:
    """A row for every layer in order, whether anything runs for it or not, then one for what else runs.

    What is computed at the end of another layer's product has no time of its own, and so no figures.
    """
    work, moved = macs(plan, program), traffic(program)
    kinds = {layer.node.name: layer.node.layer.keyword for layer in plan.layers}
    names = [*kinds, *dict.fromkeys(part.origin for part in seconds if part.origin not in kinds)]
    figures = {
        part: Figures(spent, work.get(part, 0), *moved.get(part, ())) for part, spent in seconds.items()
    }
    return tuple(
        Row(
            name,
            kinds.get(name, ""),
            {
                phase: figures[LayerPhase(name, phase)]
                for phase in Phase
                if LayerPhase(name, phase) in figures
            },
        )
        for name in names
    )
