"""A window whose volume differs in another framework, which rounds, moves or pads differently."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from netdsl.codes import Fact
from netdsl.diagnostics import Edit, Findings, Severity
from netdsl.layers.dialect import DIALECTS, LECTURE
from netdsl.layers.layer import Layer
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import Volume
from netdsl.rules.rule import Rule, and_more, by_span, noticed, remembered
from netdsl.text.printer import option_text


def check(plan: Plan, findings: Findings) -> None:
    """One finding for each layer whose volume depends on the dialect."""
    for found in by_span(noticed(plan, _elsewhere), lambda one: one[0].node.span):
        _report(found, findings)


def _report(found: list[tuple[PlannedLayer, dict[str, Volume | None]]], findings: Findings) -> None:
    planned, others = found[0]
    node, (x,) = planned.node, planned.inputs
    words = remembered(planned, _settling_words)
    findings.add(
        "ND409",
        f"{node.name} makes {planned.output} in {node.layer.dialect.name}, {_listed(others)}"
        f"{and_more(len(found) - 1, 'layer')}",
        node.option_spans.get("stride", node.span),
        "; ".join(line for line in node.layer.arithmetic(x) if "rounded" in line),
        severity=Severity.NOTE,
        cause="a volume that depends on the dialect",
        help=(f"write `{words}` to get this volume in every dialect",) if words else (),
        fix=Edit.behind(node.span, words, safe=True) if words and not node.implied else None,
    )


def _elsewhere(planned: PlannedLayer) -> dict[str, Volume | None]:
    """What the layer, as it is written, makes in the dialects that disagree, by name; None for a window
    that sees nothing of the input there.

    The lecture is no framework, so under it there is nothing to compare.
    """
    layer = planned.node.layer
    if layer.dialect is LECTURE or len(planned.inputs) != 1 or "ceil" not in layer.options():
        return {}
    written = {name: layer.__dict__[name] for name in layer.options()}
    return {
        name: volume
        for name, volume in _volumes(layer, written, planned.inputs[0]).items()
        if volume is None or not volume.agrees(planned.output)
    }


def _volumes(layer: Layer, options: dict[str, Any], x: Volume) -> dict[str, Volume | None]:
    """The volume of a layer with some options in every framework's dialect where it has one, and None where
    its last window would begin beyond the input."""
    volumes: dict[str, Volume | None] = {}
    for name, dialect in DIALECTS.items():
        other = type(layer)(dialect=dialect, **options)
        outcome = other.volume(x) if dialect is not LECTURE and not other.problems(x) else None
        if isinstance(outcome, Volume):
            volumes[name] = outcome
        elif outcome is not None and Fact.WINDOW_OUTSIDE.holds(outcome.code):
            volumes[name] = None
    return volumes


def _settling_words(planned: PlannedLayer) -> str:
    """The fewest options that, written out, give every dialect this one's volume; empty for none."""
    layer, x = planned.node.layer, planned.inputs[0]
    written = {name: layer.__dict__[name] for name in layer.options()}
    window = layer.window(x)
    settled = {"stride": window.stride, "padding": window.padding}
    choices: list[dict[str, Any]] = [
        *({name: value} for name, value in settled.items() if written[name] is None),
        *({rounding: True} for rounding in ("floor", "ceil") if not (written["ceil"] or written["floor"])),
    ]
    for length in (1, 2, 3):
        for chosen in combinations(choices, length):
            more = {name: value for choice in chosen for name, value in choice.items()}
            volumes = _volumes(layer, {**written, **more}, x)
            if (
                not {"ceil", "floor"} <= more.keys()
                and len(volumes) == len(DIALECTS) - 1
                and all(volume and volume.agrees(planned.output) for volume in volumes.values())
            ):
                return " ".join(option_text(layer.options()[name], value) for name, value in more.items())
    return ""


def _listed(volumes: dict[str, Volume | None]) -> str:
    """``57x57x64 in caffe, 56x56x64 in torch and tensorflow``."""
    names: dict[Volume | None, list[str]] = {}
    for name, volume in volumes.items():
        names.setdefault(volume, []).append(name)
    return ", ".join(
        f"{volume or 'a window beyond the input'} in {' and '.join(found)}" for volume, found in names.items()
    )


RULE = Rule("dialects-disagree", "ND409", check)
