"""Puts the default activation behind the layers with weights."""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.defaults import Activation
from netdsl.graph.draft import Entry, Open
from netdsl.graph.naming import Names
from netdsl.graph.network import Node
from netdsl.layers.dialect import Dialect
from netdsl.layers.layer import Layer


def put_activations(
    entries: list[Entry], activation: Activation, dialect: Dialect, names: Names, findings: Findings
) -> list[Entry]:
    """The entries with an activation behind every layer with weights but the last.

    Behind a normalisation where one follows directly, and nowhere where an activation is written
    already.
    """
    layer = _layer(activation, dialect, findings)
    if layer is None:
        return entries
    consumers: list[list[int]] = [[] for _ in entries]
    for entry in entries:
        for index in entry.inputs:
            consumers[index].append(entry.position)
    weighing = [entry.position for entry in entries if _kind_of(entry, "weighs")]
    places = {_behind_normalisation(entries, consumers, place) for place in weighing[:-1]}
    places = {place for place in places if not _is_activated(entries, consumers[place])}
    spans = {name: written.span for name, written in activation.options.items()}
    put: list[Entry] = []
    moved: list[int] = []  # by old position: where the output of an entry is now
    for place, entry in enumerate(entries):
        position = len(put)
        if position != place:
            inputs = tuple(moved[index] for index in entry.inputs)
            entry = entry._replace(position=position, inputs=inputs)
        put.append(entry)
        moved.append(position)
        if place in places:
            name = names.of_kind(layer.keyword, single=False)
            put.append(Node(position + 1, name, layer, (position,), activation.span, spans, implied=True))
            moved[place] = position + 1
    return put


def _layer(activation: Activation, dialect: Dialect, findings: Findings) -> Layer | None:
    """The activation with its options; None where one is missing or did not fit."""
    values = {name: written.value for name, written in activation.options.items()}
    options = activation.kind.options().items()
    lacking = [option.words[0] for _, option in options if option.missing(values)]
    if lacking:
        findings.add("ND204", f"the default activation lacks {', '.join(lacking)}", activation.span)
    return None if lacking or None in values.values() else activation.kind(dialect=dialect, **values)


def _kind_of(entry: Entry, question: str) -> bool:
    """What the kind of an entry answers; no where the kind is unknown."""
    kind = entry.kind if isinstance(entry, Open) else type(entry.layer) if isinstance(entry, Node) else None
    return bool(kind is not None and getattr(kind, question))


def _behind_normalisation(entries: list[Entry], consumers: list[list[int]], place: int) -> int:
    following = consumers[place]
    return following[0] if len(following) == 1 and _kind_of(entries[following[0]], "normalises") else place


def _is_activated(entries: list[Entry], consumers: list[int]) -> bool:
    return bool(consumers) and all(_kind_of(entries[index], "activates") for index in consumers)
