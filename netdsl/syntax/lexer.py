"""Cuts a text into tokens; which terminals are tried depends on where the parser stands."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from netdsl.syntax.table_format import Tables

END = "$END"
"""The token after the last one."""

UNKNOWN = "$UNKNOWN"
"""The token of a character that no terminal begins with."""

FREE_TEXTS = ("TITLE", "RECIPE", "SUM", "NOTED", "NOTE")
"""The terminals that match almost anything, never tried where they are not expected."""


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
        patterns = dict(tables.terminals)
        self._patterns = patterns
        self._matchers: dict[str, Any] = {}
        self._order = [name for name, _ in tables.terminals if name not in tables.ignored]
        skipped = "|".join(patterns[name] for name in tables.ignored)
        self._skip = re.compile(f"(?:{skipped})*").match
        self._states = tables.states
        self._by_state: dict[int, list[tuple[str, Any]]] = {}

    def token(self, text: str, position: int, state: int) -> Token:
        """The next token from ``position`` as the state reads it; what fits no state is UNKNOWN."""
        skipped = self._skip(text, position)
        assert skipped is not None
        position = skipped.end()
        if position >= len(text):
            return Token(END, "", len(text))
        matchers = self._by_state.get(state)
        if matchers is None:
            accepted = self._states[state]
            matchers = [(name, self._matcher(name)) for name in self._order if name in accepted]
            self._by_state[state] = matchers
        for name, match in matchers:
            found = match(text, position)
            if found:
                return Token(name, found.group(), position)
        for name in self._order:
            found = name not in FREE_TEXTS and self._matcher(name)(text, position)
            if found:
                return Token(name, found.group(), position)
        return Token(UNKNOWN, text[position], position)

    def _matcher(self, name: str) -> Any:
        """What matches a terminal, compiled when it is first tried: most files use few of them."""
        matcher = self._matchers.get(name)
        if matcher is None:
            matcher = self._matchers[name] = re.compile(self._patterns[name]).match
        return matcher
