"""An input whose first extent looks like the channels of a picture, in a network that works all the same."""

from __future__ import annotations

from netdsl.diagnostics import Edit, Findings, Severity
from netdsl.graph.options.channel_order import (
    channels_last,
    channels_last_instead,
    is_channels_first,
    row_instead,
    seems_turned,
)
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.rules.rule import Rule


def check(plan: Plan, findings: Findings) -> None:
    """One finding, at the input; none where the first window is one row high, as for signals."""
    volume, source = plan.input, plan.layers[0].node
    if volume.vector or not seems_turned(volume.shape):
        return
    first = next((planned for planned in plan.layers[1:] if _looks_around(planned)), None)
    if first is None or _is_row(first) or not (_is_square(first) or is_channels_first(volume.shape)):
        return
    meant = channels_last(volume)
    written = set(source.option_spans.values())
    span = written.pop() if len(written) == 1 else source.span
    whole = findings.source.excerpt(span).replace(" ", "").lower() == str(volume)
    findings.add(
        "ND235",
        f"the input is {volume.height} high and {volume.width} wide, and has {volume.channels} channels",
        span,
        severity=Severity.WARNING,
        help=(channels_last_instead(meant), *((row_instead(volume),) if volume.height == 1 else ())),
        fix=Edit(span, str(meant)) if whole else None,
    )


def _looks_around(planned: PlannedLayer) -> bool:
    return len(planned.inputs) == 1 and planned.node.layer.window(*planned.inputs).kernel != (1, 1)


def _is_row(planned: PlannedLayer) -> bool:
    """Whether a window slides along a row, and does not gather all of it."""
    kernel = planned.node.layer.window(*planned.inputs).kernel
    return kernel.height == 1 and kernel.width < planned.inputs[0].width


def _is_square(planned: PlannedLayer) -> bool:
    kernel = planned.node.layer.window(*planned.inputs).kernel
    return kernel.height == kernel.width


RULE = Rule("channels-first", "ND235", check)
