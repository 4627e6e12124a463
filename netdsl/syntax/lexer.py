"""Cuts a text into tokens; which terminals are tried depends on where the parser is."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from netdsl.syntax.table_format import BEYOND_ASCII, Tables

END = "$END"
"""The token after the last one."""

UNKNOWN = "$UNKNOWN"
"""The token of a character that no terminal begins with."""

FREE_TEXTS = ("TITLE", "RECIPE", "SUM", "NOTED", "NOTE", "RANGE", "SIGNED", "ORDINAL")
"""The terminals that match almost anything, or what is several elsewhere: never tried where they are not
expected."""


class Token(NamedTuple):
    """A piece of text with the terminal that it matches and its offset."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Lexer:
    """Cuts a text into tokens; which terminals are tried depends on the parser's state."""

    def __init__(self, tables: Tables) -> None:
        patterns = {name: pattern for name, pattern, _ in tables.terminals}
        self._patterns = patterns
        self._matchers: dict[str, Any] = {}
        self._order = [name for name, _, _ in tables.terminals if name not in tables.ignored]
        self._beginnings = {name: beginnings for name, _, beginnings in tables.terminals}
        skipped = "|".join(patterns[name] for name in tables.ignored)
        self._skip: Any = re.compile(f"(?:{skipped})*").match
        self._states = tables.states
        self._candidates: dict[int, dict[str, list[tuple[str, Any]]]] = {}

    def token(self, text: str, position: int, state: int) -> Token:
        """The next token from ``position`` as the state reads it; what fits no state is UNKNOWN."""
        position = self._skip(text, position).end()
        if position >= len(text):
            return Token(END, "", len(text))
        character = text[position]
        known = self._candidates.get(state)
        candidates = known.get(character) if known is not None else None
        if candidates is None:
            candidates = self._candidates_for(state, character if character.isascii() else BEYOND_ASCII)
        for name, match in candidates:
            found = match(text, position)
            if found:
                return Token(name, found.group(), position)
        for name in self._order:
            found = name not in FREE_TEXTS and self._matcher(name)(text, position)
            if found:
                return Token(name, found.group(), position)
        return Token(UNKNOWN, text[position], position)

    def _candidates_for(self, state: int, character: str) -> list[tuple[str, Any]]:
        """The terminals that may begin with a character in a state: most keywords are never compiled."""
        known = self._candidates.setdefault(state, {})
        if character not in known:
            names = [name for name in self._order if name in self._states[state]]
            known[character] = [
                (name, self._matcher(name)) for name in names if character in self._beginnings[name]
            ]
        return known[character]

    def _matcher(self, name: str) -> Any:
        """What matches a terminal, compiled when it is first tried: most files use few of them."""
        matcher = self._matchers.get(name)
        if matcher is None:
            matcher = self._matchers[name] = re.compile(self._patterns[name]).match
        return matcher
