"""Reads what stands in a file and its blocks: every layer's head once, before anything is expanded."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from netdsl.graph.expanded_layers import (
    BlockEntry,
    BranchEntry,
    CallEntry,
    Element,
    GroupEntry,
    JoinEntry,
    LayerEntry,
    WhereEntry,
)
from netdsl.graph.expressions.environment import CHANNELS
from netdsl.graph.macros.blocks import called_block, words_in
from netdsl.graph.macros.incoming_channels import layer_asks, names_channels
from netdsl.graph.names.kinds_and_labels import names_group
from netdsl.graph.names.weight_sharing import layer_head
from netdsl.syntax import tree

_Elements = tree.Layer | tree.Group | tree.Join | tree.Call | tree.Reference | tree.Unreadable


class ElementReader:
    """Reads elements, given the names of the file's numbers and of its blocks."""

    def __init__(self, numbers: Container[str], blocks: Container[str]) -> None:
        self._numbers = numbers
        self._blocks = blocks

    def elements(self, statements: Iterable[Any]) -> list[Element]:
        """The elements among statements, in order. A loop: brackets may stand as deep as the text is long."""
        found: list[Element] = []
        pending: list[tuple[Iterable[Any], list[Element]]] = [(statements, found)]
        while pending:
            inner, into = pending.pop()
            for element in inner:
                if isinstance(element, tree.Layer):
                    into.append(self.layer(element))
                elif isinstance(element, tree.Call):
                    into.append(self.call(element))
                elif isinstance(element, tree.Group):
                    group = GroupEntry(element, self._where(element.where))
                    pending.append((element.elements, group.elements))
                    into.append(group)
                elif isinstance(element, tree.Join):
                    join = self._join(element)
                    pending += [(branch.written.elements, branch.elements) for branch in join.branches]
                    into.append(join)
                elif isinstance(element, tree.Reference | tree.Unreadable):
                    into.append(element)
        return found

    def layer(self, written: tree.Layer) -> LayerEntry:
        head = layer_head(written, self._numbers)
        call = called_block(written, self._blocks)
        entry = self.call(call) if call is not None else None
        return LayerEntry(written, head, entry, asks=layer_asks(written, head))

    def call(self, written: tree.Call) -> CallEntry:
        return CallEntry(written, asks=names_channels((written,)))

    def block(self, written: tree.Block) -> BlockEntry:
        """A block; `channels` is no question in one that has a parameter of this name."""
        elements = self.elements(written.statements)
        lets = [statement for statement in written.statements if isinstance(statement, tree.Let)]
        own = any(parameter.name.text == CHANNELS for parameter in written.parameters)
        asks = not own and names_channels((written.name, written.parameters, *lets, *elements))
        return BlockEntry(written, elements, asks=asks, words=words_in(written))

    def _join(self, written: tree.Join) -> JoinEntry:
        head = layer_head(written.layer, self._numbers)
        layer = LayerEntry(written.layer, head, asks=layer_asks(written.layer, head))
        return JoinEntry(written, layer, names_group=names_group(written, head.kind))

    def _where(self, where: tree.Where | None) -> tuple[WhereEntry, ...]:
        written = where.entries if where is not None else ()
        return tuple(
            WhereEntry(entry, layer_head(entry), layer_head(entry._replace(items=())).kind)
            for entry in written
            if isinstance(entry, tree.Layer)
        )


def elements_inside(elements: Iterable[Element]) -> list[Element]:
    """All elements, those inside groups and joins among them; the layer of a join is its own."""
    found: list[Element] = []
    pending: list[Element | BranchEntry] = list(elements)
    while pending:
        element = pending.pop()
        if isinstance(element, BranchEntry):
            pending += element.elements
            continue
        found.append(element)
        if isinstance(element, GroupEntry):
            pending += element.elements
        elif isinstance(element, JoinEntry):
            pending += element.branches
    return found


def called(element: Element) -> tree.Call | None:
    """The use of a block that an element is, with parentheses or without."""
    call = element.call if isinstance(element, LayerEntry) else element
    return call.written if isinstance(call, CallEntry) else None
