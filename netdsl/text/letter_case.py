"""Which words of a file mean a kind of layer or an option, and how those are spelled: the formatter
writes kinds in capitals and options in lower case, and leaves names as they are."""

from __future__ import annotations

from typing import Any

from netdsl.graph.names.kinds_and_labels import names_group, read_head
from netdsl.graph.names.weight_sharing import spelled, without_phrase
from netdsl.graph.options.paddings import ZERO
from netdsl.layers.layer import Layer
from netdsl.layers.registry import kind_named, plain_name
from netdsl.source import Span
from netdsl.syntax import tree

_WORDS = frozenset(("no", "without", "same", "valid", ZERO))
_BRANCHES = frozenset(("skip", "project"))
_NOWHERE = Span(0, 0)


def canonical_words(file: tree.File) -> dict[int, str]:
    """The canonical spelling of words by their offset, where it is not the written one."""
    nodes = nodes_of(file)
    names = {name for node in nodes for name in _names(node)}
    blocks = {plain_name(node.name.text) for node in nodes if isinstance(node, tree.Block)}
    groups = unnamed_groups(nodes)
    found: dict[int, str] = {}
    for node in nodes:
        if isinstance(node, tree.Layer):
            if id(node) in groups:
                continue
            found |= spelled((*node.words, *node.items))
            if node.words and plain_name(node.words[0].text) not in blocks:
                _spell(node, names | blocks, found)
        elif isinstance(node, tree.Call) and node.tail:
            found |= spelled(node.tail)
        elif isinstance(node, tree.Argument | tree.Parameter):
            _spell_handed(node, names | blocks, found)
        elif isinstance(node, tree.PatternLayer):
            if kind_named(" ".join(word.text for word in node.words)) is not None:
                found |= {word.span.start: word.text.upper() for word in node.words}
        elif isinstance(node, tree.Dialect):
            found[node.name.span.start] = node.name.text.lower()
    return found


def nodes_of(file: tree.File) -> list[Any]:
    """All nodes of the tree; named tuples in named tuples, so nothing recurses along the input."""
    nodes: list[Any] = []
    pending: list[Any] = [file]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            nodes.append(node)
            pending.extend(node)
    return nodes


def names_of_the_file(nodes: list[Any]) -> set[str]:
    """The names of numbers and blocks, those of blocks as kinds are compared as well."""
    names = {name for node in nodes for name in _names(node)}
    return names | {plain_name(node.name.text) for node in nodes if isinstance(node, tree.Block)}


def unnamed_groups(nodes: list[Any]) -> set[int]:
    """The layers, by their ids, that are no layers but the names of groups: `stage1: [...]`."""
    joins = (node for node in nodes if isinstance(node, tree.Join))
    return {id(join.layer) for join in joins if names_group(join, read_head(join.layer).kind)}


def _names(node: Any) -> tuple[str, ...]:
    """The names that a statement gives to numbers and blocks: they are told apart by case."""
    if isinstance(node, tree.Let | tree.Parameter | tree.Block):
        return (node.name.text,)
    return ()


def _spell(layer: tree.Layer, names: set[str], found: dict[int, str]) -> None:
    """Labels stay as they are, and so does ``input``, which reads as a statement."""
    if layer.noted or layer.words[0].text in names:
        return
    head = read_head(layer)
    if head.kind is None:
        first = layer.words[0]
        if first.text.lower() in _BRANCHES and not layer.labelled:
            found[first.span.start] = first.text.upper()
        return
    known = _option_words(head.kind) | _WORDS
    phrase = without_phrase(head).shares
    shared = phrase.span if phrase is not None else _NOWHERE
    label = layer.words[0].span.to(layer.words[-1].span) if head.label else _NOWHERE
    for word in (*layer.words, *(item for item in layer.items if isinstance(item, tree.Word))):
        if _within(word, shared) or _within(word, label) or word.text in names:
            continue
        if _within(word, head.span):
            if head.kind.inputs != 0:
                found[word.span.start] = word.text.upper()
        elif word.text.lower().removeprefix(f"{ZERO}-") in known:
            found[word.span.start] = word.text.lower()


def _spell_handed(node: tree.Argument | tree.Parameter, names: set[str], found: dict[int, str]) -> None:
    """The layer that is handed to a block: ``UNIT(64, LEAKY RELU 0.1)``."""
    value = node.value if isinstance(node, tree.Argument) else node.default
    if not value or isinstance(value, tree.Reference | tree.Call):
        return
    leading = next((n for n, item in enumerate(value) if not isinstance(item, tree.Word)), len(value))
    words = tuple(item for item in value[:leading] if isinstance(item, tree.Word))
    if words and not (len(value) > 1 and len(words) == 1 and isinstance(value[1], tree.Sign)):
        _spell(tree.Layer(None, words, False, value[leading:], "", value[0].span), names, found)


def _option_words(kind: type[Layer]) -> set[str]:
    options = kind.options().values()
    return {word.lower() for option in options for word in (*option.words, *option.choices)}


def _within(word: tree.Word, span: Span) -> bool:
    return span.start <= word.span.start < span.end
