"""Whether a network, some data and this machine fit together: asked before anything is allocated."""

from __future__ import annotations

from netdsl.data.available_memory import require_memory
from netdsl.data.dataset import Dataset
from netdsl.diagnostics import Diagnosed, Diagnostic, Findings, Severity, file_error
from netdsl.planning.plan import Plan
from netdsl.planning.recipe_layers import recipe_layers
from netdsl.program.kept_tensors import kept_bytes
from netdsl.quantities import FLOAT_BYTES
from netdsl.recipe.recipe import Recipe
from netdsl.rules.recipe_fits import recipe_mistakes, too_short, untrainable
from netdsl.rules.single_values import report_batch, report_constant


def check_trainable(plan: Plan) -> None:
    """Raise Diagnosed for a network that training has no use for.

    ND507 where the output is no list of class scores, ND520 where there is nothing to learn.
    """
    name = plan.network.source.name
    for mistake in untrainable(plan):
        raise Diagnosed(file_error(mistake.code, name, mistake.message, *mistake.help))


def check_recipe(plan: Plan, recipe: Recipe) -> tuple[Diagnostic, ...]:
    """Findings about a recipe that does not go with the network.

    Raises Diagnosed (ND559 and others) for what the network cannot have; a schedule that the run is too
    short for is a warning, returned: a few epochs may be a trial.
    """
    name = plan.network.source.name
    found = [
        file_error(mistake.code, name, f"{entry}: {mistake.message}", *mistake.help)
        for entry, mistake in recipe_mistakes(plan, recipe)
    ]
    if found:
        raise Diagnosed(*found)
    message = too_short(recipe)
    if message is None:
        return ()
    return (Diagnostic("ND531", Severity.WARNING, message, path=name),)


def check_single_values(plan: Plan, batch: int) -> tuple[Diagnostic, ...]:
    """Findings about layers that normalise single values.

    Raises Diagnosed (ND521) where one would with this batch and has to learn from it; returns warnings
    (ND411) of those that let nothing through with any.
    """
    findings = Findings(plan.network.source)
    report_batch(plan, batch, findings)
    if findings.found:
        raise Diagnosed(*findings.found)
    report_constant(plan, findings)
    return tuple(findings.found)


def check_classes_fit(plan: Plan, dataset: Dataset) -> tuple[Diagnostic, ...]:
    """Findings about the number of classes.

    Too many for the network is an error (ND505), raised as Diagnosed; too few a warning (ND506),
    returned: such a network learns never to answer the rest.
    """
    scores, classes = plan.output.values, len(dataset.classes)
    name = plan.network.source.name
    if classes > scores:
        raise Diagnosed(
            file_error(
                "ND505",
                name,
                f"{dataset.name} has {classes} classes and the network only {scores} scores",
                f"end the network with {classes} neurons",
            )
        )
    if classes == scores:
        return ()
    return (
        Diagnostic(
            "ND506",
            Severity.WARNING,
            f"{dataset.name} has {classes} classes and the network {scores} scores; "
            f"the last {scores - classes} will never be the answer",
            help=(f"end the network with {classes} neurons",),
            path=name,
        ),
    )


def check_least_memory(plan: Plan, recipe: Recipe) -> None:
    """Raise Diagnosed (ND511) where the weights and what is kept of one image alone do not fit.

    Asked before the data are read and scaled to the input, which takes its own memory. Every step
    needs that much; what a run will allocate in all is known, and asked for, once the batches are.
    """
    require_memory(
        plan.parameter_bytes + kept_bytes(plan, recipe.loss, recipe_layers(plan, recipe).frozen),
        plan.network.source.name,
        "training this network",
        "use a smaller network or a larger machine",
    )


def check_input_memory(plan: Plan) -> None:
    """Raise Diagnosed (ND511) where one image does not fit: a checkpoint of a few bytes may carry a
    network for pictures of any size."""
    require_memory(
        FLOAT_BYTES * plan.input.values,
        plan.network.source.name,
        "one image of this network",
        "use a smaller network or a larger machine",
    )
