"""A recipe that asks for what the network cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.diagnostics import Findings, Mistake, Severity
from netdsl.planning.plan import Plan
from netdsl.planning.recipe_layers import recipe_layers
from netdsl.recipe.data_beside import report_outside
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.written import WrittenRecipe
from netdsl.rules.rule import Rule
from netdsl.source import Span


def check(plan: Plan, findings: Findings) -> None:
    """Every mistake, at the entry of the train block."""
    written = plan.network.recipe
    if written is None:
        return
    report_outside(written, findings, Severity.WARNING)
    _report_schedule(written, findings)
    for mistake in untrainable(plan):
        last = plan.layers[-1].node
        findings.add(mistake.code, mistake.message, last.span, mistake.label, help=mistake.help)
    for entry, mistake in recipe_mistakes(plan, written.recipe):
        span = _span(written, entry, mistake.option)
        if span is not None:
            findings.add(
                mistake.code, mistake.message, span, mistake.label, notes=mistake.notes, help=mistake.help
            )


def _report_schedule(written: WrittenRecipe, findings: Findings) -> None:
    """A schedule that the default number of epochs is too short for, or that has its own rates."""
    span, recipe = written.span("schedule"), written.recipe
    if span is None:
        return
    if (message := too_short(recipe)) is not None and written.span("epochs") is None:
        wanted = recipe.schedule.whole_epochs
        help = (f"write `epochs`, {wanted} or more; the default is {recipe.epochs}",)
        findings.add("ND531", message, span, help=help, severity=Severity.WARNING)
    rate = recipe.optimizer.rate
    if recipe.rate != rate != type(recipe.optimizer)().rate:
        message = (
            f"the rate {rate:g} of the optimizer has no effect: the schedule begins with {recipe.rate:g}"
        )
        rate_span = _span(written, "optimizer", "rate") or span
        findings.add("ND531", message, rate_span, help=("leave one of the two out",), severity=Severity.NOTE)


def too_short(recipe: Recipe) -> str | None:
    """What is to say about a schedule that does not come to its end; None where it does."""
    wanted = recipe.schedule.whole_epochs
    if wanted <= recipe.epochs:
        return None
    return f"the schedule is made for {wanted} epochs, but training ends after {recipe.epochs}"


def untrainable(plan: Plan) -> Iterator[Mistake]:
    """Why training has no use for a network: ND507 where it ends in no list of class scores, ND520 where
    there is nothing to learn."""
    output = plan.output
    if output.height != 1 or output.width != 1 or output.channels < 2:
        yield Mistake(
            "ND507",
            f"the network ends in a volume of {output}, but classification takes a list of class scores",
            help=("end it with one neuron per class, such as `FC 10`",),
        )
    if not plan.parameter_count:
        yield Mistake(
            "ND520", "the network has no parameters to learn", help=("give it a CONV or an FC layer",)
        )


def _span(written: WrittenRecipe, entry: str, name: str) -> Span | None:
    """The span of a name in an entry, or of the whole entry."""
    span = written.span(entry)
    if span is not None and name:
        at = written.source.text.lower().find(name.lower(), span.start + len(entry), span.end)
        return Span(at, at + len(name)) if at >= 0 else span
    return span


def recipe_mistakes(plan: Plan, recipe: Recipe) -> Iterator[tuple[str, Mistake]]:
    """What does not fit, with the name of its entry."""
    image, scores = plan.input, plan.output
    if len(recipe.classes) > scores.values:
        message = f"there are {len(recipe.classes)} classes and the network has {scores.values} scores"
        yield "classes", Mistake("ND531", message, help=("end the network with one neuron per class",))
    for entry in ("loss", "optimizer", "schedule", "init"):
        for mistake in getattr(recipe, entry).misfits(image, scores):
            yield entry, mistake
    if recipe.augment and not plan.example.stacked:
        message = "the inputs have different sizes, and `augment` changes images"
        yield "augment", Mistake("ND326", message, help=("leave it out",))
    for augmentation in recipe.augment if plan.example.stacked else ():
        for mistake in augmentation.misfits(image, scores):
            yield "augment", mistake
        for message, cure in augmentation.unfit_loss(recipe.loss):
            yield "augment", Mistake("ND537", message, augmentation.name, help=(cure,))
    yield from recipe_layers(plan, recipe).mistakes


RULE = Rule("recipe-fits", "ND559", check)
