"""Layers whose kind is written with a word that a block of the file has for its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings, Label
from netdsl.graph.expanded_layers import Element, GroupEntry, JoinEntry, LayerEntry, LayerHead
from netdsl.graph.macros.blocks import signature
from netdsl.graph.macros.elements import elements_inside
from netdsl.graph.macros.scopes import Scopes
from netdsl.graph.names.reserved_names import meaning_of
from netdsl.graph.names.weight_sharing import layer_head
from netdsl.layers.registry import keywords_meant, modules_by_name, plain_name
from netdsl.source import Span
from netdsl.syntax import tree


class _Named(NamedTuple):
    """A place where a kind is named: the names that may be a block's, and the kinds that are meant."""

    names: list[str]
    keywords: list[str]
    span: Span
    entry: LayerEntry | None = None


def report_shadowed_kinds(
    statements: tuple[Any, ...], scopes: Scopes, elements: list[Element], findings: Findings
) -> None:
    """Report every layer that would be read as a kind by the name of a block, and mark it as hidden."""
    owners = {plain_name(name): block for name, block in scopes.blocks.items() if not meaning_of(name)}
    if not any(_spells_a_kind(name) for name in owners):
        return
    inside = [*elements_inside(elements)]
    for block in scopes.entries.values():
        inside += elements_inside(block.elements)
    for named in (*_in_elements(inside), *_in_statements(statements)):
        owner = next((owners[key] for key in map(plain_name, named.names) if key in owners), None)
        if owner is not None and named.keywords:
            if named.entry is not None:
                named.entry.hidden = True
            _report(owner, named.keywords, named.span, findings)


def _spells_a_kind(name: str) -> bool:
    return name.rstrip("0123456789").rstrip() in modules_by_name()


def _in_elements(elements: list[Element]) -> Iterator[_Named]:
    for element in elements:
        if isinstance(element, LayerEntry) and element.call is None:
            yield _layer(element.written, element.head, element)
        elif isinstance(element, JoinEntry):
            yield _layer(element.layer.written, element.layer.head, element.layer)
        elif isinstance(element, GroupEntry):
            for entry in element.where:
                yield _layer(entry.written, entry.head)


def _layer(layer: tree.Layer, head: LayerHead, entry: LayerEntry | None = None) -> _Named:
    # Without a colon behind it, `BN1` is no label that anybody chose beside the block's name.
    word = layer.words[0].text if layer.noted else "" if layer.labelled else head.label
    return _Named([head.written, word], [head.kind.keyword] if head.kind else [], head.span, entry)


def _in_statements(statements: tuple[Any, ...]) -> Iterator[_Named]:
    """The kinds of ``default`` lines, of which ``default activation`` has its behind that word, and of
    patterns; nothing recurses along the input."""
    pending: list[Any] = [one for one in statements if isinstance(one, tree.Default | tree.ExpectPattern)]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.PatternLayer):
            name = " ".join(word.text for word in node.words)
            yield _Named([name], sorted(keywords_meant(name)), node.span)
        elif isinstance(node, tree.Default):
            if isinstance(node.layer, tree.Layer):
                activation = node.layer.words[0].text.lower() == "activation"
                layer = node.layer._replace(words=node.layer.words[activation:])
                if layer.words:
                    yield _layer(layer, layer_head(layer))
        elif isinstance(node, tuple):
            pending.extend(node)


def _report(owner: tree.Block, keywords: list[str], span: Span, findings: Findings) -> None:
    free = [f"`{keyword}`" for keyword in keywords if keyword != plain_name(owner.name.text)]
    cure = f"write {' or '.join(free)} for the kind of layer" if free else "give the block another name"
    findings.add(
        "ND227",
        f"`{findings.source.excerpt(span)[:40]}` means a layer here, but a block has that name",
        span,
        secondary=(Label(owner.name.span, "the block"),),
        help=(cure, f"the block is used as {signature(owner)}"),
    )
