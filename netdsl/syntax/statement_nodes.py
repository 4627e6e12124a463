"""Makes nodes of the statements that are no layers: one function per rule of the grammar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.from_tokens import (
    VALUES,
    nodes,
    span_of,
    span_of_child,
    statements_of,
    sum_of,
    whole,
    word,
)
from netdsl.syntax.lexer import Token


def net(children: list[Any]) -> tree.NetName:
    keyword, title = children
    text = title.text.rstrip()
    return tree.NetName(text, Span(keyword.start, title.start + len(text)))


def dialect(children: list[Any]) -> tree.Dialect:
    return tree.Dialect(word(children[1]), whole(children))


def use(children: list[Any]) -> tree.Use:
    return tree.Use(children[1].text[1:-1], whole(children))


def let(children: list[Any]) -> tree.Let:
    return tree.Let(word(children[1]), sum_of(children[3:]), whole(children))


def block(children: list[Any]) -> tree.Block:
    parameters = children[2] if isinstance(children[2], Parameters) else Parameters()
    inner = [child for child in children[2:] if type(child) not in (Token, Parameters)]
    statements: tuple[Any, ...] = tuple(statement for child in inner for statement in statements_of(child))
    return tree.Block(word(children[1]), tuple(parameters), statements, whole(children))


class Parameters(list[Any]):
    """The parameters of a block; a list of its own type, to tell it from a chain."""


def parameters(children: list[Any]) -> Parameters:
    return Parameters(child for child in children if type(child) is not Token)


def parameter(children: list[Any]) -> tree.Parameter:
    default = sum_of(children[2:]) if len(children) > 1 else None
    return tree.Parameter(word(children[0]), default, whole(children))


def train(children: list[Any]) -> tree.Train:
    lines = tuple(
        tree.Word(child.text.rstrip(), Span(child.start, child.start + len(child.text.rstrip())))
        for child in children
        if child.kind == "RECIPE"
    )
    return tree.Train(lines, whole(children))


def default(children: list[Any]) -> tree.Default:
    return tree.Default(children[1], whole(children))


def expect(children: list[Any]) -> tree.Expect:
    _, subject, relation, value = children[:4]
    read = VALUES[value.kind](value.text, span_of(value))
    unit = word(children[4]) if len(children) > 4 else None
    return tree.Expect(subject, relation.text, read, unit, whole(children))


def expect_pattern(children: list[Any]) -> tree.ExpectPattern:
    return tree.ExpectPattern(nodes(children), whole(children))


def pattern_layer(children: list[Any]) -> tree.PatternLayer:
    words = children[0]
    span = words[0].span.to(span_of_child(children[-1]) if len(children) > 1 else words[-1].span)
    return tree.PatternLayer(words, len(children) > 1, span)


def pattern_group(children: list[Any]) -> tree.PatternGroup:
    times: tree.Word | tree.Number | None = None
    for child in children:
        if type(child) is Token and child.kind in ("WORD", "NUMBER"):
            times = word(child) if child.kind == "WORD" else tree.Number(child.text, span_of(child))
    optional = type(children[-1]) is Token and children[-1].kind == "QUESTION"
    return tree.PatternGroup(nodes(children), times, optional, whole(children))


STATEMENTS: dict[str, Callable[[list[Any]], Any]] = {
    builder.__name__: builder
    for builder in (
        *(net, dialect, use, let, block, parameters, parameter, train, default),
        *(expect, expect_pattern, pattern_layer, pattern_group),
    )
}
