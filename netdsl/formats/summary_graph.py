"""Draws the rows of Keras, which name what they work on."""

from __future__ import annotations

from netdsl.formats.summary import Row
from netdsl.formats.summary_drawing import Drawing
from netdsl.formats.summary_kinds import RowRole, activation_in, role_of
from netdsl.formats.summary_leaf import leaf


def walk_named(drawing: Drawing, rows: tuple[Row, ...], start: int) -> None:
    """Draw the layers of Keras, each behind those that it names, or else behind the one above."""
    known_names: dict[str, int] = {}
    index = start
    for row in (*rows[:-1], _scores(rows[-1])):
        inputs = [_named(source, known_names) for source in row.sources or ()]
        known = role_of(row.layer, row.name)
        behind = [index if source is None else source for source in inputs] or [index]
        if known is not None and known[0] is RowRole.INPUT:
            index = start
        elif known is not None and known[0] is RowRole.MERGE and len(behind) > 1 and row.output is not None:
            index = drawing.joined(row.number, known[1], tuple(behind), row.output)
        else:
            index = leaf(drawing, row, behind[0])
        known_names[row.name.rstrip("…")] = index


def _scores(row: Row) -> Row:
    """The last row: an activation that nothing is said about makes probabilities of scores."""
    made = row.output
    if row.layer != "Activation" or activation_in(row.name) or made is None or made.size != (1, 1):
        return row
    return row._replace(layer="Softmax")


_RECENT = 500
"""Names among which one that has been cut off is looked for."""


def _named(source: str, known_names: dict[str, int]) -> int | None:
    """The index of the layer of a name, which a narrow column may have cut off."""
    if source in known_names:
        return known_names[source]
    for name in list(known_names)[: -_RECENT - 1 : -1]:
        if name.startswith(source) or source.startswith(name):
            return known_names[name]
    return None
