"""What a network is, whatever its layers are called and whatever is claimed of them."""

from __future__ import annotations

from typing import Any

from netdsl.graph.draft.entries import Gap
from netdsl.planning.text_analysis import TextAnalysis


def essence(analysis: TextAnalysis) -> list[Any]:
    """What the layers of a network are, whatever they are called."""
    essence: list[Any] = []
    positions = {node.name: node.position for node in analysis.sketch.nodes}
    for node in analysis.sketch.nodes:
        volume = analysis.volume(node)
        if isinstance(node, Gap):
            essence.append((None, node.inputs, volume))
            continue
        values = {name: value for name, value in vars(node.layer).items() if name != "dialect"}
        essence.append((type(node.layer), values, node.inputs, volume, positions.get(node.owner)))
    return essence
