"""Reads copied layers one by one, and says what is to be said of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from netdsl.diagnostics import Findings, Severity
from netdsl.graph.papers.headings import NoKindError, Surroundings
from netdsl.graph.papers.layer import Read, read_copied
from netdsl.graph.papers.names import LONGEST
from netdsl.graph.papers.sizes import divided_sizes, multiplied_sizes
from netdsl.graph.papers.vocabulary import TwoWays, Vocabulary, vocabulary
from netdsl.graph.papers.written import Change, layers_text
from netdsl.layers.layer import Layer
from netdsl.layers.registry import kind_named
from netdsl.source import Span
from netdsl.syntax import tree

_ARROW_BEFORE = re.compile(r"[0-9][ \t]*(?:-+>|=>|→|⇒|—>)[ \t]*\Z")

_NEURONS_BEFORE = re.compile(
    r"\b(?:FC|dense|linear|affine|fully[ \t-]?connected)\w*(?:[ \t]+layer)?"
    r"[ \t]*(?:[0-9]{1,3}[ \t]*(?=:))?:?[ \t]*"
    r"(?P<numbers>(?P<coming>[0-9][0-9,]{0,12})[ \t]*(?:-+>|→)[ \t]*)\Z",
    re.IGNORECASE,
)
_MAY_SETTLE = re.compile(r"softmax|pool|@.*,|[0-9] *(?:-+>|→)", re.IGNORECASE)
"""What can be read in two ways by itself, and in one beside the rest of its line: ``softmax 10`` behind 84
neurons, ``average pool (6x6 -> 1x1)``, ``FC: 1600 -> 50``."""

_REACH = 60
"""Characters before a layer in which an arrow and its number stand."""


class CopiedLayers:
    """The copied layers of one file; ``changes`` are those of its text."""

    def __init__(
        self, file: tree.File, findings: Findings, numbers: frozenset[str], blocks: frozenset[str]
    ) -> None:
        self.file = file
        self.findings = findings
        self.numbers = numbers
        self.blocks = blocks
        self.changes: list[Change] = []
        self.told: set[str] = set()

    def read(self, layer: tree.Layer, *, made: bool, chains: bool, alone: bool) -> list[Any] | None:
        """What a layer becomes; None where it stays. ``made`` where it is made of parts that a hyphen
        joins, ``alone`` where no other line may give it options."""
        served = self._defaulted if alone else None
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
        if read is not None and read.layers and self._counts_what_comes_in(layer, read.layers[0]):
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

    def _counts_what_comes_in(self, layer: tree.Layer, first: tree.Layer) -> bool:
        """Report ``FC: 1600 → 50 units``: one layer of 50 and what comes in, or two layers."""
        text, start = self.findings.source.text, layer.span.start
        line = text[max(text.rfind("\n", 0, start) + 1, start - _REACH) : start]
        before = _NEURONS_BEFORE.search(line)
        kind = kind_named(" ".join(word.text for word in first.words))
        if before is None or kind is None or kind.keyword != "FC" or not _is_count(layer):
            return False
        begin, shown = start - len(before["numbers"]), _shown(self.findings, layer.span)
        self.findings.add(
            "ND230",
            f"`{before['numbers'].strip()} {shown}` can be read in two ways",
            Span(begin, layer.span.end),
            help=(
                f"write `FC {shown}` for one layer, to which {before['coming']} numbers come in",
                f"write `FC {before['coming']} -> FC {shown}` for two layers",
            ),
            cause="an arrow between numbers of neurons",
            line_may_settle=True,
        )
        return True

    def lets_numbers(self, kind: type[Layer]) -> bool:
        """Whether no other line of the file gives a kind its numbers."""
        return kind not in self._defaulted

    def _note(self, span: Span, text: str, why: str) -> None:
        shown = text if len(text) <= 80 else f"{text[:79]}…"
        message = f"`{_shown(self.findings, span)}` is read as `{shown}`"
        if message in self.told:
            return
        self.told.add(message)
        if _ARROW_BEFORE.search(self.findings.source.text[max(0, span.start - 40) : span.start]):
            return  # `CONV 3 -> 16 3x3` has a finding of its own
        self.findings.add("ND231", message, span, why, severity=Severity.NOTE)

    def _report_two_ways(self, ways: TwoWays) -> None:
        shown = _shown(self.findings, ways.span)
        help = tuple(f"write `{text}`{f': {why}' if why else ''}" for text, why in ways.readings)
        self.findings.add(
            "ND230",
            f"`{shown}` can be read in two ways",
            ways.span,
            help=help,
            line_may_settle=_MAY_SETTLE.search(shown) is not None,
        )

    def _warn_of_products(self, layer: tree.Layer) -> None:
        if not any(isinstance(item, tree.Sign) for item in layer.items):
            return
        lengths = range(min(len(layer.words), LONGEST), 0, -1)
        names = ((length, " ".join(word.text for word in layer.words[:length])) for length in lengths)
        length, kind = next(
            ((length, kind_named(name)) for length, name in names if kind_named(name)), (0, None)
        )
        if kind is None:
            return
        items = (*layer.words[length:], *layer.items)
        self._warn_of_divisions(items, vocabulary(kind, self.numbers))
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

    def _warn_of_divisions(self, items: tuple[tree.Item, ...], words: Vocabulary) -> None:
        for index in divided_sizes(items, words):
            extent, _, step = (getattr(item, "text", "") for item in items[index : index + 3])
            if not (extent.isdecimal() and step.isdecimal()):
                continue
            if not step.strip("0") or int(extent[:9]) % int(step[:9]):
                continue
            self.findings.add(
                "ND232",
                f"`{extent}/{step}` divides",
                items[index].span.to(items[index + 2].span),
                help=(f"write `{extent}x{extent} stride {step}` for a stride",),
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


def _is_count(layer: tree.Layer) -> bool:
    """``50 units``: a number in front, and no kind."""
    return (
        bool(layer.items)
        and isinstance(layer.items[0], tree.Number)
        and not layer.labelled
        and (not layer.words or layer.items[0].span.start < layer.words[0].span.start)
    )


def _lacks_numbers(layer: tree.Layer) -> bool:
    """``CONV`` of ``[CONV-POOL-FC]``: a kind with weights and nothing else."""
    if layer.items or layer.claim is not None or len(layer.words) != 1:
        return False
    kind = kind_named(layer.words[0].text.rstrip("0123456789"))
    return kind is not None and kind.has_weights


def _shown(findings: Findings, span: Span) -> str:
    text = " ".join(findings.source.excerpt(span).split())
    return text if len(text) <= 60 else f"{text[:59]}…"
