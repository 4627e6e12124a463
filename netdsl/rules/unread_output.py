"""A layer whose output no other layer reads, and that is not the last: training leaves it out."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.graph.names.unique_names import label_key
from netdsl.graph.network import Node
from netdsl.planning.plan import Plan
from netdsl.rules.rule import Rule, and_more, by_span


def check(plan: Plan, findings: Findings) -> None:
    """One finding for each such layer."""
    unread = [plan.layers[position].node for position, found in enumerate(plan.readers[:-1]) if not found]
    for found in by_span(unread, lambda node: node.span):
        _report(found, plan.layers[-1].node, findings)


def _report(unread: list[Node], last: Node, findings: Findings) -> None:
    node = unread[0]
    findings.add(
        "ND410",
        f"no layer reads the output of {node.name}{and_more(len(unread) - 1, 'layer')}",
        node.span,
        "an output besides the last",
        severity=Severity.NOTE,
        cause="an output that nothing reads",
        secondary=(Label(last.span, "the output that training and `expect output` use"),),
        help=(f"leave {node.name} out, or join it: `CONCAT[ ... | @{label_key(node.name)} ]`",),
    )


RULE = Rule("unread-output", "ND410", check)
