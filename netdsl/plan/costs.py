"""What the layers of a network answer once all volumes are known, and how far each of them sees."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.graph.network import Network
from netdsl.layers.layer import Layer, Parameter, Statistic, Window
from netdsl.plan.plan import PlannedLayer
from netdsl.quantities import VALUE_LIMIT, Size, Volume


class View(NamedTuple):
    """What one position of a volume sees of the input: its size, and the steps between two.

    Both stop growing at VALUE_LIMIT: pools and upsamplings in turn double them without end.
    """

    size: Size
    step: Size

    def through(self, window: Window) -> View:
        """The view of a position behind a window."""
        kernel, stride = window.kernel, window.stride
        if kernel == stride == _ONE:
            return self
        size = Size(
            min(self.size.height + (kernel.height - 1) * self.step.height, VALUE_LIMIT),
            min(self.size.width + (kernel.width - 1) * self.step.width, VALUE_LIMIT),
        )
        step = Size(
            min(self.step.height * stride.height, VALUE_LIMIT),
            min(self.step.width * stride.width, VALUE_LIMIT),
        )
        return View(size, step)


_ONE = Size(1, 1)

PIXEL = View(_ONE, _ONE)


def widest_input(inputs: tuple[int, ...], views: list[View]) -> int | None:
    """Which of the inputs sees most: the view behind a layer follows from that one."""
    return max(inputs, key=lambda index: views[index], default=None)


class _Costs(NamedTuple):
    """What a layer answers for its inputs, once they are known to fit."""

    parameters: tuple[Parameter, ...]
    statistics: tuple[Statistic, ...]
    macs: int
    kept_values: int
    window: Window


def _costs(layer: Layer, inputs: tuple[Volume, ...]) -> _Costs:
    return _Costs(
        layer.parameters(*inputs),
        layer.statistics(*inputs),
        layer.macs(*inputs),
        layer.kept_values(*inputs),
        layer.window(*inputs),
    )


def planned_layers(network: Network, volumes: list[Volume]) -> tuple[PlannedLayer, ...]:
    """One planned layer per node; the same question of the same layer is asked once."""
    views: list[View] = []
    planned = []
    known: dict[tuple[int, tuple[Volume, ...]], _Costs] = {}
    for node in network.nodes:
        inputs = tuple(volumes[index] for index in node.inputs)
        key = (id(node.layer), inputs)
        costs = known.get(key)
        if costs is None:
            costs = known[key] = _costs(node.layer, inputs)
        parameters, statistics, macs, kept_values, window = costs
        source = widest_input(node.inputs, views)
        view = PIXEL if source is None else views[source].through(window)
        views.append(view)
        output = volumes[node.position]
        planned.append(
            PlannedLayer(node, inputs, output, parameters, statistics, macs, kept_values, view.size)
        )
    return tuple(planned)
