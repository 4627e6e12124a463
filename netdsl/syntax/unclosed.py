"""Parentheses that are not closed where they have to be, and what the text after them says no more."""

from __future__ import annotations

import re

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic
from netdsl.source import Source
from netdsl.syntax.lexer import Token

_REACH = 400
"""Characters in which a parenthesis over several lines is looked for."""

_HEAD = re.compile(r"[ \t]*block\b", re.IGNORECASE)


def is_unclosed(opening: Token, source: Source) -> bool:
    """Whether a `(` is closed neither on its line nor, where its line ends within a list, after it."""
    if opening.text != "(":
        return False
    number = source.position(opening.start)[0]
    line = source.line(number)[opening.end - source.line_start(number) :].partition("#")[0].rstrip()
    if line and not line.endswith(","):
        return not _closes(line, "")
    return not _closes(source.text[opening.end : opening.end + _REACH], "[]{}@")


def _closes(text: str, others: str) -> bool:
    """Whether a `)` is in a text for a `(` before it, and no sign between that is in no list."""
    depth = 1
    for sign in text:
        if sign in others:
            return False
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return True
    return False


def never_opened(bracket: str) -> str:
    """The cause of a finding about a bracket that closes nothing."""
    return f"a `{bracket}` that was never opened"


def without_consequences(found: list[Diagnostic], syntax: list[Diagnostic]) -> list[Diagnostic]:
    """The findings without those that only say that a block is missing, whose head has a mistake of
    syntax: its lines are read as the network's, and its uses name nothing."""
    lost = next((finding for finding in syntax if _in_head(finding)), None)
    return [finding for finding in found if lost is None or not _follows(finding, lost)]


def _in_head(finding: Diagnostic) -> bool:
    if finding.source is None or finding.primary is None:
        return False
    line = finding.source.line(finding.source.position(finding.primary.span.start)[0])
    return _HEAD.match(line) is not None


def _follows(finding: Diagnostic, lost: Diagnostic) -> bool:
    if finding.source is not lost.source or finding.primary is None or lost.primary is None:
        return False
    closes = finding.cause == never_opened("}")
    other = not Fact.SYNTAX.holds(finding.code) or closes
    return other and finding.primary.span.start > lost.primary.span.start
