"""The tokens of a text that parses, as the parser sees them: what the formatter works on."""

from __future__ import annotations

from functools import cache

from netdsl.syntax.automaton import LINE_END
from netdsl.syntax.lexer import END, Lexer, Token
from netdsl.syntax.parser import current_tables
from netdsl.syntax.table_format import Tables


@cache
def _lexer() -> tuple[Tables, Lexer]:
    tables = current_tables()
    return tables, Lexer(tables)


def tokens(text: str) -> list[Token]:
    """All tokens in order but line ends; what lies between two of them are blanks, line ends and comments.

    The text must have no mistakes of syntax: which terminals a piece of text is tried against
    depends on where the parser is.
    """
    tables, lexer = _lexer()
    text += "\n"
    states = [tables.start]
    found: list[Token] = []
    position = 0
    while True:
        token = lexer.token(text, position, states[-1])
        action = tables.states[states[-1]].get(token.kind)
        while action is not None and action < 0:
            rule = tables.rules[-action - 1]
            if rule.symbols:
                del states[-len(rule.symbols) :]
            states.append(tables.states[states[-1]][rule.name])
            action = tables.states[states[-1]].get(token.kind)
        if token.kind == END:
            return found
        assert action is not None, f"{token} is not allowed here"
        states.append(action)
        if token.kind != LINE_END:
            found.append(token)
        position = token.end
