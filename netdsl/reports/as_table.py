"""Renders a plan as an aligned table: volumes, counts and costs layer by layer, and totals."""

from __future__ import annotations

from netdsl.graph.printer import layer_text
from netdsl.plan.plan import Plan
from netdsl.quantities import FLOAT_BYTES, bytes_text, grouped
from netdsl.reports.display import columns, padded, visible

_HEADINGS = ("layer", "is", "output", "parameters", "MACs", "activations", "sees")
_TEXT_COLUMNS = 2
_LABEL_LIMIT = 40


def plan_as_table(plan: Plan, *, colour: bool = False) -> str:
    """The table of a network, for one image; ends in a line break.

    MACs are the multiply-accumulates of weights, without biases; ``sees`` is the receptive field,
    height x width in input pixels.
    """
    rows = [_HEADINGS]
    for layer in plan.layers:
        rows.append(
            (
                _cut(visible(layer.node.name)),
                _cut(layer_text(layer.node.layer)),
                str(layer.output),
                _count(layer.parameter_count),
                _count(layer.macs),
                grouped(layer.output.values),
                str(layer.receptive_field),
            )
        )
    totals = (grouped(plan.parameter_count), grouped(plan.macs), grouped(plan.activation_values))
    rows.append(("total", "", "", *totals, ""))
    widths = [max(columns(row[place]) for row in rows) for place in range(len(_HEADINGS))]
    lines = [_row(row, widths) for row in rows]
    rule = "-" * max(columns(line) for line in lines)
    title = visible(plan.network.name)
    head = f"\x1b[1m{title}\x1b[0m" if colour else title
    return "\n".join([head, "", lines[0], rule, *lines[1:-1], rule, lines[-1], "", _memory(plan)]) + "\n"


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL_LIMIT else text[: _LABEL_LIMIT - 1] + "…"


def _count(count: int) -> str:
    return grouped(count) if count else "-"


def _row(row: tuple[str, ...], widths: list[int]) -> str:
    cells = []
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        cells.append(padded(cell, width) if place < _TEXT_COLUMNS else cell.rjust(width))
    return "  ".join(cells).rstrip()


def _memory(plan: Plan) -> str:
    parts = (
        f"parameters {bytes_text(plan.parameter_bytes)}",
        f"activations {bytes_text(FLOAT_BYTES * plan.activation_values)} per image",
        f"kept for backward {bytes_text(plan.kept_bytes)} per image",
    )
    return f"memory: {', '.join(parts)}"
