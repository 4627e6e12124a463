"""A plan as a JAX network: plain functions of jax.numpy and jax.lax, jitted as one step.

Images are (batch, height, width, channels) and weights lie as with us, so that arrays go from
one to the other unchanged. Only this file imports JAX.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from operator import add, mul
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from networks import NETWORKS, load

from netdsl.quantities import Padding

if TYPE_CHECKING:
    from implementations import Task

    from netdsl.planning.plan import Plan, PlannedLayer

Arrays = dict[str, Any]
"""Parameters or statistics by our full names, ``CONV1.weights``."""


def _convolution(layer: PlannedLayer, own: Arrays, x: Any) -> Any:
    """CONV and DEPTHWISE; the weights that a connection table leaves out count as 0."""
    options: Any = layer.node.layer
    around = options.moving(layer.inputs[0]).padding
    groups = layer.inputs[0].channels if options.keyword == "DEPTHWISE" else options.groups
    weights = own["weights"]
    if (table := getattr(options, "table", None)) is not None:
        seen = [[float(channel in row) for row in table] for channel in range(layer.inputs[0].channels)]
        weights = weights * jnp.array(seen)
    y = lax.conv_general_dilated(
        x,
        weights,
        tuple(options.stride),
        [(around.top, around.bottom), (around.left, around.right)],
        rhs_dilation=tuple(options.dilation),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )
    return y + own["bias"] if options.bias else y


def _fully_connected(layer: PlannedLayer, own: Arrays, x: Any) -> Any:
    options: Any = layer.node.layer
    y = x.reshape(x.shape[0], -1) @ own["weights"]
    return (y + own["bias"] if options.bias else y)[:, None, None, :]


def _reach(layer: PlannedLayer) -> Padding:
    """The padding with which a pool's windows come out even, however positions are rounded; what lies
    beyond the last window is left out by rounding down."""
    options: Any = layer.node.layer
    x, y, moving = layer.inputs[0], layer.output, options.moving(layer.inputs[0])
    top, left = moving.padding.top, moving.padding.left
    below = (y.height - 1) * moving.stride.height + moving.kernel.height - x.height - top
    right = (y.width - 1) * moving.stride.width + moving.kernel.width - x.width - left
    return Padding(top, max(below, 0), left, max(right, 0))


def _reduced(layer: PlannedLayer, x: Any, start: float, combine: Any, around: Padding) -> Any:
    """What each window of a pool covers, combined."""
    options: Any = layer.node.layer
    moving = options.moving(layer.inputs[0])
    pads = ((0, 0), (around.top, around.bottom), (around.left, around.right), (0, 0))
    return lax.reduce_window(x, start, combine, (1, *moving.kernel, 1), (1, *moving.stride, 1), pads)


def _maximum(layer: PlannedLayer, own: Arrays, x: Any) -> Any:
    return _reduced(layer, x, -jnp.inf, lax.max, _reach(layer))


def _average(layer: PlannedLayer, own: Arrays, x: Any) -> Any:
    options: Any = layer.node.layer
    volume, moving, reach = layer.inputs[0], options.moving(layer.inputs[0]), _reach(layer)
    sums = _reduced(layer, x, 0.0, lax.add, reach)
    counts = options.dialect.average_counts
    if counts == "WINDOW":
        return sums / (moving.kernel.height * moving.kernel.width)
    within = moving.padding if counts == "PADDED" else Padding(0, 0, 0, 0)
    height = volume.height + within.top + within.bottom
    width = volume.width + within.left + within.right
    rest = Padding(*(max(far - near, 0) for far, near in zip(reach, within, strict=True)))
    return sums / _reduced(layer, jnp.ones((1, height, width, 1)), 0.0, lax.add, rest)


def _local_response(layer: PlannedLayer, own: Arrays, x: Any) -> Any:
    options: Any = layer.node.layer
    half = options.size // 2
    axes = (1, 2) if options.within else (3,)
    window = tuple(options.size if axis in axes else 1 for axis in range(4))
    pads = tuple((half, half) if axis in axes else (0, 0) for axis in range(4))
    sums = lax.reduce_window(x * x, 0.0, lax.add, window, (1, 1, 1, 1), pads)
    return x * (options.added + options.weight * sums) ** -options.beta


def _added(layer: PlannedLayer, own: Arrays, *inputs: Any) -> Any:
    options: Any = layer.node.layer
    factors = options.factors or (1.0,) * len(inputs)
    return reduce(add, (factor * x for factor, x in zip(factors, inputs, strict=True)))


def _reshaped(layer: PlannedLayer, own: Arrays, x: Any) -> Any:
    return x.reshape(x.shape[0], *layer.output.shape)


FORMS: dict[str, Callable[..., Any]] = {
    "CONV": _convolution,
    "DEPTHWISE": _convolution,
    "FC": _fully_connected,
    "MAX POOL": _maximum,
    "AVG POOL": _average,
    "NORM": _local_response,
    "RELU": lambda layer, own, x: jnp.maximum(x, 0),
    "SIGMOID": lambda layer, own, x: jax.nn.sigmoid(x),
    "SOFTMAX": lambda layer, own, x: jax.nn.softmax(x, axis=-1),
    "FLATTEN": _reshaped,
    "RESHAPE": _reshaped,
    "ADD": _added,
    "MULTIPLY": lambda layer, own, *inputs: reduce(mul, inputs),
    "CONCAT": lambda layer, own, *inputs: jnp.concatenate(inputs, axis=-1),
}
"""Kinds of layers that are functions of their parameters and inputs; BN and DROPOUT are not."""


class JaxNetwork:
    """The functions of a planned network."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        unknown = {layer.node.layer.keyword for layer in plan.layers} - {*FORMS, "INPUT", "BN", "DROPOUT"}
        if unknown:
            raise ValueError(f"no JAX form of {', '.join(sorted(unknown))} in the benchmark")
        closing = plan.layers[-1].node
        self._last = closing.inputs[0] if closing.layer.yields_probabilities else len(plan.layers) - 1
        self.decays = {
            f"{layer.node.name}.{parameter.name}": parameter.decays
            for layer in plan.layers
            for parameter in layer.parameters
        }

    def first_arrays(self) -> tuple[Arrays, Arrays]:
        """Parameters, weights drawn after He and others, 2015; and statistics."""
        generator = np.random.default_rng(1)
        parameters, statistics = {}, {}
        for layer in self._plan.layers:
            for array in layer.parameters:
                first = np.full(array.shape, array.initial, np.float32)
                if array.fan_in:
                    spread = np.float32((2 / array.fan_in) ** 0.5)
                    first = generator.standard_normal(array.shape, np.float32) * spread
                parameters[f"{layer.node.name}.{array.name}"] = jnp.asarray(first)
            for kept in layer.statistics:
                first = np.full(kept.shape, kept.initial, np.float32)
                statistics[f"{layer.node.name}.{kept.name}"] = jnp.asarray(first)
        return parameters, statistics

    def scores(self, parameters: Arrays, statistics: Arrays, x: Any, key: Any = None) -> tuple[Any, Arrays]:
        """Class scores (batch, classes) and new statistics; ``key`` draws what is dropped, None after
        training."""
        values: list[Any] = []
        kept = dict(statistics)
        for number, layer in enumerate(self._plan.layers[: self._last + 1]):
            name, kind = layer.node.name, layer.node.layer.keyword
            own = {array.name: parameters[f"{name}.{array.name}"] for array in layer.parameters}
            inputs = [values[source] for source in layer.node.inputs]
            if kind == "INPUT":
                values.append(x)
            elif kind == "BN":
                values.append(_batch_normalised(layer, own, inputs[0], kept, training=key is not None))
            elif kind == "DROPOUT":
                values.append(_dropped(layer, inputs[0], key, number))
            else:
                values.append(FORMS[kind](layer, own, *inputs))
        return values[-1].reshape(x.shape[0], -1), kept

    def loss(
        self, parameters: Arrays, statistics: Arrays, x: Any, labels: Any, key: Any
    ) -> tuple[Any, Arrays]:
        """Mean cross-entropy over the batch, and new statistics."""
        scores, kept = self.scores(parameters, statistics, x, key)
        right = jnp.take_along_axis(jax.nn.log_softmax(scores), labels[:, None], axis=1)
        return -right.mean(), kept

    def trained(
        self,
        parameters: Arrays,
        speeds: Arrays,
        statistics: Arrays,
        x: Any,
        labels: Any,
        count: Any,
        *,
        rate: float,
        momentum: float,
        decay: float,
    ) -> tuple[Arrays, Arrays, Arrays, Any]:
        """Parameters, speeds and statistics after step number ``count`` of SGD, and the loss before it."""
        key = jax.random.fold_in(jax.random.key(1), count)
        (loss, kept), gradients = jax.value_and_grad(self.loss, has_aux=True)(
            parameters, statistics, x, labels, key
        )
        for name, decays in self.decays.items():
            gradient = gradients[name] + decay * parameters[name] if decays else gradients[name]
            speeds[name] = momentum * speeds[name] + gradient
            parameters[name] = parameters[name] - rate * speeds[name]
        return parameters, speeds, kept, loss


def _batch_normalised(layer: PlannedLayer, own: Arrays, x: Any, kept: Arrays, *, training: bool) -> Any:
    """Normalised by the batch in training, which moves the running averages in ``kept``."""
    options: Any = layer.node.layer
    means, variances = f"{layer.node.name}.running_mean", f"{layer.node.name}.running_variance"
    mean, variance = kept[means], kept[variances]
    if training:
        mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
        count, newest = x.size // x.shape[-1], options.newest
        unbiased = variance * (count / max(count - 1, 1))
        kept[means] = (1 - newest) * kept[means] + newest * mean
        kept[variances] = (1 - newest) * kept[variances] + newest * unbiased
    return (x - mean) * (lax.rsqrt(variance + options.added) * own.get("scale", 1)) + own.get("shift", 0)


def _dropped(layer: PlannedLayer, x: Any, key: Any, number: int) -> Any:
    options: Any = layer.node.layer
    if key is None or options.rate == 0:
        return x
    keep = 1 - options.rate
    return jnp.where(jax.random.bernoulli(jax.random.fold_in(key, number), keep, x.shape), x / keep, 0)


class Jax:
    """JAX on the CPU, the whole step jitted; it uses the processors that the process may use."""

    def __init__(self, task: Task, *, rate: float, momentum: float, decay: float) -> None:
        self._task = task
        self._settings: dict[str, Any] = {"rate": rate, "momentum": momentum, "decay": decay}

    def setup(self) -> None:
        plan = load(NETWORKS[self._task.network].path)
        network = JaxNetwork(plan)
        generator = np.random.default_rng(1)
        shape = (self._task.batch, *plan.input.shape)
        self._x = jnp.asarray(generator.standard_normal(shape, np.float32))
        self._parameters, self._statistics = network.first_arrays()
        if self._task.training:
            self._labels = jnp.asarray(generator.integers(plan.output.channels, size=self._task.batch))
            self._speeds = {name: jnp.zeros_like(array) for name, array in self._parameters.items()}
            self._count = 0
            # What a step changes is given away, so that it may be changed in place.
            self._train = jax.jit(partial(network.trained, **self._settings), donate_argnums=(0, 1, 2))
        else:
            self._infer = jax.jit(lambda *arrays: jax.nn.softmax(network.scores(*arrays)[0]))
        self.step()

    def step(self) -> None:
        if self._task.training:
            self._count += 1
            self._parameters, self._speeds, self._statistics, loss = self._train(
                self._parameters, self._speeds, self._statistics, self._x, self._labels, self._count
            )
            loss.block_until_ready()
        else:
            self._infer(self._parameters, self._statistics, self._x).block_until_ready()

    def versions(self) -> dict[str, str]:
        return {"jax": jax.__version__}
