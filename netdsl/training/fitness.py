"""Whether a network, some data and this machine fit together: asked before anything is allocated."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from netdsl.data.dataset import Dataset
from netdsl.data.memory import require_memory
from netdsl.diagnostics import Diagnosed, Diagnostic, Findings, Severity, file_error
from netdsl.plan.plan import Plan
from netdsl.quantities import FLOAT_BYTES
from netdsl.rules.single_values import report_batch, report_constant

if TYPE_CHECKING:
    from netdsl.program.program import Stored


def check_trainable(plan: Plan) -> None:
    """Raise Diagnosed for a network that training has no use for.

    ND507 where the output is no list of class scores, ND520 where there is nothing to learn.
    """
    name, output = plan.network.source.name, plan.output
    if output.height != 1 or output.width != 1 or output.channels < 2:
        raise Diagnosed(
            file_error(
                "ND507",
                name,
                f"the network ends in a volume of {output}, and classifying takes a list of class scores",
                "end it with one neuron per class, such as `FC 10`",
            )
        )
    if not plan.parameter_count:
        raise Diagnosed(
            file_error(
                "ND520", name, "the network has no parameters to learn", "give it a CONV or an FC layer"
            )
        )


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


def check_memory(plan: Plan, stored: tuple[Stored, ...], batch: int) -> None:
    """Raise Diagnosed (ND511) where training certainly needs more memory than there is.

    Counted are the stored arrays and what the backward pass needs of every image of a batch; the
    real need is somewhat higher.
    """
    arrays = FLOAT_BYTES * sum(prod(shape) for _, shape, _ in stored)
    require_memory(
        arrays + batch * plan.kept_bytes,
        plan.network.source.name,
        f"training with batches of {batch}",
        "use a smaller --batch",
    )


def check_weights_memory(plan: Plan) -> None:
    """Raise Diagnosed (ND511) where the weights and one image's values alone do not fit.

    Asked before the data are read and scaled to the input, which takes memory of its own.
    """
    require_memory(
        plan.parameter_bytes + plan.kept_bytes,
        plan.network.source.name,
        "training this network",
        "use a smaller network or a larger machine",
    )


def check_inference_memory(plan: Plan, batch: int) -> None:
    """Raise Diagnosed (ND511) where running the network certainly needs more memory than there is.

    Counted are the weights and, for every image of a batch, the two largest volumes that follow each
    other: a checkpoint of a few bytes may carry a network of any size.
    """
    volumes = [layer.output.values for layer in plan.layers]
    largest = max(first + second for first, second in pairwise([0, *volumes]))
    require_memory(
        plan.parameter_bytes + batch * FLOAT_BYTES * largest,
        plan.network.source.name,
        f"running the network on {batch} images at a time",
        "use a smaller network or a larger machine",
    )
