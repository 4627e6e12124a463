"""From a planned network to the program of one step."""

from __future__ import annotations

from netdsl.losses.loss import Loss
from netdsl.optimizers.optimizer import Optimizer
from netdsl.planning.plan import Plan
from netdsl.planning.sources import Example
from netdsl.primitives.builder import Builder
from netdsl.primitives.expression import operand
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.gradients import differentiate
from netdsl.program.learning import Learning
from netdsl.program.passes import PASSES, passed
from netdsl.program.program import PLAIN, Numerics, Program, Stored
from netdsl.program.updates import write_updates

ALL_LEARN = Learning()


def training_program(
    plan: Plan,
    batch: int,
    *,
    loss: Loss,
    optimizer: Optimizer,
    learning: Learning = ALL_LEARN,
    numerics: Numerics = PLAIN,
) -> Program:
    """Forward, backward and update.

    Inputs: ``x`` (batch, height, width, channels), ``target`` (batch, classes) as 0 and 1, with dropout
    ``seed``, and those of ``write_updates``: ``rate`` and others. Outputs: ``loss`` (mean over the batch)
    and ``scores``.
    """
    build = Builder(batch, training=True)
    stored = _declare(build, plan, learnable=True, frozen=learning.frozen)
    tensors = _forward(build, plan, learning.frozen)
    scores = _scores(build, plan, tensors)
    error = _loss(build, loss, scores, tensors[-1])
    gradients = differentiate(build, error)
    stored += write_updates(build, plan, gradients, optimizer, learning)
    return _program("train", build, {"loss": error, "scores": scores}, stored, numerics)


def gradient_program(plan: Plan, batch: int, *, loss: Loss, learning: Learning = ALL_LEARN) -> Program:
    """Forward and backward as in training, for a look at the values; only statistics change.

    Inputs as in training_program, without ``rate``. Outputs: ``loss``, ``scores``, for each layer
    ``output of NAME``, and for each parameter that learns ``gradient of NAME``.
    """
    build = Builder(batch, training=True)
    stored = _declare(build, plan, learnable=True, frozen=learning.frozen)
    tensors = _forward(build, plan, learning.frozen)
    scores = _scores(build, plan, tensors)
    error = _loss(build, loss, scores, tensors[-1])
    gradients = differentiate(build, error)
    outputs = {"loss": error, "scores": scores}
    for layer, tensor in zip(plan.layers, tensors, strict=True):
        outputs[f"output of {layer.node.name}"] = tensor
    for name, parameter in list(build.stored.items()):
        gradient = gradients.of(build, parameter)
        if gradient is not None:
            outputs[f"gradient of {name}"] = gradient
    return _program("gradients", build, outputs, stored, PLAIN)


def inference_program(plan: Plan, batch: int, *, loss: Loss, numerics: Numerics = PLAIN) -> Program:
    """Forward as after training: no dropout, running statistics.

    Inputs ``x`` and ``target`` as in training_program; outputs ``loss``, ``scores`` and
    ``probabilities`` (batch, classes).
    """
    build = Builder(batch, training=False)
    stored = _declare(build, plan, learnable=False)
    tensors = _forward(build, plan)
    scores = _scores(build, plan, tensors)
    error = _loss(build, loss, scores, tensors[-1])
    build.origin = "probabilities"
    probabilities = loss.probabilities(build, scores)
    outputs = {"loss": error, "scores": scores, "probabilities": probabilities}
    return _program("infer", build, outputs, stored, numerics)


NONE_FROZEN: frozenset[str] = frozenset()


def _declare(
    build: Builder, plan: Plan, *, learnable: bool, frozen: frozenset[str] = NONE_FROZEN
) -> list[Stored]:
    """Every stored array of the layers, under its full name."""
    stored = []
    for layer in plan.layers:
        learns = learnable and layer.node.name not in frozen
        for parameter in layer.parameters:
            full_name = f"{layer.node.name}.{parameter.name}"
            build.store(full_name, parameter.shape, learnable=learns)
            stored.append(Stored(full_name, parameter.shape, "parameter"))
        for statistic in layer.statistics:
            full_name = f"{layer.node.name}.{statistic.name}"
            build.store(full_name, statistic.shape)
            stored.append(Stored(full_name, statistic.shape, "statistic"))
    return stored


def _forward(build: Builder, plan: Plan, frozen: frozenset[str] = NONE_FROZEN) -> list[Tensor]:
    """Lower every layer in order; the outputs by node index.

    A ``frozen`` layer that keeps statistics uses them and leaves them as they are, as after training.
    """
    tensors: list[Tensor] = []
    example, training = plan.example, build.training
    several = example if example.several else None
    for layer in plan.layers:
        build.origin = layer.node.name
        build.owner = layer.node.owner
        build.training = training and not (layer.used_statistics and layer.node.name in frozen)
        inputs = [tensors[index] for index in layer.node.inputs]
        if several is not None and not inputs:
            tensors.append(_part(build, several, layer.node.name))
        else:
            tensors.append(layer.node.layer.lower(build, *inputs))
    build.training, build.owner = training, ""
    return tensors


def _part(build: Builder, example: Example, name: str) -> Tensor:
    """What one of several inputs is given of the examples."""
    part = next(part for part in example.parts if part.name == name)
    x = build.input("x", example.volume.shape)
    if example.stacked:
        return build.crop(x, part.volume.shape, channel=part.first)
    numbers = build.crop(x, (1, 1, part.volume.values), channel=part.first)
    return build.reshape(numbers, part.volume.shape)


def _scores(build: Builder, plan: Plan, tensors: list[Tensor]) -> Tensor:
    """The class scores: what goes into a closing SOFTMAX or STEP, or else the last output.

    Where no layer computes them they are a copy of the input: outputs have their own memory.
    """
    last = plan.layers[-1].node
    closes = last.layer.yields_probabilities or last.layer.is_hard_decision
    scores = origin = tensors[last.inputs[0]] if closes else tensors[-1]
    reshaped = {op.outputs[0]: op.inputs[0] for op in build.operations if isinstance(op, Reshape)}
    while origin in reshaped:
        origin = reshaped[origin]
    return build.elementwise(operand(0), scores, name="scores") if origin.role is Role.INPUT else scores


def _loss(build: Builder, loss: Loss, scores: Tensor, output: Tensor) -> Tensor:
    build.origin = "loss"
    target = build.input("target", (scores.values,))
    predicted = scores if loss.takes_scores else output
    return loss.lower(build, build.flatten(predicted), target)


def _program(
    name: str, build: Builder, outputs: dict[str, Tensor], stored: list[Stored], numerics: Numerics
) -> Program:
    kept = tuple(outputs.values())
    written = tuple(build.operations)
    operations = passed(written, kept, PASSES)
    used = {tensor for operation in operations for tensor in operation.inputs}
    return Program(
        name,
        build.batch,
        operations,
        {name: tensor for name, tensor in build.inputs.items() if tensor in used or name in ("x", "target")},
        outputs,
        tuple(stored),
        {name: tensor for name, tensor in build.stored.items() if tensor.role is Role.STORED},
        {tensor: values for tensor, values in build.constants.items() if tensor in used},
        numerics,
        written,
    )
