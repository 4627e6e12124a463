"""All open texts and what is known of them: answers in the places that an editor counts in.

Knows nothing of how an editor is spoken to. What ``netdsl check`` says about a text is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Edit
from netdsl.edits import in_file
from netdsl.planning.laying_out import laid_out
from netdsl.planning.network_files import FILE_LIMIT, too_large
from netdsl.planning.text_analysis import TextAnalysis, analysed
from netdsl.server.actions import Action, Check, actions, all_safe_fixes
from netdsl.server.completion import Completion, completion
from netdsl.server.findings import Shown, shown
from netdsl.server.hints import Hint, volume_hints
from netdsl.server.hover import Hover, hover, hover_recipe, is_recipe
from netdsl.server.layout import differing
from netdsl.server.names import Names, names_in
from netdsl.server.navigation import Place, definition_at, places_of
from netdsl.server.neighbours import networks_below
from netdsl.server.positions import Position, Positions, Range
from netdsl.server.renaming import Refused, Renamed, rename, renameable
from netdsl.server.symbols import Fold, Symbol, folds, symbols
from netdsl.server.texts import Change, Text, Texts
from netdsl.source import Source


class Sheet(NamedTuple):
    """A text at one moment, with what is known of it; ``findings`` are those of ``netdsl check``."""

    source: Source
    positions: Positions
    analysis: TextAnalysis
    names: Names

    def offset(self, position: Sequence[int]) -> int:
        return self.positions.offset(position)


class Checked(NamedTuple):
    """A text at one moment, and its findings."""

    source: Source
    positions: Positions
    findings: tuple[Diagnostic, ...]
    version: int


class Desk:
    """Answers about open texts. What is asked of one that is not open has an empty answer."""

    def __init__(self, check: Check, folders: Iterable[str] = ()) -> None:
        self._check = check
        self.folders = list(folders)
        self.texts = Texts()
        self._sheets: dict[str, tuple[Text, int, Sheet]] = {}
        self._checked: dict[str, tuple[Text, tuple[int, int], Checked]] = {}
        self._changes = self._file_changes = 0

    def open(self, uri: str, version: int, text: str) -> None:
        self.texts.open(uri, version, text)
        self._changes += 1

    def change(self, uri: str, version: int, changes: list[Change]) -> None:
        self.texts.change(uri, version, changes)
        self._changes += 1

    def close(self, uri: str) -> None:
        self.texts.close(uri)
        self._sheets.pop(uri, None)
        self._checked.pop(uri, None)
        self._changes += 1

    def files_changed(self) -> None:
        """Files on disk have changed: what uses them is read again, and settings hold for every text."""
        self._changes += 1
        self._file_changes += 1

    @property
    def uris(self) -> list[str]:
        """All open texts."""
        return [text.uri for text in self.texts]

    def using(self, uri: str) -> list[str]:
        """The other open texts that may use a text."""
        return [text.uri for text in self.texts if text.uri != uri and _uses(text)]

    def _state(self, text: Text) -> int:
        """What else than the text itself its meaning depends on: that of the files that it uses."""
        return self._changes if _uses(text) else 0

    def sheet(self, uri: str) -> Sheet | None:
        """What is known of a text; worked out once for each of its states."""
        text, source = self.texts.text(uri), self.texts.source(uri)
        if text is None or source is None:
            return None
        if len(source.text) > FILE_LIMIT:
            return None
        known = self._sheets.get(uri)
        if known is not None and known[0] is text and known[1] == self._state(text):
            return known[2]
        analysis = analysed(source)
        sheet = Sheet(source, Positions(source, self.texts.units), analysis, names_in(analysis))
        self._sheets[uri] = text, self._state(text), sheet
        return sheet

    def checked(self, uri: str) -> Checked | None:
        """A text with its findings, which are worked out once for each of its states."""
        text, source = self.texts.text(uri), self.texts.source(uri)
        if text is None or source is None:
            return None
        known = self._checked.get(uri)
        state = self._state(text), self._file_changes
        if known is not None and known[0] is text and known[1] == state:
            return known[2]
        findings: tuple[Diagnostic, ...] = ()
        if len(source.text) > FILE_LIMIT:
            findings = (too_large(source.name),)
        elif source.text.strip():
            findings = tuple(self._check(source))
        checked = Checked(source, Positions(source, self.texts.units), findings, text.version)
        self._checked[uri] = text, state, checked
        return checked

    def findings(self, uri: str) -> tuple[Checked, list[Shown]] | None:
        """The findings of a text as an editor shows them."""
        checked = self.checked(uri)
        if checked is None:
            return None
        elsewhere = any(not in_file(finding, checked.source) for finding in checked.findings)
        sheet = self.sheet(uri) if elsewhere and not is_recipe(checked.source) else None
        analysis = sheet.analysis if sheet is not None else None
        found = [one for one in checked.findings if not _is_shared_file(one, checked.source)]
        return checked, shown(checked.source, found, analysis)

    def hover(self, uri: str, position: Position) -> tuple[Sheet, Hover] | None:
        sheet = self.sheet(uri)
        if sheet is None:
            return None
        offset = sheet.offset(position)
        if is_recipe(sheet.source):
            found = hover_recipe(sheet.source.text, offset)
        else:
            found = hover(sheet.analysis, sheet.names, offset)
        return (sheet, found) if found is not None and found.markdown else None

    def hints(self, uri: str, lines: Range | None = None) -> tuple[Sheet, list[Hint]] | None:
        sheet = self.sheet(uri)
        if sheet is None or is_recipe(sheet.source):
            return None
        found = volume_hints(sheet.analysis)
        if lines is not None:
            first, last = sheet.offset(lines.start), sheet.offset((lines.end.line + 1, 0))
            found = [hint for hint in found if first <= hint.offset <= last]
        return sheet, found

    def completion(self, uri: str, position: Position) -> tuple[Positions, Completion] | None:
        source = self.texts.source(uri)
        if source is None or len(source.text) > FILE_LIMIT:
            return None
        positions = Positions(source, self.texts.units)
        return positions, completion(source, positions.offset(position))

    def definition(self, uri: str, position: Position) -> tuple[Sheet, Place] | None:
        """Where what is at a place is defined."""
        sheet = self.sheet(uri)
        if sheet is None or is_recipe(sheet.source):
            return None
        found = definition_at(sheet.analysis, sheet.names, sheet.offset(position))
        return (sheet, found) if found is not None else None

    def references(
        self, uri: str, position: Position, *, definition: bool = True
    ) -> tuple[Sheet, list[Place]] | None:
        """Where the name at a place is meant; also where it is given, if asked for that."""
        sheet = self.sheet(uri)
        found = sheet.names.at(sheet.offset(position)) if sheet is not None else None
        if sheet is None or found is None:
            return None
        home = Place(*sheet.analysis.source.locate(found.span))
        places = places_of(sheet.analysis, sheet.names, found, self._others)
        return sheet, [place for place in places if definition or place != home]

    def highlights(self, uri: str, position: Position) -> list[Range]:
        """The places of the text where the name at a place is."""
        sheet = self.sheet(uri)
        found = sheet.names.at(sheet.offset(position)) if sheet is not None else None
        if sheet is None or found is None:
            return []
        spans = [span for span in sheet.names.spans(found) if sheet.analysis.is_own(span.start)]
        return [sheet.positions.range(span) for span in spans]

    def renameable(self, uri: str, position: Position) -> tuple[Sheet, Range, str] | Refused:
        sheet = self.sheet(uri)
        if sheet is None:
            return Refused("this file is not open")
        found = renameable(sheet.analysis, sheet.names, sheet.offset(position))
        return found if isinstance(found, Refused) else (sheet, sheet.positions.range(found[0]), found[1])

    def rename(self, uri: str, position: Position, new: str) -> tuple[Sheet, Renamed] | Refused:
        sheet = self.sheet(uri)
        if sheet is None:
            return Refused("this file is not open")
        renamed = rename(sheet.analysis, sheet.names, sheet.offset(position), new, self._others)
        return renamed if isinstance(renamed, Refused) else (sheet, renamed)

    def _others(self) -> Iterator[Source]:
        """The other networks around: those that are open, and those in the folders."""
        seen: set[str] = set()
        for text in self.texts:
            source = self.texts.source(text.uri)
            if source is not None and source.folder:
                seen.add(source.name)
                yield source
        unsaved = next((s.unsaved for text in self.texts if (s := self.texts.source(text.uri))), {})
        yield from networks_below(self.folders, seen, unsaved)

    def formatting(self, uri: str) -> tuple[Source, Positions, list[Edit]] | None:
        """The edits that lay a text out; none where it has mistakes of syntax."""
        source = self.texts.source(uri)
        if source is None or is_recipe(source) or not 0 < len(source.text.strip()) <= FILE_LIMIT:
            return None
        text = laid_out(source).text
        edits = differing(source, text) if text is not None else []
        return source, Positions(source, self.texts.units), edits

    def actions(self, uri: str, lines: Range) -> tuple[Sheet, list[Action]] | None:
        sheet, checked = self.sheet(uri), self.checked(uri)
        if sheet is None or checked is None:
            return None
        span = sheet.positions.span(lines.start, lines.end)
        found = actions(sheet.analysis, sheet.source, checked.findings, span)
        if any(finding.fix is not None and finding.fix.safe for finding in checked.findings):
            every = all_safe_fixes(sheet.source, self._check)
            found += [every] if every is not None else []
        return sheet, found

    def symbols(self, uri: str) -> tuple[Sheet, list[Symbol]] | None:
        sheet = self.sheet(uri)
        return (sheet, symbols(sheet.analysis)) if sheet is not None and not is_recipe(sheet.source) else None

    def folds(self, uri: str) -> list[Fold]:
        source = self.texts.source(uri)
        return folds(source) if source is not None else []


def _uses(text: Text) -> bool:
    return "use" in text.written.lower()


def _is_shared_file(finding: Diagnostic, source: Source) -> bool:
    """Whether all that is wrong with a text is that it has no layers, as a file of blocks has none."""
    return Fact.NO_LAYER.holds(finding.code) and "block" in source.text.lower()
