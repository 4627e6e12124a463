"""What a layer answers for its inputs. It keeps the answers itself: the same is asked once in a process."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from netdsl.diagnostics import Mistake
from netdsl.layers.alike import count_answers
from netdsl.layers.layer import Layer, Parameter, Statistic
from netdsl.layers.taps import Reads
from netdsl.planning.views import View
from netdsl.quantities import VALUE_LIMIT, Size, Volume

Outcome: TypeAlias = Volume | tuple[Mistake, ...]

VIEW_LIMIT = 256
"""Of so many views a layer keeps what comes of them: a deep stack has another for every layer."""


class SeenBehind(NamedTuple):
    """The view after a layer, what its widest position sees, and the ``work`` to find them out; ``seen``
    are the views of its inputs."""

    seen: tuple[View, ...]
    view: View
    field: Size | None
    work: int


class Costs(NamedTuple):
    """What a layer answers once its inputs are known to fit; ``views`` are those after it that are known,
    by what counts of those of its inputs."""

    parameters: tuple[Parameter, ...]
    statistics: tuple[Statistic, ...]
    macs: int
    reads: Reads
    views: dict[Any, SeenBehind]


class Answer:
    """``outcome`` is the volume that a layer makes, or what is wrong; ``noticed`` is what others have found
    to say about the layer with these inputs, by who looked."""

    __slots__ = ("_costs", "noticed", "outcome")

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.noticed: dict[Any, Any] = {}
        self._costs: Costs | None = None

    def costs(self, layer: Layer, inputs: tuple[Volume, ...]) -> Costs:
        """What the layer costs for inputs that fit, asked when it is first wanted."""
        if self._costs is None:
            self._costs = Costs(
                layer.parameters(*inputs),
                layer.statistics(*inputs),
                layer.macs(*inputs),
                layer.reads(*inputs),
                {},
            )
        return self._costs


def answer_of(layer: Layer, inputs: tuple[Volume, ...]) -> Answer:
    """What a layer answers for some inputs."""
    answer: Answer | None = layer.answers.get(inputs)
    if answer is None:
        answer = layer.answers[inputs] = Answer(_outcome(layer, inputs))
        count_answers(1)
    return answer


def _outcome(layer: Layer, inputs: tuple[Volume, ...]) -> Outcome:
    problems = layer.problems(*inputs)
    if problems:
        return problems
    outcome = layer.volume(*inputs)
    if isinstance(outcome, Mistake):
        return (outcome,)
    return (_too_large(outcome),) if outcome.values > VALUE_LIMIT else outcome


def _too_large(volume: Volume) -> Mistake:
    sizes = "x".join(f"{extent:,}" if extent < 10**15 else "10^15 and more" for extent in volume.shape)
    return Mistake(
        "ND316",
        f"the volume would be {sizes}",
        label=f"more than {VALUE_LIMIT:,} numbers",
        help=("a repeated UPSAMPLE, PAD or CONCAT multiplies the volume each time",),
    )
