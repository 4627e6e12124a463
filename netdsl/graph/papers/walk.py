"""Walks the tree of a file and puts every copied layer into our words."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.names.reserved_names import names_of_numbers
from netdsl.graph.options.channel_order import report_bracketed
from netdsl.graph.papers.glance import is_plain, is_values_first
from netdsl.graph.papers.written import Change
from netdsl.layers.registry import modules_by_name, plain_name
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.graph.papers.reading import CopiedLayers


class InOurWords(NamedTuple):
    file: tree.File
    changes: tuple[Change, ...]


def in_our_words(file: tree.File, findings: Findings) -> InOurWords:
    """The file with every copied layer in our words, the same file where there is none; and what changed.

    A layer that can be read in two ways is reported, and unreadable.
    """
    walk = _Walk(file, findings)
    statements = walk.sequence(file.statements)
    if statements is file.statements:
        return InOurWords(file, ())
    changes = tuple(walk.found.changes) if walk.found is not None else ()
    return InOurWords(file._replace(statements=statements), changes)


class _Walk:
    """The depth of its recursion is that of brackets, which is limited."""

    def __init__(self, file: tree.File, findings: Findings) -> None:
        self.file = file
        self.findings = findings
        self.text = findings.source.text
        self.found: CopiedLayers | None = None
        self.numbers = names_of_numbers(file)
        blocks = (statement for statement in file.statements if isinstance(statement, tree.Block))
        self.blocks = frozenset(block.name.text for block in blocks)
        self.dealt = 0

    def sequence(self, elements: tuple[Any, ...]) -> tuple[Any, ...]:
        """Elements or statements one behind another; the same tuple where nothing changes."""
        made: frozenset[int] = frozenset()
        before = elements
        if self._may_be_cut(elements):
            from netdsl.graph.papers.hyphens import joined

            elements, made = joined(elements, self.text, self.numbers | self.blocks)
        dashed = self._dashed(elements)
        if dashed is not elements:
            made |= {id(element) for element in dashed} - {id(element) for element in elements}
            elements = dashed
        found: list[Any] = []
        changed = elements is not before
        for element in elements:
            new = self._one(element, id(element) in made)
            changed = changed or new is not None
            found += [element] if new is None else new
        return tuple(found) if changed else before

    def _dashed(self, elements: tuple[Any, ...]) -> tuple[Any, ...]:
        """``FC – 4096 neurons`` as one layer; the same tuple where nothing is written so."""
        if self.dealt:
            return elements
        found: list[Any] = []
        for element in elements:
            values_first = isinstance(element, tree.Layer) and is_values_first(element)
            if values_first and found and self._goes_with(found[-1], element):
                from netdsl.graph.papers.dashes import undashed

                found[-1] = undashed(found[-1], element)
            else:
                found.append(element)
        return tuple(found) if len(found) < len(elements) else elements

    def _goes_with(self, first: Any, second: tree.Layer) -> bool:
        from netdsl.graph.papers.dashes import bare_kind, numbers_behind

        kind = bare_kind(first)
        if kind is None or not numbers_behind(second, kind, self.numbers | self.blocks):
            return False
        between = self.text[first.span.end : second.span.start]
        return between.strip() in ("-", "–", "—", "−") and self._copied.lets_numbers(kind)

    def _may_be_cut(self, elements: tuple[Any, ...]) -> bool:
        """Whether a hyphen stands between two words of which one is no kind of layer."""
        known = modules_by_name()
        end, own, last = -2, True, ""
        for element in elements:
            if not isinstance(element, tree.Layer) or not element.words:
                end = -2
                continue
            words = element.words
            first = plain_name(words[0].text) in known
            if words[0].span.start == end + 1 and not (own and first):
                return True
            if words[0].span.start == end + 1 and plain_name(f"{last} {words[0].text}") in known:
                return True
            tail = element.items[-1] if element.items else words[-1]
            tail = tail if tail.span.end >= words[-1].span.end else words[-1]
            last = tail.text if isinstance(tail, tree.Word) else ""
            end, own = element.span.end, plain_name(last) in known or not last
        return False

    def _one(self, element: Any, made: bool) -> list[Any] | None:
        """What an element becomes; None where it stays."""
        if isinstance(element, tree.Layer):
            return self._layer(element, made)
        if isinstance(element, tree.Group):
            return self._group(element)
        if isinstance(element, tree.Join):
            return self._join(element)
        if isinstance(element, tree.Block):
            statements = self.sequence(element.statements)
            return None if statements is element.statements else [element._replace(statements=statements)]
        if isinstance(element, tree.Default) and isinstance(element.layer, tree.Layer):
            new = self._layer(element.layer, False, chains=False, alone=False)
            return None if new is None else [element._replace(layer=new[0])]
        return None

    def _group(self, group: tree.Group) -> list[Any] | None:
        self.dealt += group.where is not None
        elements = self.sequence(group.elements)
        self.dealt -= group.where is not None
        where = group.where
        if where is not None:
            entries = [
                self._layer(entry, False, chains=False, alone=False)
                if isinstance(entry, tree.Layer)
                else None
                for entry in where.entries
            ]
            if any(entries):
                kept = (new[0] if new else entry for new, entry in zip(entries, where.entries, strict=True))
                where = where._replace(entries=tuple(kept))
        if elements is group.elements and where is group.where:
            return None
        return [group._replace(elements=elements, where=where)]

    def _join(self, join: tree.Join) -> list[Any] | None:
        if _is_input(join.layer) and report_bracketed(join, self.findings):
            return [tree.Unreadable(join.span)]
        branches = [self.sequence(branch.elements) for branch in join.branches]
        if all(new is old.elements for new, old in zip(branches, join.branches, strict=True)):
            return None
        made = (old._replace(elements=new) for new, old in zip(branches, join.branches, strict=True))
        return [join._replace(branches=tuple(made))]

    def _layer(
        self, layer: tree.Layer, made: bool, *, chains: bool = True, alone: bool = True
    ) -> list[Any] | None:
        if layer.noted or (is_plain(layer, self.numbers) and not made):
            return None
        return self._copied.read(layer, made=made, chains=chains, alone=alone and not self.dealt)

    @cached_property
    def _copied(self) -> CopiedLayers:
        from netdsl.graph.papers.reading import CopiedLayers  # most files have none

        self.found = CopiedLayers(self.file, self.findings, self.numbers, self.blocks)
        return self.found


def _is_input(layer: tree.Layer) -> bool:
    """``input``, or ``left: input``."""
    word = layer.items[0] if layer.labelled and len(layer.items) == 1 else layer.words[0]
    return isinstance(word, tree.Word) and word.text.lower() == "input"
