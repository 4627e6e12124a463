"""Parses a network file: text in, tree and diagnostics out."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple
from zlib import crc32

from netdsl.diagnostics import Diagnostic
from netdsl.resources import grammar_text
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.automaton import TOKEN_LIMIT, Automaton
from netdsl.syntax.layer_nodes import BUILDERS, unreadable
from netdsl.syntax.table_format import Tables, tables_ahead


class ParsedFile(NamedTuple):
    """``file`` is None where brackets left open make the rest meaningless."""

    file: tree.File | None
    diagnostics: list[Diagnostic]
    tokens: int = 0


def current_tables() -> Tables:
    """The tables made ahead, or new ones where the grammar has been edited since."""
    grammar = grammar_text()
    tables = tables_ahead(crc32(grammar.encode()))
    if tables is None:
        from netdsl.syntax.generate import build_tables

        tables = build_tables(grammar)
    return tables


@cache
def automaton() -> Automaton:
    """The parser, ready to run."""
    return Automaton(current_tables(), BUILDERS, unreadable)


def parse(source: Source, offset: int = 0, token_limit: int = TOKEN_LIMIT) -> ParsedFile:
    """Parse a whole file. Reports every mistake of syntax, at most one a line.

    ``offset`` is added to the offsets in the tree: where the text begins that others stand before.
    """
    parsed = automaton().parse(source.text + "\n", offset, token_limit)
    diagnostics: list[Diagnostic] = []
    if parsed.failures:
        from netdsl.syntax.syntax_errors import describe  # loaded only where there is something to say

        for failure in parsed.failures:
            found = describe(failure, source)
            if not diagnostics or (found.message, found.primary) != (
                diagnostics[-1].message,
                diagnostics[-1].primary,
            ):
                diagnostics.append(found)  # one mistake may stop the parser twice
    return ParsedFile(parsed.node, diagnostics, parsed.tokens)
