"""A bias directly before batch normalisation, which subtracts the mean of each channel again."""

from __future__ import annotations

from netdsl.diagnostics import Edit, Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import grouped
from netdsl.rules.rule import Rule, and_more, by_span


def check(plan: Plan, findings: Findings) -> None:
    """One finding for each such bias."""
    biased = [planned for alike in plan.alike if _bias_values(alike[0]) for planned in alike]
    if not biased or not any(alike[0].node.layer.normalises for alike in plan.alike):
        return
    reading = plan.readers
    shared = {planned.node.owner for planned in plan.layers if planned.node.shares is not None}
    cancelled = []
    for planned in sorted(biased, key=lambda one: one.node.position):
        behind = [plan.layers[position] for position in reading[planned.node.position]]
        if planned.node.owner in shared:
            continue  # what is cancelled here may count there
        if behind and all(map(_centres_channels, behind)):
            cancelled.append((planned, behind[0]))
    for found in by_span(cancelled, lambda pair: pair[0].node.span):
        _report(found, findings)


def _report(found: list[tuple[PlannedLayer, PlannedLayer]], findings: Findings) -> None:
    planned, behind_it = found[0]
    wasted = sum(_bias_values(layer) for layer, _ in found)
    findings.add(
        "ND403",
        f"the bias of {planned.node.name} is cancelled by {behind_it.node.name}"
        f"{and_more(len(found) - 1, 'layer')}",
        planned.node.option_spans.get("bias", planned.node.span),
        f"{grouped(wasted)} parameters without effect" if len(found) > 1 else "without effect",
        severity=Severity.NOTE,
        cause="a bias without effect",
        secondary=(Label(behind_it.node.span, "subtracts the mean of each channel, including the bias"),),
        help=("write `no bias`",),
        fix=_without_bias(planned),
    )


def _without_bias(planned: PlannedLayer) -> Edit | None:
    node = planned.node
    if node.implied:
        return None
    written = node.option_spans.get("bias")
    return Edit(written, "no bias") if written else Edit.behind(node.span, "no bias")


def _bias_values(planned: PlannedLayer) -> int:
    """Numbers of a bias that is one for each channel and can be left out: a bias of its own for each
    position is more than a mean."""
    if "bias" not in planned.node.layer.options():
        return 0
    each = (planned.output.channels,)
    return sum(part.values for part in planned.parameters if part.name == "bias" and part.shape == each)


def _centres_channels(planned: PlannedLayer) -> bool:
    """Normalisations that keep the mean of each channel; those over groups of channels keep none,
    and a bias before them is not cancelled."""
    return planned.node.layer.normalises and bool(planned.used_statistics)


RULE = Rule("bias-before-batch-norm", "ND403", check)
