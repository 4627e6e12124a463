"""A number of classes in the remark of a softmax that other scores come into: ``FC 84 - softmax (10)``."""

from __future__ import annotations

import re

from netdsl.diagnostics import Findings, Severity
from netdsl.planning.plan import Plan
from netdsl.quantities import grouped
from netdsl.rules.rule import Rule
from netdsl.source import Span

_COUNT = re.compile(r"[ \t]*\((?P<number>[0-9]{1,9}(?:,[0-9]{3})*)(?:[ -]?(?:way|classes|outputs|units))?\)")


def check(plan: Plan, findings: Findings) -> None:
    """Tables write the last fully connected layer and its softmax as one: the number is the neurons'."""
    for planned in plan.layers:
        node = planned.node
        if not node.layer.yields_probabilities:
            continue
        source, span = findings.source.locate(node.span)
        remark = _COUNT.match(source.text, span.end)
        if remark is None:
            continue
        number = int(remark["number"].replace(",", ""))
        scores = planned.output.channels
        if number != scores:
            start = node.span.end - span.end
            findings.add(
                "ND236",
                f"`({remark['number']})` is a remark, which layers ignore: {node.name} gets"
                f" {grouped(scores)} scores",
                Span(start + remark.start("number") - 1, start + remark.end()),
                severity=Severity.WARNING,
                help=(f"write `FC {number} - {node.layer.keyword}`: {node.layer.keyword} has no weights",),
            )


RULE = Rule("counted-softmax", "ND236", check)
