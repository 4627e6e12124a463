"""Walks the tree of a file and puts every copied layer into our words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings, Severity
from netdsl.graph.own_names import names_of_numbers
from netdsl.graph.papers.layer import NoKindError, Read, Surroundings, read_copied
from netdsl.graph.papers.names import SEPARABLE
from netdsl.graph.papers.options import TwoWays, multiplied_sizes, vocabulary
from netdsl.graph.papers.written import Change, layers_text
from netdsl.layers.layer import Layer
from netdsl.layers.registry import kind_named, modules_by_name, names_alone, plain_name, short_names
from netdsl.source import Span
from netdsl.syntax import tree


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
    return InOurWords(file._replace(statements=statements), tuple(walk.changes))


class _Walk:
    """The depth of its recursion is that of brackets, which is limited."""

    def __init__(self, file: tree.File, findings: Findings) -> None:
        self.file = file
        self.findings = findings
        self.text = findings.source.text
        self.changes: list[Change] = []
        self.numbers = names_of_numbers(file)
        blocks = (statement for statement in file.statements if isinstance(statement, tree.Block))
        self.blocks = frozenset(block.name.text for block in blocks)
        self.dealt = 0
        self.told: set[str] = set()

    def sequence(self, elements: tuple[Any, ...]) -> tuple[Any, ...]:
        """Elements or statements one behind another; the same tuple where nothing changes."""
        made: frozenset[int] = frozenset()
        before = elements
        if self._may_be_cut(elements):
            from netdsl.graph.papers.hyphens import joined

            elements, made = joined(elements, self.text, self.numbers | self.blocks)
        found: list[Any] = []
        changed = elements is not before
        for element in elements:
            new = self._one(element, id(element) in made)
            changed = changed or new is not None
            found += [element] if new is None else new
        return tuple(found) if changed else before

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
        branches = [self.sequence(branch.elements) for branch in join.branches]
        if all(new is old.elements for new, old in zip(branches, join.branches, strict=True)):
            return None
        made = (old._replace(elements=new) for new, old in zip(branches, join.branches, strict=True))
        return [join._replace(branches=tuple(made))]

    def _layer(
        self, layer: tree.Layer, made: bool, *, chains: bool = True, alone: bool = True
    ) -> list[Any] | None:
        if layer.noted or (_is_plain(layer, self.numbers) and not made):
            return None
        served = self._defaulted if alone and not self.dealt else None
        around = Surroundings(self.numbers, self.blocks, self.findings, chains, served, self._patterned)
        self._warn_of_products(layer)
        try:
            read = read_copied(layer, around)
        except TwoWays as ways:
            self._report_two_ways(ways)
            return [tree.Unreadable(layer.span)]
        except NoKindError as error:
            self.findings.add(
                "ND233",
                f"`{_shown(self.findings, error.span)}` names no kind of layer",
                error.span,
                help=("begin with the kind: `CONV 64 3x3`, `MAX POOL 2x2`, `FC 10`",),
            )
            return [tree.Unreadable(layer.span)]
        if read is None or (not chains and len(read.layers) > 1):
            read = Read((layer,)) if made else None
        if read is None:
            return None
        text = layers_text(read.layers, self.findings.source)
        self.changes.append(Change(layer.span, text))
        for note in read.noted:
            self._note(note.span, text, note.why)
        return list(read.layers)

    def _note(self, span: Span, text: str, why: str) -> None:
        shown = text if len(text) <= 80 else f"{text[:79]}…"
        message = f"`{_shown(self.findings, span)}` is read as `{shown}`"
        if message in self.told:
            return
        self.told.add(message)
        self.findings.add("ND231", message, span, why, severity=Severity.NOTE)

    def _report_two_ways(self, ways: TwoWays) -> None:
        shown = _shown(self.findings, ways.span)
        help = tuple(f"write `{text}`{f': {why}' if why else ''}" for text, why in ways.readings)
        self.findings.add("ND230", f"`{shown}` can be read in two ways", ways.span, help=help)

    def _warn_of_products(self, layer: tree.Layer) -> None:
        kind = kind_named(layer.words[0].text) if layer.words else None
        if kind is None or not any(isinstance(item, tree.Sign) and item.text == "*" for item in layer.items):
            return
        items = (*layer.words[1:], *layer.items)
        for word, product, span, size in multiplied_sizes(items, vocabulary(kind, self.numbers)):
            if len(set(size.split("x"))) > 1:
                continue
            self.findings.add(
                "ND232",
                f"`{word.text} {product}` multiplies",
                span,
                help=(f"write `{word.text} {size}` for a height and a width",),
                severity=Severity.WARNING,
            )

    @cached_property
    def _patterned(self) -> bool:
        """Whether the file has a pattern without numbers, which is completed as a whole."""
        return any(map(_lacks_numbers, _layers(self.file)))

    @cached_property
    def _defaulted(self) -> frozenset[type[Layer]]:
        """The kinds that a `default` line gives options, and those whose name a block has."""
        found = {kind for kind in map(kind_named, self.blocks) if kind is not None}
        for statement in self.file.statements:
            if isinstance(statement, tree.Default) and isinstance(statement.layer, tree.Layer):
                words = statement.layer.words
                names = (
                    " ".join(word.text for word in words[:length]) for length in range(len(words), 0, -1)
                )
                kind = next((kind for kind in map(kind_named, names) if kind is not None), None)
                if kind is not None:
                    found.add(kind)
        return frozenset(found)


def _layers(file: tree.File) -> Iterator[tree.Layer]:
    """All layers of a text in any order; nothing recurses along the input."""
    pending: list[Any] = list(file.statements)
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Layer):
            yield node
        elif isinstance(node, tree.Group):
            pending.extend(node.elements)
        elif isinstance(node, tree.Join | tree.Block):
            pending.extend(node.branches if isinstance(node, tree.Join) else node.statements)
        elif isinstance(node, tree.Branch):
            pending.extend(node.elements)


def _lacks_numbers(layer: tree.Layer) -> bool:
    """``CONV`` of ``[CONV-POOL-FC]``: a kind with weights and nothing else."""
    if layer.items or layer.claim is not None or len(layer.words) != 1:
        return False
    kind = kind_named(layer.words[0].text.rstrip("0123456789"))
    return kind is not None and kind.weighs


def _is_plain(layer: tree.Layer, numbers: frozenset[str]) -> bool:
    """Whether a layer holds nothing that our words do not have, seen at a glance."""
    words, items = layer.words, layer.items
    if not words or (layer.claim is not None and "@" in layer.claim.value.text):
        return False
    if items and items[0].span.start < words[0].span.start:
        more = len(items) > 1 and items[1].span.start < words[0].span.start
        if more or isinstance(items[0], tree.Number):
            return False
    name = plain_name(words[0].text)
    if name in _firsts() or not words[0].text.isascii() or "-" in words[0].text or _sized(words[0].text):
        return False
    if not items and (layer.remark or (layer.claim is None and name in names_alone())):
        return layer.labelled
    if layer.labelled and len(items) <= 3 and all(isinstance(item, tree.Word) for item in items):
        if items and plain_name(items[0].text) in names_alone():  # type: ignore[union-attr]
            return False
        if len(items) > 1 or layer.remark:
            return False  # `last: global average pool`
    if name == "INPUT" and (len(words) > 1 or any(isinstance(item, tree.Word) for item in items)):
        return False
    whole = len(words) > 1 and plain_name(" ".join(word.text for word in words)) in modules_by_name()
    if not whole and not all(_is_plain_word(word, numbers) for word in words[1:]):
        return False
    known = whole or name in _firsts_of_kinds() or name.rstrip("0123456789") in _firsts_of_kinds()
    if not known and not layer.labelled:
        return bool(len(name) > 1 and not name[1:].isdecimal())
    return all(_is_plain_item(item, place, layer, numbers) for place, item in enumerate(items))


def _is_plain_word(word: tree.Word, numbers: frozenset[str]) -> bool:
    text = word.text
    if text in numbers:
        return True
    if len(text) == 1:
        return text == "a"
    return (
        text.isalpha() and plain_name(text) not in modules_by_name() and plain_name(text) not in short_names()
    )


def _is_plain_item(item: tree.Item, place: int, layer: tree.Layer, numbers: frozenset[str]) -> bool:
    if isinstance(item, tree.Word):
        if plain_name(item.text) in _firsts():
            return False
        first = layer.labelled and place == 0 and plain_name(item.text) in modules_by_name()
        return first or _is_plain_word(item, numbers)
    if isinstance(item, tree.Number):
        return not item.text.endswith("%")
    if isinstance(item, tree.Extents):
        return "@" not in item.text and item.text.count("x") < 3
    if isinstance(item, tree.Mark):
        following = layer.items[place + 1] if place + 1 < len(layer.items) else None
        return item.text != "/" or not isinstance(following, tree.Word) or following.text in numbers
    return isinstance(item, tree.Table | tree.Range)


def _sized(word: str) -> bool:
    """``conv3x3``."""
    return "x" in word.lower() and any(sign.isdigit() for sign in word)


@cache
def _firsts() -> frozenset[str]:
    """The first words of names that mean more than a kind."""
    return frozenset(name.split()[0] for name in (*SEPARABLE, *short_names()))


@cache
def _firsts_of_kinds() -> frozenset[str]:
    return frozenset(name.split()[0] for name in modules_by_name())


def _shown(findings: Findings, span: Span) -> str:
    text = " ".join(findings.source.excerpt(span).split())
    return text if len(text) <= 60 else f"{text[:59]}…"
