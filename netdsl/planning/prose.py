"""Lines of prose, ``dropout is used here``: one finding each, or one for a text of nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Edit, Label, Severity, sort_key
from netdsl.graph.sheets import read_line, without_bullet
from netdsl.graph.sheets.items import UnknownError, items_of
from netdsl.graph.sheets.words import pieces_of
from netdsl.layers.registry import kind_named
from netdsl.resources import zoo_names
from netdsl.source import Source, Span

_ENGLISH = """
a an the this that these those it its is are was were be been being has have had do does did will would
should can could may might must we i you they he she me my our your their us them of for to in on at by from
with into as and or but so then than after before between during while when where which who what how if
because each every all both some any not no there here also only very per
"""
_FUNCTION_WORDS = frozenset(_ENGLISH.split())
"""Words that sentences need and layers do not."""

_ASKED = frozenset(
    ("cnn", "cnns", "convnet", "mlp", "network", "net", "model", "classifier", "learning", "ai", "gan", "gpt")
)
"""What people call the whole."""

_WORD = re.compile(r"(?<![\w])[^\W\d_]+(?:['’][a-z]+)?(?![\w])")
_SIGNS = re.compile(r"[{}|\[\]=@]|->|→|\w\(")
"""What prose has not; the last is a call."""

_DIGIT = re.compile("[0-9]")
_FEW = 3
"""Words of the shortest sentence; names of kinds have as many."""

_LONGEST = 2000
"""Characters of a line that is looked at."""


class _Line(NamedTuple):
    span: Span
    text: str


def without_prose(source: Source, found: list[Diagnostic]) -> list[Diagnostic]:
    """The findings of a text, with one for each line of prose in place of all that its words have; one alone
    where no line reads as a layer."""
    lines: dict[int, _Line] = {}
    by_line: dict[int, list[Diagnostic]] = {}
    for finding in found:
        if finding.severity is Severity.ERROR and finding.source is source and finding.primary is not None:
            number = source.position(min(finding.primary.span.start, len(source.text)))[0]
            by_line.setdefault(number, []).append(finding)
            lines.setdefault(number, _line(source, number))
    both = [number for number, own in by_line.items() if _is_zero_padded(lines[number], own)]
    found = [one for one in found if not any(one is own for number in both for own in by_line[number])]
    found += [_of_zeros(source, lines[number]) for number in both]
    if both:  # one finding may stand for the like on other lines
        others = (_line(source, number) for number in _others(source, by_line))
        found += [_of_zeros(source, line) for line in others if _is_zero_padded(line, ())]
    by_line = {number: own for number, own in by_line.items() if number not in both}
    prose = [number for number, own in by_line.items() if _is_told_as_prose(lines[number], own)]
    bare = [
        number for number, own in by_line.items() if number not in prose and _is_no_layer(lines[number], own)
    ]
    if (prose or bare) and _is_all(source, {*prose, *bare}):
        return [_of_text(source)]
    replaced = {id(finding) for number in prose for finding in by_line[number]}
    if prose:  # nor does the input stand first after it
        behind = (one for number, own in by_line.items() if number > min(prose) for one in own)
        replaced |= {id(finding) for finding in behind if Fact.NO_INPUT.holds(finding.code)}
    kept = [finding for finding in found if id(finding) not in replaced]
    return sorted([*kept, *(_of_line(source, lines[number]) for number in prose)], key=sort_key)


def _line(source: Source, number: int) -> _Line:
    start, text = source.line_start(number), source.line(number).partition("#")[0]
    stripped = text.strip()
    begin = start + text.find(stripped)
    return _Line(Span(begin, begin + len(stripped)), stripped[:_LONGEST])


_ZEROS = re.compile(r"\bzero[ \t-]+padd(?:ing|ed)\b(?![ \t]*(?:of|with|by|[:=(])?[ \t]*[0-9])", re.IGNORECASE)


def _is_zero_padded(line: _Line, found: Sequence[Diagnostic]) -> bool:
    """Whether ``zero padding``, which is none to some and zeros around to others, is all that a line has
    that is not read."""
    if not _ZEROS.search(line.text) or not _may_be_prose(found):
        return False
    return read_line(_ZEROS.sub("no padding", line.text)) is not None


def _others(source: Source, told: Collection[int]) -> list[int]:
    return [number for number in range(1, source.text.count("\n") + 2) if number not in told]


def _of_zeros(source: Source, line: _Line) -> Diagnostic:
    said = _ZEROS.search(line.text)
    assert said is not None
    offset = line.span.start + said.start()
    return Diagnostic(
        "ND230",
        Severity.ERROR,
        f"`{said[0]}` can be read in two ways",
        source,
        Label(Span(offset, offset + len(said[0]))),
        cause="zero padding",
        help=("no padding: write `no padding` instead", "zeros around: write `same`, or `pad 1`"),
    )


def _is_told_as_prose(line: _Line, found: Sequence[Diagnostic]) -> bool:
    """Whether a line is prose whose findings name no cure that fixes it."""
    if not _may_be_prose(found):
        return False
    if not is_prose(line.text):
        return len(found) >= _FEW and _needed(line.text) > 1 and not _SIGNS.search(line.text)
    if len(found) > 1 or not _DIGIT.search(line.text):
        return True
    (finding,) = found
    if Fact.UNKNOWN_KIND.holds(finding.code) and finding.proposal and finding.primary is not None:
        return read_line(_mended(line, Edit(finding.primary.span, finding.proposal))) is None
    if Fact.NO_INPUT.holds(finding.code):  # which hides what else is wrong with the first line
        first = _WORD.match(line.text)
        return first is not None and not _is_kind(first[0]) and read_line(line.text) is None
    begins = finding.primary is not None and finding.primary.span.start <= line.span.start
    return begins and not finding.shows_what_to_write


def _mended(line: _Line, fix: Edit) -> str:
    start, end = (max(0, offset - line.span.start) for offset in (fix.span.start, fix.span.end))
    return f"{line.text[:start]}{fix.replacement}{line.text[end:]}"


def is_prose(line: str) -> bool:
    """Whether a line is a sentence, or a piece of one: by the words that sentences need, or else by having
    no number and no kind of layer."""
    words = [word.lower() for word in _WORD.findall(line)]
    if len(words) < 2 or _SIGNS.search(line):
        return False
    if len(words) < _FEW:  # `the end`
        return words[0] in _FUNCTION_WORDS and not _DIGIT.search(line) and not _is_kind(words[1])
    if 4 * _needed(line) >= len(words):
        return True
    return len(words) > _FEW and not _DIGIT.search(line) and not any(map(_is_kind, words))


def _needed(line: str) -> int:
    """How many words are there that sentences need and layers do not."""
    return sum(word.lower() in _FUNCTION_WORDS for word in _WORD.findall(line))


def _is_kind(word: str) -> bool:
    return kind_named(word) is not None


def _is_no_layer(line: _Line, found: Sequence[Diagnostic]) -> bool:
    """``hello world``, ``CNN``: a few words without a number, and nothing near them; or a shipped network."""
    words = {word.lower() for word in line.text.split()}
    if not _may_be_prose(found) or _SIGNS.search(line.text) or ":" in line.text:
        return False
    if words & _shipped():
        return True
    near = any(finding.proposal or finding.shows_what_to_write for finding in found)
    named = _WORD.match(line.text) is not None and not _DIGIT.search(line.text)
    unknown = all(Fact.UNKNOWN_KIND.holds(finding.code) for finding in found)
    return named and bool(words & _ASKED or (unknown and not near))


def _may_be_prose(found: Sequence[Diagnostic]) -> bool:
    return all(Fact.OF_PROSE.holds(finding.code) for finding in found)


@cache
def _shipped() -> frozenset[str]:
    return frozenset(zoo_names())


def _is_all(source: Source, told: set[int]) -> bool:
    """Whether these lines are all that a text holds, beside sentences that name no layer with its numbers."""
    for number, line in enumerate(source.text.split("\n"), 1):
        text = line.partition("#")[0].strip()
        if number in told or not text:
            continue
        if not is_prose(text[:_LONGEST]) or (_DIGIT.search(text) and read_line(text) is not None):
            return False
    return True


def _strange_word(line: str) -> str:
    """The word for which a line with values is not read; empty where there is none, or another reason."""
    try:
        items_of(pieces_of(without_bullet(line)))
    except UnknownError as error:
        return str(error) if _WORD.fullmatch(str(error)) and len(str(error)) > 1 else ""
    return ""


def _of_line(source: Source, line: _Line) -> Diagnostic:
    cures = ["put `#` before what is not part of the network"]
    if _DIGIT.search(line.text):
        cures.append("or write its layers, each a kind with its numbers: `CONV 16 3x3 stride 2 - RELU`")
    strange = _strange_word(line.text) if _DIGIT.search(line.text) else ""
    return Diagnostic(
        "ND244",
        Severity.ERROR,
        "this is a sentence, not a layer",
        source,
        Label(line.span),
        help=tuple(cures),
        fix=Edit(Span(line.span.start, line.span.start), "# "),
        notes=(f"`{strange}` is not understood in a layer",) if strange else (),
        cause="a sentence",
    )


def _of_text(source: Source) -> Diagnostic:
    numbers = range(1, source.text.count("\n") + 2)
    first = next(line for number in numbers if (line := _line(source, number)).text)
    words = source.text[:_LONGEST].lower().split()
    shipped = [word for word in words if word in _shipped()]
    return Diagnostic(
        "ND244",
        Severity.ERROR,
        "no line of this text reads as a layer",
        source,
        Label(first.span),
        help=(
            "a network begins with its input: `input 28x28x1`",
            "then one layer a line, or a chain: `CONV 8 3x3 - RELU`, `MAX POOL 2x2`, `FC 10`",
            f"`netdsl zoo {shipped[0] if shipped else 'lenet'}` shows a whole network",
        ),
    )
