"""Which layers are at a place of a text: one that a block or a group repeats is several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netdsl.graph.draft.entries import Gap
from netdsl.graph.network import Node
from netdsl.planning.text_analysis import TextAnalysis
from netdsl.quantities import Volume
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.uses import Use

_SHOWN = 3


def extent(node: Node | Gap) -> Span:
    """A layer with the claim before it."""
    return node.span if node.claim is None else node.claim.span.to(node.span)


def layers_at(analysis: TextAnalysis, offset: int) -> list[Node | Gap]:
    """All layers that are written at a place, the innermost where several hold it."""
    best: list[Node | Gap] = []
    for node in analysis.sketch.nodes:
        span = extent(node)
        if is_written(node) and span.start <= offset <= span.end:
            if best and _length(span) < _length(extent(best[0])):
                best = []
            if not best or extent(best[0]) == span:
                best.append(node)
    return best


def _length(span: Span) -> int:
    return span.end - span.start


def is_written(node: Node | Gap) -> bool:
    """Whether somebody wrote the layer: an activation by default and a projection are at other words."""
    return not (isinstance(node, Node) and node.implied)


def inside(node: Node | Gap, call: Span) -> bool:
    """Whether a layer belongs to the use of a block that is written at a place."""
    use: Use | None = node.use
    while use is not None:
        if use.span == call:
            return True
        use = use.outer
    return False


def behind(analysis: TextAnalysis, node: Node | Gap) -> Node | Gap:
    """The activation that a default puts behind a layer, or the layer itself."""
    position = node.position + 1
    following = analysis.sketch.nodes[position] if position < len(analysis.sketch.nodes) else None
    if isinstance(following, Node) and following.implied and following.layer.is_activation:
        return following if following.inputs == (node.position,) else node
    return node


def listed(volumes: list[Volume | None]) -> str:
    """``56x56x64, 28x28x128``: the different ones in their order; of many the first and the last."""
    different = list(dict.fromkeys(str(volume) for volume in volumes if volume is not None))
    if len(different) > _SHOWN:
        return f"{different[0]} … {different[-1]}"
    return ", ".join(different)


def layer_beginning_at(file: tree.File | None, offset: int) -> tree.Layer | None:
    """The layer whose first word is at a place."""
    pending: list[Any] = [file]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Layer):
            if node.words and node.words[0].span.start == offset:
                return node
        elif isinstance(node, tuple) and not isinstance(node, Span):
            pending += node
    return None


def last_layers(analysis: TextAnalysis) -> Iterator[tuple[int, Node | Gap]]:
    """Where each layer and each use of a block begins, with the layer that ends it."""
    last: dict[tuple[Span, Use | None], Node | Gap] = {}
    for node in analysis.sketch.nodes:
        yield node.span.start, node
        use = node.use
        while use is not None:
            last[use.span, use.outer] = node
            use = use.outer
    for (span, _), node in last.items():
        yield span.start, node
