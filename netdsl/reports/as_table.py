"""Renders a plan as an aligned table: volumes, counts and costs layer by layer, and totals."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.counting.columns import COLUMNS, DEFAULT
from netdsl.graph.printer import node_text
from netdsl.plan.plan import Plan
from netdsl.program.kept_tensors import kept_bytes
from netdsl.quantities import FLOAT_BYTES, bytes_text, grouped
from netdsl.reports.display import columns, padded, visible

_FIRST_HEADINGS = ("layer", "is", "output")
_TEXT_COLUMNS = 2
_LABEL_LIMIT = 40

UNKNOWN = "unknown"
"""What stands for a receptive field that is not known."""


def plan_as_table(plan: Plan, *, names: Sequence[str] = DEFAULT) -> str:
    """The table of a network, for one image, with columns of netdsl.counting; ends in a line break.

    ``sees`` is the receptive field, height x width in input pixels, padding included. Columns that are
    asked for are explained under the table.
    """
    rows = [(*_FIRST_HEADINGS, *(COLUMNS[name].heading if name in COLUMNS else "sees" for name in names))]
    found = {name: COLUMNS[name].counts(plan) for name in names if name in COLUMNS}
    texts: dict[int, str] = {}
    known: dict[tuple[int, str], str] = {}
    for index, planned in enumerate(plan.layers):
        # Groups repeat the same layers: what is the same of them is written once.
        kind = id(planned.node.layer), "" if planned.node.shares is None else planned.node.owner
        if kind not in known:
            known[kind] = _cut(visible(node_text(planned.node)))
        cells = [
            _shown(found[name][index], texts) if name in found else str(planned.receptive_field or UNKNOWN)
            for name in names
        ]
        rows.append((_cut(visible(planned.node.name)), known[kind], str(planned.output), *cells))
    sums = [grouped(sum(found[name])) if name in found else "" for name in names]
    rows.append(("total", "", "", *sums))
    widths = [max(map(columns, set(column))) for column in zip(*rows, strict=True)]
    lines = [_row(row, widths) for row in rows]
    rule = "-" * max(columns(line) for line in lines)
    head = visible(plan.network.name)
    foot = [_memory(plan)] if tuple(names) == DEFAULT else _legend(names)
    return "\n".join([head, "", lines[0], rule, *lines[1:-1], rule, lines[-1], "", *foot]) + "\n"


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL_LIMIT else text[: _LABEL_LIMIT - 1] + "…"


def _shown(count: int, texts: dict[int, str]) -> str:
    """A count as text; ``texts`` has those written before."""
    if count not in texts:
        texts[count] = grouped(count) if count else "-"
    return texts[count]


def _row(row: tuple[str, ...], widths: list[int]) -> str:
    cells = []
    for place, (text, width) in enumerate(zip(row, widths, strict=True)):
        cells.append(padded(text, width) if place < _TEXT_COLUMNS else text.rjust(width))
    return "  ".join(cells).rstrip()


def _legend(names: Sequence[str]) -> list[str]:
    """What each column counts, one line each."""
    meanings = [(COLUMNS[name].heading, COLUMNS[name].meaning) for name in names if name in COLUMNS]
    if len(meanings) < len(names):
        meanings.append(("sees", "the receptive field, height x width in input pixels"))
    return [f"{heading}: {meaning}" for heading, meaning in meanings]


def _memory(plan: Plan) -> str:
    parts = (
        f"parameters {bytes_text(plan.parameter_bytes)}",
        f"activations {bytes_text(FLOAT_BYTES * plan.activation_values)} per image",
        f"kept for backward {bytes_text(kept_bytes(plan))} per image",
    )
    return f"memory: {', '.join(parts)}"
