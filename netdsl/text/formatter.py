"""Canonical layout of a network file: the same tokens and comments, with blanks, line ends and the
case of words made alike.

Lines stay where they are, so a listing stays a listing and a chain a chain. It works on the tokens
of the parser and knows no statement: every construct of the language passes through it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.graph.papers import respelled
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.automaton import BRACKETS
from netdsl.syntax.lexer import Token
from netdsl.syntax.tokens import tokens
from netdsl.text.canonical_names import canonically_named
from netdsl.text.letter_case import canonical_words

_INDENT = "  "
_BLANKS = " \t\r\f\u00a0"
"""What the language takes for blanks; other signs without ink stay, as the rest of a comment does."""

_OPENING = frozenset(BRACKETS.values())
_SWALLOWING = frozenset(("WHERE", "TRAIN", "TABLE"))
"""Keywords whose token has the blanks and line ends up to the brace after them."""

_KEYWORDS = _SWALLOWING | {"NET", "DIALECT", "USE", "LET", "BLOCK", "DEFAULT", "EXPECT", "PATTERN"}
_TIGHT = frozenset(("TIMES", "BY", "PLUS", "DIVIDE"))
"""Signs of arithmetic, which stand without blanks."""

_NO_BLANK_BEFORE = frozenset(("COMMA", "COLON", "QUESTION", *BRACKETS, *_TIGHT))
_HEAD_ENDS = frozenset(("WORD", "NUMBER", "SIGNED", "RANGE", "SIZE", "RIGHT_PARENTHESIS"))
"""What comes before the bracket of ``ADD[ A | B ]`` on its line."""

_GAP_PART = re.compile(r"#[^\n]*|[\n;]")


class _Bracket(NamedTuple):
    """An open bracket: the indentation of its line, its column, whether blanks are inside it, and
    whether `-` does not chain in it but is a minus or joins two numbers of a table.

    ``hangs`` says that something comes after it on its line: then branches below align with it.
    """

    kind: str
    indentation: int
    column: int
    spacious: bool
    arithmetic: bool
    hangs: bool = False


class _Line:
    """A line in the making, in pieces: it may have as many words as a file."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.length = 0
        self.indentation = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, text: str) -> None:
        if text:
            if not self._pieces:
                self.indentation = len(text) - len(text.lstrip(" "))
            self._pieces.append(text)
            self.length += len(text)

    def text(self) -> str:
        return "".join(self._pieces).rstrip(_BLANKS)


def formatted(source: Source, file: tree.File, *, ours: bool = False) -> str:
    """The canonical text of a file that parses without mistakes; ``ours`` where its layers are in our words
    already, for a file that uses others, whose names decide what letters mean.

    Formatting the result again gives the same text, and it means the same network.
    """
    if not ours:
        source, file = canonically_named(*respelled(source, file))
    return _Formatter(source.text, canonical_words(file)).format()


class _Formatter:
    """The lines that are done, the one in the making, and the brackets open in it."""

    def __init__(self, text: str, words: dict[int, str]) -> None:
        self.text = text
        self.words = words
        self.lines: list[str] = []
        self.line = _Line()
        self.open: list[_Bracket] = []
        self.previous: Token | None = None
        self.separated = True
        self.statement = ""

    def format(self) -> str:
        position = 0
        for token in tokens(self.text):
            self._gap(self.text[position : token.start], token)
            self._add(token)
            trailing = 0 if token.kind in _SWALLOWING else len(token.text) - len(token.text.rstrip(_BLANKS))
            position = token.end - trailing
        self._gap(self.text[position:], None)
        self._end_line(blank=False)
        self._drop_blank_lines()
        return "\n".join(self.lines) + "\n"

    # --- what lies between two tokens ---

    def _gap(self, gap: str, following: Token | None) -> None:
        """Comments, line ends and semicolons between the last token and the next."""
        parts = _GAP_PART.findall(gap)
        inside = None if following is not None and following.kind in BRACKETS else following
        on_own_line = self.previous is None
        for index, part in enumerate(parts):
            if part == "\n":
                self._end_line(blank=on_own_line and not self.line)
                on_own_line = True
            elif part != ";":
                comment = part.rstrip(_BLANKS)
                self.line.add((self._indentation(inside) if on_own_line else "  ") + comment)
            elif index == 0 and "\n" not in parts and self._separates(following):
                if self.open:
                    self.line.add(";")
                else:
                    self._end_line(blank=False)
        self.separated = bool(parts) or self.previous is None

    def _separates(self, following: Token | None) -> bool:
        """Whether a semicolon has something on both sides."""
        if self.previous is None or following is None:
            return False
        return self.previous.kind not in _OPENING and following.kind not in BRACKETS

    def _end_line(self, blank: bool) -> None:
        """A line is done; of blank ones one at most stays, and none after an opening bracket."""
        text = self.line.text()
        if text:
            self.lines.append(text)
        elif blank and self.lines and self.lines[-1] and not self._opened():
            self.lines.append("")
        self.line = _Line()

    def _opened(self) -> bool:
        return bool(self.open) and self.previous is not None and self.previous.kind in _OPENING

    def _drop_blank_lines(self) -> None:
        while self.lines and not self.lines[-1]:
            self.lines.pop()

    def _indentation(self, following: Token | None) -> str:
        """One step more than the line with the last open bracket, and one for the rest of a chain."""
        kind = "" if following is None else following.kind
        if not self.open:
            links = self.previous is not None and "LINK" in (self.previous.kind, kind)
            return _INDENT * links
        inner = self.open[-1]
        if inner.hangs and inner.kind == "OPEN" and inner.spacious:
            return " " * inner.column + _INDENT * (kind not in ("BAR", "CLOSE"))
        return " " * inner.indentation + _INDENT * (kind not in BRACKETS)

    # --- tokens ---

    def _add(self, token: Token) -> None:
        if self.line:
            self.line.add(" " * self._blank_before(token))
            if self.open and self.previous is not None and self.previous.kind in _OPENING:
                self.open[-1] = self.open[-1]._replace(hangs=True)
        else:
            if token.kind in BRACKETS:
                self._drop_blank_lines()
            self.line.add(self._indentation(token))
        if self.separated and not self.open:
            self.statement = token.kind
        self.line.add(self._spelling(token))
        if token.kind in BRACKETS and self.open:
            self.open.pop()
        elif token.kind in _OPENING:
            tabular = self.previous is not None and self.previous.kind == "TABLE"
            arithmetic = token.kind == "LEFT_PARENTHESIS" or tabular
            spacious = token.kind == "LEFT_BRACE" or self._joins(token)
            column = self.line.length - 1
            self.open.append(_Bracket(token.kind, self.line.indentation, column, spacious, arithmetic))
        self.previous = token

    def _joins(self, token: Token) -> bool:
        """Whether a bracket holds the branches of ``ADD[ A | B ]``."""
        before = self.previous
        ends_head = before is not None and before.kind in _HEAD_ENDS and not self.separated
        return token.kind == "OPEN" and ends_head

    def _blank_before(self, token: Token) -> bool:
        before = self.previous
        inner = self.open[-1] if self.open else None
        assert before is not None
        if before.kind in _OPENING or token.kind in BRACKETS:
            return inner is not None and inner.spacious
        if token.kind == "LEFT_PARENTHESIS":
            if before.kind == "EQUALS" and (
                self.statement == "LET" or (inner is not None and inner.arithmetic)
            ):
                return True
            # Elsewhere a blank decides between a call, arithmetic and a remark.
            return self.text[token.start - 1] in " \t\r\n\f\u00a0"
        if inner is not None and inner.arithmetic and "LINK" in (before.kind, token.kind):
            return before.kind == token.kind  # two of them side by side would be one
        if token.kind == "OPEN" and self._joins(token):
            return False
        if token.kind == "LINK" and before.text.lower() == "net":
            return False  # a blank would make it the line that names the network
        if before.kind == "NUMBER" and token.text[0] in "xX" and token.start == before.end:
            return False  # `1xk` is a size
        tight = before.kind in _TIGHT or before.kind == "OVER"
        return not tight and token.kind not in _NO_BLANK_BEFORE

    def _spelling(self, token: Token) -> str:
        text = token.text.strip(_BLANKS + "\n")
        if token.kind in _KEYWORDS:
            return text.lower()
        if token.kind == "LINK":
            return "-"
        if token.kind == "RECIPE":
            from netdsl.recipe.canonical import canonical_line  # most networks have no recipe

            return canonical_line(text)
        if token.kind in ("SIGNED", "RANGE"):
            return re.sub("[–−]", "-", text)
        if token.kind == "BY":
            return "*"
        if token.kind == "SIZE":
            return "x".join(re.split(r"\s*[xX×]\s*", text))
        if token.kind == "STRING":
            return f'"{text[1:-1]}"'
        if token.kind in ("NOTED", "NOTE"):
            return f"{text[:-1].rstrip()}:"
        return self.words.get(token.start, text)
