"""Layers whose kind is written with a word that a block of the file has for its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings, Label
from netdsl.graph.macros.blocks import Blocks, called_block, signature
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.names.reserved_names import meaning_of
from netdsl.layers.registry import keywords_meant, modules_by_name, plain_name
from netdsl.source import Span
from netdsl.syntax import tree


class _Written(NamedTuple):
    """A place where a kind can be named; ``calls`` where a block can be used instead."""

    node: tree.Layer | tree.PatternLayer
    calls: bool


def report_shadowed_kinds(statements: tuple[Any, ...], blocks: Blocks, findings: Findings) -> frozenset[int]:
    """Report every layer that would be read as a kind by the name of a block; these, by their ids."""
    owners = {plain_name(name): block for name, block in blocks.items() if not meaning_of(name)}
    if not any(_spells_a_kind(name) for name in owners):
        return frozenset()
    hidden = set()
    for node, calls in _written(statements):
        if isinstance(node, tree.PatternLayer):
            names = [" ".join(word.text for word in node.words)]
            keywords, span = sorted(keywords_meant(names[0])), node.span
        elif calls and called_block(node, blocks) is not None:
            continue
        else:
            head = read_head(node)
            # Without a colon behind it, `BN1` is no label that anybody chose beside the block's name.
            names = [head.written, node.words[0].text if node.noted else "" if node.labelled else head.label]
            keywords, span = [head.kind.keyword] if head.kind else [], head.span
        owner = next((owners[key] for key in map(plain_name, names) if key in owners), None)
        if owner is not None and keywords:
            hidden.add(id(node))
            _report(owner, keywords, span, findings)
    return frozenset(hidden)


def _spells_a_kind(name: str) -> bool:
    return name.rstrip("0123456789").rstrip() in modules_by_name()


def _written(statements: tuple[Any, ...]) -> Iterator[_Written]:
    """All layers of a text, in no order; nothing recurses along the input."""
    pending: list[Any] = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Layer):
            yield _Written(node, calls=True)
        elif isinstance(node, tree.PatternLayer):
            yield _Written(node, calls=False)
        elif isinstance(node, tree.Default):
            if isinstance(node.layer, tree.Layer):
                yield from _of_default(node.layer)
        elif isinstance(node, tree.Where):
            yield from (
                _Written(entry, calls=False) for entry in node.entries if isinstance(entry, tree.Layer)
            )
        elif isinstance(node, tree.Join):
            yield _Written(node.layer, calls=False)
            pending.extend(node.branches)
        elif isinstance(node, tuple):
            pending.extend(node)


def _of_default(layer: tree.Layer) -> Iterator[_Written]:
    """The kind of a ``default`` line; ``default activation`` has it behind that word."""
    activation = layer.words[0].text.lower() == "activation"
    words = layer.words[1:] if activation else layer.words
    if words:
        yield _Written(layer._replace(words=words), calls=False)


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
