"""The network of a summary, as lines of a listing."""

from __future__ import annotations

import re

from netdsl.formats.listing_entries import Entry, LineRole
from netdsl.formats.summary import Row, Summary
from netdsl.formats.summary_answers import Piece
from netdsl.formats.summary_drawing import Choice, Drawing, Drawn, Misfit
from netdsl.formats.summary_graph import walk_named
from netdsl.formats.summary_input import FAMILIAR, possible_inputs, stated_input
from netdsl.formats.summary_modules import nested
from netdsl.formats.summary_walk import walk_modules
from netdsl.graph.names.unique_names import label_key
from netdsl.layers.registry import kind_named
from netdsl.quantities import Volume

SIZELESS = "the summary is for images of any size: print one of a model for images of one size"


def draw(summary: Summary) -> Drawing:
    """The layers of a summary, and what of it could not be read or was chosen."""
    drawing = Drawing(summary.is_keras)
    first = summary.rows[0] if summary.rows else Row(summary.first, "")
    given = stated_input(summary)
    shown: tuple[str, ...] = ()
    if given is None:
        possible = possible_inputs(summary)
        if not possible:
            sizeless = first.output is None and len(re.findall(r"None|-1|\?", first.shape)) > 1
            why = SIZELESS if sizeless else "nothing says what the input is"
            drawing.misfits.append(Misfit(first.number, first.layer, why))
            return drawing
        given, others = possible[0], possible[1:]
        if others:
            shown = tuple(str(volume) for volume in others[:3])
            drawing.choices.append(
                Choice(first.number, "INPUT", str(given), shown, _is_familiar(given, others))
            )
    start = drawing.put(first.number, Piece("INPUT", "", given), others=shown)
    if summary.is_keras:
        walk_named(drawing, summary.rows, start)
    else:
        walk_modules(drawing, nested(summary.rows) if summary.tool == "torchsummary" else summary.rows, start)
    return drawing


def _is_familiar(given: Volume, others: list[Volume]) -> bool:
    return given.height in FAMILIAR and not any(other.height in FAMILIAR for other in others)


def entries_of(drawing: Drawing, summary: Summary) -> list[Entry]:
    """The network as lines, each with the number of the line that it comes from."""
    title = re.sub(r"[^\w .+-]", "", summary.title).strip()[:60]
    head = [Entry(summary.first, f"net {title}")] if title else []
    head.append(Entry(summary.first, f"dialect {'tensorflow' if summary.is_keras else 'torch'}"))
    asked = {choice.name for choice in drawing.choices if not choice.usual}
    return head + [_entry(layer, index, drawing, asked) for index, layer in enumerate(drawing.layers)]


def _entry(layer: Drawn, index: int, drawing: Drawing, asked: set[str]) -> Entry:
    claim = f"[{layer.output}]"
    lost = [source for source in layer.inputs if not drawing.layers[source].kind and source != index - 1]
    if (
        not layer.kind
        or lost
        or (len(layer.inputs) > 1 and not all(drawing.layers[s].kind for s in layer.inputs))
    ):
        return Entry(layer.number, f"# could not be read: {claim}", role=LineRole.UNREAD)
    if len(layer.inputs) > 1:
        branches = " | ".join(f"@{label_key(drawing.layers[source].name)}" for source in layer.inputs)
        return Entry(layer.number, f"{claim} {layer.name}[ {branches} ]")
    text = f"{claim} {layer.name}"
    if layer.options:
        text += f": {layer.options}"
    if layer.inputs and layer.inputs[0] != index - 1:
        text = f"@{label_key(drawing.layers[layer.inputs[0]].name)} - {text}"
    return Entry(layer.number, f"{text}  # or {'; '.join(layer.others)}" if layer.name in asked else text)


def has_activations(drawing: Drawing) -> bool:
    """Whether any row is an activation other than the last one's softmax."""
    kinds = {layer.kind for layer in drawing.layers} - {"", "SOFTMAX"}
    return any((kind := kind_named(name)) is not None and kind.is_activation for name in kinds)
