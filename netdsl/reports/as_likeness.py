"""Renders the totals of another tool for a network, and what it counts otherwise."""

from __future__ import annotations

import textwrap

from netdsl.counting.tool import Tool
from netdsl.plan.plan import Plan
from netdsl.quantities import grouped

_WIDTH = 100


def likeness_as_text(tool: Tool, plan: Plan) -> str:
    """A headed list of totals; ends in a line break."""
    totals = tool.totals(plan)
    widest = max(map(len, totals))
    longest = max(len(grouped(count)) for count in totals.values())
    lines = [f"as counted by {tool.title}"]
    lines += [f"  {words.ljust(widest)}  {grouped(count).rjust(longest)}" for words, count in totals.items()]
    lines.append(f"  (here: {grouped(plan.parameter_count)} parameters, {grouped(plan.macs)} MACs)")
    lines += textwrap.wrap(
        tool.differs, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )
    return "\n".join(lines) + "\n"
