"""Reads the lines of a text that cannot be read otherwise as sheets have them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from netdsl.diagnostics import Diagnostic, Edit, Label, Severity, sort_key
from netdsl.graph.sheets import Reading, read_line, repeats_a_kind, without_bullet
from netdsl.source import Source, Span
from netdsl.syntax.parser import ParsedFile
from netdsl.syntax.respelling import parse_respelled

if TYPE_CHECKING:
    from netdsl.planning.load import Checked

_LINES = 150
"""Lines that are read a second time."""

_ROUNDS = 4

_GAP = re.compile(r"[-–—→|](?:[ \t]+[-–—→|]|\Z)|,\Z")
"""Where something is missing, which nobody but the author knows: between two links, behind the last one."""

CAUSE = "a line as sheets have it"


class _Line(NamedTuple):
    """A piece of a text that a line break, or a semicolon, ends; without blanks and comments."""

    span: Span
    text: str


class _Read(NamedTuple):
    line: _Line
    reading: Reading


def is_unread(found: Sequence[Diagnostic]) -> bool:
    """Whether there are mistakes of syntax or of words."""
    return any(map(_is_of_words, found))


def _is_of_words(finding: Diagnostic) -> bool:
    if finding.severity is not Severity.ERROR or finding.primary is None:
        return False
    if finding.code == "ND203" and finding.source is not None:
        return repeats_a_kind(_line_at(finding.source, finding.primary.span.start).text)
    return finding.code in _UNREAD or (finding.code == "ND230" and bool(_SETTLED.search(finding.message)))


def _is_meant(finding: Diagnostic) -> bool:
    """Whether a mistake is one of meaning, in words that are understood."""
    words = finding.code[:3] in ("ND1", "ND2")
    return finding.severity is Severity.ERROR and words and not _is_of_words(finding)


_SETTLED = re.compile(r"softmax|pool|[0-9]-d`|@[^`]*,|[0-9] *(?:-+>|→)", re.IGNORECASE)
"""What can be read in two ways by itself, and in one beside the rest of its line: ``softmax 10`` behind 84
neurons, ``average pool (6x6 -> 1x1)``, ``FC: 1600 -> 50``."""


_UNREAD = frozenset(f"ND{code}" for code in (101, 102, 103, 201, 202, 204, 206, 207, 216, 217, 228, 233))
"""Codes of findings that say that words and signs are not understood."""


def read_again(
    source: Source, checked: Checked, plan: Callable[[Source, ParsedFile], Checked]
) -> tuple[Checked, tuple[Edit, ...]]:
    """The check of a text with its unreadable lines in our words, and the edits that put them so; as it was
    where no line can be read."""
    taken = _own_names(source.text)
    read: dict[Span, _Read] = {}
    refused: set[Span] = set()
    bulleted: set[Span] = set()
    current: Checked = checked
    edits: tuple[Edit, ...] = ()
    for _ in range(_ROUNDS):
        faulty = dict.fromkeys(_faulty(source, current.diagnostics))
        failed = [span for span in faulty if span in read and span not in bulleted]
        refused.update(failed)
        for span in failed:
            line = read.pop(span).line
            bare = without_bullet(line.text)
            if bare != line.text and span not in bulleted:
                read[span] = _Read(line, Reading(bare))
                bulleted.add(span)
        new = _readings(source, current.diagnostics, taken, refused | read.keys())
        if not new and not failed:
            break
        read |= new
        if not read:
            return checked, ()
        edits = _edits(source, list(read.values()))
        current = plan(source, parse_respelled(source, edits))
        dialect = _dialect(source, current.diagnostics, list(read.values()))
        if dialect:
            edits = _with_dialect(source, edits, dialect)
            current = plan(source, parse_respelled(source, edits))
    if not read or any(
        span in read and span not in bulleted for span in _faulty(source, current.diagnostics)
    ):
        return checked, ()
    if _in_part(source, checked.diagnostics, current.diagnostics, read):
        return checked, ()
    return _noted(source, current, list(read.values()), edits), edits


def _in_part(
    source: Source, before: Sequence[Diagnostic], after: Sequence[Diagnostic], read: Collection[Span]
) -> bool:
    """Whether a mistake that stays is one that has been read elsewhere: both are the same habit, which is one
    finding."""
    stays = {(finding.code, finding.message) for finding in after if _is_of_words(finding)}
    return any(
        (finding.code, finding.message) in stays
        for finding in before
        if finding.primary is not None
        and finding.source is source
        and _line_at(source, finding.primary.span.start).span in read
    )


_DIALECT = re.compile(r"^[ \t]*dialect\b", re.IGNORECASE | re.MULTILINE)


def _dialect(source: Source, found: Sequence[Diagnostic], read: list[_Read]) -> str:
    """The dialect of the program whose calls a text has, where a window does not fit without it."""
    programs = {reading.program for _, reading in read if reading.program}
    uneven = any(finding.code == "ND301" for finding in found)
    return programs.pop() if len(programs) == 1 and uneven and not _DIALECT.search(source.text) else ""


def _with_dialect(source: Source, edits: tuple[Edit, ...], dialect: str) -> tuple[Edit, ...]:
    first = next((edit for edit in edits if edit.span.start == 0), Edit(Span(0, 0), ""))
    rest = tuple(edit for edit in edits if edit is not first)
    return (Edit(first.span, f"dialect {dialect}\n{first.replacement}"), *rest)


def _readings(
    source: Source, found: Sequence[Diagnostic], taken: frozenset[str], known: Collection[Span]
) -> dict[Span, _Read]:
    new: dict[Span, _Read] = {}
    words: Counter[str] = Counter()
    for line in _unread_lines(source, found):
        if line.span in known or len(known) + len(new) >= _LINES or _GAP.search(line.text):
            continue
        reading = read_line(line.text, taken, _scores_before(source, line.span.start))
        bare = without_bullet(line.text)
        if reading is None and bare != line.text and not line.text.startswith(("-", "–", "—", "→")):
            reading = Reading(bare)
        if reading is not None and reading.entry and _TRAIN.search(source.text):
            continue
        if reading is not None and reading.label and not reading.text.startswith("["):
            words = words or Counter(re.findall(r"\w+", source.text.lower()))
            if words[reading.label.lower()] == 1:
                reading = reading._replace(text=f"{reading.label}: {reading.text}")
        if reading is not None and reading.text != line.text:
            new[line.span] = _Read(line, reading)
    return new


def _faulty(source: Source, found: Sequence[Diagnostic]) -> list[Span]:
    """The lines with mistakes of syntax, of words or of meaning."""
    return [
        _line_at(source, finding.primary.span.start).span
        for finding in found
        if finding.primary is not None
        and finding.source is source
        and (_is_of_words(finding) or _is_meant(finding))
    ]


def _unread_lines(source: Source, found: Sequence[Diagnostic]) -> list[_Line]:
    lines: dict[Span, _Line] = {}
    meant: set[Span] = set()
    for finding in found:
        if finding.primary is not None and finding.source is source:
            line = _line_at(source, finding.primary.span.start)
            if _is_of_words(finding):
                lines[line.span] = line
            elif _is_meant(finding):
                meant.add(line.span)
    return [line for span, line in lines.items() if span not in meant]


_BLANKS = " \t\r\f\u00a0"


def _line_at(source: Source, place: int) -> _Line:
    """The line around a place."""
    number = source.position(min(place, len(source.text)))[0]
    start, line = source.line_start(number), source.line(number)
    text = line.partition("#")[0]
    begin = start + len(text) - len(text.lstrip(_BLANKS))
    return _Line(Span(begin, start + len(text.rstrip(_BLANKS))), text.strip(_BLANKS))


_WEIGHS = re.compile(r"fc|conv|dense|linear|affine|connect|neuron|unit|output|nin", re.IGNORECASE)


_BACK = 20
"""Lines that are looked back."""


def _scores_before(source: Source, place: int) -> frozenset[str]:
    """The numbers of the last line before a place that speaks of a layer with weights."""
    line = _line_before(source, place)
    for _ in range(_BACK):
        if line is None or _WEIGHS.search(line.text):
            break
        line = _line_before(source, line.span.start)
    return frozenset(re.findall("[0-9]+", line.text.replace(",", ""))) if line is not None else frozenset()


_TRAIN = re.compile(r"^[ \t]*train[ \t]*\{", re.IGNORECASE | re.MULTILINE)
_OWN = re.compile(r"^[ \t]*(?:block|let)[ \t]+(?P<name>[A-Za-z_]\w*)", re.IGNORECASE | re.MULTILINE)


def _own_names(text: str) -> frozenset[str]:
    """The names of blocks and numbers, which mean no layer and no option."""
    return frozenset(found["name"] for found in _OWN.finditer(text))


def _edits(source: Source, read: list[_Read]) -> tuple[Edit, ...]:
    edits = {line.span: reading.text for line, reading in read}
    for line, reading in read:
        if reading.claim:
            before = _line_before(source, line.span.start)
            if before is None:
                del edits[line.span]
                continue
            whole = (
                read_line(f"{before.text.rstrip('.')}, output {reading.claim}")
                if before.span in edits
                else None
            )
            text = edits.get(before.span, before.text)
            edits[before.span] = whole.text if whole is not None else _with_claim(text, reading.claim)
    entries = [(line.span, reading.entry) for line, reading in read if reading.entry]
    if entries:
        edits[max(entries)[0]] = f"train {{ {'; '.join(entry for _, entry in sorted(entries))} }}"
    return tuple(Edit(span, text) for span, text in sorted(edits.items()))


def _with_claim(text: str, claim: str) -> str:
    """``[14x14x6] POOL 2x2``; of a chain, its last layer."""
    if text.startswith("["):
        return text
    head, link, last = text.rpartition(" - ")
    return f"{head}{link}[{claim}] {last}"


def _line_before(source: Source, place: int) -> _Line | None:
    last = source.position(place)[0] - 1
    for number in range(last, max(0, last - _BACK), -1):
        line = _line_at(source, source.line_start(number))
        if line.text:
            return line
    return None


def _noted(source: Source, checked: Checked, read: list[_Read], edits: Sequence[Edit]) -> Checked:
    """The findings with what was read, and without changes of text that stands in no file."""
    lines = {line.span: reading for line, reading in read}
    found = [_as_written(finding, source, lines) for finding in checked.diagnostics]
    entries = [reading for _, reading in read if reading.entry]
    for edit in edits:
        shown = edit.replacement if len(edit.replacement) <= 100 else f"{edit.replacement[:99]}…"
        written = source.excerpt(edit.span)
        written = written if len(written) <= 60 else f"{written[:59]}…"
        reading = lines.get(edit.span)
        message = f"`{written}` is read as `{shown}`"
        if edit.span.end == 0:
            message = f"its calls are those of another program: read with `{shown.strip()}`"
        elif reading is not None and reading.entry:
            message = f"`{written}` is read as `train {{ {reading.entry} }}`"
        elif not shown:
            message = f"`{written}` is read as a claim of the layer before"
        found.append(
            Diagnostic(
                "ND231",
                Severity.NOTE,
                message,
                source,
                Label(edit.span),
                fix=edit._replace(safe=True) if _stands_alone(reading, len(entries)) else None,
                cause=CAUSE,
            )
        )
    found += _wrong_counts(source, checked, read)
    plan = checked.plan if not any(f.severity is Severity.ERROR for f in found) else None
    return checked._replace(plan=plan, diagnostics=sorted(found, key=sort_key))


def _stands_alone(reading: Reading | None, entries: int) -> bool:
    """Whether an edit means the same without those of other lines: a claim belongs to the line before it,
    and entries of a recipe share a block."""
    return reading is None or not (reading.claim or (reading.entry and entries > 1))


def _as_written(finding: Diagnostic, source: Source, lines: Collection[Span]) -> Diagnostic:
    """A finding of a line that was read: about all of it, and without a change of words that it lacks."""
    if finding.source is not source or finding.primary is None:
        return finding
    place = finding.primary
    whole = next((span for span in lines if span.start <= place.span.start < span.end), None)
    if whole is not None and place.span != whole:
        finding = finding._replace(primary=Label(whole, place.text))
    fix = finding.fix.span if finding.fix is not None else None
    if fix is not None and any(span.start <= fix.end and fix.start <= span.end for span in lines):
        finding = finding._replace(fix=None)
    return finding


def _wrong_counts(source: Source, checked: Checked, read: list[_Read]) -> list[Diagnostic]:
    """``FC: 1600 -> 50`` where other than 1600 numbers come in."""
    told = {line.span: reading.coming for line, reading in read if reading.coming}
    if checked.plan is None or not told:
        return []
    found: list[Diagnostic] = []
    for planned in checked.plan.layers:
        span = next((span for span in told if span.start <= planned.node.span.start < span.end), None)
        if span is None or len(planned.inputs) != 1:
            continue
        coming, volume = told.pop(span), planned.inputs[0]
        if coming not in (str(volume.channels), str(volume.values), str(volume)):
            counted = f"{volume.values:,}" if volume.vector else str(volume)
            found.append(
                Diagnostic(
                    "ND241",
                    Severity.ERROR,
                    f"{planned.node.name} is given {counted}, and the line says {_grouped(coming)}",
                    source,
                    Label(span),
                    help=("the layers before it, or the number, are other than meant",),
                )
            )
    return found


def _grouped(coming: str) -> str:
    return f"{int(coming):,}" if coming.isdecimal() else coming
