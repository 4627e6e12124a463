"""Makes tree nodes out of parsed pieces: one function per rule of the grammar, of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.from_tokens import (
    ITEMS,
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
from netdsl.syntax.statement_nodes import STATEMENTS


def start(children: list[Any]) -> tree.File:
    statements = tuple(statement for child in children for statement in statements_of(child))
    span = statements[0].span.to(statements[-1].span) if statements else Span(0, 0)
    return tree.File(statements, span)


def _elements(children: list[Any]) -> tuple[tree.Element, ...]:
    """The elements of a chain; a reference leads where no link comes before it."""
    elements: list[tree.Element] = []
    linked = False
    for child in children:
        if type(child) is Token:
            linked = True
            continue
        if linked and type(child) is tree.Reference:
            child = child._replace(leads=False)
        elements.append(child)
        linked = False
    return tuple(elements)


def chain(children: list[Any]) -> tuple[tree.Element, ...]:
    return _elements(children)


class Repeat(tuple[Any, ...]):
    """The count after a group; a tuple of its own type, to tell it from other children."""


def repeat(children: list[Any]) -> Repeat:
    return Repeat(sum_of(children[1:]))


class Behind(tuple[tree.Word, ...]):
    """The words after a call; a tuple of its own type, to tell it from a label."""


def behind(children: list[Any]) -> Behind:
    return Behind(words(children))


class _Tail:
    """What may follow a closing bracket: a count, words, a where block, a remark; and where all ends."""

    def __init__(self, children: list[Any]) -> None:
        self.times: tree.Sum | None = None
        self.where: tree.Where | None = None
        self.words: tuple[tree.Word, ...] = ()
        self.remark = ""
        self.end = 0
        while children:
            child = children[-1]
            if isinstance(child, Repeat):
                self.times, end = tuple(child), child[-1].span.end
            elif isinstance(child, Behind):
                self.words, end = tuple(child), child[-1].span.end
            elif isinstance(child, tree.Where):
                self.where, end = child, child.span.end
            elif type(child) is Token and child.kind == "REMARK":
                self.remark, end = child.text, child.end
            else:
                has_span = child or isinstance(child, Arguments)  # `B()` has none, and a span
                self.end = max(self.end, span_of_child(child).end) if has_span else self.end
                return
            self.end = max(self.end, end)
            children.pop()


def group(children: list[Any]) -> tree.Group:
    tail = _Tail(children)
    elements = _elements(children[1:-1])
    return tree.Group(elements, tail.times, tail.where, tail.remark, Span(children[0].start, tail.end))


def join(children: list[Any]) -> tree.Join:
    tail = _Tail(children)
    branches = tuple(child for child in children if isinstance(child, tree.Branch))
    opening = next(number for number, child in enumerate(children) if _is_opening(child))
    head = layer(children[:opening])
    return tree.Join(head, branches, tail.times, tail.remark, Span(head.span.start, tail.end))


def _is_opening(child: Any) -> bool:
    return type(child) is Token and child.kind == "OPEN"


def branch(children: list[Any]) -> tree.Branch:
    return tree.Branch(_elements(children), whole(children))


class Arguments(list[Any]):
    """The arguments of a call and the span of their closing parenthesis."""

    span: Span


def call(children: list[Any]) -> tree.Call:
    tail = _Tail(children)
    claimed = children.pop(0) if isinstance(children[0], tree.Claim) else None
    label: tuple[tree.Word, ...] = children[0] if type(children[0]) is tuple else ()
    name, given = children[-2:]
    first = claimed or (label[0] if label else None)
    span = Span(first.span.start if first else name.start, tail.end)
    return tree.Call(claimed, label, word(name), tuple(given), tail.times, tail.remark, span, tail.words)


def arguments(children: list[Any]) -> Arguments:
    given = Arguments(child for child in children if type(child) is not Token)
    given.span = whole(children)
    return given


def argument(children: list[Any]) -> tree.Argument:
    span = whole(children)
    name = None
    if len(children) > 2 and type(children[1]) is Token and children[1].kind == "EQUALS":
        name, children = word(children[0]), children[2:]
    written = isinstance(children[0], tree.Reference | tree.Call)
    return tree.Argument(name, children[0] if written else sum_of(children), span)


def handed(children: list[Any]) -> tree.Call:
    name, given = children
    return tree.Call(None, (), word(name), tuple(given), None, "", whole(children))


def reference(children: list[Any]) -> tree.Reference:
    return tree.Reference(children[0].text[1:], True, span_of(children[0]))


def where(children: list[Any]) -> tree.Where:
    return tree.Where(nodes(children), whole(children))


def layer(children: list[Any]) -> tree.Layer:
    if type(children[0]) is Token and children[0].kind == "NOTED":
        return _noted(children)
    claimed = children.pop(0) if isinstance(children[0], tree.Claim) else None
    items: list[tree.Item] = []
    if type(children[0]) is Token and (len(children) == 1 or type(children[1]) is not tuple):
        return _values_first(claimed, children)
    if type(children[0]) is Token:
        size = children.pop(0)
        items.append(tree.Extents(size.text, span_of(size)))
    head: tuple[tree.Word, ...] = children[0]
    first = claimed or (items[0] if items else head[0])
    span = first.span.to(head[-1].span)
    remark, labelled = "", False
    for number, child in enumerate(children[1:]):
        if type(child) is not Token:
            items.append(child)
        elif child.kind == "COLON" and number == 0:
            labelled = True
        elif child.kind == "REMARK":
            remark = child.text
        else:
            items.append(ITEMS[child.kind](child.text, span_of(child)))
    if len(children) > 1:
        span = span.to(span_of_child(children[-1]))
    return tree.Layer(claimed, head, labelled, tuple(items), remark, span)


def _values_first(claimed: tree.Claim | None, children: list[Any]) -> tree.Layer:
    """``64 3x3 conv, pad 1``: values, the words after them, and the rest; ``3x3, 64`` has no words."""
    remark = ""
    if type(children[-1]) is Token and children[-1].kind == "REMARK":
        remark = children[-1].text
    span = (claimed.span if claimed else span_of_child(children[0])).to(span_of_child(children[-1]))
    items = [
        child if type(child) is not Token else ITEMS[child.kind](child.text, span_of(child))
        for child in (children[:-1] if remark else children)
    ]
    first = next((number for number, item in enumerate(items) if type(item) is tree.Word), len(items))
    end = first
    while end < len(items) and type(items[end]) is tree.Word:
        end += 1
    words = tuple(item for item in items[first:end] if isinstance(item, tree.Word))
    return tree.Layer(claimed, words, False, (*items[:first], *items[end:]), remark, span)


def _noted(children: list[Any]) -> tree.Layer:
    """``CONV3-64: [224x224x64] memory: ... weights: ...``; the blank before the colon goes."""
    noted, claimed, *notes = children
    remark = notes.pop().text if notes and type(notes[-1]) is Token else ""
    text = noted.text.rstrip(": \t")
    word = tree.Word(text, Span(noted.start, noted.start + len(text)))
    return tree.Layer(claimed, (word,), True, (), remark, whole(children), tuple(notes), noted=True)


def note(children: list[Any]) -> tree.Note:
    subject, total = children
    text = total.text.rstrip()
    return tree.Note(subject.text.rstrip(": \t").lower(), text, Span(subject.start, total.start + len(text)))


def table(children: list[Any]) -> tree.Table:
    return tree.Table(tuple(child for child in children if type(child) is tuple), whole(children))


def row(children: list[Any]) -> tuple[tree.Number | tree.Mark | tree.Sign, ...]:
    kinds: dict[str, Callable[[str, Span], Any]] = {
        "NUMBER": tree.Number,
        "COMMA": tree.Mark,
        "LINK": tree.Sign,
    }
    return tuple(kinds[token.kind](token.text, span_of(token)) for token in children)


def claim(children: list[Any]) -> tree.Claim:
    _, value, _ = children
    return tree.Claim(VALUES[value.kind](value.text, span_of(value)), whole(children))


def words(children: list[Any]) -> tuple[tree.Word, ...]:
    """The words of a name; the number of ``Layer 1:`` belongs to the word before it."""
    found = [tree.Word(token.text, span_of(token)) for token in children]
    if children[-1].kind == "ORDINAL":
        number, last = found.pop(), found.pop()
        found.append(tree.Word(last.text + number.text, last.span.to(number.span)))
    return tuple(found)


def unreadable(start: int, end: int) -> tree.Unreadable:
    return tree.Unreadable(Span(start, end))


BUILDERS: dict[str, Callable[[list[Any]], Any]] = {
    **STATEMENTS,
    **{
        builder.__name__: builder
        for builder in (
            *(start, chain, group, join, branch, call, arguments, argument, handed, behind),
            *(reference, repeat, where, layer, claim, note, words, table, row),
        )
    },
}
