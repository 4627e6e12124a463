"""What a call hands to its block besides numbers and volumes: a layer, such as an activation, or a block."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import Role
from netdsl.graph.expressions.evaluate import (
    ElementArgument,
    Environment,
    Failed,
    exact_value,
    parts_of,
    place,
)
from netdsl.graph.macros.blocks import Blocks, bare_use
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.source import Span
from netdsl.syntax import tree

_ONE = "a call passes one layer or a block"


class Meaning(NamedTuple):
    """What an element stands for that uses a block, or a name that something was handed over under.

    ``written`` has the label, the claim and the count of the use. It is of the layer ``layer``, or of the
    block that ``call`` names, with arguments whose names hold in ``outer``; ``named`` where that name is the
    block's own.
    """

    written: tree.Call
    call: tree.Call
    outer: Environment
    layer: tree.Layer | None = None
    named: bool = False


class BlockArguments:
    """Reads what is handed over, and finds it again where the block uses it."""

    def __init__(self, blocks: Blocks, findings: Findings) -> None:
        self._blocks = blocks
        self._findings = findings
        self._elements: dict[int, tree.Layer | tree.Call | Failed | None] = {}
        self._uses: dict[tuple[int, int], tuple[ElementArgument, Meaning | None]] = {}

    def read(self, value: tree.Sum | tree.Call, environment: Environment) -> ElementArgument | Failed | None:
        """The layer or the block that an argument or a default names; None where it is a formula, Failed,
        with a finding, where it cannot be handed over."""
        first = value.block if isinstance(value, tree.Call) else value[0]
        if not isinstance(first, tree.Word):
            return None
        known = environment.values.get(first.text)
        if known is not None and not (isinstance(value, tree.Call) and isinstance(known, ElementArgument)):
            return None
        if id(value) not in self._elements:
            self._elements[id(value)] = value if isinstance(value, tree.Call) else self._element(value)
        element = self._elements[id(value)]
        if element is None or isinstance(element, Failed):
            return element
        words = _texts(value)
        named = any(word in environment.values for word in words)
        return ElementArgument(element, words, environment if named else _NOTHING)

    def _element(self, value: tree.Sum) -> tree.Layer | tree.Call | Failed | None:
        first = value[0]
        assert isinstance(first, tree.Word)
        if len(value) == 1 and first.text in self._blocks:
            return tree.Call(None, (), first, (), None, "", first.span)
        if len(value) > 1 and len(parts_of(value)) == 1 and not any(_links(item) for item in value):
            return None
        value = _with_ranges(value)
        leading = next((n for n, item in enumerate(value) if not isinstance(item, tree.Word)), len(value))
        words = tuple(item for item in value[:leading] if isinstance(item, tree.Word))
        layer = tree.Layer(None, words, False, value[leading:], "", place(value))
        kind = read_head(layer).kind
        skips = len(value) == 1 and Role.named(first.text) is Role.SKIP
        if not skips and kind is None:
            return None
        if any(_links(item) for item in value):
            return self._failed(place(value), "a chain of layers", "block NORMED { BN - RELU }")
        if not skips and kind is not None and kind.inputs != 1:
            return self._failed(place(value), f"{kind.keyword} is not a layer by itself", "block B { ... }")
        return layer

    def _failed(self, span: Span, label: str, example: str) -> Failed:
        cure = f"put it in a block and pass that: `{example}`"
        self._findings.add("ND247", _ONE, span, label, help=(cure,))
        return Failed("ND247", _ONE, span, label, (cure,))

    def meaning_of(self, element: tree.Element, environment: Environment) -> Meaning | None:
        """What an element uses that was handed over; None where it is something else."""
        meaning = self._next(element, environment)
        while meaning is not None and meaning.layer is None and not meaning.named:
            inner = self._next(meaning.call, meaning.outer)
            if inner is None:
                break
            meaning = inner._replace(written=meaning.written)
        return meaning

    def _next(self, element: tree.Element, environment: Environment) -> Meaning | None:
        """What the name of an element stands for, which may be another such name where it was handed over."""
        if isinstance(element, tree.Call):
            name = element.block.text
        elif isinstance(element, tree.Layer):
            items = element.items if element.labelled else element.words
            first = items[0] if items else None
            name = first.text if isinstance(first, tree.Word) else ""
        else:
            return None
        handed = environment.values.get(name)
        if not isinstance(handed, ElementArgument):
            return None
        key = (id(element), id(handed))
        if key not in self._uses:
            self._uses[key] = handed, self._use(element, handed, environment, name)
        return self._uses[key][1]

    def _use(
        self, element: tree.Layer | tree.Call, handed: ElementArgument, environment: Environment, name: str
    ) -> Meaning | None:
        written = element if isinstance(element, tree.Call) else bare_use(element, (name,))
        if written is None:
            message = f"`{name}` is passed with its options"
            cure = f"write `{name}` alone, or `{name}*2`, and the options in the call"
            self._findings.add("ND247", message, element.span, help=(cure,))
            written = tree.Call(None, (), tree.Word(name, element.span), (), None, "", element.span)
        given = isinstance(element, tree.Call) and bool(element.arguments)
        complete = isinstance(handed.element, tree.Layer) or bool(handed.element.arguments)
        if given and complete:
            what = "a layer" if isinstance(handed.element, tree.Layer) else "a block with its arguments"
            cure = f"write `{name}` alone"
            self._findings.add("ND247", f"`{name}` is {what} here", written.span, help=(cure,))
        if isinstance(handed.element, tree.Layer):
            return Meaning(written, written, handed.environment, handed.element)
        if given and not complete:
            return Meaning(written, written._replace(block=handed.element.block), environment, named=True)
        return Meaning(written, handed.element, handed.environment)


_NOTHING = Environment({})


def _with_ranges(value: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items with ``0-5`` of ``SLICE 0-5`` as one: in an argument `-` is a minus, and parts them."""
    found: list[Any] = []
    for item in value:
        first, sign = found[-2:] if len(found) > 2 else (None, None)
        dash = isinstance(sign, tree.Sign) and len(sign.text) == 1 and _links(sign)
        if dash and isinstance(first, tree.Number) and isinstance(item, tree.Number):
            span = first.span.to(item.span)
            if span.end - span.start == len(first.text) + 1 + len(item.text):
                found[-2:] = [tree.Range(f"{first.text}-{item.text}", span)]
                continue
        found.append(item)
    return tuple(found)


def _links(item: tree.Operand) -> bool:
    return isinstance(item, tree.Sign) and item.text not in ("*", "/", "+", "(", ")")


def _texts(value: tree.Sum | tree.Call) -> tuple[str, ...]:
    """The words and signs of an argument."""
    if not isinstance(value, tree.Call):
        return tuple(item.text for item in value)
    texts = [f"{value.block.text}("]
    for argument in value.arguments:
        texts.append(f"{argument.name.text} =" if argument.name else ",")
        if isinstance(argument.value, tree.Reference):
            texts.append(f"@{argument.value.name}")
        else:
            texts += _texts(argument.value)
    return (*texts, ")")


def is_number(
    layer: tree.Layer, block: tree.Block | None, environment: Environment, findings: Findings
) -> bool:
    """Report a name in a block that stands for a number where a layer is wanted."""
    use = bare_use(layer, environment.values) if block is not None else None
    if use is None or block is None:
        return False
    value = environment.values[use.block.text]
    if not isinstance(value, Fraction | tuple):
        return False
    shown = exact_value(value, use.block.span)
    what = shown.text if shown is not None else "a volume"
    cure = f"pass a layer, as in `{block.name.text}(RELU)`"
    message = f"`{use.block.text}` is {what} here, but a layer is expected"
    findings.add("ND247", message, use.block.span, help=(cure,))
    return True
