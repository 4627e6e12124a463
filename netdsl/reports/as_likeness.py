"""Renders the totals of another tool for a network, and what it counts otherwise."""

from __future__ import annotations

import textwrap

from netdsl.counting.tool import Tool
from netdsl.planning.plan import Plan
from netdsl.quantities import grouped
from netdsl.reports.wrapping import wrapped

_WIDTH = 100


def likeness_as_text(tool: Tool, plan: Plan, width: int | None = None) -> str:
    """A headed list of totals, folded to ``width`` columns where it is known; ends in a line break."""
    totals = tool.totals(plan)
    widest = max(map(len, totals))
    longest = max(len(grouped(count)) for count in totals.values())
    if width is not None:
        widest = min(widest, width - longest - 4)
    lines = wrapped(f"as counted by {tool.title}", width)
    for words, count in totals.items():
        *others, last = wrapped(words, widest)
        lines += [f"  {line}" for line in others]
        lines.append(f"  {last.ljust(widest)}  {grouped(count).rjust(longest)}")
    here = f"(here: {grouped(plan.parameter_count)} parameters, {grouped(plan.macs)} MACs)"
    lines += wrapped(f"  {here}", width)
    lines += textwrap.wrap(
        tool.differs,
        min(width or _WIDTH, _WIDTH),
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return "\n".join(lines) + "\n"
