"""Puts the default activation after the layers with weights, as if it were written there."""

from __future__ import annotations

from collections.abc import Mapping

from netdsl.diagnostics import Findings
from netdsl.graph.draft.entries import Entry, Gap, Open, Projection
from netdsl.graph.expressions.environment import LayerOutput
from netdsl.graph.names.unique_names import Names
from netdsl.graph.network import Node
from netdsl.graph.statements.defaults import Activation
from netdsl.layers.alike import layer_like
from netdsl.layers.dialect import Dialect
from netdsl.layers.layer import Layer

References = Mapping[int, Mapping[int, LayerOutput]]
"""By the position of an entry: which of its inputs are what a label names, by their number."""


def chain_readers(entries: list[Entry], references: References) -> list[list[int]]:
    """For every entry those that follow it in its chain; for one that none follows, those that refer to the
    group or the block that ends with it."""
    following: list[list[int]] = [[] for _ in entries]
    referring: list[list[int]] = [[] for _ in entries]
    for entry in entries:
        named = references.get(entry.position, {})
        for slot, index in enumerate(entry.inputs):
            if slot not in named:
                following[index].append(entry.position)
            elif not named[slot].own:
                referring[index].append(entry.position)
    return [chain or others for chain, others in zip(following, referring, strict=True)]


def activate(
    entries: list[Entry],
    references: References,
    activation: Activation | None,
    dialect: Dialect,
    names: Names,
    findings: Findings,
) -> list[Entry]:
    """The entries with the default activation put in, where there is one; references that mean what stands
    before an activation are noted."""
    implied: dict[int, int] = {}
    activated = entries
    if activation is not None:
        implied = positions_to_activate(entries, references)
        layer = activation_layer(activation, dialect, findings)
        if layer is not None:
            activated = put_activations(entries, activation, layer, implied, names, references)
    if references:
        from netdsl.graph.draft.early_references import report_early_references

        report_early_references(entries, references, implied, activation, findings)
    return activated


def positions_to_activate(entries: list[Entry], references: References) -> dict[int, int]:
    """Every layer with weights but the last, and the entry that its activation follows.

    That is a normalisation where one follows directly; a layer behind which an activation is written
    already is left out.
    """
    readers = chain_readers(entries, references)
    weighing = [entry.position for entry in entries if is_kind(entry, "has_weights")]
    found = {position: _behind_normalisation(entries, readers, position) for position in weighing[:-1]}
    return {position: last for position, last in found.items() if not _is_activated(entries, readers[last])}


def put_activations(
    entries: list[Entry],
    activation: Activation,
    layer: Layer,
    positions: Mapping[int, int],
    names: Names,
    references: References,
) -> list[Entry]:
    """The entries with an activation behind each of the places; the label of a layer stays before it."""
    behind = set(positions.values())
    spans = {name: written.span for name, written in activation.options.items()}
    put: list[Entry] = []
    activated: dict[str, str] = {}  # by the layer with weights: the activation behind it
    itself: list[int] = []  # by old position: where an entry is now
    moved: list[int] = []  # and where what it hands on is
    for before, entry in enumerate(entries):
        position = len(put)
        if position != before:
            named = references.get(before, {})
            inputs = tuple(
                itself[index] if slot in named and named[slot].own else moved[index]
                for slot, index in enumerate(entry.inputs)
            )
            entry = entry._replace(position=position, inputs=inputs)
        put.append(entry)
        itself.append(position)
        moved.append(position)
        if before in behind:
            name = names.of_kind(layer.keyword, single=False)
            node = Node(position + 1, name, layer, (position,), activation.span, spans, implied=True)
            owner = activated.get(entry.shares.owner) if isinstance(entry, Node) and entry.shares else None
            if isinstance(entry, Node) and entry.shares is not None and entry.shares.whole and owner:
                node = node._replace(shares=entry.shares._replace(owner=owner))
            elif not isinstance(entry, Gap | Projection):
                activated[entry.name] = name
            put.append(node)
            moved[before] = position + 1
    return put


def activation_layer(activation: Activation, dialect: Dialect, findings: Findings) -> Layer | None:
    """The activation with its options; None where one is missing or did not fit."""
    values = {name: written.value for name, written in activation.options.items()}
    options = activation.kind.options().items()
    lacking = [option.words[0] for _, option in options if option.missing(values)]
    if lacking:
        findings.add("ND204", f"the default activation lacks {', '.join(lacking)}", activation.span)
    return None if lacking or None in values.values() else layer_like(activation.kind, dialect, values)


def is_kind(entry: Entry, question: str) -> bool:
    """What the kind of an entry answers; no where the kind is unknown."""
    kind = entry.kind if isinstance(entry, Open) else type(entry.layer) if isinstance(entry, Node) else None
    return bool(kind is not None and getattr(kind, question))


def _behind_normalisation(entries: list[Entry], readers: list[list[int]], position: int) -> int:
    """The normalisation that follows directly, and the learned scale behind it or behind the weights."""
    normalised = _follower(entries, readers, position, "normalises")
    position = position if normalised is None else normalised
    rescaled = _follower(entries, readers, position, "rescales")
    return position if rescaled is None else rescaled


def _follower(entries: list[Entry], readers: list[list[int]], position: int, question: str) -> int | None:
    """The one entry that reads another, where its kind answers a question with yes."""
    following = readers[position]
    return following[0] if len(following) == 1 and is_kind(entries[following[0]], question) else None


def _is_activated(entries: list[Entry], readers: list[int]) -> bool:
    return bool(readers) and all(is_kind(entries[index], "is_activation") for index in readers)
