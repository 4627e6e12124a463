"""The outline of a text, and what of it can be folded."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from netdsl.graph.macros.blocks import called_block, signature
from netdsl.graph.names.unique_names import label_of
from netdsl.graph.names.weight_sharing import layer_head
from netdsl.planning.text_analysis import TextAnalysis
from netdsl.server.layers_in_text import last_layers
from netdsl.server.names import blocks_of
from netdsl.source import Source, Span
from netdsl.syntax import tree

_LONGEST = 60
_MOST = 2_000
"""Symbols of one text."""


class Symbol(NamedTuple):
    """One entry of an outline: ``whole`` is its text, ``span`` the name in it. ``sort`` is one of net, block,
    layer, group, number, recipe."""

    name: str
    sort: str
    detail: str
    whole: Span
    span: Span
    children: tuple[Symbol, ...] = ()


def symbols(analysis: TextAnalysis) -> list[Symbol]:
    """The statements of a text, blocks with the layers in them; none where brackets do not close."""
    if analysis.written is None:
        return []
    outline = _Outline(analysis)
    return [one for statement in analysis.written.statements for one in outline.of(statement, inside=False)]


class _Outline:
    def __init__(self, analysis: TextAnalysis) -> None:
        self.analysis = analysis
        self.blocks = blocks_of(analysis.file)
        self.left = _MOST
        self.volumes: dict[int, dict[str, None]] = {}  # dicts: in order, and quick to search
        for start, node in last_layers(analysis):
            volumes = self.volumes.setdefault(start, {})
            volume = analysis.volume(node)
            if volume is not None:
                volumes[str(volume)] = None

    def of(self, node: Any, *, inside: bool) -> list[Symbol]:
        """The symbols of a statement; of a layer ``inside`` another only where it has a label."""
        if self.left <= 0 or not self.analysis.is_own(node.span.start):
            return []
        made = self._made(node, inside)
        self.left -= len(made)
        return made

    def _made(self, node: Any, inside: bool) -> list[Symbol]:
        text = self.analysis.source.text
        if isinstance(node, tree.NetName):
            return [Symbol(node.title.strip() or "net", "net", "", node.span, node.span)]
        if isinstance(node, tree.Let):
            detail = text[node.name.span.end : node.span.end].strip(" =")
            return [Symbol(node.name.text, "number", detail, node.span, node.name.span)]
        if isinstance(node, tree.Block):
            children = [one for inner in node.statements for one in self.of(inner, inside=False)]
            detail = signature(node).strip("`")
            return [Symbol(node.name.text, "block", detail, node.span, node.name.span, tuple(children))]
        if isinstance(node, tree.Train):
            word = Span(node.span.start, node.span.start + len("train"))
            return [Symbol("train", "recipe", "", node.span, word)]
        if isinstance(node, tree.Group):
            children = [one for inner in node.elements for one in self.of(inner, inside=True)]
            return children if inside else [self._symbol(node, "", "group", node.span, tuple(children))]
        if isinstance(node, tree.Join):
            parts = [inner for branch in node.branches for inner in branch.elements]
            children = [one for inner in parts for one in self.of(inner, inside=True)]
            label = label_of(node.layer.words) if node.layer.labelled else layer_head(node.layer).label
            if inside and not label:
                return children
            return [self._symbol(node, label, "group", node.layer.span, tuple(children))]
        if isinstance(node, tree.Call):
            return self._element(node, label_of(node.label), "layer", inside)
        if isinstance(node, tree.Layer):
            call = called_block(node, self.blocks)
            label = label_of(call.label) if call is not None else layer_head(node).label
            return self._element(node, label, "layer", inside)
        return []

    def _element(self, node: Any, label: str, sort: str, inside: bool) -> list[Symbol]:
        return [] if inside and not label else [self._symbol(node, label, sort, node.span, ())]

    def _symbol(self, node: Any, label: str, sort: str, name: Span, children: tuple[Symbol, ...]) -> Symbol:
        source = self.analysis.source
        text = source.excerpt(Span(node.span.start, min(node.span.end, node.span.start + 4 * _LONGEST)))
        line = " ".join(text.partition("\n")[0].split())
        shown = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
        written = node.layer if isinstance(node, tree.Join) else node
        words = getattr(written, "words", ()) or getattr(written, "label", ())
        start = words[0].span.start if words else node.span.start
        volumes = list(self.volumes.get(start, self.volumes.get(node.span.start, {})))
        name = Span(start, words[-1].span.end) if words else Span(node.span.start, node.span.start + 1)
        return Symbol(label or shown or "group", sort, ", ".join(volumes[:3]), node.span, name, children)


class Fold(NamedTuple):
    """Lines, counted from 1, that can be folded into the first of them."""

    first: int
    last: int
    comment: bool = False


_SIGNS = re.compile(r'#[^\n]*|"[^"\n]*"|[\[\](){}]')
_OPENING = {"[": "]", "(": ")", "{": "}"}


def folds(source: Source) -> list[Fold]:
    """Brackets of several lines, and runs of comment lines; a text with mistakes has them as well."""
    found: list[Fold] = []
    open_lines: list[tuple[str, int]] = []
    for sign in _SIGNS.finditer(source.text):
        written = sign.group()
        if written in _OPENING:
            open_lines.append((written, source.position(sign.start())[0]))
        elif written in _OPENING.values() and open_lines and _OPENING[open_lines[-1][0]] == written:
            first, last = open_lines.pop()[1], source.position(sign.start())[0]
            if last > first:
                found.append(Fold(first, last))
    first = 0
    for number in range(1, source.line_count + 2):
        commented = number <= source.line_count and source.line(number).lstrip().startswith("#")
        if commented and not first:
            first = number
        elif not commented and first:
            if number - 1 > first:
                found.append(Fold(first, number - 1, comment=True))
            first = 0
    return sorted(set(found))
