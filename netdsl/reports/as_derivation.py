"""Renders how the figures of one layer come about, step by step, as a student is asked for it."""

from __future__ import annotations

from netdsl.graph.printer import layer_text
from netdsl.layers.layer import Parameter
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.plan.sight import Look, looks
from netdsl.quantities import grouped
from netdsl.reports.display import columns, padded, visible


def derivation_as_text(plan: Plan, planned: PlannedLayer) -> str:
    """Volume, parameters, multiply-accumulates and receptive field of a layer; ends in a line break."""
    sections = [
        ("volume", _volume(planned)),
        ("parameters", _parameters(planned)),
        ("multiply-accumulates of one image", _macs(planned)),
        ("receptive field", _receptive_field(plan, planned)),
    ]
    lines = [*_head(plan, planned)]
    for title, steps in sections:
        lines += ["", title, *(f"  {step}" for step in steps)]
    return "\n".join(lines) + "\n"


def _head(plan: Plan, planned: PlannedLayer) -> list[str]:
    node, source = planned.node, plan.network.source
    line = source.position(node.span.start)[0]
    text = visible(layer_text(node.layer))
    what = f"{visible(node.name)} is {text}, layer {node.position + 1} of {len(plan.layers)}"
    origin = ", put in by" if node.implied else ","
    heads = [f"{what} of {visible(plan.network.name)}{origin} {visible(source.name)}:{line}"]
    for index, volume in zip(node.inputs, planned.inputs, strict=True):
        heads.append(f"reads {visible(plan.layers[index].node.name)}: {volume}")
    return heads


def _volume(planned: PlannedLayer) -> list[str]:
    return [*planned.node.layer.arithmetic(*planned.inputs), f"= {planned.output}"]


def _parameters(planned: PlannedLayer) -> list[str]:
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
    weights = max(planned.parameters, key=lambda part: part.values, default=None)
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
    """The recursion r + (F - 1)*j, line by line for the layers that widen it; per axis where they differ."""
    steps = looks(plan, planned.node.position)
    alike = all(
        size.height == size.width
        for look in steps
        for size in (look.window.kernel, look.window.stride, look.behind.size)
    )
    lines = ["r = r + (F - 1)*j, then j = j*S, from r = 1 and j = 1 at the input"]
    for axis in ("",) if alike else ("height", "width"):
        if axis:
            lines.append(f"{axis}:")
        lines += _axis_steps(steps, 1 if axis == "width" else 0)
    seen = planned.receptive_field
    lines.append(f"= {seen}, of an image of {plan.input.size}")
    if seen.height > plan.input.height or seen.width > plan.input.width:
        lines.append("it reaches beyond the image: positions see padding too")
    return lines


def _axis_steps(steps: list[Look], axis: int) -> list[str]:
    rows = []
    for look in steps:
        kernel, stride = look.window.kernel[axis], look.window.stride[axis]
        if kernel == stride == 1:
            continue
        (seen, step), (seen_behind, step_behind) = (
            (view.size[axis], view.step[axis]) for view in (look.before, look.behind)
        )
        widening = f"r = {seen} + ({kernel} - 1)*{step} = {seen_behind}"
        rows.append((visible(look.planned.node.name), widening, f"j = {step}*{stride} = {step_behind}"))
    if not rows:
        return ["no window on the way is larger than 1"]
    widths = [max(columns(row[place]) for row in rows) for place in (0, 1)]
    return [f"{padded(name, widths[0])}  {padded(r, widths[1])}  {j}" for name, r, j in rows]
