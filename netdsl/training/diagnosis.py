"""What the numbers inside a network say about its training: the first loss, dead units, gradients.

Training itself is not touched: a copy of the statistics is used, and NumPy computes forward and
backward on some training images, so that nothing has to be compiled.
"""

from __future__ import annotations

from math import isfinite, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from netdsl.backend.numpy.backend import NumpyPrepared, NumpySession
from netdsl.backend.session import Batch
from netdsl.data.available_memory import available_bytes
from netdsl.diagnostics import Diagnostic, Severity
from netdsl.program.learning import learning_of
from netdsl.program.lower import gradient_program
from netdsl.quantities import counted
from netdsl.training.records import EpochRecord, Record, StepRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netdsl.backend.session import Array, Store
    from netdsl.losses.loss import Loss
    from netdsl.planning.plan import Plan, PlannedLayer
    from netdsl.training.run import Run

_MOST_IMAGES = 256
"""Images looked at. A unit that answers to one image in 50 is silent on all of them once in 170 networks."""

_LEAST_IMAGES = 64
"""Of fewer a unit that is 0 says little."""

_CHEAP_MACS = 10**8
"""Forward and backward: NumPy takes a tenth of a second or two."""

_SHARE_OF_EPOCH = 1 / 200
"""Of the training images, where a look is not cheap: about 5 % of an epoch, for NumPy is ten times slower."""

_MOST_BYTES = 2**29

_DEAD_SHARE = 0.25
"""Of a layer's units, from which on it is worth saying."""

_VANISHED = 0.01
"""Of the largest effect among the layers. The networks of the zoo have 0.03 and more, six layers of SIGMOID,
which do not learn, as much as this or less."""

_MOVES = 0.01
"""Of the loss: the least that some layer's weights move it. In networks that learn it is far above 1."""

_EXPLODED = 100.0
"""The effect, and the gradient in sizes of the weights: at a rate of 0.01 a step is as large as they are."""


class Look(NamedTuple):
    """Values of one forward and backward pass over so many training images.

    ``outputs`` are those of ``gradient_program``, ``store`` the weights that they were computed with.
    """

    images: int
    outputs: Mapping[str, Array]
    store: Store


class Effect(NamedTuple):
    """What a layer's weights do: a change of all of them by a small share x of their size, in the worst
    direction, changes the loss by ``loss*x``; ``gradient`` is the gradient's size in sizes of the weights."""

    layer: str
    loss: float
    gradient: float


def findings_at(run: Run, record: Record) -> list[Diagnostic]:
    """What is worth saying after a record of a run: of the first step's loss, of the first epoch's end."""
    if isinstance(record, StepRecord) and (record.epoch, record.step) == (1, 1) and not run.pretrained:
        return first_loss(record, run.plan, run.sessions.programs.recipe.loss)
    if isinstance(record, EpochRecord) and record.epoch == 1:
        return diagnose(run)
    return []


def first_loss(record: StepRecord, plan: Plan, loss: Loss) -> list[Diagnostic]:
    """The finding (ND523) for a first step whose loss is far from that of guessing."""
    expected = loss.untrained(plan.output.values)
    if expected is None:
        return []
    # Images differ by some 0.7 of the spread, and a mean of n of them by sqrt(n) less: three deviations.
    chance = 2.1 / sqrt(record.images)
    above = record.loss - expected.equal
    if -expected.spread * (0.1 + 0.4 * chance) <= above <= expected.spread * (1 + chance):
        return []
    message = (
        f"the first step's loss is {record.loss:.4g}, and guessing among {plan.output.values} classes gives "
        f"{expected.formula} = {expected.equal:.4g}"
    )
    if above > 0:
        cure = "the first scores are large: is a normalisation missing, or does another `init` suit better?"
    else:
        cure = "untrained weights cannot know the answer: does the first batch hold a single class?"
    return [Diagnostic("ND523", Severity.NOTE, message, help=(cure,), path=plan.network.source.name)]


def diagnose(run: Run, images: int = 0) -> list[Diagnostic]:
    """Findings about dead units (ND538) and gradients (ND539) on some training images, ``images`` at least
    where that is more than would be looked at for its cost."""
    seen = look(run, images)
    if seen is None:
        return []
    path = run.plan.network.source.name
    return [*_dead_units(seen, run.plan, path), *_gradients(seen, run.plan, path)]


def look(run: Run, images: int = 0) -> Look | None:
    """Compute a forward and a backward pass; None where memory is short."""
    count = min(max(affordable_images(run.plan, len(run.parts.train)), images), len(run.parts.train))
    loss, learning = run.sessions.programs.recipe.loss, learning_of(run.plan, run.recipe)
    program = gradient_program(run.plan, count, loss=loss, learning=learning)
    needed, available = NumpyPrepared(program).needed_bytes(repeated=False), available_bytes()
    if needed > _MOST_BYTES or (available is not None and 2 * needed > available):
        count = int(count * _MOST_BYTES / (2 * needed))
        if count < 2:
            return None
        program = gradient_program(run.plan, count, loss=loss, learning=learning)
    learned = {name for name, _, kind in program.stored if kind == "parameter"}
    store = {
        name: array if name in learned else array.copy()
        for name, array in run.sessions.store.items()
        if name in program.stored_tensors
    }
    session = NumpySession(program, store)
    chosen = run.parts.train[np.linspace(0, len(run.parts.train) - 1, count).astype(np.int64)]
    session.fill(Batch(run.images, chosen))
    session.run()
    return Look(count, session.outputs, store)


def affordable_images(plan: Plan, trained: int) -> int:
    """How many images a look may take: cheap ones, or a small share of the epoch."""
    cheap = _CHEAP_MACS // max(3 * plan.macs, 1)
    return min(_MOST_IMAGES, max(cheap, int(trained * _SHARE_OF_EPOCH), 2))


def dead_units(seen: Look, plan: Plan) -> dict[str, tuple[int, int]]:
    """Activations by name with their dead units, channels that are 0 for every image and at every position,
    and with how many units there are."""
    found = {}
    for layer in plan.layers:
        kind = layer.node.layer
        if kind.is_activation and not kind.is_hard_decision and not kind.yields_probabilities:
            output = seen.outputs[f"output of {layer.node.name}"]
            units = output.shape[-1]
            alive = int(np.count_nonzero(output.reshape(-1, units).any(axis=0)))
            found[layer.node.name] = (units - alive, units)
    return found


def effects(seen: Look, plan: Plan) -> list[Effect]:
    """The effect of each layer's weights, in the order of the layers."""
    found = []
    for layer in plan.layers:
        weights, gradients = _weights(layer, seen)
        size = _length(weights)
        if size and gradients:
            slope = _length(gradients)
            found.append(Effect(layer.node.name, slope * size, slope / size))
    return found


def _weights(layer: PlannedLayer, seen: Look) -> tuple[list[Array], list[Array]]:
    names = [f"{layer.node.name}.{part.name}" for part in layer.parameters if part.fan_in]
    names = [name for name in names if f"gradient of {name}" in seen.outputs]
    return [seen.store[name] for name in names], [seen.outputs[f"gradient of {name}"] for name in names]


def _length(arrays: list[Array]) -> float:
    """The Euclidean length of all numbers; in double precision, for squares overflow."""
    return sqrt(sum(float(np.square(array, dtype=np.float64).sum()) for array in arrays))


def _dead_units(seen: Look, plan: Plan, path: str) -> list[Diagnostic]:
    if seen.images < _LEAST_IMAGES:
        return []
    counted_units = dead_units(seen, plan)
    found = {name: units for name, units in counted_units.items() if units[0] >= _DEAD_SHARE * units[1]}
    if not found:
        return []
    shown = [f"{dead} of {units} in {name}" for name, (dead, units) in [*found.items()][:4]]
    more = f" and in {counted(len(found) - 4, 'more layer')}" if len(found) > 4 else ""
    message = f"dead units: {', '.join(shown)}{more} are 0 for all {seen.images} training images"
    cure = "a unit that is always 0 gets no gradient and stays so: lower the rate, or use LEAKY RELU or BN"
    whole = next((name for name, (dead, units) in found.items() if dead == units), None)
    if whole is None:
        return [Diagnostic("ND538", Severity.NOTE, message, help=(cure,), path=path)]
    note = f"{whole} is all 0: nothing before it can learn"
    return [Diagnostic("ND538", Severity.WARNING, message, notes=(note,), help=(cure,), path=path)]


def _gradients(seen: Look, plan: Plan, path: str) -> list[Diagnostic]:
    found = effects(seen, plan)
    if not found:
        return []
    said = _exploding(found) or _without_effect(found, float(seen.outputs["loss"])) or _vanishing(found)
    if said is None:
        return []
    message, cure = said
    return [Diagnostic("ND539", Severity.NOTE, message, help=(cure,), path=path)]


def _exploding(found: list[Effect]) -> tuple[str, str] | None:
    """What to say, and the cure; None where no gradient explodes."""
    # Weights that are nearly 0 have a small effect, however large their gradient is beside them.
    exploded = [effect for effect in found if not (effect.gradient <= _EXPLODED or effect.loss <= _EXPLODED)]
    if not exploded:
        return None
    worst = max(exploded, key=lambda effect: effect.gradient)
    finite = isfinite(worst.gradient)
    size = f"{worst.gradient:.3g} times as large as its weights" if finite else "not finite"
    message = f"exploding gradients: the gradient of {worst.layer} is {size}{_more(len(exploded) - 1)}"
    return message, "lower the rate, clip the gradients, or normalise (BN)"


def _without_effect(found: list[Effect], loss: float) -> tuple[str, str] | None:
    largest = max(found, key=lambda effect: effect.loss)
    if largest.loss >= _MOVES * loss:
        return None
    if not largest.loss:
        message = (
            f"vanishing gradients: no gradient reaches the weights of any layer, at a loss of {loss:.3g}"
        )
    else:
        message = (
            f"vanishing gradients: no layer's weights affect the loss of {loss:.3g}; those of "
            f"{largest.layer} "
            f"affect it most, by {largest.loss:.2g} when changed by their size"
        )
    return message, "look at dead units and at the size of the initial weights (`init`)"


def _vanishing(found: list[Effect]) -> tuple[str, str] | None:
    largest = max(found, key=lambda effect: effect.loss)
    vanished = [effect for effect in found if effect.loss < _VANISHED * largest.loss]
    if not vanished:
        return None
    least = min(vanished, key=lambda effect: effect.loss)
    times = f"{largest.loss / least.loss:.2g} times less than" if least.loss else "by nothing, unlike"
    message = (
        f"vanishing gradients: the weights of {least.layer} affect the loss {times} those of {largest.layer}"
        f"{_more(len(vanished) - 1)}"
    )
    return message, "replace SIGMOID and TANH with RELU, or add BN or skip connections"


def _more(others: int) -> str:
    return f"; also in {counted(others, 'more layer')}" if others else ""
