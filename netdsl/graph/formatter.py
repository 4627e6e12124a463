"""Canonical layout of a network file: the same tokens and comments, with blanks, line ends and the
case of words made alike.

Lines stay where they are, so a listing stays a listing and a chain a chain. It works on the tokens
of the parser, so it knows no statement and every construct of the language passes through it.
"""

from __future__ import annotations

from netdsl.graph.casing import canonical_words
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.automaton import BRACKETS
from netdsl.syntax.lexer import Token
from netdsl.syntax.tokens import tokens

_INDENT = "  "
_KEYWORDS = frozenset(
    ("NET", "DIALECT", "USE", "LET", "BLOCK", "TRAIN", "DEFAULT", "EXPECT", "PATTERN", "WHERE", "TABLE")
)
_TIGHT = frozenset(("TIMES", "PLUS", "DIVIDE"))
"""Signs of arithmetic, which stand without blanks."""

_NOT_BEHIND = frozenset(("LEFT_PARENTHESIS", "OVER", *_TIGHT))
_NOT_BEFORE = frozenset(("COMMA", "COLON", "QUESTION", "RIGHT_PARENTHESIS", "CLOSE", *_TIGHT))


def formatted(source: Source, file: tree.File) -> str:
    """The canonical text of a file that parses without mistakes.

    Formatting the result again gives the same text, and it means the same network.
    """
    if not source.text.strip():
        return ""
    return _Formatter(source.text, canonical_words(file)).format()


class _Formatter:
    """The lines so far, and the brackets that are open: for each the number of its line."""

    def __init__(self, text: str, words: dict[int, str]) -> None:
        self.text = text
        self.words = words
        self.lines: list[str] = []
        self.line = ""
        self.open: list[tuple[Token, int, bool]] = []
        self.previous: Token | None = None
        self.statement = ""

    def format(self) -> str:
        found = tokens(self.text)
        position = 0
        for token in found:
            self._gap(self.text[position : token.start], token)
            self._add(token)
            position = token.start + len(token.text.rstrip())
        self._gap(self.text[position:], None)
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        return "\n".join(self.lines) + "\n"

    # --- what lies between two tokens ---

    def _gap(self, gap: str, following: Token | None) -> None:
        """Comments, line ends and semicolons between the last token and the next."""
        parts = _parts(gap)
        on_own_line = self.previous is None
        for place, part in enumerate(parts):
            if part.startswith("#"):
                if on_own_line:
                    self.line = self._indentation(following) + part
                else:
                    self.line = f"{self.line}  {part}" if self.line.strip() else part
            elif part == "\n":
                self._end_line(blank=on_own_line and not self.line)
                on_own_line = True
            elif not self._stays(parts, place, following):
                continue
            elif self.open:
                self.line += ";"
            else:
                self._end_line(blank=False)
                on_own_line = True
        if following is None:
            self._end_line(blank=False)

    def _stays(self, parts: list[str], place: int, following: Token | None) -> bool:
        """Whether a semicolon separates two things that no line end separates."""
        alone = "\n" not in parts and ";" not in parts[:place] and self.previous is not None
        opening = self.previous is not None and self.previous.kind in BRACKETS.values()
        closing = following is None or following.kind in BRACKETS
        return alone and not opening and not closing

    def _end_line(self, blank: bool) -> None:
        """A line is done; of blank ones one at most stays, and none behind an opening bracket."""
        behind_bracket = bool(self.lines) and self.lines[-1].rstrip().endswith(("{", "[", "("))
        if self.line.strip():
            self.lines.append(self.line.rstrip())
        elif blank and self.lines and self.lines[-1] and not behind_bracket:
            self.lines.append("")
        self.line = ""

    def _indentation(self, following: Token | None) -> str:
        """One step for every line that has brackets still open, and one for the rest of a chain."""
        still_open = list(self.open)
        if following is not None and following.kind in BRACKETS and still_open:
            still_open.pop()
        depth = len({number for _, number, _ in still_open})
        goes_on = self.previous is not None and self.previous.kind == "LINK"
        begins = following is not None and following.kind == "LINK" and self.previous is not None
        return _INDENT * (depth + (goes_on or begins))

    # --- tokens ---

    def _add(self, token: Token) -> None:
        at_start = not self.line.strip()
        if at_start:
            if token.kind in BRACKETS:
                while self.lines and not self.lines[-1]:
                    self.lines.pop()
            self.line = self._indentation(token)
            if not self.open:
                self.statement = token.kind
        elif self._blank_before(token):
            self.line += " "
        spacious = self._is_spacious(token)
        self.line += self._spelling(token)
        if token.kind in BRACKETS and self.open:
            self.open.pop()
        elif token.kind in BRACKETS.values():
            self.open.append((token, len(self.lines), spacious))
        self.previous = token

    def _is_spacious(self, token: Token) -> bool:
        """Whether a bracket has blanks inside: braces, and the branches of ``ADD[ A | B ]``."""
        before = self.previous
        branches = token.kind == "OPEN" and before is not None and before.end == token.start
        return token.kind == "LEFT_BRACE" or (branches and before is not None and before.kind in _JOINS)

    def _blank_before(self, token: Token) -> bool:
        before = self.previous
        assert before is not None
        inner = self.open[-1] if self.open else None
        if before.kind in BRACKETS.values():
            return inner is not None and inner[2]
        if token.kind in BRACKETS and inner is not None and inner[2]:
            return True
        if token.kind == "LEFT_PARENTHESIS":  # decides between arithmetic, a call and a remark
            return before.end != token.start
        if token.kind == "OPEN":
            return not self._is_spacious(token)
        if self._is_minus(token) or self._is_minus(before):
            return False
        if before.kind == "OVER" or token.kind == "OVER":
            return token.kind == "OVER"
        return token.kind not in _NOT_BEFORE and before.kind not in _NOT_BEHIND

    def _is_minus(self, token: Token) -> bool:
        """A link in parentheses is a minus, and in a table it joins two numbers."""
        if token.kind != "LINK":
            return False
        inner = self.open[-1][0] if self.open else None
        table = inner is not None and self._tables and self._tables[-1] == inner.start
        return inner is not None and (inner.kind == "LEFT_PARENTHESIS" or table)

    def _spelling(self, token: Token) -> str:
        text = token.text.strip()
        if token.kind in _KEYWORDS:
            return text.lower()
        if token.kind == "LINK":
            return "-"
        if token.kind == "SIZE":
            return "x".join(part.strip() for part in text.replace("×", "x").replace("X", "x").split("x"))
        if token.kind == "STRING":
            return f'"{text[1:-1]}"'
        if token.kind in ("NOTED", "NOTE"):
            return text.rstrip(":").rstrip() + ":"
        return self.words.get(token.start, text)
