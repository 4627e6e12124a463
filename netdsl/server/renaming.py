"""Gives a block, a label or a number another name, everywhere or not at all."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from netdsl.diagnostics import Edit, Findings
from netdsl.edits import edited
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.names.reserved_names import meaning_of, report_taken_number
from netdsl.graph.names.unique_names import LABEL_LIMIT, label_key
from netdsl.planning.text_analysis import TextAnalysis, analysed
from netdsl.server.essence import essence
from netdsl.server.layers_in_text import layer_beginning_at
from netdsl.server.names import Definition, Names, Sort, names_in
from netdsl.server.navigation import Others, name_at, places_of, real
from netdsl.source import Source, Span
from netdsl.syntax import tree

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Refused(NamedTuple):
    """Why a name stays as it is."""

    reason: str


class Renamed(NamedTuple):
    """The edits of each file, by its name, and the files."""

    edits: dict[str, list[Edit]]
    sources: dict[str, Source]


def renameable(analysis: TextAnalysis, names: Names, offset: int) -> tuple[Span, str] | Refused:
    """The place and the text of the name that could be changed at a place."""
    found = name_at(analysis, names, offset)
    if found is None:
        return Refused("there is no name of a block, label or number here")
    span, definition = found
    return span, definition.name


def rename(analysis: TextAnalysis, names: Names, offset: int, new: str, others: Others) -> Renamed | Refused:
    """The edits that give the name at a place another one; refused where the network would be another."""
    found = name_at(analysis, names, offset)
    if found is None:
        return Refused("there is no name of a block, label or number here")
    _, definition = found
    reason = _no_name(definition, new) or _taken(names, definition, new)
    if reason:
        return Refused(reason)
    places = places_of(analysis, names, definition, others)
    renamed: dict[str, list[Edit]] = {}
    sources: dict[str, Source] = {}
    for place in places:
        assert place.source is not None
        edit = Edit(place.span, new)
        if definition.sort is Sort.LABEL and analysis.source.locate(definition.span) == (
            place.source,
            place.span,
        ):
            edit = _new_label(analysis, definition, new)
        renamed.setdefault(place.source.name, []).append(edit)
        sources[place.source.name] = place.source
    return (
        Renamed(renamed, sources)
        if _means_the_same(analysis, definition, new, renamed, sources)
        else Refused(f"renaming it to `{new}` would change the meaning of the text")
    )


def _no_name(definition: Definition, new: str) -> str:
    """Why something cannot be called so; empty where it can."""
    noun = definition.sort.value
    if not _NAME.match(new):
        return f"`{new}` is not a name: a name is letters, digits and underscores, and begins with no digit"
    if len(new) > LABEL_LIMIT:
        return f"a name has at most {LABEL_LIMIT} characters"
    if definition.sort is Sort.BLOCK and meaning_of(new):
        return f"a block cannot be called `{new}`: {meaning_of(new)}"
    if definition.sort in (Sort.NUMBER, Sort.PARAMETER):
        findings = Findings(Source("", ""))
        report_taken_number(tree.Word(new, Span(0, 0)), findings)
        if findings.found:
            return f"a {noun} cannot be called `{new}`: that is a word of options"
    return ""


def _taken(names: Names, definition: Definition, new: str) -> str:
    """Where the new name is already; empty where it is free."""
    numbers = (Sort.NUMBER, Sort.PARAMETER)
    for other in names.definitions:
        alike = other.sort is definition.sort or (other.sort in numbers and definition.sort in numbers)
        meets = other.scope == definition.scope or (
            alike and definition.sort in numbers and None in (other.scope, definition.scope)
        )
        if other is not definition and alike and meets and label_key(other.name) == label_key(new):
            return f"there is a {other.sort.value} called `{new}` already"
    return ""


def _new_label(analysis: TextAnalysis, definition: Definition, new: str) -> Edit:
    """The label at its layer: where the kind is part of it, `CONV1`, the kind has to stay."""
    layer = layer_beginning_at(analysis.file, definition.span.start)
    source, span = analysis.source.locate(definition.span)
    if layer is None or layer.noted:
        return Edit(span, new)
    head = read_head(layer)
    carries = head.kind is not None and head.span.start < definition.span.end
    if not carries:
        return Edit(span, new)
    words = (tree.Word(new, Span(0, 0)),)
    again = read_head(layer._replace(words=words))
    if again.kind is head.kind and label_key(again.label) == label_key(new):
        return Edit(span, new)
    colon = re.compile(r"[ \t]*:[ \t]*").match(source.text, span.end) if layer.labelled else None
    end = colon.end() if colon is not None else span.end
    behind = " " if colon is not None and end < len(source.text) and not source.text[end].isspace() else ""
    return Edit(Span(span.start, end), f"{new}: {head.written}{behind}")


def _means_the_same(
    analysis: TextAnalysis,
    definition: Definition,
    new: str,
    renamed: dict[str, list[Edit]],
    sources: dict[str, Source],
) -> bool:
    """Whether each network is with the edits what it was, but for the one name."""
    texts = {name: edited(source.text, renamed[name])[0] for name, source in sources.items()}
    for name, source in sources.items():
        if name != analysis.source.name and not _is_network(source):
            continue
        before = analysis if name == analysis.source.name else analysed(source)
        unsaved = {**source.unsaved, **{real(other): text for other, text in texts.items()}}
        text = texts[name]
        after = analysed(Source(source.name, text, source.folder, source.text_format, unsaved))
        if essence(before) != essence(after) or not _same_names(before, after, definition.name, new):
            return False
    return True


def _is_network(source: Source) -> bool:
    """Whether a file that edits touch is read by itself: one that is only used has no folder of its own."""
    return bool(source.folder)


def _same_names(before: TextAnalysis, after: TextAnalysis, old: str, new: str) -> bool:
    """Whether the same names stand as often as before, the changed one under its new name."""
    return _counts(before, old, new) == _counts(after, old, new)


def _counts(analysis: TextAnalysis, old: str, new: str) -> Counter[tuple[str, str]]:
    names = names_in(analysis)
    counts: Counter[tuple[str, str]] = Counter()
    for definition in (*names.definitions, *(mention.definition for mention in names.mentions)):
        called = new if label_key(definition.name) == label_key(old) else definition.name
        counts[definition.sort.value, label_key(called)] += 1
    return counts
