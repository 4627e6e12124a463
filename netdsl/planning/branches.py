"""Branches of a join whose heights and widths do not go together: which is the odd one, and what fixes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from netdsl.diagnostics import Edit, Label
from netdsl.graph.draft.entries import Entry
from netdsl.graph.network import Node
from netdsl.planning.option_changes import Change, as_edit, bringing, in_words, made
from netdsl.quantities import Size, Volume
from netdsl.source import Source

_LONGEST = 100
"""Layers of a branch that are looked at."""


_SIBLINGS = 8
"""Other branches that one branch is compared with."""


class Branch(NamedTuple):
    """The layers of a branch in their order, ``x`` the volume that it is given."""

    nodes: tuple[Node, ...]
    x: Volume


class CuredJoin(NamedTuple):
    """What is said about a join in place of its own words: at which layer, what would fix it, and what the
    join makes then."""

    culprit: Label
    help: tuple[str, ...]
    fix: Edit | None
    volume: Volume | None = None


class CuredWindow(NamedTuple):
    """A change that brings a branch to the others, and the volume that the layer makes with it."""

    text: str
    fix: Edit | None
    volume: Volume | None


class Odd(NamedTuple):
    """A branch that differs, by its number from 1 on, with the changes that bring it to the others."""

    number: int
    branch: Branch
    changes: list[Change]


def cured_join(
    node: Node,
    inputs: tuple[Volume, ...],
    branches: Sequence[Branch | None],
    source: Source,
) -> CuredJoin | None:
    """The odd branches of a join and their cures; None where no change of windows fixes it."""
    for target in _targets(inputs, branches):
        found: list[Odd] = []
        mended = list(inputs)
        for position, (volume, branch) in enumerate(zip(inputs, branches, strict=True)):
            if volume.size == target:
                continue
            changes = bringing(branch.nodes, branch.x, target) if branch is not None else []
            ending = made(branch.nodes, branch.x, changes) if branch is not None and changes else None
            if branch is None or ending is None:
                break
            found.append(Odd(position + 1, branch, changes))
            mended[position] = ending
        else:
            outcome = node.layer.volume(*mended) if found else None
            if isinstance(outcome, Volume):
                return _cured(found, inputs, target, source)._replace(volume=outcome)
    return None


def _targets(inputs: tuple[Volume, ...], branches: Sequence[Branch | None]) -> list[Size]:
    """The sizes that may be meant, the likeliest first: that of most branches, then what goes in."""
    counts = Counter(volume.size for volume in inputs)
    given = {branch.x.size for branch in branches if branch is not None and branch.nodes}
    return sorted(counts, key=lambda size: (-counts[size], size not in given, (-size.height, -size.width)))


def _cured(found: list[Odd], inputs: tuple[Volume, ...], target: Size, source: Source) -> CuredJoin:
    first = found[0]
    node = first.branch.nodes[first.changes[0].position]
    others = "the others end" if len(inputs) - len(found) > 1 else "the other ends"
    label = f"branch {first.number} ends in {inputs[first.number - 1].size}, {others} in {target}"
    help = tuple(f"{_proposed(odd)} {_bring(odd)} branch {odd.number} to {target}" for odd in found)
    single = len(first.changes) == 1
    if not single and _grows(first.branch):
        smallest = min(volume.size for volume in inputs)
        help = (*help, f"or `CROP {smallest}` cuts the larger ones to the size of the smallest")
    fix = as_edit(first.changes[0], node, source) if single else None
    return CuredJoin(Label(node.span, label), help, fix)


def _grows(branch: Branch) -> bool:
    """Whether a branch enlarges again what it has shrunk, as in a U-Net: there CROP is the other way."""
    volumes = [branch.x]
    for node in branch.nodes:
        outcome = made([node], volumes[-1])
        if outcome is not None:
            volumes.append(outcome)
    return any(behind.height > before.height for before, behind in pairwise(volumes))


def _bring(odd: Odd) -> str:
    return "brings" if len(odd.changes) == 1 else "bring"


def _proposed(odd: Odd) -> str:
    """`pad 2` in CONV5, or `pad 1` in CONV3 and `pad 2` in CONV5"""
    return " and ".join(
        f"`{in_words(change)}` in {odd.branch.nodes[change.position].name}" for change in odd.changes
    )


def cured_window(
    behind: Sequence[Node], x: Volume, siblings: Sequence[Size], source: Source
) -> CuredWindow | None:
    """The change of the first layer of a branch, which does not fit its input of ``x``, that brings the
    branch to what the others end in; the size that goes in where none of them is known yet."""
    node = behind[0]
    for target in dict.fromkeys(siblings) or (x.size,):
        changes = bringing(behind, x, target)
        if changes and changes[0].position == 0:
            others = "as in the other branches" if target in siblings else "for the other branches"
            does = f"keeps {target}" if target == x.size else f"turns {x.size} into {target}"
            change = changes[0]
            volume = made([node], x, [change])
            text = f"`{in_words(change)}` {does}, {others}"
            return CuredWindow(text, as_edit(change, node, source), volume)
    return None


class Branching:
    """Which layers of a draft follow which; made once for a text that has a mistake."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._readers: list[list[int]] = [[] for _ in entries]
        for position, entry in enumerate(entries):
            for index in entry.inputs:
                self._readers[index].append(position)

    def back(self, last: int, first_volume: Callable[[int], Volume | None]) -> Branch | None:
        """The branch that ends with an entry, from where it leaves the others; None where a layer of it is
        not known, or it is too long."""
        nodes: list[Node] = []
        position = last
        while len(nodes) < _LONGEST:
            entry = self._entries[position]
            if len(self._readers[position]) != 1 or len(entry.inputs) != 1:
                x = first_volume(position)
                return Branch(tuple(reversed(nodes)), x) if x is not None else None
            if not isinstance(entry, Node):
                return None
            nodes.append(entry)
            (position,) = entry.inputs
        return None

    def onward(self, first: int) -> tuple[tuple[Node, ...], tuple[int, ...]] | None:
        """The layers from an entry on to the join that they lead to, and some other inputs of that
        join; None where they lead to none."""
        nodes: list[Node] = []
        position = first
        while len(nodes) < _LONGEST:
            entry = self._entries[position]
            if len(entry.inputs) > 1 and not nodes:
                return None
            if len(entry.inputs) > 1:
                siblings = (index for index in entry.inputs if index != nodes[-1].position)
                return tuple(nodes), tuple(islice(siblings, _SIBLINGS))
            if not isinstance(entry, Node) or len(self._readers[position]) != 1:
                return None
            nodes.append(entry)
            (position,) = self._readers[position]
        return None

    def strides(self, position: int) -> bool:
        """Whether the branch that ends with an entry has a window that moves by more than one position."""
        for _ in range(_LONGEST):
            entry = self._entries[position]
            if len(self._readers[position]) != 1 or len(entry.inputs) != 1 or not isinstance(entry, Node):
                return False
            if max(entry.layer.__dict__.get("stride") or (1, 1)) > 1:
                return True
            (position,) = entry.inputs
        return False

    def leaves_others(self, position: int) -> bool:
        """Whether the layers before an entry go back to one that others read as well."""
        for _ in range(_LONGEST):
            entry = self._entries[position]
            if len(entry.inputs) != 1:
                return False
            (position,) = entry.inputs
            if len(self._readers[position]) > 1:
                return True
        return False
