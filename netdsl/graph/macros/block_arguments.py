"""What a call hands to its block besides numbers and volumes: a layer, such as an activation, or a block."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import CallEntry, Element, EntryRole, LayerEntry
from netdsl.graph.expressions.environment import ElementArgument, Environment, Failed
from netdsl.graph.expressions.evaluate import exact_value, formula_span, parts_of
from netdsl.graph.macros.blocks import Blocks, bare_use
from netdsl.graph.macros.elements import ElementReader
from netdsl.source import Span
from netdsl.syntax import tree

_ONE = "a call passes one layer or a block"


class Meaning(NamedTuple):
    """What an element stands for that uses a block, or a name that something was handed over under.

    ``written`` has the label, the claim and the count of the use. It is of ``layer``, or else of the block
    that ``call`` names, with arguments whose names hold in ``outer``; ``named`` where the block itself is
    named there.
    """

    written: tree.Call
    call: CallEntry | None
    outer: Environment
    layer: LayerEntry | None = None
    named: bool = False


class GivenElement(ElementArgument):
    """A layer or a block that a call hands over, read."""

    def __init__(
        self, element: LayerEntry | CallEntry, words: tuple[str, ...], environment: Environment
    ) -> None:
        super().__init__(words, environment)
        self.element = element


class BlockArguments:
    """Reads what is handed over, and finds it again where the block uses it."""

    def __init__(self, blocks: Blocks, reader: ElementReader, findings: Findings) -> None:
        self._blocks = blocks
        self._reader = reader
        self._findings = findings
        self._elements: dict[tree.Sum | tree.Call, LayerEntry | CallEntry | Failed | None] = {}
        self._meanings: dict[tuple[Element, Environment], Meaning | None] = {}

    def read(self, value: tree.Sum | tree.Call, environment: Environment) -> ElementArgument | Failed | None:
        """The layer or the block that an argument or a default names; None where it is a formula, Failed,
        with a finding, where it cannot be handed over."""
        first = value.block if isinstance(value, tree.Call) else value[0]
        if not isinstance(first, tree.Word):
            return None
        known = environment.values.get(first.text)
        if known is not None and not (isinstance(value, tree.Call) and isinstance(known, ElementArgument)):
            return None
        if value not in self._elements:
            given = self._reader.call(value) if isinstance(value, tree.Call) else self._element(value)
            self._elements[value] = given
        element = self._elements[value]
        if element is None or isinstance(element, Failed):
            return element
        words = _texts(value)
        named = any(word in environment.values for word in words)
        return GivenElement(element, words, environment if named else _NOTHING)

    def _element(self, value: tree.Sum) -> LayerEntry | CallEntry | Failed | None:
        first = value[0]
        assert isinstance(first, tree.Word)
        if len(value) == 1 and first.text in self._blocks:
            return self._reader.call(tree.Call(None, (), first, (), None, "", first.span))
        if len(value) > 1 and len(parts_of(value)) == 1 and not any(_links(item) for item in value):
            return None
        value = _with_ranges(value)
        leading = next((n for n, item in enumerate(value) if not isinstance(item, tree.Word)), len(value))
        words = tuple(item for item in value[:leading] if isinstance(item, tree.Word))
        layer = self._reader.layer(tree.Layer(None, words, False, value[leading:], "", formula_span(value)))
        kind = layer.head.kind
        skips = len(value) == 1 and EntryRole.named(first.text) is EntryRole.SKIP
        if not skips and kind is None:
            return None
        if any(_links(item) for item in value):
            return self._failed(formula_span(value), "a chain of layers", "block NORMED { BN - RELU }")
        if not skips and kind is not None and kind.inputs != 1:
            return self._failed(
                formula_span(value), f"{kind.keyword} is not a layer by itself", "block B { ... }"
            )
        return layer

    def _failed(self, span: Span, label: str, example: str) -> Failed:
        cure = f"put it in a block and pass that: `{example}`"
        self._findings.add("ND247", _ONE, span, label, help=(cure,))
        return Failed("ND247", _ONE, span, label, (cure,))

    def meaning_of(self, element: Element, environment: Environment) -> Meaning | None:
        """What an element uses that was handed over; None where it is something else."""
        meaning = self._next(element, environment)
        while meaning is not None and meaning.call is not None and not meaning.named:
            inner = self._next(meaning.call, meaning.outer)
            if inner is None:
                break
            meaning = inner._replace(written=meaning.written)
        return meaning

    def _next(self, element: Element, environment: Environment) -> Meaning | None:
        """What the name of an element stands for, which may be another such name where it was handed over."""
        if isinstance(element, CallEntry):
            name = element.written.block.text
        elif isinstance(element, LayerEntry):
            layer = element.written
            items = layer.items if layer.labelled else layer.words
            first = items[0] if items else None
            name = first.text if isinstance(first, tree.Word) else ""
        else:
            return None
        handed = environment.values.get(name)
        if not isinstance(handed, GivenElement):
            return None
        key = (element, environment)
        if key not in self._meanings:
            self._meanings[key] = self._use(element, handed, environment, name)
        return self._meanings[key]

    def _use(
        self, element: LayerEntry | CallEntry, handed: GivenElement, environment: Environment, name: str
    ) -> Meaning | None:
        written = element.written if isinstance(element, CallEntry) else bare_use(element.written, (name,))
        if written is None:
            message = f"`{name}` is passed with its options"
            cure = f"write `{name}` alone, or `{name}*2`, and the options in the call"
            self._findings.add("ND247", message, element.span, help=(cure,))
            written = tree.Call(None, (), tree.Word(name, element.span), (), None, "", element.span)
        given = isinstance(element, CallEntry) and bool(written.arguments)
        complete = isinstance(handed.element, LayerEntry) or bool(handed.element.written.arguments)
        if given and complete:
            what = "a layer" if isinstance(handed.element, LayerEntry) else "a block with its arguments"
            cure = f"write `{name}` alone"
            self._findings.add("ND247", f"`{name}` is {what} here", written.span, help=(cure,))
        if isinstance(handed.element, LayerEntry):
            return Meaning(written, None, handed.environment, handed.element)
        if given and not complete:
            call = written._replace(block=handed.element.written.block)
            return Meaning(written, self._reader.call(call), environment, named=True)
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
