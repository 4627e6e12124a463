"""The last part of a training step: gradients become new parameters."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.optimizers.optimizer import Optimizer
from netdsl.optimizers.update import Update
from netdsl.planning.plan import Plan
from netdsl.primitives.builder import Builder
from netdsl.primitives.expression import constant, operand, select, square_root
from netdsl.primitives.expression import maximum as larger
from netdsl.primitives.operation import Phase
from netdsl.primitives.tensor import Tensor
from netdsl.program.gradients import Gradients
from netdsl.program.learning import AVERAGE, Learning
from netdsl.program.program import Stored

SUMMED_TOGETHER = 8
"""Numbers that one formula adds up: networks of any depth share its kernel."""

NORM_FLOOR = 1e-6
"""What is added to the norm before dividing by it, as torch.nn.utils.clip_grad_norm_ does."""


class _Learned(NamedTuple):
    """A parameter of a layer with its gradient; ``decays`` as for Update."""

    layer: str
    parameter: Tensor
    gradient: Tensor
    decays: bool


def write_updates(
    build: Builder, plan: Plan, gradients: Gradients, optimizer: Optimizer, learning: Learning
) -> list[Stored]:
    """Append the updates of all parameters that have a gradient; the arrays kept for them.

    Inputs, as far as they are used: the optimizer's ``numbers``; where gradients accumulate, ``share``,
    what this step's images count among those of the update, ``begun``, 0 in the first step of an update
    and 1 in the others, and ``update``, 1 in its last step and 0 before; where averages are kept,
    ``newest``, the weight of the new parameters in them.
    """
    build.phase = Phase.UPDATE
    found = []
    for layer in plan.layers:
        for parameter in layer.parameters:
            tensor = build.stored[f"{layer.node.name}.{parameter.name}"]
            gradient = gradients.of(build, tensor) if build.wants(tensor) else None
            if gradient is not None:
                found.append(_Learned(layer.node.name, tensor, gradient, parameter.decays))
    stored: list[Stored] = []
    scale = None
    if learning.clip:
        if learning.accumulates:
            found = [_accumulated(build, one, stored) for one in found]
        build.origin = "clip"
        scale = _clipping(build, [one.gradient for one in found], learning.clip)
    for one in found:
        build.origin = one.layer
        if learning.accumulates and not learning.clip:
            one = _accumulated(build, one, stored)
        _update(build, one, optimizer, learning, scale, stored)
    return stored


def _update(
    build: Builder,
    one: _Learned,
    optimizer: Optimizer,
    learning: Learning,
    scale: Tensor | None,
    stored: list[Stored],
) -> None:
    update = Update(
        build,
        one.parameter,
        one.gradient,
        decays=one.decays,
        factor=learning.factors.get(one.layer, 1.0),
        scale=scale,
        gate=build.input("update", (), batched=False) if learning.accumulates else None,
    )
    optimizer.update(update)
    stored += [Stored(kept.name, kept.shape, "optimizer") for kept in update.kept]
    if learning.averages:
        average = update.state(AVERAGE.removeprefix("."))
        # A step towards the newest value; the first, of weight 1, from 0, gives it to the last bit.
        update.assign(average, average + update.number("newest") * (update.weight - average))
        stored.append(Stored(f"{one.parameter.name}{AVERAGE}", one.parameter.shape, "average"))


def _accumulated(build: Builder, one: _Learned, stored: list[Stored]) -> _Learned:
    """The gradient of all images of the update so far, each counting as much as in one large batch."""
    build.origin = one.layer
    total = build.store(f"{one.parameter.name}.gradient", one.parameter.shape)
    stored.append(Stored(total.name, total.shape, "optimizer"))
    share, begun = (build.input(name, (), batched=False) for name in ("share", "begun"))
    sum_so_far, new, weight, goes_on = (operand(number) for number in range(4))
    formula = select(goes_on, sum_so_far, constant(0)) + weight * new
    build.assign(total, formula, total, one.gradient, share, begun)
    return one._replace(gradient=total)


def _clipping(build: Builder, gradients: list[Tensor], most: float) -> Tensor:
    """What all gradients are multiplied by so that their common norm is at most ``most``."""
    a = operand(0)
    sums = [build.reduce(a * a, gradient, keep="", name="squares") for gradient in gradients]
    while len(sums) > 1:
        groups = [sums[start : start + SUMMED_TOGETHER] for start in range(0, len(sums), SUMMED_TOGETHER)]
        sums = [_sum(build, group) for group in groups]
    ratio = larger((square_root(a) + NORM_FLOOR) / most, 1)
    return build.elementwise(1 / ratio, sums[0], name="scale")


def _sum(build: Builder, tensors: list[Tensor]) -> Tensor:
    total = operand(0)
    for number in range(1, len(tensors)):
        total = total + operand(number)
    return build.elementwise(total, *tensors, name="squares")
