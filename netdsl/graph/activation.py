"""Puts the default activation behind the layers with weights."""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.defaults import Activation
from netdsl.graph.draft import Gap
from netdsl.graph.naming import Names
from netdsl.graph.network import Node
from netdsl.layers.layer import Layer

Nodes = list[Node | Gap]


def put_activations(nodes: Nodes, activation: Activation, names: Names, findings: Findings) -> Nodes:
    """The nodes with an activation behind every layer with weights but the last.

    Behind a normalisation where one follows directly, and nowhere where an activation is written
    already.
    """
    layer = _layer(activation, findings)
    if layer is None:
        return nodes
    weighing = [place for place, node in enumerate(nodes) if isinstance(node, Node) and node.layer.weighs]
    places = {_behind_normalisation(nodes, place) for place in weighing[:-1]}
    spans = {name: written.span for name, written in activation.options.items()}
    put: Nodes = []
    for place, node in enumerate(nodes):
        position = len(put)
        inputs = tuple(position - 1 for _ in node.inputs)
        put.append(node._replace(position=position, inputs=inputs))
        if place in places and not _activates(nodes, place + 1):
            name = names.of_kind(layer.keyword, single=False)
            put.append(Node(position + 1, name, layer, (position,), activation.span, spans, implied=True))
    return put


def _layer(activation: Activation, findings: Findings) -> Layer | None:
    """The activation with its options; None where one is missing or did not fit."""
    values = {name: written.value for name, written in activation.options.items()}
    options = activation.kind.options().items()
    lacking = [option.words[0] for _, option in options if option.missing(values)]
    if lacking:
        findings.add("ND204", f"the default activation lacks {', '.join(lacking)}", activation.span)
    return None if lacking or None in values.values() else activation.kind(**values)


def _behind_normalisation(nodes: Nodes, place: int) -> int:
    following = nodes[place + 1] if place + 1 < len(nodes) else None
    return place + 1 if isinstance(following, Node) and following.layer.normalises else place


def _activates(nodes: Nodes, place: int) -> bool:
    node = nodes[place] if place < len(nodes) else None
    return isinstance(node, Node) and node.layer.activates
