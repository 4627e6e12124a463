"""From tokens to what nodes of the tree are made of: spans, words, sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.lexer import Token

VALUES: dict[str, Callable[[str, Span], tree.Value]] = {"NUMBER": tree.Number, "SIZE": tree.Extents}
SIGNS = ("TIMES", "DIVIDE", "PLUS", "LINK", "LEFT_PARENTHESIS", "RIGHT_PARENTHESIS")
OPERANDS: dict[str, Callable[[str, Span], tree.Operand]] = {
    **VALUES,
    "WORD": tree.Word,
    **dict.fromkeys(SIGNS, tree.Sign),
}
ITEMS: dict[str, Callable[[str, Span], tree.Item]] = {
    **OPERANDS,
    "SIGNED": tree.signed,
    "RANGE": tree.spanned,
    "COPIED": tree.Word,
    "COMMA": tree.Mark,
    "EQUALS": tree.Mark,
    "OVER": tree.Mark,
    "COLON": tree.Mark,
}


def span_of(token: Token) -> Span:
    return Span(token.start, token.start + len(token.text))


def span_of_child(child: Any) -> Span:
    """The span of a child, whether token or node."""
    span: Span = span_of(child) if type(child) is Token else child.span
    return span


def whole(children: list[Any]) -> Span:
    return span_of_child(children[0]).to(span_of_child(children[-1]))


def word(token: Token) -> tree.Word:
    return tree.Word(token.text, span_of(token))


def sum_of(tokens: Iterable[Token]) -> tree.Sum:
    """Arithmetic outside a layer, where a ``/`` with blanks around it divides too."""
    return tuple(OPERANDS.get(token.kind, tree.Sign)(token.text, span_of(token)) for token in tokens)


def nodes(children: list[Any]) -> tuple[Any, ...]:
    return tuple(child for child in children if type(child) is not Token)


def statements_of(child: Any) -> tuple[tree.Statement, ...]:
    return child if type(child) is tuple else (child,)
