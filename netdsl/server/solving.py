"""Solves a layer for the volume that it claims: which padding and stride would make it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, product
from typing import Any, NamedTuple

from netdsl.diagnostics import Edit
from netdsl.graph.network import Node
from netdsl.layers.option import OptionType
from netdsl.planning.cures import written_option
from netdsl.quantities import SAME, Padding, Size, Volume
from netdsl.source import Source

_WIDEST = 16
"""The largest padding and stride that are tried."""

_SHOWN = 6


class Solution(NamedTuple):
    """Options as they would be written, and the edits that do it."""

    text: str
    edits: tuple[Edit, ...]


def solutions(node: Node, inputs: tuple[Volume, ...], source: Source) -> list[Solution]:
    """The paddings and strides that make what a layer claims, one option changed before two; those that
    the text can simply be changed to."""
    found: list[Solution] = []
    if node.claim is None or len(inputs) != 1:
        return found
    for changes in _changes(node):
        if len(found) == _SHOWN or (found and len(changes) > len(found[0].edits)):
            break
        if _makes_claim(node, {name: value for name, _, value in changes}, inputs[0]):
            edits = _edits(node, [(name, text) for name, text, _ in changes], source)
            if edits:
                found.append(Solution(" ".join(text for _, text, _ in changes), edits))
    return found


_Change = tuple[str, str, Any]
"""An option, how it is written, and its value."""


def _changes(node: Node) -> Iterator[tuple[_Change, ...]]:
    """What is tried: each option by itself, then both."""
    paddings, strides = list(_paddings(node)), list(_strides(node))
    singles = ((change,) for change in chain(paddings, strides))
    return chain(singles, product(strides, paddings))


def _paddings(node: Node) -> Iterator[_Change]:
    option = type(node.layer).options().get("padding")
    if option is None or option.type is not OptionType.PADDING:
        return
    kernel = node.layer.__dict__.get("kernel")
    most = min(kernel) if isinstance(kernel, Size) else _WIDEST
    for side in range(min(most, _WIDEST)):
        yield "padding", f"pad {side}", Padding(side, side, side, side)
    yield "padding", "same", SAME


def _strides(node: Node) -> Iterator[_Change]:
    option = type(node.layer).options().get("stride")
    if option is None or option.type is not OptionType.SIZE:
        return
    for step in range(1, _WIDEST + 1):
        yield "stride", f"stride {step}", Size(step, step)


def _makes_claim(node: Node, changed: dict[str, Any], x: Volume) -> bool:
    """Whether the layer with other options makes what it claims."""
    assert node.claim is not None
    layer = node.layer
    if all(layer.__dict__[name] == value for name, value in changed.items()):
        return False
    options = {name: layer.__dict__[name] for name in layer.options()}
    other = type(layer)(dialect=layer.dialect, **{**options, **changed})
    made = None if other.problems(x) else other.volume(x)
    return isinstance(made, Volume) and made.agrees(node.claim.volume)


def _edits(node: Node, written: list[tuple[str, str]], source: Source) -> tuple[Edit, ...]:
    """The edits that write options; none where the text cannot simply be changed."""
    edits: list[Edit] = []
    behind = ""
    for option, text in written:
        edit = written_option(node, option, text, source)
        if edit is None:
            return ()
        if edit.span.start == edit.span.end:
            behind += edit.replacement
        else:
            edits.append(edit)
    if not behind:
        return tuple(edits)
    for index, edit in enumerate(edits):
        if edit.span.end == node.span.end:  # two edits that touch are one
            edits[index] = edit._replace(replacement=edit.replacement + behind)
            return tuple(edits)
    return (*edits, Edit.behind(node.span, behind.strip()))
