"""A normalisation over one value: the value is its own mean, and nothing is left of it."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import grouped
from netdsl.recipe.search import Choices
from netdsl.recipe.written import WrittenRecipe
from netdsl.rules.rule import Rule, and_more, by_span
from netdsl.source import Span


def check(plan: Plan, findings: Findings) -> None:
    """Layers that never pass anything on, and those that do not with the batch of the recipe."""
    report_constant(plan, findings)
    recipe = plan.network.recipe
    if recipe is None:
        return
    if recipe.recipe.batch == 1:
        label = Label(recipe.span("batch") or Span(0, 0), "one image a step")
        report_batch(plan, 1, findings, batch_label=label)
    elif _may_search(recipe, 1):
        label = Label(recipe.span("search") or Span(0, 0), "one image a step is among them")
        report_batch(plan, 1, findings, severity=Severity.WARNING, batch_label=label)


def report_constant(plan: Plan, findings: Findings) -> None:
    """Warn of layers that give the same whatever comes in, and however many images there are."""
    constant = [layer for layer in _single_values(plan) if not layer.node.layer.normalises_batch]
    for found in by_span(constant, lambda layer: layer.node.span):
        node = found[0].node
        findings.add(
            "ND411",
            f"{node.name} normalises every value by itself, so its output does not depend on its input"
            f"{and_more(len(found) - 1, 'layer')}",
            node.span,
            f"nothing is left of {_shape(found[0])}",
            severity=Severity.WARNING,
            cause="normalised alone",
            notes=("a single value is its own mean and sum; layers before it get no gradient through it",),
            help=(f"normalise over more values, or leave {node.name} out",),
        )


def report_batch(
    plan: Plan,
    batch: int,
    findings: Findings,
    *,
    severity: Severity = Severity.ERROR,
    batch_label: Label | None = None,
) -> None:
    """Report layers that normalise a channel over the batch, where it has one value there.

    ``batch_label`` is where the size of the batch is written. In PyTorch this is a ValueError: "Expected more
    than 1 value per channel when training".
    """
    if batch != 1:
        return
    single = [layer for layer in _single_values(plan) if layer.node.layer.normalises_batch]
    for found in by_span(single, lambda layer: layer.node.span):
        node = found[0].node
        findings.add(
            "ND521",
            f"with one image a step {node.name} has a single value per channel to normalise, "
            f"and learns nothing{and_more(len(found) - 1, 'layer')}",
            node.span,
            f"the volume here is {_shape(found[0])}",
            severity=severity,
            cause="normalised alone",
            secondary=(batch_label,) if batch_label else (),
            notes=("a single value is its own mean: what is left of it is 0 for every image",),
            help=(f"train with a batch of 2 or more, better 16 or more, or leave {node.name} out",),
        )


def _single_values(plan: Plan) -> list[PlannedLayer]:
    found: list[PlannedLayer] = []
    for alike in plan.alike:
        if alike[0].node.layer.normalised_values(*alike[0].inputs) == 1:
            found += alike
    return sorted(found, key=lambda layer: layer.node.position)


def _shape(layer: PlannedLayer) -> str:
    return f"1x1x{grouped(layer.output.channels)}" if layer.output.size == (1, 1) else str(layer.output)


def _may_search(recipe: WrittenRecipe, batch: int) -> bool:
    """Whether a search over the size of the batch may come to this one."""
    for entry in recipe.recipe.search:
        if entry.setting == "batch":
            return batch in entry.values if isinstance(entry, Choices) else entry.low <= batch <= entry.high
    return False


RULE = Rule("single-values", "ND411", check)
