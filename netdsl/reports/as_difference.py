"""Renders what tells one network from another: as text, and as Markdown for a comment on a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netdsl.planning.difference import Array, Change, Difference, LayerDifference
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import counted, grouped
from netdsl.reports.as_table import UNKNOWN
from netdsl.reports.display import columns, markdown_cell, padded, visible
from netdsl.reports.wrapping import shortened, wrapped
from netdsl.text.printer import layer_text

MOST_ROWS = 200
"""Layers that are shown, and arrays of one kind."""

_COLOURS = {Change.ADDED: "32", Change.REMOVED: "31", Change.CHANGED: "33"}


class Row(NamedTuple):
    """What is shown of a layer: its name, what it is, and its measures, those that differ with an arrow."""

    change: Change
    name: str
    what: str
    measures: tuple[str, ...]


def difference_as_text(
    found: Difference,
    names: tuple[str, str],
    weights_of: str,
    *,
    colour: bool,
    width: int | None = None,
) -> str:
    """``names`` are those of the two networks, ``weights_of`` that of the file whose weights are compared.
    Lines are folded to ``width`` columns, where it is known."""
    before, after = map(visible, names)
    lines = [*wrapped(f"{before} -> {after}: {_summary(found)}", width), ""]
    rows, left_out = _rows(found)
    name_width = max((columns(row.name) for row in rows), default=0)
    if width is not None:
        name_width = min(name_width, width // 3)
    for row in rows:
        word = f"{row.change.value:<8}"
        if colour and row.change in _COLOURS:
            word = f"\x1b[{_COLOURS[row.change]}m{word}\x1b[0m"
        start = name_width + 13
        first, *others = wrapped(row.what, width, " " * (start + 2), used=start)
        name = row.name if width is None else shortened(row.name, name_width)
        lines.append(f"  {word} {padded(name, name_width)}  {first}".rstrip())
        lines += others
        for measure in row.measures:
            lines += wrapped(f"{' ' * (start + 2)}{measure}", width, " " * (start + 4))
    if left_out:
        lines.append(f"  and {left_out:,} more")
    lines += [""] if rows else []
    rest = [f"{title}: {written}" for title, written in _totals(found.before, found.after)]
    rest += ["", *_weights(found.arrays, visible(weights_of))]
    lines += [line for text in rest for line in wrapped(text, width, "    ")]
    return "\n".join(lines) + "\n"


def difference_as_markdown(found: Difference, names: tuple[str, str], weights_of: str) -> str:
    """A heading, a table of the layers that differ, one of the totals, and what becomes of the weights."""
    before, after = map(_code, names)
    lines = [f"### {before} → {after}", "", _summary(found), ""]
    rows, left_out = _rows(found)
    if rows:
        cells = [
            (
                row.change.value,
                _code(row.name),
                markdown_cell(row.what),
                "<br>".join(map(markdown_cell, row.measures)),
            )
            for row in rows
        ]
        lines += _table(("change", "layer", "is", "comes to"), cells)
        lines += [f"and {left_out:,} more", ""] if left_out else []
    lines += _table(("of the whole", ""), _totals(found.before, found.after))
    first, *others = _weights(found.arrays, weights_of)
    lines += [
        markdown_cell(first),
        *([""] if others else []),
        *(f"- {markdown_cell(line.strip())}" for line in others),
    ]
    return "\n".join(lines) + "\n"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, ("---",) * len(heads), *rows)]
    return [*lines, ""]


def _code(text: str) -> str:
    shown = visible(text).replace("`", "'").replace("|", "/")
    return f"`{shown}`"


def _summary(found: Difference) -> str:
    counts = {change: sum(layer.change is change for layer in found.layers) for change in Change}
    words = (
        (Change.ADDED, "added"),
        (Change.REMOVED, "removed"),
        (Change.CHANGED, "changed"),
        (Change.RENAMED, "renamed"),
        (Change.FOLLOWS, "follow from that"),
    )
    said = [f"{counts[change]:,} {word}" for change, word in words if counts[change]]
    if not said:
        return "the same layers"
    return f"of {counted(len(found.layers), 'layer')} {', '.join(said)}"


def _rows(found: Difference) -> tuple[list[Row], int]:
    """The layers that differ, at most MOST_ROWS, and how many are left out."""
    different = [layer for layer in found.layers if layer.change is not Change.SAME]
    return [_row(layer) for layer in different[:MOST_ROWS]], max(len(different) - MOST_ROWS, 0)


def _row(layer: LayerDifference) -> Row:
    change, before, after, reads = layer
    if before is None or after is None:
        (one,) = (side for side in (before, after) if side is not None)
        return Row(change, _name(one), _text(one), tuple(_measures(one)))
    what = _arrow(_text(before), _text(after))
    measures = list(_changed_measures(before, after))
    if any(reads):
        measures.insert(0, f"reads {_arrow(*map(visible, reads))}")
    return Row(change, _arrow(_name(before), _name(after)), what, tuple(measures))


def _name(layer: PlannedLayer) -> str:
    return visible(layer.node.name)


def _text(layer: PlannedLayer) -> str:
    return layer_text(layer.node.layer)


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _measures(layer: PlannedLayer) -> Iterator[str]:
    yield f"output {layer.output}"
    if layer.parameter_count:
        yield f"parameters {grouped(layer.parameter_count)}"
    if layer.macs:
        yield f"MACs {grouped(layer.macs)}"


def _changed_measures(before: PlannedLayer, after: PlannedLayer) -> Iterator[str]:
    if before.output != after.output:
        yield f"output {before.output} -> {after.output}"
    if before.parameter_count != after.parameter_count:
        yield f"parameters {grouped(before.parameter_count)} -> {grouped(after.parameter_count)}"
    if before.macs != after.macs:
        yield f"MACs {grouped(before.macs)} -> {grouped(after.macs)}"
    if before.receptive_field != after.receptive_field:
        yield f"sees {before.receptive_field or UNKNOWN} -> {after.receptive_field or UNKNOWN}"


def _totals(before: Plan, after: Plan) -> list[tuple[str, str]]:
    sees = [str(plan.layers[-1].receptive_field or UNKNOWN) for plan in (before, after)]
    dialects = [plan.network.dialect.name for plan in (before, after)]
    return [
        *([("dialect", _arrow(*dialects))] if dialects[0] != dialects[1] else []),
        ("input", _arrow(str(before.input), str(after.input))),
        ("output", _arrow(str(before.output), str(after.output))),
        ("parameters", _growth(before.parameter_count, after.parameter_count)),
        ("MACs", _growth(before.macs, after.macs)),
        ("activations", _growth(before.activation_values, after.activation_values)),
        ("receptive field", _arrow(*sees)),
    ]


def _growth(before: int, after: int) -> str:
    if before == after:
        return grouped(before)
    share = f" ({100 * (after - before) / before:+.1f} %)" if before else ""
    return f"{grouped(before)} -> {grouped(after)}{share}"


def _weights(arrays: Sequence[Array], name: str) -> list[str]:
    """A line with the sums, and one for each array that does not fit."""
    if not arrays:
        return ["no weights to load"]
    stored = [array for array in arrays if array.before is not None]
    fitting = sum(array.fits for array in arrays)
    told = [line for array in arrays for line in _misfit(array)]
    if not told:
        return [f"weights of {name}: all {len(arrays):,} arrays fit"]
    lines = [f"weights of {name}: {fitting:,} of {counted(len(stored), 'array')} fit"]
    lines += [f"  {line}" for line in told[:MOST_ROWS]]
    return [*lines, f"  and {len(told) - MOST_ROWS:,} more"] if len(told) > MOST_ROWS else lines


def _misfit(array: Array) -> Iterator[str]:
    name = visible(array.name)
    if array.before is None:
        yield f"{name} is new, {_shape(array.after)}"
    elif array.after is None:
        yield f"{name}, {_shape(array.before)}, has no counterpart"
    elif array.before != array.after:
        yield f"{name} is {_shape(array.before)}, but {_shape(array.after)} is needed"
    elif array.belongs:
        yield f"{name} would go to another layer: its own is now {visible(array.belongs)}"


def _shape(shape: tuple[int, ...] | None) -> str:
    return "x".join(map(str, shape or ())) or "1"
