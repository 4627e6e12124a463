"""Renders a plan as an aligned table: volumes, counts and costs layer by layer, and totals."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.counting.columns import COLUMNS, DEFAULT
from netdsl.planning.plan import Plan
from netdsl.program.kept_tensors import kept_bytes
from netdsl.quantities import FLOAT_BYTES, bytes_text, grouped
from netdsl.reports.display import columns, padded, visible
from netdsl.reports.wrapping import GLUE, Shape, abridged, breaks_figure, fitted, shortened, wrapped
from netdsl.text.printer import node_text

_FIRST_HEADINGS = ("layer", "is", "output")
_CUTS = (shortened, abridged)
_TEXT_COLUMNS = len(_CUTS)
_LABEL_LIMIT = 40

_SHAPES = (Shape(8), Shape(10, rank=1), Shape(rank=2))
"""Of the first columns: a name, what the layer is, its volume."""

_RANKS = {"activations": 5, "receptive_field": 4, "macs": 3}
"""Of the usual columns, which are left out first where a terminal is narrow."""

UNKNOWN = "unknown"
"""What stands for a receptive field that is not known."""


def plan_as_table(plan: Plan, *, names: Sequence[str] = DEFAULT, width: int | None = None) -> str:
    """The table of a network, for one image, with columns of netdsl.counting; ends in a line break.

    ``sees`` is the receptive field, height x width in input pixels, padding included. Columns that are
    asked for are explained under the table. With a ``width`` names are shortened and columns left out, the
    last ones first of those that are asked for, until no line is wider.
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
        name = _cut(visible(planned.node.name))
        rows.append((name, known[kind], str(planned.output), *cells))
    sums = [grouped(sum(found[name])) if name in found else "" for name in names]
    rows.append(("total", "", "", *sums))
    natural = [max(map(columns, set(column))) for column in zip(*rows, strict=True)]
    usual = tuple(names) == DEFAULT
    shapes = [Shape(rank=_RANKS.get(name, 0) if usual else number) for number, name in enumerate(names)]
    if not usual:  # what nobody has asked for goes first
        first = [_SHAPES[0], *(shape._replace(rank=100 + shape.rank) for shape in _SHAPES[1:])]
    widths = fitted(natural, [*(_SHAPES if usual else first), *shapes], width)
    lines = [_row(row, widths) for row in rows]
    rule = "-" * max(columns(line) for line in lines)
    title = wrapped(visible(plan.network.name), width, "")
    foot = [_memory(plan)] if usual else _legend(names)
    foot += _left_out(names, widths, usual)
    foot = [line for text in foot for line in wrapped(text, width)]
    return "\n".join([*title, "", lines[0], rule, *lines[1:-1], rule, lines[-1], "", *foot]) + "\n"


def _left_out(names: Sequence[str], widths: Sequence[int], usual: bool) -> list[str]:
    """How to see the columns that had no room."""
    missing = [name for name, width in zip(names, widths[len(_FIRST_HEADINGS) :], strict=True) if not width]
    if not missing:
        return []
    cure = "a wider terminal shows them" if len(missing) > 1 else "a wider terminal shows it"
    others = "" if usual else ", and so do fewer columns"
    cure += f", and so does --columns{GLUE}{','.join(missing)}" if usual else others
    return [f"left out for lack of room: {', '.join(missing)}; {cure}"]


def _cut(text: str) -> str:
    """Text that leaves room for the figures beside it, however wide the terminal is."""
    if len(text) <= _LABEL_LIMIT:
        return text
    end = _LABEL_LIMIT - 1
    while breaks_figure(text, end):
        end -= 1
    return f"{text[:end]}…"


def _shown(count: int, texts: dict[int, str]) -> str:
    """A count as text; ``texts`` has those written before."""
    if count not in texts:
        texts[count] = grouped(count) if count else "-"
    return texts[count]


def _row(row: tuple[str, ...], widths: list[int]) -> str:
    cells = []
    for column, (text, width) in enumerate(zip(row, widths, strict=True)):
        if width:
            shown = _CUTS[column](text, width) if column < _TEXT_COLUMNS else text
            cells.append(padded(shown, width) if column < _TEXT_COLUMNS else text.rjust(width))
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
