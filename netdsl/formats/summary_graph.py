"""Draws the rows of Keras, which name what they work on."""

from __future__ import annotations

from netdsl.formats.summary import Row
from netdsl.formats.summary_drawing import Drawing
from netdsl.formats.summary_kinds import Role, activation_in, role_of
from netdsl.formats.summary_leaf import leaf


def walk_named(drawing: Drawing, rows: tuple[Row, ...], start: int) -> None:
    """Draw the layers of Keras, each behind those that it names, or else behind the one above."""
    places: dict[str, int] = {}
    place = start
    for row in (*rows[:-1], _scores(rows[-1])):
        inputs = [_named(source, places) for source in row.sources or ()]
        known = role_of(row.layer, row.name)
        behind = [place if source is None else source for source in inputs] or [place]
        if known is not None and known[0] is Role.INPUT:
            place = start
        elif known is not None and known[0] is Role.MERGE and len(behind) > 1 and row.output is not None:
            place = drawing.joined(row.number, known[1], tuple(behind), row.output)
        else:
            place = leaf(drawing, row, behind[0])
        places[row.name.rstrip("…")] = place


def _scores(row: Row) -> Row:
    """The last row: an activation that nothing is said of makes probabilities of scores."""
    made = row.output
    if row.layer != "Activation" or activation_in(row.name) or made is None or made.size != (1, 1):
        return row
    return row._replace(layer="Softmax")


_RECENT = 500
"""Names among which one that has been cut off is looked for."""


def _named(source: str, places: dict[str, int]) -> int | None:
    """The place of a name, which a narrow column may have cut off."""
    if source in places:
        return places[source]
    for name in list(places)[: -_RECENT - 1 : -1]:
        if name.startswith(source) or source.startswith(name):
            return places[name]
    return None
