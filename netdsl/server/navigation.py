"""Where a name is given and where it is meant, in the text and in the files around it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from netdsl.planning.named_layers import NamedLayers
from netdsl.planning.text_analysis import TextAnalysis, analysed
from netdsl.server.names import Definition, Names, Sort, names_in
from netdsl.source import Source, Span
from netdsl.syntax import tree

Others: TypeAlias = Callable[[], Iterable[Source]]
"""The other networks around, which may use what a file defines."""


class Place(NamedTuple):
    """A place in a file; without a source it is the beginning of a file that nobody has read."""

    source: Source | None
    span: Span
    path: str = ""


def definition_at(analysis: TextAnalysis, names: Names, offset: int) -> Place | None:
    """Where the name at a place is given, or the file that ``use`` names there."""
    used = _used_file(analysis, offset)
    if used:
        return Place(None, Span(0, 0), used)
    found = names.at(offset)
    if found is not None:
        return Place(*analysis.source.locate(found.span))
    layer = _layer_by_name(analysis, offset)
    return Place(*analysis.source.locate(layer)) if layer is not None else None


def _used_file(analysis: TextAnalysis, offset: int) -> str:
    for statement in analysis.written.statements if analysis.written is not None else ():
        if isinstance(statement, tree.Use) and statement.span.start <= offset <= statement.span.end:
            path = os.path.join(analysis.source.folder, statement.path)
            return path if analysis.source.folder and os.path.isfile(path) else ""
    return ""


def _layer_by_name(analysis: TextAnalysis, offset: int) -> Span | None:
    """The layer that an ``expect`` line names as the table does: ``CONV2`` is the second CONV."""
    for statement in analysis.written.statements if analysis.written is not None else ():
        if isinstance(statement, tree.Expect) and statement.span.start <= offset <= statement.span.end:
            names = [" ".join(word.text for word in statement.subject[start:]) for start in (1, 2)]
            layers = NamedLayers([node.name for node in analysis.sketch.nodes], names)
            positions = [layers.position(name) for name in names if name]
            return next(
                (analysis.sketch.nodes[position].span for position in positions if position is not None), None
            )
    return None


def places_of(analysis: TextAnalysis, names: Names, found: Definition, others: Others) -> list[Place]:
    """Where a name is given, first, and where it is meant: in the text, in the files that it uses, and, for
    what a file shares, in the networks that use that file."""
    places = [Place(*analysis.source.locate(span)) for span in names.spans(found)]
    if found.scope is None and found.sort in (Sort.BLOCK, Sort.NUMBER):
        home = Place(*analysis.source.locate(found.span))
        seen = {real(source.name) for _, source in _parts(analysis.source)}
        for source in others():
            if real(source.name) not in seen and found.name in source.text and "use" in source.text.lower():
                places += _used_in(source, home)
    return list(dict.fromkeys(places))


def _parts(source: Source) -> Iterator[tuple[int, Source]]:
    """The texts that a source joins, with where each begins."""
    parts = getattr(source, "parts", None)
    yield from parts if parts is not None else [(0, source)]


def real(name: str) -> str:
    try:
        return os.path.realpath(name)
    except (OSError, ValueError):
        return name


def _used_in(source: Source, home: Place) -> list[Place]:
    """Where another network means what is given at ``home``."""
    assert home.source is not None
    analysis = analysed(source)
    names = names_in(analysis)
    for definition in names.definitions:
        owner, span = analysis.source.locate(definition.span)
        if span == home.span and real(owner.name) == real(home.source.name):
            found = [Place(*analysis.source.locate(mention)) for mention in names.spans(definition)]
            return [place for place in found if place.source is not None and place.source.name == source.name]
    return []


def name_at(analysis: TextAnalysis, names: Names, offset: int) -> tuple[Span, Definition] | None:
    """The name that stands at a place of the text, with its extent there."""
    found = names.at(offset)
    if found is None:
        return None
    here = [span for span in names.spans(found) if span.start <= offset <= span.end]
    return (here[0], found) if here else None
