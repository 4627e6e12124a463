"""Blocks: which there are, that none contains itself, and what a call makes of its parameters."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

from netdsl.diagnostics import Findings, Label
from netdsl.graph.expressions.environment import Environment, Quantity
from netdsl.graph.expressions.evaluate import value_of
from netdsl.graph.expressions.layer_formulas import formula_end
from netdsl.graph.names.reserved_names import meaning_of, report_taken_name, report_taken_number
from netdsl.source import Span
from netdsl.syntax import tree

Blocks = Mapping[str, tree.Block]

Given = Callable[[tree.Sum, Environment], Quantity | None]
"""The value of what is given to a parameter; None, with a finding, where it has none."""

_SHOWN_PARAMETERS = 8
_BEHIND = frozenset(("same", "share", "shares", "shared", "sharing", "weights", "with"))
"""What a phrase about weights begins with, behind the use of a block."""

_WORDS = (tree.Word, tree.Number, tree.Extents, tree.Range, tree.Mark, tree.Sign)


def read_lets(statements: tuple[tree.Let, ...], environment: Environment, findings: Findings) -> Environment:
    """The environment with what the lines say, each in terms of those before it."""
    values: dict[str, Quantity] = {}
    given: dict[str, tree.Let] = {}
    extended = Environment(
        ChainMap[str, Quantity](values, environment.values) if environment.values else values,
        environment.readings,
    )
    for let in statements:
        if let.name.text in given:
            findings.add(
                "ND213",
                f"`{let.name.text}` is given two values",
                let.name.span,
                secondary=(Label(given[let.name.text].name.span, "the first"),),
                help=("rename one of them",),
            )
            continue
        given[let.name.text] = let
        report_taken_number(let.name, findings)
        values[let.name.text] = value_of(let.value, extended, findings)
    return extended


def read_blocks(statements: tuple[tree.Block, ...], findings: Findings) -> tuple[Blocks, frozenset[str]]:
    """All blocks by name, and the names of those that cannot be used, which is reported."""
    blocks: dict[str, tree.Block] = {}
    broken: set[str] = set()
    for block in statements:
        earlier = blocks.setdefault(block.name.text, block)
        if earlier is not block:
            findings.add(
                "ND213",
                f"two blocks are called `{block.name.text}`",
                block.name.span,
                secondary=(Label(earlier.name.span, "the first"),),
                help=("rename one of them",),
            )
        meaning = meaning_of(block.name.text)
        if meaning:
            report_taken_name(block, meaning, findings)
            broken.add(block.name.text)
        _check_parameters(block, findings)
        if not any(not isinstance(statement, tree.Let) for statement in block.statements):
            broken.add(block.name.text)
            findings.add(
                "ND218",
                f"the block `{block.name.text}` is empty",
                block.name.span,
                help=("put layers in it",),
            )
    return blocks, frozenset(broken | _report_cycles(blocks, findings))


def _check_parameters(block: tree.Block, findings: Findings) -> None:
    seen: dict[str, tree.Parameter] = {}
    for parameter in block.parameters:
        report_taken_number(parameter.name, findings)
        earlier = seen.setdefault(parameter.name.text, parameter)
        if earlier is not parameter:
            findings.add(
                "ND213",
                f"two parameters are called `{parameter.name.text}`",
                parameter.name.span,
                secondary=(Label(earlier.name.span, "the first"),),
            )


def called_block(layer: tree.Layer, blocks: Container[str]) -> tree.Call | None:
    """A layer that is a block without parentheses, as its call: ``STEM``, ``stem: STEM*2``."""
    call = bare_use(layer, blocks)
    return None if call is None or meaning_of(call.block.text) else call


def bare_use(layer: tree.Layer, names: Container[str]) -> tree.Call | None:
    """A layer that is one of the names, with a label and a count or without, as a call."""
    items = layer.items if layer.labelled else (*layer.words, *layer.items)
    word = items[0] if items else None
    if not isinstance(word, tree.Word) or word.text not in names:
        return None
    times: tree.Sum = ()
    tail = _words_behind(items)
    items = items[: len(items) - len(tail)]
    if len(items) > 1:
        sign, *rest = items[1:]
        times = tuple(item for item in rest if isinstance(item, tree.Operand))
        repeats = isinstance(sign, tree.Sign) and sign.text == "*"
        if not (repeats and 0 < len(times) == len(rest) and formula_end(items, 2) == len(items)):
            return None
    label = layer.words if layer.labelled else ()
    return tree.Call(layer.claim, label, word, (), times or None, layer.remark, layer.span, tail)


def _words_behind(items: tuple[tree.Item, ...]) -> tuple[tree.Word, ...]:
    """The words that name an earlier use: ``STEM*2 same weights as a``."""
    for index, item in enumerate(items[1:], 1):
        if isinstance(item, tree.Word) and item.text.lower() in _BEHIND:
            words = tuple(word for word in items[index:] if isinstance(word, tree.Word))
            return words if len(words) == len(items) - index else ()
    return ()


def words_in(block: tree.Block) -> int:
    """How many words and signs a block has."""
    words = 0
    pending: list[Any] = [block]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple) and not isinstance(node, Span):
            words += isinstance(node, _WORDS)
            pending.extend(node)
    return words


def calls_in(elements: tuple[tree.Let | tree.Element, ...], blocks: Blocks) -> Iterator[tree.Word]:
    """The names of the blocks that elements use."""
    pending: list[tree.Let | tree.Element] = list(elements)
    while pending:
        element = pending.pop()
        if isinstance(element, tree.Call):
            yield element.block
        elif isinstance(element, tree.Group):
            pending.extend(element.elements)
        elif isinstance(element, tree.Join):
            pending.extend(inner for branch in element.branches for inner in branch.elements)
        elif isinstance(element, tree.Layer):
            call = called_block(element, blocks)
            if call is not None:
                yield call.block


def _report_cycles(blocks: Blocks, findings: Findings) -> set[str]:
    """The blocks that contain themselves; each cycle is reported where it closes."""
    finished: set[str] = set()
    broken: set[str] = set()
    uses = {name: list(calls_in(block.statements, blocks)) for name, block in blocks.items()}
    for start in blocks:
        path = {start: None} if start not in finished else {}  # a dict: ordered, and quick to search
        while path:
            newest = next(reversed(path))
            if not uses[newest]:
                finished.add(newest)
                del path[newest]
                continue
            call = uses[newest].pop()
            if call.text in path:
                names = list(path)
                cycle = names[names.index(call.text) :]
                broken.update(cycle)
                findings.add(
                    "ND219",
                    f"a block cannot contain itself: {' -> '.join([*_shown(cycle), call.text])}",
                    call.span,
                    "closes the cycle",
                    help=("repeat with `[...]*n`, which always ends",),
                )
            elif call.text in blocks and call.text not in finished:
                path[call.text] = None
    return broken


def _shown(cycle: list[str]) -> list[str]:
    return cycle if len(cycle) <= 8 else [*cycle[:4], "...", *cycle[-3:]]


def bind(
    block: tree.Block,
    call: tree.Word,
    arguments: list[tuple[tree.Argument, Quantity | None]],
    outer: Environment,
    given_by: Given,
    findings: Findings,
) -> dict[str, Quantity] | None:
    """The value of each parameter; None where an argument is missing, too much or unknown.

    ``given_by`` evaluates defaults.
    """
    values: dict[str, Quantity] = {}
    given: dict[str, tree.Argument] = {}
    names = [parameter.name.text for parameter in block.parameters]
    known = dict.fromkeys(names)  # in order, and quick to search
    sound = True
    named = False
    for index, (argument, value) in enumerate(arguments):
        named = named or argument.name is not None
        if named and argument.name is None:
            message, cure = "an argument without a name follows one with a name", signature(block)
            findings.add("ND218", message, argument.span, "which one is it?", help=(f"name it: {cure}",))
            return None
        name = argument.name.text if argument.name else names[index] if index < len(names) else None
        sound = _accepted(argument, name, known, given, block, findings) and value is not None and sound
        if name is not None and value is not None:
            given.setdefault(name, argument)
            values.setdefault(name, value)
        elif name is not None:
            given.setdefault(name, argument)
    environment = Environment(ChainMap[str, Quantity](values, outer.values))
    lacking = [p.name.text for p in block.parameters if p.default is None and p.name.text not in given]
    if lacking and any(value is None for _, value in arguments):
        return None  # what cannot be read may be several arguments
    if lacking:
        findings.add(
            "ND218",
            f"{block.name.text} lacks {_listed(lacking)}",
            call.span,
            secondary=(Label(block.name.span, "defined here"),),
            help=(f"it is used as {signature(block)}",),
        )
        return None
    for parameter in block.parameters:
        if parameter.name.text not in given and parameter.default is not None:
            value = given_by(parameter.default, environment)
            if value is None:
                return None
            values[parameter.name.text] = value
    return values if sound else None


def _listed(names: list[str]) -> str:
    """The names, of many the first ones and how many more."""
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN_PARAMETERS])
    more = len(names) - _SHOWN_PARAMETERS
    return f"{shown} and {more} more" if more > 0 else shown


def _accepted(
    argument: tree.Argument,
    name: str | None,
    names: Mapping[str, None],
    given: dict[str, tree.Argument],
    block: tree.Block,
    findings: Findings,
) -> bool:
    usage = f"it is used as {signature(block)}"
    if name is None:
        message = f"{block.name.text} takes {len(names) or 'no'} argument{'s' * (len(names) != 1)}"
        findings.add("ND218", message, argument.span, "one too many", help=(usage,))
    elif name not in names:
        near = findings.near(name, names, block.name.text)
        span = argument.name.span if argument.name else argument.span
        message = f"{block.name.text} has no parameter `{name}`"
        findings.add("ND218", message, span, help=(usage,), meant=near)
    elif name in given:
        earlier = Label(given[name].span, "first given here")
        findings.add("ND218", f"`{name}` is given twice", argument.span, secondary=(earlier,), help=(usage,))
    else:
        return True
    return False


def signature(block: tree.Block) -> str:
    """``BASIC(width, stride = ...)``, as a reader of a message wants it."""
    parameters = [
        parameter.name.text + (" = ..." if parameter.default else "")
        for parameter in block.parameters[:_SHOWN_PARAMETERS]
    ]
    more = ["..."] if len(block.parameters) > _SHOWN_PARAMETERS else []
    return f"`{block.name.text}({', '.join([*parameters, *more])})`" if parameters else f"`{block.name.text}`"
