"""The first name of each kind of layer in place of its others: FC for ``dense``, RELU for ``rectifier``."""

from __future__ import annotations

from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.papers.written import Change, rewritten
from netdsl.layers.registry import plain_name
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.text.letter_case import names_of_the_file, nodes_of, unnamed_groups

_KEPT = frozenset(("POOL",))
"""Names that are as usual as the first one."""


def canonically_named(source: Source, file: tree.File) -> tuple[Source, tree.File]:
    """The text of a file and its tree with the first names; names that are labels, ``DENSE1``, stay."""
    from netdsl.syntax.parser import parse

    nodes = nodes_of(file)
    names, groups = names_of_the_file(nodes), unnamed_groups(nodes)
    layers = (node for node in nodes if isinstance(node, tree.Layer) and id(node) not in groups)
    changes = [change for layer in layers if (change := _change(layer, source, names)) is not None]
    if not changes:
        return source, file
    new = source.with_text(rewritten(source.text, changes))
    parsed = parse(new)
    if parsed.file is None or parsed.diagnostics:
        return source, file
    return new, parsed.file


def _change(layer: tree.Layer, source: Source, names: set[str]) -> Change | None:
    if layer.noted or not layer.words or layer.words[0].text in names:
        return None
    head = read_head(layer, names)
    if head.kind is None or head.kind.inputs == 0:
        return None
    written = plain_name(source.text[head.span.start : head.span.end])
    if written != plain_name(head.written) or written in _KEPT or plain_name(written) in names:
        return None
    whole = head.label and layer.labelled and head.span.start < layer.words[-1].span.end
    if whole or plain_name(head.kind.keyword) == written:
        return None
    return Change(head.span, head.kind.keyword)
