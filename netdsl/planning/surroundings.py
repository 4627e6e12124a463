"""What the layers around a window that does not fit have to do with it: who flattened the image, who used it
up, which branch it is in, and what could be changed there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from netdsl.codes import Fact
from netdsl.diagnostics import Mistake
from netdsl.graph.draft.entries import Draft, Gap
from netdsl.graph.network import Node
from netdsl.planning.branches import Branch, Branching, cured_join, cured_window
from netdsl.planning.cures import Cured
from netdsl.planning.option_changes import Change, as_edit, in_words, made
from netdsl.quantities import Padding, Size, Volume, grouped
from netdsl.source import Source

_LONGEST = 200
"""Layers before a mistake that are looked at."""

_WINDOWS = 3
"""Windows before one that does not fit that could be changed instead."""

_LARGER = 6
"""How often an image is doubled in search of one that is large enough."""


class Surroundings:
    """The layers of a walk as far as it has come; ``node_of_entry`` says which node makes its output."""

    def __init__(
        self,
        draft: Draft,
        source: Source,
        nodes: Sequence[Node | Gap],
        volumes: Sequence[Volume | None],
        node_of_entry: Sequence[int],
    ) -> None:
        self._source = source
        self._nodes = nodes
        self._volumes = volumes
        self._node_of_entry = node_of_entry
        self._entries = draft.entries
        self._branching = Branching(draft.entries)

    def cured(self, entry: int, node: Node, inputs: tuple[Volume, ...], mistake: Mistake) -> Cured:
        """What to say about a mistake in the layer that stands for an entry of the draft."""
        if len(inputs) > 1:
            join = self._join(entry, node, inputs) if Fact.UNEQUAL_BRANCHES.holds(mistake.code) else None
            return join or Cured(mistake.help)
        if not Fact.WINDOW_MISFIT.holds(mistake.code) or "stride" not in node.layer.options():
            return Cured((*mistake.help, *mistake.input_help))
        branch = self._in_branch(entry, inputs[0])
        if branch is not None:
            return branch
        chain = self._chain(node)
        path = self._chain(node, through_joins=True)
        if all(before.size == behind.size for _, before, behind in path):
            return Cured((*mistake.help, *mistake.input_help))
        if Fact.WINDOW_REMAINDER.holds(mistake.code):
            return Cured((*mistake.help, *self._before(node, chain)))
        used = self._flattened(node, path) or self._used_up(node, path, chain)
        return used or self._left(node, inputs[0], mistake)

    def _join(self, entry: int, node: Node, inputs: tuple[Volume, ...]) -> Cured | None:
        branches: list[Branch | None] = []
        for index in self._entries[entry].inputs:
            branches.append(self._branching.back(index, self._volume_of))
        found = cured_join(node, inputs, branches, self._source)
        return Cured(found.help, found.fix, found.culprit, volume=found.volume) if found is not None else None

    def _in_branch(self, entry: int, x: Volume) -> Cured | None:
        way = self._branching.onward(entry)
        if way is None or not self._branching.leaves_others(entry):
            return None
        nodes, others = way
        known = (self._volume_of(index) for index in others if index < len(self._node_of_entry))
        sizes = [volume.size for volume in known if volume is not None]
        if not sizes and any(map(self._branching.strides, others)):
            return None  # the others shrink as well, nobody knows yet to what
        found = cured_window(nodes, x, sizes, self._source)
        return Cured((found.text,), found.fix, volume=found.volume) if found is not None else None

    def _volume_of(self, entry: int) -> Volume | None:
        return self._volumes[self._node_of_entry[entry]] if entry < len(self._node_of_entry) else None

    def _chain(self, node: Node, *, through_joins: bool = False) -> list[tuple[Node, Volume, Volume]]:
        """The layers before a layer, the first first, with what they take and make; from the last join on, or
        through joins along their first branches, and from a layer on that is not known."""
        found: list[tuple[Node, Volume, Volume]] = []
        indices = node.inputs
        while indices and (through_joins or len(indices) == 1) and len(found) < _LONGEST:
            before, behind = self._nodes[indices[0]], self._volumes[indices[0]]
            given = self._volumes[before.inputs[0]] if before.inputs else None
            if isinstance(before, Gap) or behind is None or given is None:
                break
            found.append((before, given, behind))
            indices = before.inputs
        return list(reversed(found))

    def _before(self, node: Node, chain: list[tuple[Node, Volume, Volume]]) -> tuple[str, ...]:
        """A padding of a window before that makes this one fit."""
        nodes = [*(layer for layer, _, _ in chain), node]
        windows = [
            position for position, (layer, _, _) in enumerate(chain) if "padding" in layer.layer.options()
        ]
        nearest = sorted(
            windows[-_WINDOWS:], key=lambda position: (not nodes[position].layer.has_weights, -position)
        )
        for position in nearest:
            layer, x, _ = chain[position]
            for side in _paddings(layer, x):
                change = Change(0, {"padding": Padding(side, side, side, side)})
                outcome = made(nodes[position:], x, [change])
                handed = made(nodes[position:-1], x, [change])
                if outcome is not None and handed is not None and outcome.size != (1, 1):
                    return (f"`{in_words(change)}` in {layer.name} gives {handed.size}, which fits",)
        return ()

    def _flattened(self, node: Node, chain: list[tuple[Node, Volume, Volume]]) -> Cured | None:
        """What to say where a layer has left no image on purpose."""
        last = next((found for found in reversed(chain) if found[1].size != found[2].size), None)
        if last is None or last[2].size != (1, 1):
            return None
        layer, _, y = last
        before = f"put {node.name} before {layer.name}"
        if y.vector:
            what = f"{grouped(y.channels)} numbers without rows and columns"
            label = f"{layer.name} has flattened the image to {what}"
            return Cured(
                (before, "or write FC in its place") if node.layer.has_weights else (before,), label=label
            )
        if layer.layer.__dict__.get("whole"):
            label = f"{layer.name} has reduced each channel to one number"
            return Cured((before,), label=label)
        return None

    def _used_up(
        self,
        node: Node,
        path: list[tuple[Node, Volume, Volume]],
        chain: list[tuple[Node, Volume, Volume]],
    ) -> Cured | None:
        """What to say where windows have shrunk the image, to half of it or less, along a path; ``chain`` is
        its end after the last join."""
        shrinking = [found for found in path if max(found[2].size) < max(found[1].size)]
        if not shrinking or 2 * max(shrinking[-1][2].size) > max(shrinking[0][1].size):
            return None
        last, _, left = shrinking[-1]
        counts = Counter(layer.layer.keyword for layer, _, _ in shrinking)
        listed = " and ".join(f"{count} {keyword}" for keyword, count in counts.items())
        label = f"the image is used up after {listed}: {last.name} leaves {left.size} of it"
        kept = self._left(node, left, None)
        help = [*kept.help, f"leave {node.name} out, or one of the layers before it that shrink the image"]
        image = self._larger(node, chain) if len(chain) == len(path) else None
        if image is not None:
            help.append(f"an image of {image} is large enough")
        return Cured(tuple(help), kept.fix, label=label)

    def _left(self, node: Node, x: Volume, mistake: Mistake | None) -> Cured:
        """The padding with which a filter keeps what is left of an image, and what else a mistake says."""
        change = next(iter(_kept(node, x)), None) if node.layer.has_weights else None
        others = mistake.help if mistake is not None else ()
        if change is None:
            return Cured(others)
        kept = f"`{in_words(change)}` keeps the remaining {x.size}"
        return Cured((kept, *others), as_edit(change, node, self._source))

    def _larger(self, node: Node, chain: list[tuple[Node, Volume, Volume]]) -> Size | None:
        """The smallest double of the image, and of that, for which all windows fit."""
        first, x, _ = chain[0]
        if self._nodes[first.inputs[0]].inputs:
            return None  # a join, or a layer that is not known, is between
        nodes = [*(layer for layer, _, _ in chain), node]
        for times in range(1, _LARGER):
            image = Volume(x.height << times, x.width << times, x.channels)
            if made(nodes, image) is not None:
                return image.size
        return None


def _paddings(node: Node, x: Volume) -> list[int]:
    """The paddings of a window, that which keeps the extents first; a pool has at most half of itself."""
    kernel = min(node.layer.window(x).kernel)
    largest = kernel - 1 if node.layer.has_weights else (kernel - 1) // 2
    return sorted(range(largest + 1), key=lambda side: (2 * side != kernel - 1, side))


def _kept(node: Node, x: Volume) -> list[Change]:
    """The padding with which a filter keeps what is left of an image."""
    kernel, stride, _, _ = node.layer.window(x)
    if stride != (1, 1) or not (kernel.height % 2 and kernel.width % 2) or x.size == (1, 1):
        return []
    change = Change(0, {"padding": Padding.even(Size(kernel.height // 2, kernel.width // 2))})
    return [change] if made([node], x, [change]) is not None else []
