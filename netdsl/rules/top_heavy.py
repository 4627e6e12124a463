"""One fully connected layer on a volume that holds most of the network's parameters."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import bytes_text, grouped
from netdsl.rules.rule import Rule

_LARGE = 1_000_000
"""Parameters below which nobody cares where they are."""


def check(plan: Plan, findings: Findings) -> None:
    """One finding, at the layer."""
    count, total = max(plan.parameter_counts), plan.parameter_count
    heaviest = plan.alike[plan.parameter_counts.index(count)][0]
    if count < _LARGE or 2 * count <= total or not _flattens_features(plan, heaviest):
        return
    (x,) = heaviest.inputs
    node, neurons = heaviest.node, heaviest.output.values
    findings.add(
        "ND404",
        f"{node.name} holds {100 * count // total} % of all parameters: {grouped(count)} of {grouped(total)}",
        node.span,
        f"{x.height}*{x.width}*{x.channels} = {grouped(x.values)} inputs for each of {grouped(neurons)}",
        severity=Severity.NOTE,
        notes=(f"they take {bytes_text(4 * count)}, and 3 to 4 times that in training",),
        help=("`AVG POOL global` before it leaves one number per channel, as in NiN, GoogLeNet and ResNet",),
    )


def _flattens_features(plan: Plan, heaviest: PlannedLayer) -> bool:
    """Whether the layer stretches a volume that layers with smaller windows have made."""
    if not heaviest.node.layer.has_weights or len(heaviest.inputs) != 1:
        return False
    (x,) = heaviest.inputs
    whole = heaviest.node.layer.window(x).kernel == x.size and heaviest.output.size == (1, 1)
    before = plan.layers[: heaviest.node.position]
    return whole and x.size != (1, 1) and any(layer.node.layer.has_weights for layer in before)


RULE = Rule("top-heavy", "ND404", check)
