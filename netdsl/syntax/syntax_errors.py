"""Says what is wrong where the parser could not continue, in the reader's words.

A failure in the same state and at the same token as an example of a known error is told as that error;
all others get a list of what could have stood there.
"""

from __future__ import annotations

import re
from functools import cache

from netdsl.diagnostics import CALL, Diagnostic, Edit, Label, Severity
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
from netdsl.syntax.copied_syntax import bare_numbers, copied_syntax
from netdsl.syntax.error_examples import ERROR_EXAMPLES, KnownError
from netdsl.syntax.foreign_syntax import foreign_syntax, kind_left_out
from netdsl.syntax.joined_names import join_around
from netdsl.syntax.lexer import END, UNKNOWN, Token
from netdsl.syntax.unclosed import is_unclosed, never_opened

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
def _known_errors() -> dict[tuple[int, str], KnownError]:
    """Known errors by state and token, found by parsing the examples."""
    from netdsl.syntax.parser import automaton

    found: dict[tuple[int, str], KnownError] = {}
    for known in ERROR_EXAMPLES:
        for example in known.examples:
            failures = automaton().parse(example + "\n").failures
            if failures:
                found.setdefault((failures[0].state, failures[0].token.kind), known)
    return found


def describe(failure: Failure, source: Source) -> Diagnostic:
    """The diagnostic of one failure."""
    token = failure.token
    if failure.limit:
        return _too_deep(failure, source) if failure.limit == NESTING else _too_long(token, source)
    opened = failure.open_brackets[-1] if failure.open_brackets else None
    unclosed = token.kind == END or (opened is not None and opened.text == "(" and token.kind == LINE_END)
    if opened is not None and (unclosed or is_unclosed(opened, source)):
        return _never_closed(opened, source)
    if token.kind in BRACKETS and not _closes(failure):
        return _never_opened(failure, source)
    called = (
        _joined(token, source)
        or _called(token, source)
        or _spaced_range(failure, source)
        or bare_numbers(failure, source)
        or foreign_syntax(failure, source)
        or copied_syntax(failure, source)
    )
    if called is not None:
        return called
    if token.kind == UNKNOWN:
        return _unknown_character(token, source)
    maps = _maps(failure, source)
    if maps is not None:
        return maps
    left_out = kind_left_out(failure, source)
    if left_out is not None:
        return left_out
    known = _known_errors().get((failure.state, token.kind))
    expected = _expected(failure)
    primary = Label(_span_of(failure, source), "" if known else f"expected {expected}")
    if known:
        return _error("ND102", known.message, source, primary, known.cure)
    return _error("ND102", f"{_found(token)} is not allowed here", source, primary)


_BEFORE_LAYER = re.compile(r"(?:.*[\[|:>–—−→-])?[ \t]*\Z", re.DOTALL)
_BEHIND_LAYER = re.compile(r"[ \t]*(?:\Z|[]|#;–—−→-])")


_SEPARATES = re.compile(r"[]|;\[{}–—−→-]")
"""What ends a layer, so that a mistake after it is another one's."""


def _joined(token: Token, source: Source) -> Diagnostic | None:
    """``ADD @a``: branches without their brackets."""
    join = join_around(source.text, token.start)
    if join is None:
        return None
    message = "the branches of a join go in brackets, separated by `|`"
    fix = Edit(join.span, join.meant)
    return _error("ND102", message, source, Label(join.span), join.cure, fix=fix)


def _called(token: Token, source: Source) -> Diagnostic | None:
    """``Conv2D(64, (3, 3))``: a layer as another program calls it, with a mistake of syntax in it."""
    start = max(source.text.rfind("\n", 0, token.start) + 1, token.start - _CALL_REACH)
    line = source.text[start : token.start + _CALL_REACH].partition("\n")[0]
    for call in calls_in(line):
        behind = line[call.end : max(call.end, token.start - start)]
        if token.start < start + call.start or not call.meant or _SEPARATES.search(behind):
            continue
        alone = _BEFORE_LAYER.match(line[: call.start]) and _BEHIND_LAYER.match(line, call.end)
        span = Span(start + call.start, start + call.end)
        cure = f"write `{call.meant}`: layer options take no parentheses"
        fix = Edit(span, call.meant) if alone else None
        shown = call.name if len(call.name) <= 30 else call.name[:29] + "…"
        message = f"`{shown}(...)` is not a netdsl layer"
        return _error("ND102", message, source, Label(span), cure, fix=fix)._replace(cause=CALL)
    return None


_CALL_REACH = 400
"""Characters on each side of a mistake in which calls are looked for."""


def _maps(failure: Failure, source: Source) -> Diagnostic | None:
    """``6@28x28`` and nothing else, as figures have it below what they draw."""
    token = failure.token if "@" in failure.token.text else failure.previous
    if token is None or token.kind != "SIZE" or "@" not in token.text:
        return None
    number, _, size = re.sub(r"\s", "", token.text).partition("@")
    cures = (
        f"write `CONV {number} {size}`: filters and their size",
        f"write `[{size}x{number}] CONV {number} 5x5`: the volume that a layer makes; say which layer",
    )
    span = Span(token.start, token.end)
    return _error("ND230", f"`{token.text}` can be read in two ways", source, Label(span), *cures)


_SPACED = re.compile(
    r"\b(?:slice|channels?)\b[ \t0-9,:=–−-]*?(?P<range>(?P<first>[0-9]+)[ \t]*[–−-][ \t]*(?P<last>[0-9]+))\Z",
    re.IGNORECASE,
)
_RANGE_REACH = 200
"""Characters before the end of a range in which its layer begins."""


def _spaced_range(failure: Failure, source: Source) -> Diagnostic | None:
    """``SLICE 0 - 57``: a range of channels that was meant to be one word."""
    number = failure.token if failure.token.kind == "NUMBER" else failure.previous
    if number is None or number.kind != "NUMBER":
        return None
    start = max(0, number.start - _RANGE_REACH)
    found = _SPACED.search(source.text[start : number.end])
    if found is None:
        return None
    span = Span(start + found.start("range"), number.end)
    meant = f"{found['first']}-{found['last']}"
    message = f"`{found['range']}` is a chain: a link has blanks around it"
    cure = f"write `{meant}`: a range of channels has none"
    return _error("ND102", message, source, Label(span), cure, fix=Edit(span, meant))


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


def _span_of(failure: Failure, source: Source) -> Span:
    """The token; the end of what stands before it where the token is the end of a line."""
    token, previous = failure.token, failure.previous
    if token.kind in (LINE_END, END) and previous is not None and previous.kind != LINE_END:
        return Span(previous.start, previous.end)
    if token.kind == "LINK" and previous is not None and previous.kind == "NUMBER":
        return Span(previous.start, previous.end)  # `pad -1 - RELU`
    end = min(token.end, len(source.text))
    return Span(min(token.start, end), end)


def _found(token: Token) -> str:
    if token.kind == END:
        return "the end of the file"
    if token.kind == LINE_END:
        return "the end of the line"
    shown = token.text if len(token.text) <= 30 else token.text[:29] + "…"
    return f"`{shown.strip()}`"


_EXPECTED = 4
"""Things that could stand next: a longer list is that of all that may stand behind a layer."""


def _expected(failure: Failure) -> str:
    names = [words for kind, words in _READERS_WORDS.items() if kind in failure.expected]
    if len(names) > _EXPECTED and {"WORD", "NUMBER", "SIZE"} <= failure.expected:
        names = ["an option", *(words for words in names if words in _ENDS)]
    return " or ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


_ENDS = ("`-`", "`]`", "`}`", "`|`", "the end of the line", "the end of the file")
"""What ends a layer."""


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
    primary = Label(Span(token.start, token.end), "closes nothing")
    if not failure.open_brackets:
        opening = next(first for first, last in _PAIRS.items() if last == token.text)
        cure = f"leave it out, or add the missing `{opening}`"
        message = f"`{token.text}` closes a bracket that was never opened"
        return _error("ND103", message, source, primary, cure)._replace(cause=never_opened(token.text))
    opened = failure.open_brackets[-1]
    return _error(
        "ND103",
        f"`{token.text}` cannot close `{opened.text}`",
        source,
        primary,
        "close the inner bracket first",
        secondary=(Label(Span(opened.start, opened.end), "opened here"),),
    )


_PAIRS = {"[": "]", "{": "}", "(": ")"}

_LOOKALIKES = {
    "(": "a remark in parentheses goes at the end of a layer, after a blank, and closes on its line",
    "\\": "a line needs no `\\` at its end: each layer is on one line",
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
