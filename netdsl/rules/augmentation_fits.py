"""An augmentation that cannot be done to the pictures of the network, or not with the loss."""

from __future__ import annotations

import re

from netdsl.augmentations.augmentation import Augmentation
from netdsl.diagnostics import Findings
from netdsl.plan.plan import Plan
from netdsl.recipe.recipe import Recipe
from netdsl.rules.rule import Rule
from netdsl.source import Span


def check(plan: Plan, findings: Findings) -> None:
    """What the recipe of the network's file asks for."""
    if plan.network.recipe is not None and plan.network.recipe.values.get("augment"):
        report_unfit(plan, plan.network.recipe.recipe, findings)


def report_unfit(plan: Plan, recipe: Recipe, findings: Findings) -> None:
    """Report the augmentations of any recipe: at their place in the network's file, or at its input where
    they come from elsewhere."""
    for augmentation in recipe.augment:
        place = _place(plan, augmentation, findings)
        for code, unfit in (
            ("ND536", augmentation.unfit(plan.input)),
            ("ND537", augmentation.unfit_loss(recipe.loss)),
        ):
            for message, cure in unfit:
                findings.add(code, message, place, help=(cure,))


def _place(plan: Plan, augmentation: Augmentation, findings: Findings) -> Span:
    """The augmentation's name in the recipe of the file, or the input."""
    written = plan.network.recipe
    entry = written.span("augment") if written is not None else None
    if written is None or entry is None or augmentation not in written.values["augment"]:
        return plan.layers[0].node.span
    names = "|".join(map(re.escape, (augmentation.name, *augmentation.spellings)))
    text = findings.source.text[entry.start : entry.end]
    found = re.search(rf"\b(?:{names})\b", text, re.IGNORECASE)
    return Span(entry.start + found.start(), entry.start + found.end()) if found else entry


RULE = Rule("augmentation-fits", "ND536", check)
