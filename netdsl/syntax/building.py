"""Makes tree nodes out of parsed pieces: one function per rule of the grammar, of the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.lexer import Token

_VALUES: dict[str, Callable[[str, Span], tree.Value]] = {"NUMBER": tree.Number, "SIZE": tree.Extents}
_SIGNS = ("TIMES", "DIVIDE", "PLUS", "LINK", "LEFT_PARENTHESIS", "RIGHT_PARENTHESIS")
_OPERANDS: dict[str, Callable[[str, Span], tree.Operand]] = {
    **_VALUES,
    "WORD": tree.Word,
    **dict.fromkeys(_SIGNS, tree.Sign),
}
_ITEMS: dict[str, Callable[[str, Span], tree.Item]] = {
    **_OPERANDS,
    "COMMA": tree.Mark,
    "EQUALS": tree.Mark,
    "OVER": tree.Mark,
}


def _span(token: Token) -> Span:
    return Span(token.start, token.end)


def _place(child: Any) -> Span:
    """The span of a child, whether token or node."""
    span: Span = _span(child) if type(child) is Token else child.span
    return span


def _whole(children: list[Any]) -> Span:
    return _place(children[0]).to(_place(children[-1]))


def _word(token: Token) -> tree.Word:
    return tree.Word(token.text, _span(token))


def _sum(tokens: Iterable[Token]) -> tree.Sum:
    """Arithmetic outside a layer, where a ``/`` with blanks around it divides too."""
    return tuple(_OPERANDS.get(token.kind, tree.Sign)(token.text, _span(token)) for token in tokens)


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


def dialect(children: list[Any]) -> tree.Dialect:
    return tree.Dialect(_word(children[1]), _whole(children))


def use(children: list[Any]) -> tree.Use:
    return tree.Use(children[1].text[1:-1], _whole(children))


def let(children: list[Any]) -> tree.Let:
    return tree.Let(_word(children[1]), _sum(children[3:]), _whole(children))


def block(children: list[Any]) -> tree.Block:
    parameters = children[2] if isinstance(children[2], Parameters) else Parameters()
    inner = [child for child in children[2:] if type(child) not in (Token, Parameters)]
    statements: tuple[Any, ...] = tuple(statement for child in inner for statement in _statements(child))
    return tree.Block(_word(children[1]), tuple(parameters), statements, _whole(children))


class Parameters(list[Any]):
    """The parameters of a block; a list of its own type, to tell it from a chain."""


def parameters(children: list[Any]) -> Parameters:
    return Parameters(child for child in children if type(child) is not Token)


def parameter(children: list[Any]) -> tree.Parameter:
    default = _sum(children[2:]) if len(children) > 1 else None
    return tree.Parameter(_word(children[0]), default, _whole(children))


def train(children: list[Any]) -> tree.Train:
    lines = tuple(
        tree.Word(child.text.rstrip(), Span(child.start, child.start + len(child.text.rstrip())))
        for child in children
        if child.kind == "RECIPE"
    )
    return tree.Train(lines, _whole(children))


def default(children: list[Any]) -> tree.Default:
    return tree.Default(children[1], _whole(children))


def expect(children: list[Any]) -> tree.Expect:
    _, subject, relation, value = children[:4]
    read = _VALUES[value.kind](value.text, _span(value))
    unit = _word(children[4]) if len(children) > 4 else None
    return tree.Expect(subject, relation.text, read, unit, _whole(children))


def expect_pattern(children: list[Any]) -> tree.ExpectPattern:
    return tree.ExpectPattern(_nodes(children), _whole(children))


def pattern_layer(children: list[Any]) -> tree.PatternLayer:
    words = children[0]
    span = words[0].span.to(_place(children[-1]) if len(children) > 1 else words[-1].span)
    return tree.PatternLayer(words, len(children) > 1, span)


def pattern_group(children: list[Any]) -> tree.PatternGroup:
    times: tree.Word | tree.Number | None = None
    for child in children:
        if type(child) is Token and child.kind in ("WORD", "NUMBER"):
            times = _word(child) if child.kind == "WORD" else tree.Number(child.text, _span(child))
    optional = type(children[-1]) is Token and children[-1].kind == "QUESTION"
    return tree.PatternGroup(_nodes(children), times, optional, _whole(children))


def _nodes(children: list[Any]) -> tuple[Any, ...]:
    return tuple(child for child in children if type(child) is not Token)


def _elements(children: list[Any]) -> tuple[tree.Element, ...]:
    """The elements of a chain; a reference leads where no link stands before it."""
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
    """The count behind a group; a tuple of its own type, to tell it from other children."""


def repeat(children: list[Any]) -> Repeat:
    return Repeat(_sum(children[1:]))


class _Tail:
    """What may follow a closing bracket: a count, a where block, a remark; and where all ends."""

    def __init__(self, children: list[Any]) -> None:
        self.times: tree.Sum | None = None
        self.where: tree.Where | None = None
        self.remark = ""
        self.end = 0
        while children:
            child = children[-1]
            if isinstance(child, Repeat):
                self.times, end = tuple(child), child[-1].span.end
            elif isinstance(child, tree.Where):
                self.where, end = child, child.span.end
            elif type(child) is Token and child.kind == "REMARK":
                self.remark, end = child.text, child.end
            else:
                self.end = max(self.end, _place(child).end) if child else self.end
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
    place = next(place for place, child in enumerate(children) if _is_opening(child))
    head = layer(children[:place])
    return tree.Join(head, branches, tail.times, tail.remark, Span(head.span.start, tail.end))


def _is_opening(child: Any) -> bool:
    return type(child) is Token and child.kind == "OPEN"


def branch(children: list[Any]) -> tree.Branch:
    return tree.Branch(_elements(children), _whole(children))


class Arguments(list[Any]):
    """The arguments of a call and the place of their closing parenthesis."""

    span: Span


def call(children: list[Any]) -> tree.Call:
    tail = _Tail(children)
    claimed = children.pop(0) if isinstance(children[0], tree.Claim) else None
    label: tuple[tree.Word, ...] = children[0] if type(children[0]) is tuple else ()
    name, given = children[-2:]
    first = claimed or (label[0] if label else None)
    span = Span(first.span.start if first else name.start, tail.end)
    return tree.Call(claimed, label, _word(name), tuple(given), tail.times, tail.remark, span)


def arguments(children: list[Any]) -> Arguments:
    given = Arguments(child for child in children if type(child) is not Token)
    given.span = _whole(children)
    return given


def argument(children: list[Any]) -> tree.Argument:
    span = _whole(children)
    name = None
    if len(children) > 2 and type(children[1]) is Token and children[1].kind == "EQUALS":
        name, children = _word(children[0]), children[2:]
    value = children[0] if isinstance(children[0], tree.Reference) else _sum(children)
    return tree.Argument(name, value, span)


def reference(children: list[Any]) -> tree.Reference:
    return tree.Reference(children[0].text[1:], True, _span(children[0]))


def where(children: list[Any]) -> tree.Where:
    return tree.Where(_nodes(children), _whole(children))


def layer(children: list[Any]) -> tree.Layer:
    if type(children[0]) is Token:
        return _noted(children)
    claimed = children.pop(0) if isinstance(children[0], tree.Claim) else None
    head: tuple[tree.Word, ...] = children[0]
    span = (claimed or head[0]).span.to(head[-1].span)
    items: list[tree.Item] = []
    remark, labelled = "", False
    for child in children[1:]:
        if type(child) is not Token:
            items.append(child)
        elif child.kind == "COLON":
            labelled = True
        elif child.kind == "REMARK":
            remark = child.text
        else:
            items.append(_ITEMS[child.kind](child.text, _span(child)))
    if len(children) > 1:
        span = span.to(_place(children[-1]))
    return tree.Layer(claimed, head, labelled, tuple(items), remark, span)


def _noted(children: list[Any]) -> tree.Layer:
    """``CONV3-64: [224x224x64] memory: ... weights: ...``; the blank before the colon goes."""
    noted, claimed, *notes = children
    text = noted.text.rstrip(": \t")
    word = tree.Word(text, Span(noted.start, noted.start + len(text)))
    return tree.Layer(claimed, (word,), True, (), "", _whole(children), tuple(notes), noted=True)


def note(children: list[Any]) -> tree.Note:
    subject, total = children
    text = total.text.rstrip()
    return tree.Note(subject.text.rstrip(": \t").lower(), text, Span(subject.start, total.start + len(text)))


def table(children: list[Any]) -> tree.Table:
    return tree.Table(tuple(child for child in children if type(child) is tuple), _whole(children))


def row(children: list[Any]) -> tuple[tree.Number | tree.Mark | tree.Sign, ...]:
    kinds: dict[str, Callable[[str, Span], Any]] = {
        "NUMBER": tree.Number,
        "COMMA": tree.Mark,
        "LINK": tree.Sign,
    }
    return tuple(kinds[token.kind](token.text, _span(token)) for token in children)


def claim(children: list[Any]) -> tree.Claim:
    _, value, _ = children
    return tree.Claim(_VALUES[value.kind](value.text, _span(value)), _whole(children))


def words(children: list[Any]) -> tuple[tree.Word, ...]:
    return tuple(tree.Word(token.text, _span(token)) for token in children)


def unreadable(start: int, end: int) -> tree.Unreadable:
    return tree.Unreadable(Span(start, end))


BUILDERS: dict[str, Callable[[list[Any]], Any]] = {
    builder.__name__: builder
    for builder in (
        *(start, net, dialect, use, let, block, parameters, parameter, train, default),
        *(expect, expect_pattern, pattern_layer, pattern_group),
        *(chain, group, join, branch, call, arguments, argument, reference, repeat, where),
        *(layer, claim, note, words, table, row),
    )
}
