"""Says what is wrong where the parser could not go on, in the reader's words.

A failure at the same place in the grammar and with the same token as an example of a lesson gets
that lesson; all others get a list of what could have stood there.
"""

from __future__ import annotations

import re
from functools import cache

from netdsl.diagnostics import Diagnostic, Edit, Label, Severity
from netdsl.source import Source, Span
from netdsl.syntax.automaton import (
    BRACKETS,
    LINE_END,
    NESTING,
    NESTING_LIMIT,
    TOKEN_LIMIT,
    Failure,
)
from netdsl.syntax.class_calls import calls_in
from netdsl.syntax.lessons import LESSONS, Lesson
from netdsl.syntax.lexer import END, UNKNOWN, Token

_READERS_WORDS = {
    "WORD": "a layer or a word",
    "NUMBER": "a number",
    "SIZE": "a size such as `3x3`",
    "LINK": "`-`",
    "OPEN": "`[`",
    "CLOSE": "`]`",
    "LEFT_BRACE": "`{`",
    "RIGHT_BRACE": "`}`",
    "COLON": "`:`",
    "TIMES": "`*`",
    "WHERE": "`where {`",
    "REMARK": "a remark in parentheses",
    "TITLE": "a name",
    "BAR": "`|`",
    "EQUALS": "`=`",
    "RIGHT_PARENTHESIS": "`)`",
    "REFERENCE": "a reference such as `@enc1`",
    "RECIPE": "an entry such as `batch 64`",
    "SUM": "a number",
    "STRING": "a file name in quotes",
    LINE_END: "the end of the line",
    END: "the end of the file",
}
"""What the terminals are called in messages; those left out are never what a reader misses."""


@cache
def _lessons() -> dict[tuple[int, str], Lesson]:
    """Lessons by place in the grammar and token, found by parsing the examples."""
    from netdsl.syntax.parser import automaton

    found: dict[tuple[int, str], Lesson] = {}
    for lesson in LESSONS:
        for example in lesson.examples:
            failures = automaton().parse(example + "\n").failures
            if failures:
                found.setdefault((failures[0].state, failures[0].token.kind), lesson)
    return found


def describe(failure: Failure, source: Source) -> Diagnostic:
    """The diagnostic of one failure."""
    token = failure.token
    if failure.limit:
        return _too_deep(failure, source) if failure.limit == NESTING else _too_long(token, source)
    opened = failure.open_brackets[-1] if failure.open_brackets else None
    if opened is not None and (token.kind == END or (token.kind == LINE_END and opened.text == "(")):
        return _never_closed(opened, source)
    if token.kind in BRACKETS and not _closes(failure):
        return _never_opened(failure, source)
    called = _called(token, source)
    if called is not None:
        return called
    if token.kind == UNKNOWN:
        return _unknown_character(token, source)
    hyphenated = _hyphenated(failure, source)
    if hyphenated is not None:
        return hyphenated
    lesson = _lessons().get((failure.state, token.kind))
    expected = _expected(failure)
    primary = Label(_place(failure, source), "" if lesson else f"expected {expected}")
    if lesson:
        return _error("ND102", lesson.message, source, primary, lesson.cure)
    return _error("ND102", f"{_found(token)} cannot stand here", source, primary)


_BEFORE_LAYER = re.compile(r"(?:.*[\[|:>–—−→-])?[ \t]*\Z", re.DOTALL)
_BEHIND_LAYER = re.compile(r"[ \t]*(?:\Z|[]|#;–—−→-])")


def _called(token: Token, source: Source) -> Diagnostic | None:
    """``Conv2D(64, (3, 3))``: a layer as another program calls it, with a mistake of syntax in it."""
    start = max(source.text.rfind("\n", 0, token.start) + 1, token.start - _CALL_REACH)
    line = source.text[start : token.start + _CALL_REACH].partition("\n")[0]
    for call in calls_in(line):
        if not (start + call.start <= token.start < start + call.end and call.meant):
            continue
        alone = _BEFORE_LAYER.match(line[: call.start]) and _BEHIND_LAYER.match(line, call.end)
        span = Span(start + call.start, start + call.end)
        cure = f"write `{call.meant}`: the options of a layer stand without parentheses"
        fix = Edit(span, call.meant) if alone else None
        shown = call.name if len(call.name) <= 30 else call.name[:29] + "…"
        return _error("ND102", f"`{shown}(...)` is no layer of netdsl", source, Label(span), cure, fix=fix)
    return None


_CALL_REACH = 400
"""Characters on each side of a mistake in which calls are looked for."""

_WORD_BEFORE = re.compile(
    r"(?P<before>[]|{;:>–—−→[-])?[ \t]*\b(?P<kind>[A-Za-z_]+)(?P<extent>[0-9]*)\Z", re.ASCII
)
_LABEL_BEHIND = re.compile(r"[ \t]*:")
_REACH = 80
"""Characters before a hyphen that are looked at."""


def _hyphenated(failure: Failure, source: Source) -> Diagnostic | None:
    """``conv3-64`` as the table of a paper spells a layer, or ``conv1-1:`` as a label; None where a
    `-` before a number is something else."""
    link, number = failure.previous, failure.token
    if link is None or link.text != "-" or number.kind != "NUMBER" or number.start != link.end:
        return None
    if source.text[number.end : number.end + 1].isalpha():
        return None  # `pool-2d` is no number behind a hyphen
    line = source.text[max(0, link.start - _REACH) : link.start].rpartition("\n")[2]
    found = _WORD_BEFORE.search(line)
    if found is None or not (found["before"] or found.start() == 0 or line[: found.start()].isspace()):
        return None
    kind, extent = found["kind"], found["extent"]
    span = Span(link.start - len(kind) - len(extent), number.end)
    written = source.excerpt(span)
    message = f"`-` chains layers, so `{written}` is no name"
    if _LABEL_BEHIND.match(source.text, number.end):
        meant = f"{kind}{extent}_{number.text}"
        cure = f"a label has letters, digits and `_`: `{meant}`"
    else:
        rest = re.split(r"[-;\n#]", source.text[number.end : number.end + _REACH], maxsplit=1)[0].lower()
        meant = _spelled_out(kind, extent, number.text, rest)
        cure = f"write `{meant}`"
    if not meant:
        cure = f"a name has letters, digits and `_`: `{kind}{extent}_{number.text}`; options stand behind it"
    fix = Edit(span, meant) if meant else None
    return _error("ND102", message, source, Label(span), cure, fix=fix)


def _spelled_out(kind: str, extent: str, number: str, rest: str) -> str:
    """``conv3-64`` keeps the extents, as docs/language.md says, unless ``rest`` of the layer names a
    padding; ``pool2-2`` is a window and its stride; ``fc-10`` a layer and its number. Else empty."""
    name = kind.lower()
    if _SIZE.search(rest):
        return ""  # the layer has its size
    if name in _POOLS and number.isdigit() and "stride" not in rest and "/" not in rest:
        side = extent or number
        return f"{kind.upper()} {side}x{side} stride {number}"
    if name == "conv" and extent and number.isdigit():
        kept = "" if "pad" in rest or "same" in rest or "valid" in rest else _keeping(int(extent[:9]))
        return f"CONV {number} {extent}x{extent}{kept}"
    return f"{kind.upper()} {number}" if name in _ONE_NUMBER and not extent else ""


_SIZE = re.compile(r"[0-9][ \t]*[x×]")
_POOLS = ("pool", "maxpool", "avgpool")
_ONE_NUMBER = ("fc", "dense", "linear", "dropout", "drop", "relu")


def _keeping(side: int) -> str:
    """The padding with which a filter of this side keeps the extents."""
    if side % 2 == 0:
        return " same"
    return f" pad {side // 2}" if side > 1 else ""


def _error(
    code: str,
    message: str,
    source: Source,
    primary: Label,
    *cures: str,
    secondary: tuple[Label, ...] = (),
    fix: Edit | None = None,
) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, source, primary, secondary, help=cures, fix=fix)


def _place(failure: Failure, source: Source) -> Span:
    """The token; the end of what stands before it where the token is the end of a line."""
    token, previous = failure.token, failure.previous
    if token.kind in (LINE_END, END) and previous is not None and previous.kind != LINE_END:
        return Span(previous.start, previous.end)
    end = min(token.end, len(source.text))
    return Span(min(token.start, end), end)


def _found(token: Token) -> str:
    if token.kind == END:
        return "the end of the file"
    if token.kind == LINE_END:
        return "the end of the line"
    shown = token.text if len(token.text) <= 30 else token.text[:29] + "…"
    return f"`{shown.strip()}`"


def _expected(failure: Failure) -> str:
    names = [words for kind, words in _READERS_WORDS.items() if kind in failure.expected]
    return " or ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def _too_deep(failure: Failure, source: Source) -> Diagnostic:
    opening = failure.open_brackets[-1]
    return _error(
        "ND104",
        f"brackets nested deeper than {NESTING_LIMIT}",
        source,
        Label(Span(opening.start, opening.end), f"bracket {len(failure.open_brackets)} inside another"),
        "write the inner groups out, or repeat an outer one",
    )


def _too_long(token: Token, source: Source) -> Diagnostic:
    return _error(
        "ND107",
        f"the file has more than {TOKEN_LIMIT:,} words and signs",
        source,
        Label(Span(token.start, min(token.end, len(source.text))), "read up to here"),
        "write repeated layers once, in brackets: `[CONV 64 3x3 - RELU]*1000`",
    )


def _never_closed(opening: Token, source: Source) -> Diagnostic:
    closing = _PAIRS[opening.text]
    return _error(
        "ND103",
        f"`{opening.text}` is never closed",
        source,
        Label(Span(opening.start, opening.end), f"no `{closing}` follows"),
        f"add the missing `{closing}`",
    )


def _closes(failure: Failure) -> bool:
    brackets = failure.open_brackets
    return bool(brackets) and brackets[-1].kind == BRACKETS[failure.token.kind]


def _never_opened(failure: Failure, source: Source) -> Diagnostic:
    token = failure.token
    place = Label(Span(token.start, token.end), "closes nothing")
    if not failure.open_brackets:
        opening = next(first for first, last in _PAIRS.items() if last == token.text)
        cure = f"leave it out, or add the missing `{opening}`"
        return _error("ND103", f"`{token.text}` closes a bracket that was never opened", source, place, cure)
    opened = failure.open_brackets[-1]
    return _error(
        "ND103",
        f"`{token.text}` cannot close `{opened.text}`",
        source,
        place,
        "close the inner bracket first",
        secondary=(Label(Span(opened.start, opened.end), "opened here"),),
    )


_PAIRS = {"[": "]", "{": "}", "(": ")"}

_LOOKALIKES = {
    "(": "a remark in parentheses stands at the end of a layer, after a blank, and is closed on its line",
    "\\": "a line needs no `\\` at its end: one layer stands on one line",
    "%": "write shares as decimals: 0.5",
    "@": "a reference is `@` and the name of a layer, without a blank: `@enc1`",
    "$": "parameters of blocks are plain names: `CONV width 3x3`",
    "!": "a comment begins with `#`",
    "'": "names need no quotes",
    '"': "names need no quotes",
    "“": "names need no quotes",
}


def _unknown_character(token: Token, source: Source) -> Diagnostic:
    character = token.text
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    message = f"the character `{shown}` has no meaning here"
    cure = _LOOKALIKES.get(character)
    if cure is None and character.isalpha():
        cure = "names are written with the letters A to Z, digits and `_`"
    cures = (cure,) if cure else ()
    return _error("ND101", message, source, Label(Span(token.start, token.end)), *cures)
