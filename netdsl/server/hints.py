"""What an editor writes after each line in grey: the volume that leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from netdsl.graph.draft.entries import Gap
from netdsl.graph.network import Node
from netdsl.planning.text_analysis import TextAnalysis
from netdsl.quantities import Volume
from netdsl.server.layers_in_text import behind, is_written, listed
from netdsl.source import Span
from netdsl.syntax import tree

_LISTED = 40
"""Volumes in a note."""


class Hint(NamedTuple):
    """``text`` to be shown at ``offset``, the end of a line, with a longer ``note`` where there is more."""

    offset: int
    text: str
    note: str = ""


def volume_hints(analysis: TextAnalysis) -> list[Hint]:
    """The volume after the last layer of every line that has layers.

    A line of a block or a repeated group has several; a line that states its volume itself needs no hint.
    """
    by_line: dict[int, list[tuple[int, Node | Gap]]] = {}
    for end, node in (*_written_layers(analysis), *_used_blocks(analysis)):
        by_line.setdefault(analysis.source.position(end)[0], []).append((end, node))
    hints = []
    for line, found in sorted(by_line.items()):
        last = max(end for end, _ in found)
        here = {node.position for _, node in found}
        nodes = [node for end, node in found if end == last]
        leaving = [node for node in nodes if not _goes_on(analysis, node, here)] or nodes[-1:]
        hints += _hint(analysis, line, leaving)
    return hints


def _written_layers(analysis: TextAnalysis) -> Iterator[tuple[int, Node | Gap]]:
    """The layers of the text with the places where they end."""
    ends = _ends(analysis)
    for node in analysis.sketch.nodes:
        if is_written(node) and analysis.is_own(node.span.start):
            yield ends.get((node.span.start, _is_join(node)), node.span.end), node


def _used_blocks(analysis: TextAnalysis) -> Iterator[tuple[int, Node | Gap]]:
    """The last layer of each use of a block with the place where the use ends."""
    last: dict[tuple[Span, Any], Node | Gap] = {}
    for node in analysis.sketch.nodes:
        use = node.use
        while use is not None:
            last[use.span, use.outer] = node
            use = use.outer
    for (span, outer), node in last.items():
        if analysis.is_own(span.start):
            yield span.end, node._replace(claim=None, use=outer)


def _is_join(node: Node | Gap) -> bool:
    return isinstance(node, Node) and node.layer.inputs is None


def _ends(analysis: TextAnalysis) -> dict[tuple[int, bool], int]:
    """Where a join ends, by where it begins: its volume is there after the closing bracket."""
    found: dict[tuple[int, bool], int] = {}
    pending: list[Any] = [analysis.written]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Join):
            words = [*node.layer.words, *node.layer.items]
            found[min(word.span.start for word in words), True] = node.span.end
        if isinstance(node, tuple) and not isinstance(node, Span):
            pending += node
    return found


def _goes_on(analysis: TextAnalysis, node: Node | Gap, here: set[int]) -> bool:
    """Whether a layer is followed by another repetition of its own line."""
    following = node.position + 1
    if following not in here:
        return False
    after = analysis.sketch.nodes[following]
    return after.use == node.use and after.span.start <= node.span.start


def _hint(analysis: TextAnalysis, line: int, nodes: list[Node | Gap]) -> list[Hint]:
    volumes = [analysis.volume(behind(analysis, node)) for node in nodes]
    text = listed(volumes)
    if not text or _states_it(nodes[0], volumes[0]):
        return []
    end = _end_of_layers(analysis, line)
    different = list(dict.fromkeys(str(volume) for volume in volumes if volume is not None))
    note = ", ".join(different[:_LISTED]) if len(different) > 1 else ""
    return [Hint(end, f"→ {text}", note)]


def _states_it(node: Node | Gap, volume: Volume | None) -> bool:
    """Whether the line says already what the volume is: an input, a claim."""
    if node.claim is not None:
        return True
    return isinstance(node, Node) and node.layer.inputs == 0 and volume is not None


def _end_of_layers(analysis: TextAnalysis, line: int) -> int:
    """The end of a line without its comment."""
    text = analysis.source.line(line)
    return analysis.source.line_start(line) + len(text.partition("#")[0].rstrip())
