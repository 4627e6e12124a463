"""Renders how the figures of one layer come about, step by step, as a student is asked for it."""

from __future__ import annotations

from netdsl.layers.layer import Parameter
from netdsl.layers.taps import Taps
from netdsl.planning.looks import Look, Seen, looks, source
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import grouped
from netdsl.reports.display import columns, padded, visible
from netdsl.text.printer import node_text


def derivation_as_text(plan: Plan, planned: PlannedLayer) -> str:
    """Volume, parameters, multiply-accumulates and receptive field of a layer; ends in a line break."""
    sections = [
        ("volume", _volume(planned)),
        ("parameters", _parameters(planned)),
        ("multiply-accumulates of one image", _macs(planned)),
        ("receptive field", _receptive_field(plan, planned)),
    ]
    lines = [*_head(plan, planned)]
    for title, section in sections:
        lines += ["", title, *(f"  {line}" for line in section)]
    return "\n".join(lines) + "\n"


def _head(plan: Plan, planned: PlannedLayer) -> list[str]:
    node, source = planned.node, plan.network.source
    line = source.position(node.span.start)[0]
    text = visible(node_text(node))
    what = f"{visible(node.name)} is {text}, layer {node.position + 1} of {len(plan.layers)}"
    origin = ", put in by" if node.implied else ","
    heads = [f"{what} of {visible(plan.network.name)}{origin} {visible(source.name)}:{line}"]
    for index, volume in zip(node.inputs, planned.inputs, strict=True):
        heads.append(f"reads {visible(plan.layers[index].node.name)}: {volume}")
    return heads


def _volume(planned: PlannedLayer) -> list[str]:
    return [*planned.node.layer.arithmetic(*planned.inputs), f"= {planned.output}"]


def _parameters(planned: PlannedLayer) -> list[str]:
    if planned.node.shares is not None:
        return [f"none: it shares the weights of {visible(planned.node.owner)}"]
    if not planned.parameters:
        return ["none"]
    widest = max(len(parameter.name) for parameter in planned.parameters)
    lines = [f"{part.name.ljust(widest)}  {_product(part)}" for part in planned.parameters]
    if len(lines) > 1:
        terms = " + ".join(grouped(part.values) for part in planned.parameters)
        lines.append(f"{terms} = {grouped(planned.parameter_count)}")
    kept = [f"{statistic.name} {grouped(statistic.values)}" for statistic in planned.statistics]
    return [*lines, f"kept but not learned: {', '.join(kept)}"] if kept else lines


def _product(parameter: Parameter) -> str:
    """``5*5*96*256 = 614,400``."""
    factors = "*".join(map(str, parameter.shape))
    left_out = f" - {grouped(parameter.absent)} left out" if parameter.absent else ""
    if len(parameter.shape) == 1 and not left_out:
        return grouped(parameter.values)
    return f"{factors}{left_out} = {grouped(parameter.values)}"


def _macs(planned: PlannedLayer) -> list[str]:
    """Each weight works once for every position of the output, or of the input, or once at all."""
    if not planned.macs:
        return ["none: nothing is multiplied by weights"]
    weights = max(planned.used_parameters, key=lambda part: part.values, default=None)
    total = f"= {grouped(planned.macs)}"
    if weights is None or planned.macs % weights.values:
        return [total]
    times = planned.macs // weights.values
    if times == 1:
        return [f"every weight once {total}"]
    for volume, whose in ((planned.output, "output"), *((x, "input") for x in planned.inputs)):
        if times == volume.height * volume.width:
            positions = f"{volume.height}*{volume.width} positions of the {whose}"
            return [f"{positions} * {grouped(weights.values)} weights {total}"]
    return [total]


def _receptive_field(plan: Plan, planned: PlannedLayer) -> list[str]:
    """The recursion r + (F - 1)*j, line by line for the layers that change it; per axis where they differ."""
    known = looks(plan, planned.node.position)
    unknown = [index for index, look in enumerate(known) if look.behind is None]
    lines = ["r = r + (F - 1)*j, then j = j*S, from r = 1 and j = 1 at the input"]
    seen = [axis for look in known if look.behind is not None for axis in look.behind]
    if any(len(axis.widths) > 1 for axis in seen):
        lines.append("positions see differently where volumes are enlarged or joined: the largest r counts")
    if unknown:
        lines += _both_axes(known[: unknown[0]]) if unknown[0] else []
        lines.append(_loss(known[unknown[0]]))
        known = known[unknown[-1] + 1 :]
    field = planned.receptive_field
    if field is None:
        return [*lines, "= unknown"]
    lines += _both_axes(known)
    image = plan.layers[source(plan, planned.node.position)]
    what = f"the input {visible(image.node.name)}" if plan.example.several else "an image"
    lines.append(f"= {field}, of {what} of {image.output.size}")
    if field.height > image.output.height or field.width > image.output.width:
        lines.append("it reaches beyond the image: positions see padding too")
    return lines


def _loss(look: Look) -> str:
    """After which layer what is seen is not known, and why."""
    name = visible(look.planned.node.name)
    if look.planned.node.layer.keeps_order:
        return f"{name} mixes rows, columns and channels: what a position sees after it is not tracked"
    return f"{name} makes positions or channels see too differently, or too far, to be tracked"


def _both_axes(known: list[Look]) -> list[str]:
    down, across = (_axis_rows(known, axis) for axis in (0, 1))
    return down if down == across else ["height:", *down, "width:", *across]


def _axis_rows(known: list[Look], axis: int) -> list[str]:
    rows = [row for look in known if (row := _axis_row(look, axis)) is not None]
    if not rows:
        return ["no window up to here is larger than 1"]
    widths = [max(columns(row[column]) for row in rows) for column in (0, 1)]
    return [f"{padded(name, widths[0])}  {padded(r, widths[1])}  {j}".rstrip() for name, r, j in rows]


def _axis_row(look: Look, axis: int) -> tuple[str, str, str] | None:
    """Name, r and j after a layer; None where it changes neither."""
    assert look.behind is not None
    name, behind = visible(look.planned.node.name), look.behind[axis]
    if look.before is None:
        return name, f"r = {_span(behind)} of all positions", f"j = {behind.jump}"
    before, taps = look.before[axis], look.taps(axis)
    kernel = 1 if taps is None else taps.last - taps.first + 1
    same_view = before.widths == behind.widths and (before.jump == behind.jump or behind.jump == 0)
    if same_view and kernel == 1:
        return None
    fields = [size[axis] for size in look.others]
    if taps is not None and taps.parts == 1 and before.jump is not None and len(before.widths) == 1:
        widened = f"{before.widths[0]} + ({kernel} - 1)*{before.jump}"
        r = f"r = {widened} = {behind.widths[-1]}"
        if before.widths[0] + (kernel - 1) * before.jump == behind.widths[-1]:
            return name, r, f"j = {before.jump}*{taps.stride} = {behind.jump}"
    if behind.widths[-1] > max(fields, default=behind.widths[-1]):
        return name, f"r = {_listed(fields)} together = {_span(behind)}", _pace(before, behind, None)
    return name, f"r = {_span(behind)}", _pace(before, behind, taps)


def _span(seen: Seen) -> str:
    """``23``, ``15 or 23``, ``15 to 31``."""
    low, high = seen.widths[0], seen.widths[-1]
    if low == high:
        return str(high)
    return f"{low} {'or' if len(seen.widths) == 2 else 'to'} {high}"


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _pace(before: Seen, behind: Seen, taps: Taps | None) -> str:
    """How j follows; empty where it differs from branch to branch."""
    if behind.jump is None:
        return ""
    if taps is None or before.jump is None:
        return f"j = {behind.jump}"
    divided = f"/{taps.parts}" if taps.parts > 1 else ""
    times = f"*{taps.stride}" if taps.stride != 1 or not divided else ""
    return f"j = {before.jump}{times}{divided} = {behind.jump}"
