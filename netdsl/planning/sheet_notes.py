"""What is said about lines that were read a second time, and of those beside them that were not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Edit, Label, Severity, sort_key
from netdsl.graph.sheets import Reading, unknown_in
from netdsl.planning.sheet_lines import Read, is_of_words, line_at
from netdsl.planning.sheet_remarks import with_remarks
from netdsl.planning.sheet_statements import reason
from netdsl.source import Source, Span

if TYPE_CHECKING:
    from netdsl.planning.pipeline import Checked

CAUSE = "a line as sheets have it"


def noted(
    source: Source, checked: Checked, read: list[Read], edits: Sequence[Edit], together: Collection[Span]
) -> Checked:
    """The findings with what was read, and without changes of text that is in no file; lines that are
    read together mean something else one by one."""
    lines = {line.span: reading for line, reading, _ in read}
    notes = {line.span: note for line, _, note in read}
    found = [_as_written(finding, source, lines) for finding in checked.diagnostics]
    entries = [reading for _, reading, _ in read if reading.entry]
    remarked = {edit.span: edit for edit in with_remarks(source, checked.plan, edits)}
    for edit in edits:
        if edit.span in lines and (
            lines[edit.span].unknown or _only_parts(edit, notes.get(edit.span), together)
        ):
            continue
        shown = edit.replacement if len(edit.replacement) <= 100 else f"{edit.replacement[:99]}…"
        written = source.excerpt(edit.span)
        written = written if len(written) <= 60 else f"{written[:59]}…"
        reading = lines.get(edit.span)
        message = f"`{written}` is read as `{shown}`"
        if edit.span.end == 0:
            message = f"{reason(edit.replacement)}: read with `{edit.replacement.strip()}`"
        elif reading is not None and reading.entry:
            message = f"`{written}` is read as `train {{ {reading.entry} }}`"
        elif not shown and edit.span in notes and not (reading is not None and reading.claim):
            message = f"`{written}` {notes[edit.span]}"
        elif not shown:
            message = f"`{written}` is read as a claim of the layer before"
        alone = edit.span.end == 0 or (edit.span not in together and _stands_alone(reading, len(entries)))
        found.append(
            Diagnostic(
                "ND231",
                Severity.NOTE,
                message,
                source,
                Label(edit.span),
                fix=remarked[edit.span]._replace(safe=True) if alone else None,
                cause=CAUSE,
            )
        )
    unknown = _not_understood(source, read)
    if unknown:  # volumes after a layer that is not known say nothing
        found = [one for one in found if one.severity is not Severity.ERROR or is_of_words(one)]
    found += unknown or wrong_counts(source, checked, read)
    found = _one_for_each_line(source, found, lines.keys())
    plan = checked.plan if not any(f.severity is Severity.ERROR for f in found) else None
    return checked._replace(plan=plan, diagnostics=sorted(found, key=sort_key))


def _only_parts(edit: Edit, note: str | None, together: Collection[Span]) -> bool:
    """Whether a line only parts others, as that below the head of a table."""
    return edit.span in together and not edit.replacement and not note


def _not_understood(source: Source, read: list[Read]) -> list[Diagnostic]:
    """The rows of tables of which no layer can be made."""
    return [
        Diagnostic(
            "ND243",
            Severity.ERROR,
            f"the table is read, but not this line: `{_short(reading.unknown)}` is not understood",
            source,
            Label(line.span),
            help=("write the layer in its place without bars: `CONV 32 3x3 pad 1`",),
        )
        for line, reading, _ in read
        if reading.unknown
    ]


def _one_for_each_line(source: Source, found: list[Diagnostic], read: Collection[Span]) -> list[Diagnostic]:
    """The findings with one for a line of which several words are not known, beside lines that are read."""
    by_line: defaultdict[Span, list[Diagnostic]] = defaultdict(list)
    for finding in found:
        if Fact.UNKNOWN_WORD.holds(finding.code) and finding.primary is not None and finding.source is source:
            by_line[line_at(source, finding.primary.span.start).span].append(finding)
    replaced: dict[int, Diagnostic] = {}
    dropped: set[int] = set()
    for span, several in by_line.items():
        if span in read or len(several) < 2:
            continue
        line = source.excerpt(span)
        word = unknown_in(line)
        start = span.start + max(line.find(word), 0)
        label = Label(Span(start, start + len(word)) if word else span)
        message = f"this line is not read like its neighbours: `{word or _short(line)}` is not understood"
        help = ("leave out what is not about the layer, or write it as `CONV 32 3x3 pad 1`",)
        one = Diagnostic("ND243", Severity.ERROR, message, source, label, help=help)
        replaced[id(several[0])] = one
        dropped.update(map(id, several[1:]))
    return [replaced.get(id(finding), finding) for finding in found if id(finding) not in dropped]


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _stands_alone(reading: Reading | None, entries: int) -> bool:
    """Whether an edit means the same without those of other lines: a claim belongs to the line before it,
    and entries of a recipe share a block."""
    return reading is not None and not (reading.claim or (reading.entry and entries > 1))


def _as_written(finding: Diagnostic, source: Source, lines: Collection[Span]) -> Diagnostic:
    """A finding of a line that was read: about all of it, and without a change of words that it lacks."""
    if finding.source is not source or finding.primary is None:
        return finding
    label = finding.primary
    whole = next((span for span in lines if span.start <= label.span.start < span.end), None)
    if whole is not None and label.span != whole:
        finding = finding._replace(primary=Label(whole, label.text))
    fix = finding.fix.span if finding.fix is not None else None
    if fix is not None and any(span.start <= fix.end and fix.start <= span.end for span in lines):
        finding = finding._replace(fix=None)
    return finding


def wrong_counts(source: Source, checked: Checked, read: list[Read]) -> list[Diagnostic]:
    """``FC: 1600 -> 50`` where other than 1600 numbers come in."""
    told = {line.span: reading for line, reading, _ in read if reading.coming or reading.comings}
    if checked.plan is None or not told:
        return []
    found: list[Diagnostic] = []
    seen: Counter[Span] = Counter()
    for planned in checked.plan.layers:
        span = next((span for span in told if span.start <= planned.node.span.start < span.end), None)
        if span is None or len(planned.inputs) != 1:
            continue
        coming, volume = told[span].coming_of(seen[span]), planned.inputs[0]
        seen[span] += 1
        if coming and coming not in (str(volume.channels), str(volume.values), str(volume)):
            counted = f"{volume.values:,}" if volume.vector else str(volume)
            found.append(
                Diagnostic(
                    "ND241",
                    Severity.ERROR,
                    f"{planned.node.name} is given {counted}, but the line says {_grouped(coming)}",
                    source,
                    Label(span),
                    help=("either the layers before it or the number are wrong",),
                )
            )
    return found


def _grouped(coming: str) -> str:
    return f"{int(coming):,}" if coming.isdecimal() else coming
