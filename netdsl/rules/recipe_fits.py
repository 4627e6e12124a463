"""A recipe that asks for what the network cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.diagnostics import Findings, Mistake, Severity
from netdsl.plan.plan import Plan
from netdsl.recipe.data_beside import report_outside
from netdsl.recipe.recipe import Recipe
from netdsl.rules.rule import Rule


def check(plan: Plan, findings: Findings) -> None:
    """Every mistake, at the entry of the train block."""
    written = plan.network.recipe
    if written is None:
        return
    report_outside(written, findings, Severity.WARNING)
    for entry, mistake in recipe_mistakes(plan, written.recipe):
        span = written.span(entry)
        if span is not None:
            findings.add(
                mistake.code, mistake.message, span, mistake.label, notes=mistake.notes, help=mistake.help
            )


def recipe_mistakes(plan: Plan, recipe: Recipe) -> Iterator[tuple[str, Mistake]]:
    """What does not fit, with the name of its entry."""
    image, scores = plan.input, plan.output
    for entry in ("loss", "optimizer", "schedule", "init"):
        for mistake in getattr(recipe, entry).misfits(image, scores):
            yield entry, mistake
    for augmentation in recipe.augment:
        for mistake in augmentation.misfits(image, scores):
            yield "augment", mistake


RULE = Rule("recipe-fits", "ND531", check)
