"""A window that rounds down leaves rows or columns at the edge that no position covers."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more, by_span, noticed


def check(plan: Plan, findings: Findings) -> None:
    """One finding for each such window."""
    for found in by_span(noticed(plan, _unseen), lambda one: one[0].node.span):
        _report(found, findings)


def _report(found: list[tuple[PlannedLayer, str]], findings: Findings) -> None:
    planned, lost = found[0]
    node, (x,) = planned.node, planned.inputs
    options = node.layer.options()
    cures = ["pad the input, or choose an extent that fits"]
    if "ceil" in options:
        cures.insert(0, "`ceil` lets a last window reach beyond the edge")
    findings.add(
        "ND402",
        f"{node.name} never sees the last {lost} of its {x.size} input{and_more(len(found) - 1, 'layer')}",
        node.option_spans.get("stride", node.span),
        "; ".join(line for line in node.layer.arithmetic(x) if "rounded" in line),
        severity=Severity.NOTE,
        cause="pixels that no window sees",
        help=tuple(cures),
    )


def _unseen(planned: PlannedLayer) -> str:
    """``row``, ``2 columns`` or ``row and column`` after the last window; empty where there is none.

    Gaps between windows, as a 1x1 filter at stride 2 leaves, are meant; only what is left over
    beyond such a gap counts.
    """
    if len(planned.inputs) != 1 or "stride" not in planned.node.layer.options():
        return ""
    x, y = planned.inputs[0], planned.output
    kernel, stride, padding, _ = planned.node.layer.window(x)
    rows = _left_over(x.height, kernel.height, stride.height, padding.top, y.height)
    columns = _left_over(x.width, kernel.width, stride.width, padding.left, y.width)
    parts = [_counted(count, noun) for count, noun in ((rows, "row"), (columns, "column")) if count > 0]
    return " and ".join(parts)


def _left_over(extent: int, kernel: int, stride: int, before: int, positions: int) -> int:
    seen = (positions - 1) * stride + kernel - before
    return extent - seen if max(0, stride - kernel) < extent - seen < stride else 0


def _counted(count: int, noun: str) -> str:
    return noun if count == 1 else f"{count} {noun}s"


RULE = Rule("unseen-pixels", "ND402", check)
