"""Finds names in a text that no netdsl network has: of kinds of layers and of blocks.

What parses need not be a network: the words of many formats read as layers of unknown kinds. Looks at
each place of the text once and expands nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import EntryRole
from netdsl.graph.macros.blocks import Blocks, bare_use, called_block
from netdsl.graph.macros.unknown_blocks import report_unknown_block
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.names.unknown_kinds import report_unknown_kind
from netdsl.syntax import tree


def report_strange_names(file: tree.File, findings: Findings, *, complete: bool) -> None:
    """Report every layer of an unknown kind and every use of an unknown block; of ``complete`` files,
    whose ``use`` lines could all be read, also bare names that may be blocks."""
    blocks = {
        statement.name.text: statement for statement in file.statements if isinstance(statement, tree.Block)
    }
    for element, given in _elements(file):
        if isinstance(element, tree.Call):
            if complete and element.block.text not in blocks and element.block.text not in given:
                report_unknown_block(element, blocks, findings)
        elif bare_use(element, given) is None and not _may_lack_a_kind(element, blocks, complete):
            head = read_head(element)
            if head.kind is None:
                report_unknown_kind(head, findings)


def _may_lack_a_kind(layer: tree.Layer, blocks: Blocks, complete: bool) -> bool:
    """Whether a layer is a part of a join, or the use of a block."""
    words = layer.items if layer.labelled else layer.words
    first = words[0] if words else None
    if isinstance(first, tree.Word) and EntryRole.named(first.text) is not EntryRole.LAYER:
        return True
    bare = not complete and not layer.items and len(layer.words) == 1
    return bare or called_block(layer, blocks) is not None


_Given: TypeAlias = frozenset[str]
"""The parameters of a block, for which a call may have given layers or blocks."""


def _elements(file: tree.File) -> Iterator[tuple[tree.Layer | tree.Call, _Given]]:
    """All layers and calls of a text, those of blocks and of joins with a kind among them, with what was
    given to the block that they stand in."""
    for statement in file.statements:
        if isinstance(statement, tree.Block):
            given = frozenset(parameter.name.text for parameter in statement.parameters)
            yield from ((element, given) for element in _elements_in(statement.statements))
        else:
            yield from ((element, frozenset()) for element in _elements_in((statement,)))


def _elements_in(statements: tuple[Any, ...]) -> Iterator[tree.Layer | tree.Call]:
    pending: list[Any] = list(reversed(statements))
    while pending:
        element = pending.pop()
        if isinstance(element, tree.Layer | tree.Call):
            yield element
        elif isinstance(element, tree.Group):
            pending.extend(reversed(element.elements))
        elif isinstance(element, tree.Join):
            pending.extend(reversed([inner for branch in element.branches for inner in branch.elements]))
            layer = element.layer
            if not (layer.labelled and not layer.items and len(element.branches) == 1):
                yield layer  # else it names a group
