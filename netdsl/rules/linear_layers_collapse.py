"""Layers with weights and nothing but linear layers between them: together they are one linear layer."""

from __future__ import annotations

from typing import Any, NamedTuple

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule, and_more, by_span

_PRODUCT = "the product of two matrices is one matrix"


class _Pair(NamedTuple):
    """Two layers with weights, and the first layer on the way from one to the other, if there is one."""

    first: PlannedLayer
    second: PlannedLayer
    between: PlannedLayer | None


class _Linear(NamedTuple):
    """The nearest layer with weights that a volume is linear in, and what it has passed since."""

    source: PlannedLayer
    passed: PlannedLayer | None


def check(plan: Plan, findings: Findings) -> None:
    """One finding for each two neighbours."""
    for pairs in by_span(_pairs(plan), lambda pair: pair.second.node.span):
        _report(pairs, findings)


def _report(pairs: list[_Pair], findings: Findings) -> None:
    nearest = min(pairs, key=_nearness)
    first, second, between = nearest.first.node, nearest.second.node, nearest.between
    findings.add(
        "ND401",
        f"there is no activation between {first.name} and {second.name}{and_more(len(pairs) - 1, 'pair')}",
        second.span,
        f"only {between.node.name} is between them" if between else _PRODUCT,
        severity=Severity.WARNING,
        cause="linear layers in a row",
        secondary=(Label(first.span, "linear, like the layer after it"),),
        help=("write `default activation relu`, or put RELU between them",),
    )


def _nearness(pair: _Pair) -> tuple[int, int]:
    first, second = pair.first.node.position, pair.second.node.position
    return (second - first, first)


def _pairs(plan: Plan) -> list[_Pair]:
    """Each layer with weights and the next one that reads its numbers with nothing but linear layers
    between.

    Where branches meet or part, the two no longer make one layer: a join ends the search, and so
    does a volume that something else reads too.
    """
    reading = plan.readers
    before: list[_Linear | None] = []
    known: dict[tuple[Any, ...], bool] = {}
    pairs = []
    for planned in plan.layers:
        layer, inputs = planned.node.layer, planned.node.inputs
        nearest = before[inputs[0]] if len(inputs) == 1 else None
        if not layer.linear:
            nearest = None
        elif layer.has_weights:
            if nearest is not None and not _is_known_design(nearest.source, planned, known):
                pairs.append(_Pair(nearest.source, planned, nearest.passed))
            nearest = _Linear(planned, None)
        elif nearest is not None and nearest.passed is None:
            nearest = _Linear(nearest.source, planned)
        before.append(nearest if len(reading[planned.node.position]) == 1 else None)
    return pairs


def _is_known_design(first: PlannedLayer, second: PlannedLayer, known: dict[tuple[Any, ...], bool]) -> bool:
    """``_is_design``, asked once for the same layers on the same volumes: groups repeat them."""
    key = (id(first.node.layer), first.inputs, id(second.node.layer), second.inputs)
    if key not in known:
        known[key] = _is_design(first, second)
    return known[key]


def _is_design(first: PlannedLayer, second: PlannedLayer) -> bool:
    """Whether two linear layers are meant: they are one layer of a form that one layer cannot have."""
    return _is_bottleneck(first, second) or _is_separable(first, second) or _is_stretched(first, second)


def _is_bottleneck(first: PlannedLayer, second: PlannedLayer) -> bool:
    """Whether fewer numbers pass between the two than go in and come out: then one layer in their
    place would need more weights, and leaving the activation out is MobileNet's or FCN's intent."""
    return first.output.values < min(_taken(first), second.output.values)


def _taken(planned: PlannedLayer) -> int:
    """Numbers that the layer takes in; of a window those that it steps over, so that a border which
    an unpadded one loses makes no bottleneck."""
    (x,), size = planned.inputs, planned.output.size
    stride = planned.node.layer.__dict__.get("stride", x.size)
    stepped = size.height * stride.height * size.width * stride.width * x.channels
    return int(min(x.values, stepped))


def _is_separable(first: PlannedLayer, second: PlannedLayer) -> bool:
    """Whether each mixes what the other keeps apart: depthwise and 1x1, grouped and 1x1, 1x7 and 7x1."""
    one, other = _mixed(first), _mixed(second)
    return not (one <= other or other <= one)


def _is_stretched(first: PlannedLayer, second: PlannedLayer) -> bool:
    """Whether a large window per channel is put together from a dense one and a dilated one."""
    dilations = {planned.node.layer.__dict__.get("dilation") for planned in (first, second)}
    apart = not any("channels of a group" in _mixed(planned) for planned in (first, second))
    return apart and len(dilations) > 1


def _mixed(planned: PlannedLayer) -> set[str]:
    """Along what the layer's sums run."""
    (x,) = planned.inputs
    weights = next(parameter for parameter in planned.used_parameters if parameter.name == "weights")
    height, width = weights.shape[:2] if len(weights.shape) == 4 else x.size
    seen = weights.fan_in // (height * width)
    within = seen > 1 or planned.output.channels > x.channels == 1
    sums = {"rows": height > 1, "columns": width > 1, "channels of a group": within}
    sums["groups"] = within and seen >= x.channels
    return {name for name, runs in sums.items() if runs}


RULE = Rule("linear-layers-collapse", "ND401", check)
