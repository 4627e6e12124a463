"""Reads the lines of a text that cannot be read otherwise as sheets have them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Edit
from netdsl.graph.sheets import (
    Page,
    Reading,
    read_line,
    read_page,
    scores_again,
    without_bullet,
)
from netdsl.planning.sheet_lines import (
    Line,
    Read,
    is_meant,
    is_of_words,
    line_at,
    line_before,
    lines_of,
    scores_before,
)
from netdsl.planning.sheet_notes import noted, wrong_counts
from netdsl.planning.sheet_statements import pads_a_pool, statements
from netdsl.source import Source, Span
from netdsl.syntax.parser import ParsedFile
from netdsl.syntax.respelling import parse_respelled

if TYPE_CHECKING:
    from netdsl.planning.pipeline import Checked

_LINES = 150
"""Lines that are read a second time."""

_ROUNDS = 4

_GAP = re.compile(r"[-–—→|](?:[ \t]+[-–—→|]|\Z)|,\Z")
"""Where something is missing, which nobody but the author knows: between two links, after the last one."""


_BRACKETS = re.compile(r":[ \t]*\[|\A[^\[]*\]|\[[^\]]*\Z")
"""Those around a chain of several lines, not those around a claim."""


def is_unread(found: Sequence[Diagnostic]) -> bool:
    """Whether there are mistakes of syntax or of words."""
    return any(map(is_of_words, found))


def read_again(
    source: Source, checked: Checked, plan: Callable[[Source, ParsedFile], Checked]
) -> tuple[Checked, tuple[Edit, ...]]:
    """The check of a text with its unreadable lines in our words, and the edits that put them so; as it was
    where no line can be read."""
    taken = _own_names(source.text)
    read = _read_together(source, taken)
    together = frozenset(read)
    refused: set[Span] = set()
    bulleted: set[Span] = set(read)
    current: Checked = checked
    edits: tuple[Edit, ...] = ()
    if read:
        edits, current = _planned(source, read, plan)
    for _ in range(_ROUNDS):
        faulty = dict.fromkeys(_faulty(source, current.diagnostics))
        failed = [span for span in faulty if span in read and span not in bulleted]
        refused.update(failed)
        for span in failed:
            line = read.pop(span).line
            bare = without_bullet(line.text)
            if bare != line.text and span not in bulleted:
                read[span] = Read(line, Reading(bare))
                bulleted.add(span)
        new = _readings(source, current.diagnostics, taken, refused | read.keys())
        if not new and not failed:
            break
        read |= new
        if not read:
            return checked, ()
        edits, current = _planned(source, read, plan)
    if not read or any(
        span in read and span not in bulleted for span in _faulty(source, current.diagnostics)
    ):
        return checked, ()
    programs = {reading.program for _, reading, _ in read.values() if reading.program}
    told, claims = _told(read.values()), any(reading.text.startswith("[") for _, reading, _ in read.values())
    for statement in statements(source.text, current.diagnostics, programs, told=told, claims=claims):
        said = _with_statement(edits, statement)
        tried = plan(source, parse_respelled(source, said))
        if _is_better(source, tried, current, list(read.values())):
            current, edits = tried, said
            break
    if _in_part(source, checked.diagnostics, current.diagnostics, read):
        return checked, ()
    return noted(source, current, list(read.values()), edits, together), edits


def _planned(
    source: Source, read: dict[Span, Read], plan: Callable[[Source, ParsedFile], Checked]
) -> tuple[tuple[Edit, ...], Checked]:
    """The edits of what is read, and the check with them; where nothing comes into the network, the first
    line may say what comes into it."""
    edits = _edits(source, list(read.values()))
    checked = plan(source, parse_respelled(source, edits))
    if not any(Fact.NO_INPUT.holds(finding.code) for finding in checked.diagnostics):
        return edits, checked
    layers = (span for span, one in sorted(read.items()) if one.reading.text)
    first = next(layers, None)
    coming = read[first].reading.coming if first is not None else ""
    if first is None or coming.count("x") == 1 or not coming:
        return edits, checked
    one = read[first]
    read[first] = one._replace(reading=one.reading._replace(text=f"input {coming}\n{one.reading.text}"))
    edits = _edits(source, list(read.values()))
    return edits, plan(source, parse_respelled(source, edits))


def _read_together(source: Source, taken: frozenset[str]) -> dict[Span, Read]:
    """Lines that mean something beside others: those of a table."""
    page: Page = read_page(source.text.split("\n"), taken)
    found: dict[Span, Read] = {}
    for number, reading in page.readings.items():
        line = line_at(source, source.line_start(number + 1))
        if line.text:
            found[line.span] = Read(line, reading, page.notes.get(number, ""))
    return found


def _told(read: Collection[Read]) -> bool:
    """Whether a line says what comes in."""
    return any(reading.coming or reading.comings for _, reading, _ in read)


def _with_statement(edits: tuple[Edit, ...], statement: str) -> tuple[Edit, ...]:
    """The edits with a line of its own in front of the text."""
    first = next((edit for edit in edits if edit.span.start == 0), Edit(Span(0, 0), ""))
    rest = tuple(edit for edit in edits if edit is not first)
    return (Edit(first.span, f"{statement}\n{first.replacement}"), *rest)


def _is_better(source: Source, tried: Checked, current: Checked, read: list[Read]) -> bool:
    """Whether a statement makes a network of the text that agrees with all that it says comes in."""
    if tried.plan is None or wrong_counts(source, tried, read):
        return False
    if pads_a_pool(current.diagnostics) and not pads_a_pool(tried.diagnostics):
        return True
    return current.plan is None or bool(wrong_counts(source, current, read))


def _in_part(
    source: Source, before: Sequence[Diagnostic], after: Sequence[Diagnostic], read: dict[Span, Read]
) -> bool:
    """Whether a mistake stays on as many lines as it is read on, or within brackets, which sheets do not
    have: all are the same habit, which is one finding."""
    stays = lines_of(source, [finding for finding in after if is_of_words(finding)])
    mended = lines_of(source, before)
    for habit, lines in stays.items():
        found = len(mended[habit] & read.keys())
        if found and (found <= len(lines) or any(_BRACKETS.search(source.excerpt(span)) for span in lines)):
            return True
    return False


def _readings(
    source: Source, found: Sequence[Diagnostic], taken: frozenset[str], known: Collection[Span]
) -> dict[Span, Read]:
    new: dict[Span, Read] = {}
    words: Counter[str] = Counter()
    for line in _unread_lines(source, found):
        if line.span in known or len(known) + len(new) >= _LINES or _GAP.search(line.text):
            continue
        scores = scores_before(source, line.span.start)
        reading = read_line(line.text, taken, scores)
        if reading is None and (again := scores_again(line.text, scores)):
            reading = Reading("", claim=again)
        bare = without_bullet(line.text)
        if reading is None and bare != line.text and not line.text.startswith(("-", "–", "—", "→")):
            reading = Reading(bare)
        if reading is not None and reading.entry and _TRAIN.search(source.text):
            continue
        if reading is not None and not _is_next(source, line, reading.before):
            continue
        if reading is not None and reading.label and not reading.text.startswith("["):
            words = words or Counter(re.findall(r"\w+", source.text.lower()))
            if words[reading.label.lower()] == 1:
                reading = reading._replace(text=f"{reading.label}: {reading.text}")
        if reading is not None and reading.text != line.text:
            new[line.span] = Read(line, reading)
    return new


def _is_next(source: Source, line: Line, before: str) -> bool:
    """Whether the layer whose output a line takes is that of the line before it."""
    above = line_before(source, line.span.start) if re.search("[0-9]", before) else None
    return above is None or re.search(rf"\b{re.escape(before)}\b", above.text, re.IGNORECASE) is not None


def _faulty(source: Source, found: Sequence[Diagnostic]) -> list[Span]:
    """The lines with mistakes of syntax, of words or of meaning."""
    return [
        line_at(source, finding.primary.span.start).span
        for finding in found
        if finding.primary is not None
        and finding.source is source
        and (is_of_words(finding) or is_meant(finding))
    ]


def _unread_lines(source: Source, found: Sequence[Diagnostic]) -> list[Line]:
    lines: dict[Span, Line] = {}
    meant: set[Span] = set()
    for finding in found:
        if finding.primary is not None and finding.source is source:
            line = line_at(source, finding.primary.span.start)
            if is_of_words(finding):
                lines[line.span] = line
            elif is_meant(finding):
                meant.add(line.span)
    return [line for span, line in lines.items() if span not in meant]


_TRAIN = re.compile(r"^[ \t]*train[ \t]*\{", re.IGNORECASE | re.MULTILINE)
_OWN = re.compile(r"^[ \t]*(?:block|let)[ \t]+(?P<name>[A-Za-z_]\w*)", re.IGNORECASE | re.MULTILINE)


def _own_names(text: str) -> frozenset[str]:
    """The names of blocks and numbers, which mean no layer and no option."""
    return frozenset(found["name"] for found in _OWN.finditer(text))


def _edits(source: Source, read: list[Read]) -> tuple[Edit, ...]:
    edits = {line.span: reading.text for line, reading, _ in read}
    for line, reading, _ in read:
        if reading.claim:
            before = line_before(source, line.span.start)
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
    entries = [(line.span, reading.entry) for line, reading, _ in read if reading.entry]
    if entries:
        edits[max(entries)[0]] = f"train {{ {'; '.join(entry for _, entry in sorted(entries))} }}"
    return tuple(Edit(span, text) for span, text in sorted(edits.items()))


def _with_claim(text: str, claim: str) -> str:
    """``[14x14x6] POOL 2x2``; of a chain, its last layer."""
    if text.startswith("["):
        return text
    head, link, last = text.rpartition(" - ")
    return f"{head}{link}[{claim}] {last}"
