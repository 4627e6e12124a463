"""Comments that silence findings: `# netdsl: ignore ND401`, and `ignore-file` for a whole file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from netdsl.source import Source, Span

IGNORE, IGNORE_FILE = "ignore", "ignore-file"


class Code(NamedTuple):
    """A code in a comment, in capitals, with its span."""

    text: str
    span: Span


class Comment(NamedTuple):
    """One comment of ours. ``lines`` are those whose findings it silences, from the first to the last; None
    for all lines. ``codes`` are none where it silences everything. ``wrong`` says why it is no such comment.

    ``span`` is the comment itself, without other remarks beside it, and ``removal`` what goes with it.
    """

    span: Span
    removal: Span
    lines: tuple[int, int] | None
    codes: tuple[Code, ...]
    wrong: str = ""
    meant: str = ""


_MOST = 20
"""Comments of ours after one another on a line."""

_PIECES = re.compile(r'"[^"\n]*"|“[^”\n]*”|(?P<comment>#[^\n]*)')
_OURS = re.compile(
    r"(?<!#)#+[ \t]*netdsl[ \t]*(?::[ \t]*|[ \t]+(?=(?:ignore|noqa|disable)\b))", re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z][\w-]*")
_CODE = re.compile(r"[ \t]*,?[ \t]*\b(?:(nd\w*|all)\b)", re.IGNORECASE)
_SIGN = re.compile(r"[ \t]*[:=]?[ \t]*")
_ASIDE = re.compile(r"[ \t]*(?:--|—|–|:|\(|;|\.|#|\Z)")
"""What begins a reason, which comes after the codes."""

_OTHERS_WORDS = ("noqa", "disable", "allow", "skip", "suppress")
_PAIRS = {"[": "]", "(": ")", "{": "}"}


def mentions_us(source: Source) -> bool:
    """Whether a text may have comments of ours; quick."""
    return _OURS.search(source.text) is not None


def comments(source: Source) -> list[Comment]:
    """Every comment of ours in a text, in order."""
    return list(_found(source)) if mentions_us(source) else []


def _found(source: Source) -> Iterator[Comment]:
    text = source.text
    lines = _Lines(source)
    for piece in _PIECES.finditer(text):
        start, end = piece.span("comment")
        if start < 0:
            continue
        at = start
        for _ in range(_MOST):
            ours = _OURS.search(text, at, end)
            if ours is None:
                break
            begin = ours.start()
            # Another remark may come after it, with a `#` of its own.
            other = text.find("#", ours.end(), end)
            last = end if other < 0 else other
            last = begin + len(text[begin:last].rstrip())
            found = _read(source, Span(begin, last), min(ours.end(), last), start, end, lines)
            if found is not None:
                yield found
            at = end if other < 0 else other


def _read(source: Source, span: Span, behind: int, start: int, end: int, lines: _Lines) -> Comment | None:
    text = source.text
    line_start = source.line_start(source.position(start)[0])
    alone = not text[line_start:start].strip()
    removal = _removal(text, span, line_start, start, end)
    colon = ":" in text[span.start : behind]
    word = _WORD.match(text, behind, span.end)
    directive = word[0].lower().replace("_", "-") if word else ""
    after_word = word.end() if word else behind
    codes, strange = _codes(text, after_word, span.end)
    if directive not in (IGNORE, IGNORE_FILE):
        meant = _meant(directive, bool(codes))
        if not meant:
            return None  # a remark of people that speaks of netdsl
        why = f"`{directive[:40]}` silences nothing"
        return Comment(span, removal, None, (), why, f"# netdsl: {meant}{text[after_word : span.end]}")
    if strange:
        return Comment(span, removal, None, (), f"`{strange[:40]}` is not a code") if colon else None
    covered = None if directive == IGNORE_FILE else lines.covered(start, alone)
    if not colon:
        meant = f"# netdsl: {text[behind : span.end]}"
        return Comment(span, removal, covered, (), "`netdsl` needs a colon after it", meant)
    return Comment(span, removal, covered, codes)


def _meant(directive: str, has_codes: bool) -> str:
    """The word for what somebody calls otherwise."""
    from netdsl.spelling import did_you_mean

    if directive in _OTHERS_WORDS:
        return IGNORE
    return did_you_mean(directive, (IGNORE, IGNORE_FILE)) or (IGNORE if has_codes else "")


def _codes(text: str, at: int, end: int) -> tuple[tuple[Code, ...], str]:
    """The codes of a comment, and what is there that is neither a code nor begins a reason."""
    opened = ""
    begin = _SIGN.match(text, at, end)
    assert begin is not None
    if text[begin.end() : begin.end() + 1] in _PAIRS and _CODE.match(text, begin.end() + 1, end):
        opened, at = _PAIRS[text[begin.end()]], begin.end() + 1
    elif _CODE.match(text, begin.end(), end):
        at = begin.end()
    codes = []
    while (found := _CODE.match(text, at, end)) is not None:
        codes.append(Code(found[1].upper(), Span(*found.span(1))))
        at = found.end()
    if opened:
        closing = text.find(opened, at, end)
        at = end if closing < 0 else closing + 1
    if codes or _ASIDE.match(text[at:end]):
        return tuple(codes), ""
    return (), text[at:end].strip().split()[0]


def _removal(text: str, span: Span, line_start: int, start: int, end: int) -> Span:
    """What is taken out where a comment goes: its line if nothing else is there, else the blanks before it,
    or after it, where a remark follows."""
    last = span.end == start + len(text[start:end].rstrip())
    before = line_start + len(text[line_start : span.start].rstrip(" \t"))
    if last and before == line_start:
        return Span(line_start, min(end + 1, len(text)))
    if last:
        return Span(before, end)
    return Span(span.start, end - len(text[span.end : end].lstrip(" \t")))


class _Lines:
    """Which lines a comment is about."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._next: list[int] = []
        self._last: list[int] = []

    def covered(self, start: int, alone: bool) -> tuple[int, int]:
        """The line of the comment; of a comment on a line of its own, the next line with something on it, and
        to where the brackets close that this line opens."""
        number = self.source.position(start)[0]
        if not alone:
            return number, number
        if not self._next:
            self._look()
        first = self._next[number]
        return first, self._last[first - 1] if first <= self.source.line_count else first

    def _look(self) -> None:
        """For each line the next one with something on it, and the one in which its brackets close."""
        count = self.source.line_count
        bare = [_without_remarks(self.source.line(number)) for number in range(1, count + 1)]
        self._next = [count + 1] * (count + 1)
        for index in range(count - 1, -1, -1):
            self._next[index] = index + 1 if bare[index].strip() else self._next[index + 1]
        self._last = [count] * count
        waiting: list[tuple[int, int]] = []  # lines whose brackets are open yet, by depth
        depth = 0
        for index, line in enumerate(bare):
            waiting.append((depth, index))
            depth += _depth(line)
            while waiting and waiting[-1][0] >= depth:
                self._last[waiting.pop()[1]] = index + 1


def _without_remarks(line: str) -> str:
    return _PIECES.sub("", line) if "#" in line or '"' in line else line


def _depth(line: str) -> int:
    return sum(line.count(sign) for sign in "[({") - sum(line.count(sign) for sign in "])}")
