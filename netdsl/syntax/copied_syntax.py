"""What is said where a line copied from a sheet or a slide does not parse: ``784-100-10``,
``10-way softmax``, ``"same"``, ``227x227x3`` alone."""

from __future__ import annotations

import re

from netdsl.diagnostics import Diagnostic, Edit, Label, Severity
from netdsl.source import Source, Span
from netdsl.syntax.automaton import Failure

_REACH = 200
"""Characters on each side of a mistake that are looked at."""

_BEGINNING = 2000
"""Characters in which the input stands."""

_LINK = r"[ \t]*(?:-+>?|[–—→])[ \t]*"
_NEURONS = re.compile(rf"(?<![\w.×@-])[0-9]{{1,9}}(?:{_LINK}[0-9]{{1,9}}){{1,20}}(?![\w.×@])")
_DASHED = re.compile(
    r"\b(?P<kind>FC|dense|linear|fully[ \t-]connected)[ \t]+[-–—][ \t]+"
    r"(?P<number>[0-9]+(?:,[0-9]{3})*)(?![\w.×])",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"(?:\A|[;|\[\]>–—-])[ \t]*\Z")
_ALONE = re.compile(r"[ \t\[]*\Z")
_ENDS = re.compile(r"[ \t\]]*(?:[;#]|\Z)")
_WAYS = re.compile(r"(?<![\w.])(?P<number>[0-9]{1,9})-way\b(?:[ \t]+(?P<kind>soft-?max)\b)?", re.IGNORECASE)
_DIMENSIONS = re.compile(r"(?<![\w.])(?P<number>[0-9]{1,9})-d(?:im)?\b", re.IGNORECASE)
_QUOTED = re.compile(r"(?P<quote>[\"'])(?P<word>[A-Za-z][\w ]{0,40})(?P=quote)")
_BRACKETED = re.compile(
    r"\binput[ \t]*(?P<brackets>\[[ \t]*(?P<volume>[0-9]{1,9}(?:[ \t]*[xX×][ \t]*[0-9]{1,9}){0,3})[ \t]*\])",
    re.IGNORECASE,
)
_VOLUME = re.compile(r"[0-9]{1,9}(?:[ \t]*[xX×][ \t]*[0-9]{1,9}){2}")


def bare_numbers(failure: Failure, source: Source) -> Diagnostic | None:
    """The finding for ``784-100-10``; None for anything else."""
    return _neurons(*_line(failure, source), source)


def copied_syntax(failure: Failure, source: Source) -> Diagnostic | None:
    """The finding for a line as sheets have it; None where nothing is known of it."""
    line, start, offset = _line(failure, source)
    return (
        _dashed(line, start, offset, source)
        or _bracketed(line, start, offset, source)
        or _turned_maps(line, start, offset, source)
        or _ways(line, start, offset, source)
        or _dimensions(line, start, offset, source)
        or _quoted(line, start, offset, source)
        or _volume(line, start, offset, source)
    )


def _line(failure: Failure, source: Source) -> tuple[str, int, int]:
    """The line around a mistake, where it begins in the text, and the offset of the mistake in it."""
    begin = source.text.rfind("\n", 0, failure.token.start) + 1
    start = max(begin, failure.token.start - _REACH)
    line = source.text[start : failure.token.start + _REACH].partition("\n")[0]
    return line, start, min(failure.token.start - start, len(line))


def _at(pattern: re.Pattern[str], line: str, offset: int) -> re.Match[str] | None:
    """What a pattern finds in a line at an offset, or right before it, blanks aside."""
    for found in pattern.finditer(line):
        if found.start() <= offset and not line[found.end() : offset].strip():
            return found
    return None


def _bracketed(line: str, start: int, offset: int, source: Source) -> Diagnostic | None:
    """``input [28x28x1]``: brackets behind a kind hold layers."""
    for found in _BRACKETED.finditer(line):
        if found.start() <= offset <= found.end():
            span = Span(start + found.start("brackets"), start + found.end())
            cure = f"write `input {found['volume']}`"
            message = "the volume of an input follows it without brackets"
            return _found("ND102", message, span, source, cure, fix=Edit(span, found["volume"]))
    return None


def _turned_maps(line: str, start: int, offset: int, source: Source) -> Diagnostic | None:
    """``conv 3x3@64``, with the size before the filters."""
    for found in _TURNED.finditer(line):
        if found.start() <= offset < found.end():
            span = Span(start + found.start(), start + found.end())
            size = re.sub(r"[ \t]", "", found["size"])
            meant = f"{found['number']}@{size}"
            message = "the filters come before the `@`, their size after it"
            return _found("ND102", message, span, source, f"write `{meant}`", fix=Edit(span, meant))
    return None


_TURNED = re.compile(
    r"(?<![\w.])(?P<size>[0-9]{1,4}[ \t]*[xX×][ \t]*[0-9]{1,4})[ \t]*@[ \t]*(?P<number>[0-9]{1,6})(?![\w×])"
)


def _neurons(line: str, start: int, offset: int, source: Source) -> Diagnostic | None:
    """``784-100-10``: the neurons of layers, without their kinds."""
    found = _at(_NEURONS, line, offset)
    if found is None:
        return None
    before = line[: found.start()].rpartition(";")[2]
    if not (_ALONE.match(before) and _ENDS.match(line, found.end())):
        return None
    numbers = re.findall("[0-9]+", found[0])
    first = not _says_something(source, start + found.start())
    kinds = ["input" if first else "FC", *["FC"] * (len(numbers) - 1)]
    meant = " - ".join(f"{kind} {number}" for kind, number in zip(kinds, numbers, strict=True))
    return _found(
        "ND102",
        "numbers of neurons need their kinds: `-` chains layers",
        Span(start + found.start(), start + found.end()),
        source,
        f"write `{meant}`, with RELU between layers with weights",
    )


def _says_something(source: Source, end: int) -> bool:
    """Whether more than blanks, comments and the name of the network stand before an offset."""
    if end > _BEGINNING:
        return True
    lines = (re.sub(r"#.*", "", line).strip() for line in re.split(r"[\n;]", source.text[:end]))
    return any(line and not re.match(r"(?:net|dialect)[ \t]", line, re.IGNORECASE) for line in lines)


def _dashed(line: str, start: int, offset: int, source: Source) -> Diagnostic | None:
    """``FC - 4096``: a dash between a kind and its number."""
    found = _at(_DASHED, line, offset)
    if found is None or not _BEGINS.search(line[: found.start()]):
        return None
    span = Span(start + found.start(), start + found.end())
    meant = f"{found['kind']} {found['number']}"
    message = "`-` chains layers, and none begins with a number"
    return _found("ND102", message, span, source, f"write `{meant}`", fix=Edit(span, meant))


def _ways(line: str, start: int, offset: int, source: Source) -> Diagnostic | None:
    """``10-way softmax``: ten classes."""
    found = _at(_WAYS, line, offset)
    if found is None:
        return None
    number = found["number"]
    span = Span(start + found.start(), start + found.end())
    cures = (
        f"write `FC {number} - SOFTMAX`: weights that make {number} scores, then SOFTMAX",
        f"write `SOFTMAX`: {number} scores come in, and SOFTMAX has no weights",
    )
    told = _found("ND230", f"`{found[0]}` can be read in two ways", span, source, *cures)
    return told._replace(line_may_settle=found["kind"] is not None)


def _dimensions(line: str, start: int, offset: int, source: Source) -> Diagnostic | None:
    """``256-d``: neurons, or how many numbers there are."""
    found = _at(_DIMENSIONS, line, offset)
    if found is None:
        return None
    span = Span(start + found.start(), start + found.end())
    cures = (
        f"write `FC {found['number']}` for a layer of {found['number']} neurons",
        "leave it out where it only says how many channels there are",
    )
    told = _found("ND230", f"`{found[0]}` can be read in two ways", span, source, *cures)
    return told._replace(line_may_settle=found[0].endswith("-d"))


def _quoted(line: str, start: int, offset: int, source: Source) -> Diagnostic | None:
    """``CONV 64 3x3 "same"``."""
    found = _at(_QUOTED, line, offset)
    if found is None or found.start() != offset:
        return None
    span = Span(start + found.start(), start + found.end())
    message = "words have no quotes"
    return _found("ND102", message, span, source, f"write `{found['word']}`", fix=Edit(span, found["word"]))


def _volume(line: str, start: int, offset: int, source: Source) -> Diagnostic | None:
    """``227x227x3`` at the beginning: the input, without its word."""
    found = _at(_VOLUME, line, offset)
    if found is None or _says_something(source, start + found.start()):
        return None
    if not _ENDS.match(line, found.end()) and not re.match(_LINK, line[found.end() :]):
        return None
    span = Span(start + found.start(), start + found.end())
    meant = "input " + re.sub(r"[ \t]", "", found[0]).lower().replace("×", "x")
    message = "a volume alone is not a layer"
    return _found("ND102", message, span, source, f"write `{meant}`", fix=Edit(span, meant))


def _found(
    code: str, message: str, span: Span, source: Source, *cures: str, fix: Edit | None = None
) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, source, Label(span), help=cures, fix=fix, cause=message)
