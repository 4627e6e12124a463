"""Findings as data: a code, a severity, a message, places and a cure. Nothing here prints."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable
from enum import Enum
from itertools import islice
from typing import NamedTuple

from netdsl.source import Source, Span
from netdsl.spelling import MOST, did_you_mean
from netdsl.uses import COUNTED, Shown, Use


class Severity(Enum):
    """How bad a finding is: an error stops everything that would use the network."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Label(NamedTuple):
    """A place in the source and the few words that belong under it."""

    span: Span
    text: str = ""


class Edit(NamedTuple):
    """A change of the source that cures a finding; ``safe`` where what the network is stays as it was.

    An empty span is a place between two characters: then the replacement is put in there.
    """

    span: Span
    replacement: str
    safe: bool = False

    @staticmethod
    def behind(span: Span, option: str, *, safe: bool = False) -> Edit:
        """One more option after a layer."""
        return Edit(Span(span.end, span.end), f" {option}", safe)


class Mistake(NamedTuple):
    """A finding that does not know its place yet: what a layer says about its own options.

    ``option`` names the option at fault (its span becomes the primary one), or is empty for
    the layer as a whole. ``spares_volume`` where the layer's volume is what it would be without
    the mistake, so that those after it can still be checked. ``input_help`` are cures that ask for another
    input: right where the layer is given the image itself.
    """

    code: str
    message: str
    option: str = ""
    label: str = ""
    help: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    spares_volume: bool = False
    input_help: tuple[str, ...] = ()


class Diagnostic(NamedTuple):
    """One finding.

    ``source`` and ``primary`` are None for findings about a file as a whole (``path``) or about
    the command line. ``cause`` names the misunderstanding where the message does not: findings of one
    code and cause are shown as one, whatever layers and numbers their messages speak of.

    What programs ask is data beside the message, which is for people alone: ``about`` is the layer that
    it names, ``proposal`` the words that it proposes (what was probably meant, the options that a claim
    decides), and ``line_may_settle`` says that the rest of its line may leave one reading of two.
    """

    code: str
    severity: Severity
    message: str
    source: Source | None = None
    primary: Label | None = None
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    fix: Edit | None = None
    path: str = ""
    cause: str = ""
    about: str = ""
    proposal: str = ""
    line_may_settle: bool = False

    @property
    def shows_what_to_write(self) -> bool:
        """Whether a cure quotes text to be written, whatever it says of it."""
        return self.fix is not None or any("`" in cure for cure in self.help)


class Diagnosed(Exception):
    """Carries findings out of a deep call to the command that shows them, or to the program that called."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(finding.message for finding in diagnostics))
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return "\n".join(map(_in_words, self.diagnostics))

    def __reduce__(self) -> tuple[type[Diagnosed], tuple[Diagnostic, ...]]:
        """So that it comes out of another process as it went in."""
        return type(self), self.diagnostics


def _in_words(finding: Diagnostic) -> str:
    """``lenet.net:2:1: error ND201: there is no kind of layer called `FOO```, and each cure in a line."""
    place = finding.path
    if finding.source is not None and finding.primary is not None:
        source, span = finding.source.locate(finding.primary.span)
        line, column = source.position(span.start)
        place = f"{source.name}:{line}:{column}"
    said = f"{finding.severity.value} {finding.code}: {finding.message}"
    return "\n  help: ".join([f"{place}: {said}" if place else said, *finding.help])


CALL = "a layer as a call"
"""The cause of findings about ``Conv2D(64, 3)``, whatever their code."""

CROWD = 100
"""More findings than anyone reads at once."""

SEARCHED = 250_000
"""Known words that are compared in all searches for near misses together: a second of them. A word that
is written again is not searched again."""

ECHOES = 8
"""Reports of one code at one place that are heard: a group may repeat its mistake without end. Of a place in
a block as many as uses are counted."""


class Findings:
    """Collects the findings about one source; the same code at the same place counts once, whatever
    numbers it is about, so a mistake in a group that is repeated a thousand times, or in a block that is
    used with ten arguments, is one finding. ``reports`` counts every report, those that repeat an earlier
    one as well; ``use`` is the use of a block that is looked at."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []
        self.reports = 0
        self.use: Use | None = None
        self._seen: dict[tuple[str, Span, str], int] = {}
        self._shown: list[Shown] = []
        self._by_start: list[tuple[int, int]] = []  # where each finding begins, in order, and its number
        self._echoes: dict[tuple[str, Span], int] = {}
        self._near: dict[tuple[str, str], str | None] = {}
        self._compared = 0
        self._spent: dict[str, int] = {}

    @property
    def crowded(self) -> bool:
        """Whether there are so many that nobody reads the next one."""
        return len(self.found) >= CROWD

    def near(self, written: str, known: Iterable[str], among: str) -> str | None:
        """The known word that was probably meant; searched once for each word of the text, until a text
        has had its share of searches.

        ``among`` says what the known words are, where a word may be looked for among others too."""
        key = (written, among)
        if key not in self._near:
            words = list(islice(known, MOST)) if self._compared < SEARCHED else []
            self._compared += len(words)
            self._near[key] = did_you_mean(written, words) if words else None
        return self._near[key]

    def forget(self, first: int) -> None:
        """Take back the findings from number ``first`` on: another one stands for them."""
        del self.found[first:], self._shown[first:]
        self._by_start = [entry for entry in self._by_start if entry[1] < first]

    def adopt(self, found: Iterable[Diagnostic]) -> None:
        """Take over findings that were made elsewhere about the same source."""
        for finding in found:
            start = finding.primary.span.start if finding.primary is not None else 0
            self.found.append(finding)
            self._shown.append(Shown(finding.notes))
            insort(self._by_start, (start, len(self.found) - 1))

    def heard(self, code: str, span: Span) -> bool:
        """Whether this has been said of a place so often that more of it is passed over. Spares who
        asks the making of a message that nobody sees; counts as a report."""
        heard = self._echoes.get((code, span), 0) >= self._limit
        self.reports += heard
        return heard

    @property
    def _limit(self) -> int:
        return ECHOES if self.use is None else COUNTED

    def spend(self, what: str, amount: int) -> int:
        """Count something of which a text may have so much; how much it has by now."""
        self._spent[what] = self._spent.get(what, 0) + amount
        return self._spent[what]

    def add(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *,
        severity: Severity = Severity.ERROR,
        secondary: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        help: tuple[str, ...] = (),
        meant: str | None = None,
        fix: Edit | None = None,
        about: str = "",
        cause: str = "",
        proposal: str = "",
        line_may_settle: bool = False,
    ) -> None:
        """Report something about a place in the source.

        ``meant`` is what was probably meant in its place: the first cure, and the change that fixes it.
        ``about`` is the layer that the message names: the same of another layer, or of other numbers, at
        the same place is the same mistake.
        """
        if meant is not None:
            help, fix = (f"did you mean `{meant}`?", *help), Edit(span, meant)
            proposal = meant
        self.reports += 1
        echoes = self._echoes.get((code, span), 0)
        self._echoes[code, span] = echoes + 1
        said = message.replace(about, "") if about else message
        key = (code, span, _without_numbers(said) if severity is Severity.ERROR else said)
        if key in self._seen:
            self._again(self._seen[key], about, fix)
        elif echoes < self._limit:
            self._seen[key] = len(self.found)
            source, own_span = self.source.locate(span)
            beside, elsewhere = self._in_one_source(secondary, source)
            notes = (*notes, *elsewhere)
            if fix is not None:
                other, where = self.source.locate(fix.span)
                fix = fix._replace(span=where) if other is source else None
            self.found.append(
                Diagnostic(
                    code,
                    severity,
                    message,
                    source,
                    Label(own_span, label),
                    beside,
                    notes,
                    help,
                    fix,
                    cause=cause,
                    about=about,
                    proposal=proposal,
                    line_may_settle=line_may_settle,
                )
            )
            self._shown.append(Shown(notes))
            insort(self._by_start, (span.start, len(self.found) - 1))
            self._again(len(self.found) - 1, about, fix)

    def _again(self, index: int, about: str, fix: Edit | None) -> None:
        """Add where a finding shows. Another change of the same place is right for none of its uses."""
        finding = self.found[index]
        if self._shown[index].add(self.use, about):
            self.found[index] = finding = finding._replace(notes=self._shown[index].noted(self.source))
        if finding.fix is not None and (fix is None or fix.replacement != finding.fix.replacement):
            self.found[index] = finding._replace(fix=None)

    def shows_again(self, span: Span) -> None:
        """What is said about a place shows in another use of the block as well."""
        if self.use is None:
            return
        for index in range(bisect_left(self._by_start, (span.start, 0)), len(self._by_start)):
            start, number = self._by_start[index]
            if start >= span.end:
                break
            if self._shown[number].add(self.use, ""):
                notes = self._shown[number].noted(self.source)
                self.found[number] = self.found[number]._replace(notes=notes)

    def _in_one_source(
        self, labels: tuple[Label, ...], source: Source
    ) -> tuple[tuple[Label, ...], tuple[str, ...]]:
        """The labels in a file, and those in other files as notes that name the file."""
        beside, elsewhere = [], []
        for label in labels:
            other, span = self.source.locate(label.span)
            if other is source:
                beside.append(Label(span, label.text))
            else:
                line, column = other.position(span.start)
                elsewhere.append(f"{label.text}: {other.name}:{line}:{column}")
        return tuple(beside), tuple(elsewhere)


_NUMBER = re.compile(r"[0-9][0-9.,]*")


def _without_numbers(message: str) -> str:
    return _NUMBER.sub("#", message)


def sort_key(finding: Diagnostic) -> tuple[int, str]:
    """Order of appearance in the source, then by code."""
    return (finding.primary.span.start if finding.primary else -1, finding.code)


def has_errors(findings: list[Diagnostic]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def file_error(code: str, path: str, message: str, *help_lines: str) -> Diagnostic:
    """A finding about a file as a whole."""
    return Diagnostic(code, Severity.ERROR, message, help=tuple(help_lines), path=path)
