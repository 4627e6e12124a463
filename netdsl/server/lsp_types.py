"""Answers as the Language Server Protocol writes them, and its questions as ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lsprotocol import types

from netdsl.codes import Fact
from netdsl.diagnostics import Edit, Severity
from netdsl.server.actions import Action
from netdsl.server.completion import Completion, Kind
from netdsl.server.desk import Sheet
from netdsl.server.findings import Shown, shown
from netdsl.server.hints import Hint
from netdsl.server.hover import Hover
from netdsl.server.navigation import Place
from netdsl.server.positions import Position, Positions, Range
from netdsl.server.renaming import Renamed
from netdsl.server.symbols import Fold, Symbol
from netdsl.server.texts import Change, uri_of
from netdsl.source import Source, Span

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.NOTE: types.DiagnosticSeverity.Information,
}

_PICTURES = {
    Kind.KEYWORD: types.CompletionItemKind.Keyword,
    Kind.LAYER: types.CompletionItemKind.Class,
    Kind.BLOCK: types.CompletionItemKind.Function,
    Kind.OPTION: types.CompletionItemKind.Property,
    Kind.VALUE: types.CompletionItemKind.EnumMember,
    Kind.NUMBER: types.CompletionItemKind.Variable,
    Kind.LABEL: types.CompletionItemKind.Reference,
    Kind.FILE: types.CompletionItemKind.File,
    Kind.ENTRY: types.CompletionItemKind.Field,
}

_SORTS = {
    "net": types.SymbolKind.Module,
    "block": types.SymbolKind.Function,
    "layer": types.SymbolKind.Object,
    "group": types.SymbolKind.Array,
    "number": types.SymbolKind.Constant,
    "recipe": types.SymbolKind.Namespace,
}

_ACTIONS = {
    "quickfix": types.CodeActionKind.QuickFix,
    "rewrite": types.CodeActionKind.RefactorRewrite,
    "all": types.CodeActionKind.SourceFixAll,
}


def own_position(position: types.Position) -> Position:
    return Position(position.line, position.character)


def own_range(given: types.Range) -> Range:
    return Range(own_position(given.start), own_position(given.end))


def own_changes(changes: Sequence[types.TextDocumentContentChangeEvent]) -> list[Change]:
    return [
        Change(change.text, own_position(change.range.start), own_position(change.range.end))
        if isinstance(change, types.TextDocumentContentChangePartial)
        else Change(change.text)
        for change in changes
    ]


def lsp_range(given: Range) -> types.Range:
    return types.Range(types.Position(*given.start), types.Position(*given.end))


class Here(NamedTuple):
    """The text that is asked about: its address and its places, by which those of others are told apart."""

    uri: str
    source: Source
    positions: Positions

    def location(self, source: Source, span: Span) -> types.Location:
        """A place in this text, or in another file."""
        if source.name == self.source.name:
            return types.Location(self.uri, lsp_range(self.positions.range(span)))
        positions = Positions(source, self.positions.units)
        return types.Location(uri_of(source.name), lsp_range(positions.range(span)))


def diagnostic(here: Here, found: Shown, pages: Mapping[str, str]) -> types.Diagnostic:
    """A finding with its page, the other places that it names, and how it is drawn."""
    code = found.finding.code
    related = [
        types.DiagnosticRelatedInformation(here.location(one.source, one.span), one.text)
        for one in found.related
    ]
    return types.Diagnostic(
        range=lsp_range(here.positions.range(found.span)),
        message=found.message,
        severity=_SEVERITIES[found.finding.severity],
        code=code,
        code_description=types.CodeDescription(href=pages[code]) if code in pages else None,
        source="netdsl",
        tags=[types.DiagnosticTag.Unnecessary] if Fact.SUPERFLUOUS.holds(code) else None,
        related_information=related or None,
    )


def hover_of(sheet: Sheet, found: Hover) -> types.Hover:
    content = types.MarkupContent(kind=types.MarkupKind.Markdown, value=found.markdown)
    return types.Hover(contents=content, range=lsp_range(sheet.positions.range(found.span)))


def inlay_hint(positions: Positions, hint: Hint) -> types.InlayHint:
    return types.InlayHint(
        position=types.Position(*positions.position(hint.offset)),
        label=hint.text,
        kind=types.InlayHintKind.Type,
        tooltip=hint.note or None,
        padding_left=True,
    )


def completion_list(positions: Positions, found: Completion) -> types.CompletionList:
    typed = lsp_range(positions.range(found.span))
    items = [
        types.CompletionItem(
            label=item.text.strip(),
            kind=_PICTURES[item.kind],
            detail=item.detail or None,
            documentation=item.about or None,
            sort_text=f"{number:04}",
            text_edit=types.TextEdit(typed, item.text),
        )
        for number, item in enumerate(found.items)
    ]
    return types.CompletionList(is_incomplete=False, items=items)


def location(here: Here, place: Place) -> types.Location:
    if place.source is None:
        start = types.Position(0, 0)
        return types.Location(uri_of(place.path), types.Range(start, start))
    return here.location(place.source, place.span)


def text_edit(positions: Positions, source: Source, edit: Edit) -> types.TextEdit:
    """An edit with the line ends of the file."""
    text = edit.replacement.replace("\n", source.text_format.newline)
    return types.TextEdit(lsp_range(positions.range(edit.span)), text)


def workspace_edit(here: Here, renamed: Renamed) -> types.WorkspaceEdit:
    """Edits of several files; each file as the editor has it open, or as it is on disk."""
    changes: dict[str, list[types.TextEdit]] = {}
    for name, edits in renamed.edits.items():
        source = here.source if name == here.source.name else renamed.sources[name]
        positions = here.positions if source is here.source else Positions(source, here.positions.units)
        uri = here.uri if source is here.source else uri_of(name)
        changes[uri] = [text_edit(positions, source, edit) for edit in edits]
    return types.WorkspaceEdit(changes=changes)


def code_action(here: Here, action: Action, pages: Mapping[str, str]) -> types.CodeAction:
    edits = [text_edit(here.positions, here.source, edit) for edit in action.edits]
    cured = [diagnostic(here, one, pages) for one in shown(here.source, action.cures)]
    return types.CodeAction(
        title=action.title,
        kind=_ACTIONS[action.sort],
        diagnostics=cured or None,
        is_preferred=action.preferred or None,
        edit=types.WorkspaceEdit(changes={here.uri: edits}),
    )


def symbol(positions: Positions, one: Symbol) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=one.name,
        detail=one.detail or None,
        kind=_SORTS[one.sort],
        range=lsp_range(positions.range(one.whole)),
        selection_range=lsp_range(positions.range(one.span)),
        children=[symbol(positions, inner) for inner in one.children] or None,
    )


def folding_range(fold: Fold) -> types.FoldingRange:
    kind = types.FoldingRangeKind.Comment if fold.comment else types.FoldingRangeKind.Region
    return types.FoldingRange(start_line=fold.first - 1, end_line=fold.last - 1, kind=kind)
