"""A window that does not fit evenly has another volume in another framework."""

from __future__ import annotations

from netdsl.diagnostics import Edit, Findings, Severity
from netdsl.layers.dialect import DIALECTS, LECTURE, Dialect
from netdsl.layers.layer import Layer
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.quantities import Volume
from netdsl.rules.rule import Rule, and_more


def check(plan: Plan, findings: Findings) -> None:
    """One finding for the whole network, at the first layer whose volume depends on the dialect."""
    found = [(planned, others) for planned in plan.layers if (others := _elsewhere(planned))]
    if not found:
        return
    planned, others = found[0]
    node, (x,) = planned.node, planned.inputs
    findings.add(
        "ND409",
        f"{node.name} makes {planned.output} in {node.layer.dialect.name}, {_listed(others)}"
        f"{and_more(len(found) - 1, 'layer')}",
        node.option_spans.get("stride", node.span),
        "; ".join(line for line in node.layer.arithmetic(x) if "rounded" in line),
        severity=Severity.NOTE,
        help=(f"write `{_word(planned)}` to have it so in every dialect",),
        fix=None if node.implied else Edit.behind(node.span, _word(planned), safe=True),
    )


def _elsewhere(planned: PlannedLayer) -> dict[str, Volume]:
    """What the layer makes in the dialects that round otherwise, by name.

    Stride and padding stay as they are here: only the rounding is compared. The lecture rounds
    nothing, so under it there is nothing to compare.
    """
    layer, inputs = planned.node.layer, planned.inputs
    if layer.dialect is LECTURE or len(inputs) != 1 or "ceil" not in layer.options():
        return {}
    if layer.__dict__["ceil"] or layer.__dict__["floor"]:
        return {}
    volumes = {}
    for dialect in DIALECTS.values():
        if dialect not in (LECTURE, layer.dialect):
            outcome = _under(dialect, layer, inputs[0]).volume(*inputs)
            if isinstance(outcome, Volume) and not outcome.agrees(planned.output):
                volumes[dialect.name] = outcome
    return volumes


def _under(dialect: Dialect, layer: Layer, x: Volume) -> Layer:
    """The same layer in another dialect, with what its own dialect filled in written out."""
    options = {name: layer.__dict__[name] for name in layer.options()}
    window = layer.window(x)
    if not options.get("whole"):
        options |= {"stride": window.stride, "padding": window.padding}
    return type(layer)(dialect=dialect, **options)


def _listed(volumes: dict[str, Volume]) -> str:
    """``57x57x64 in caffe``."""
    texts = [f"{volume} in {name}" for name, volume in volumes.items()]
    return " and ".join(texts)


def _word(planned: PlannedLayer) -> str:
    """The option that fixes the rounding: the dialects that round up are those that give more."""
    larger = any(volume.values > planned.output.values for volume in _elsewhere(planned).values())
    return "floor" if larger else "ceil"


RULE = Rule("dialects-disagree", "ND409", check)
