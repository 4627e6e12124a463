"""Values and arrows as other programs write them: ``kernel_size=(3, 3)``, ``padding="same"``, ``3 -> 16``."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.diagnostics import Diagnostic, Edit, Label, Severity
from netdsl.source import Source, Span
from netdsl.syntax.automaton import Failure
from netdsl.syntax.foreign_words import Renamed, foreign_answers

_REACH = 200
"""Characters on each side of a mistake that are looked at."""

_VALUES = re.compile(
    r"(?P<word>[A-Za-z_]\w{0,40})[ \t]*=[ \t]*(?:[\"'](?P<quoted>[\w ]{1,40})[\"']"
    r"|[(\[][ \t]*(?P<one>[0-9]+)[ \t]*,?[ \t]*(?:(?P<two>[0-9]+)[ \t]*,?[ \t]*)?[)\]])"
)
_EXPECTS = re.compile(r"[ \t]*expect\b", re.IGNORECASE)
_COUNT = r"[0-9]+(?:,[0-9]{3})*"
_ARROW = re.compile(
    rf"(?<![\w×.])(?P<coming>{_COUNT})[ \t]*(?:-+>|=>|→|⇒|—>)[ \t]*(?P<going>{_COUNT})(?![\w×])"
)
_BEHIND = re.compile(r"(?:[ \t,]+(?:[0-9]+[x×][0-9]+|[a-z]{1,20}|[0-9]+)(?![\w×]))*", re.IGNORECASE)
_KIND = re.compile(r"[A-Za-z]\w{0,40}(?:[ \t]+[A-Za-z]\w{0,40})?:?[ \t]*\Z")
_ACTIVATION = re.compile(r"[ \t]*,?[ \t]*activation=(\w+)\Z", re.IGNORECASE)
_LAYER_ENDS = re.compile(r"[ \t]*(?:[]|;#-]|\Z)")


def foreign_syntax(failure: Failure, source: Source) -> Diagnostic | None:
    """What is said about values in quotes and parentheses, and of an arrow between channels."""
    start = max(source.text.rfind("\n", 0, failure.token.start) + 1, failure.token.start - _REACH)
    line = source.text[start : failure.token.start + _REACH].partition("\n")[0]
    offset = failure.token.start - start
    return _arrow(failure, start, source) or _values(line, start, offset, source)


_LEADING = re.compile(r"(?P<link>->|[-–—→])[ \t]*\Z")


_OPTION = re.compile(r"(?:\S|\b(?:pad|padding|stride|kernel|dilation)[ \t]+)\Z", re.IGNORECASE)
"""What comes before a number below 0, in ``pad- 1`` and ``pad - 1``."""


def kind_left_out(failure: Failure, source: Source) -> Diagnostic | None:
    """``CONV 16 3x3 - 32``, which is no number below 0."""
    token, before = failure.token, failure.previous
    number = token if token.kind in ("NUMBER", "SIZE") else before
    if number is None or number.kind not in ("NUMBER", "SIZE"):
        return None
    before_it = source.text[max(0, number.start - 30) : number.start]
    link = _LEADING.search(before_it)
    if link is None or link[0] == "-" or _OPTION.search(before_it, 0, link.start()):
        return None
    return Diagnostic(
        "ND102",
        Severity.ERROR,
        "a layer begins with its kind, not with a number",
        source,
        Label(Span(number.start, number.end)),
        help=(f"write the kind after the link: `{link['link']} CONV {number.text.strip()[:20]}`",),
    )


class Arrow(NamedTuple):
    """``3 -> 16`` as channels: its span, what is wrong with it, how else to write it, and what fixes it."""

    span: Span
    message: str
    cures: tuple[str, ...]
    going: str


def arrow_at(source: Source, offset: int, start: int) -> Arrow | None:
    """The arrow between two numbers that ends before ``offset`` or has it inside, in the line from
    ``start`` on; None where there is none."""
    line = source.text[start : offset + _REACH].partition("\n")[0]
    for arrow in _ARROW.finditer(line):
        if start + arrow.start() <= offset and not line[arrow.end() : offset - start].strip():
            break
    else:
        return None
    coming, going = arrow["coming"], arrow["going"]
    kind = _KIND.search(line[: arrow.start()])
    behind = _BEHIND.match(line, arrow.end())
    rest = behind[0].rstrip() if behind is not None else ""
    cures = [f"the incoming channels are known: write `{kind[0] if kind else ''}{going}{rest}`"]
    if kind is not None and ":" not in kind[0]:
        cures.append(f"or name both layers: `{kind[0]}{coming} -> {kind[0]}{going}`")
    span = Span(start + arrow.start(), start + arrow.end())
    return Arrow(span, f"`->` chains layers: `{arrow[0]}` is not a number of channels", tuple(cures), going)


ARROW = "an arrow between channels"
"""The cause of findings about arrows."""


def _arrow(failure: Failure, start: int, source: Source) -> Diagnostic | None:
    """``CONV 3 -> 16 3x3``: `->` chains layers, and what comes in is known."""
    arrow = arrow_at(source, failure.token.start, start)
    if arrow is None:
        return None
    fix = Edit(arrow.span, arrow.going)
    label = Label(arrow.span)
    return Diagnostic(
        "ND102", Severity.ERROR, arrow.message, source, label, help=arrow.cures, fix=fix, cause=ARROW
    )


def _values(line: str, start: int, offset: int, source: Source) -> Diagnostic | None:
    """All values of a line that stand in quotes or parentheses, in one change."""
    found = list(_VALUES.finditer(line)) if not _EXPECTS.match(line) else []
    if not any(value.start() <= offset < value.end() for value in found):
        return None
    first, last = found[0], found[-1]
    span = Span(start + first.start(), start + last.end())
    meant = _VALUES.sub(_plainly, line[first.start() : last.end()])
    follows = _ACTIVATION.search(meant)
    if follows is not None and _LAYER_ENDS.match(line, last.end()):
        meant = f"{meant[: follows.start()]} - {follows[1].upper()}"
        if not follows.start():
            span = Span(start + len(line[: first.start()].rstrip(" \t,")), span.end)
    return Diagnostic(
        "ND102",
        Severity.ERROR,
        "values have no quotes and no parentheses",
        source,
        Label(span),
        help=(f"write `{meant.strip()}`",),
        fix=Edit(span, meant),
    )


def _plainly(value: re.Match[str]) -> str:
    if value["quoted"] is not None:
        written: str = value["quoted"]
    else:
        written = f"{value['one']}x{value['two']}" if value["two"] else value["one"]
    renamed = next((row for row in foreign_answers(value["word"]) if isinstance(row, Renamed)), None)
    return f"{renamed.options[0] if renamed is not None else value['word']}={written}"
