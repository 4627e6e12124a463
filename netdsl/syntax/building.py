"""Makes tree nodes out of parsed pieces: one function per rule of the grammar, of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.lexer import Token

_VALUES: dict[str, Callable[[str, Span], tree.Value]] = {"NUMBER": tree.Number, "SIZE": tree.Extents}
_ITEMS: dict[str, Callable[[str, Span], tree.Item]] = {
    **_VALUES,
    "WORD": tree.Word,
    "COMMA": tree.Mark,
    "EQUALS": tree.Mark,
    "OVER": tree.Mark,
}


def _span(token: Token) -> Span:
    return Span(token.start, token.end)


def start(children: list[Any]) -> tree.File:
    statements = tuple(statement for child in children for statement in _statements(child))
    span = statements[0].span.to(statements[-1].span) if statements else Span(0, 0)
    return tree.File(statements, span)


def _statements(child: Any) -> tuple[tree.Statement, ...]:
    return child if type(child) is tuple else (child,)


def net(children: list[Any]) -> tree.NetName:
    keyword, title = children
    text = title.text.rstrip()
    return tree.NetName(text, Span(keyword.start, title.start + len(text)))


def default(children: list[Any]) -> tree.Default:
    keyword, layer = children
    return tree.Default(layer, _span(keyword).to(layer.span))


def expect(children: list[Any]) -> tree.Expect:
    keyword, subject, relation, value = children
    read = _VALUES[value.kind](value.text, _span(value))
    return tree.Expect(subject, relation.text, read, _span(keyword).to(read.span))


def chain(children: list[Any]) -> tuple[tree.Element, ...]:
    return tuple(child for child in children if not isinstance(child, Token))


def group(children: list[Any]) -> tree.Group:
    opening = children[0]
    elements: list[tree.Element] = []
    times = where_block = None
    end = opening.end
    for child in children[1:]:
        if isinstance(child, Token):
            end = max(end, child.end)
        elif isinstance(child, tree.Number):
            times, end = child, child.span.end
        elif isinstance(child, tree.Where):
            where_block, end = child, child.span.end
        else:
            elements.append(child)
    return tree.Group(tuple(elements), times, where_block, Span(opening.start, end))


def repeat(children: list[Any]) -> tree.Number:
    number = children[1]
    return tree.Number(number.text, _span(number))


def where(children: list[Any]) -> tree.Where:
    entries = tuple(child for child in children if not isinstance(child, Token))
    return tree.Where(entries, _span(children[0]).to(_span(children[-1])))


def layer(children: list[Any]) -> tree.Layer:
    claimed = children.pop(0) if isinstance(children[0], tree.Claim) else None
    head: tuple[tree.Word, ...] = children[0]
    span = (claimed or head[0]).span.to(head[-1].span)
    items: list[tree.Item] = []
    remark, labelled = "", False
    for token in children[1:]:
        span = span.to(_span(token))
        if token.kind == "COLON":
            labelled = True
        elif token.kind == "REMARK":
            remark = token.text
        else:
            items.append(_ITEMS[token.kind](token.text, _span(token)))
    return tree.Layer(claimed, head, labelled, tuple(items), remark, span)


def claim(children: list[Any]) -> tree.Claim:
    opening, value, closing = children
    return tree.Claim(_VALUES[value.kind](value.text, _span(value)), _span(opening).to(_span(closing)))


def words(children: list[Any]) -> tuple[tree.Word, ...]:
    return tuple(tree.Word(token.text, _span(token)) for token in children)


def unreadable(start: int, end: int) -> tree.Unreadable:
    return tree.Unreadable(Span(start, end))


BUILDERS: dict[str, Callable[[list[Any]], Any]] = {
    builder.__name__: builder
    for builder in (start, net, default, expect, chain, group, repeat, where, layer, claim, words)
}
