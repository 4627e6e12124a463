"""What names stand for: which block an element uses, and the values that hold inside that use."""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import BlockEntry, CallEntry, Element, LayerEntry
from netdsl.graph.expressions.environment import (
    AWAITED,
    CHANNELS,
    Awaited,
    ElementArgument,
    Environment,
    LayerOutput,
    Quantity,
)
from netdsl.graph.expressions.evaluate import evaluate, formula_span
from netdsl.graph.macros.block_arguments import BlockArguments, Meaning
from netdsl.graph.macros.blocks import Blocks, bind, read_lets
from netdsl.graph.macros.elements import ElementReader, called, elements_inside
from netdsl.graph.names.kind_suggestions import nearest_kind
from netdsl.syntax import tree
from netdsl.uses import Use

Finder = Callable[[tree.Reference], LayerOutput | None]
"""Finds the volume that a reference means."""


Incoming = Callable[[], Fraction | Awaited | None]
"""Says how many channels come in; None where that is not known, for which there is a reason elsewhere."""


READ_LIMIT = 30_000
"""Words and signs of blocks, read again for every use of theirs with other arguments."""


def unknown_yet(reference: tree.Reference) -> LayerOutput | None:
    """The finder for counting, where no layer exists yet."""
    return LayerOutput(-1)


_NOTHING = frozenset(("none", "null", "identity", "linear", "nothing"))
"""What other programs hand over in place of an activation."""


def awaited() -> Fraction | Awaited | None:
    """The channels that come in, for counting."""
    return AWAITED


class Scopes:
    """The blocks of a file, and the environments of their uses: those alike share one."""

    def __init__(
        self,
        blocks: Blocks,
        broken: frozenset[str],
        environment: Environment,
        findings: Findings,
        elements: list[Element],
        reader: ElementReader,
    ) -> None:
        """``broken`` are the blocks that cannot be used, which is reported already; ``elements`` are those
        outside blocks."""
        self.blocks = blocks
        self.entries = {name: reader.block(block) for name, block in blocks.items()}
        self.broken = broken
        self.environment = environment
        self._findings = findings
        self._environments: dict[tuple[Any, ...], Environment] = {}
        self._uses: dict[tuple[Any, ...], Environment | None] = {}
        self._knowing: dict[tuple[Environment, Fraction | Awaited], Environment] = {}
        self._elements = elements
        self._calls_in_text: Counter[str] = Counter()
        self._arguments = BlockArguments(blocks, reader, findings)

    def repetitions(self, times: tree.Sum | None, environment: Environment) -> int:
        """How often a group stands; 1, with a finding, where what is written is no such number."""
        if times is None:
            return 1
        value = evaluate(times, environment, self._findings)
        if isinstance(value, Awaited):
            self._too_early(times)
            return 1
        least = 1 if isinstance(times[0], tree.Number) else 0
        if isinstance(value, Fraction) and value.denominator == 1 and value >= least:
            return int(value)
        if value is not None:
            what = value if isinstance(value, Fraction) else times[0].text[:40]
            self._findings.add(
                "ND206",
                "a group is repeated a whole number of times, 1 or more",
                formula_span(times),
                f"not {what}",
                help=("leave the group out if it is not wanted",),
            )
        return 1

    def _too_early(self, times: tree.Sum) -> None:
        self._findings.add(
            "ND246",
            "how often a group repeats is computed before any volume is known",
            formula_span(times),
            "follows from `channels`",
            help=("make it a parameter of the block, or a `let` line",),
        )

    def meaning_of(self, element: Element, environment: Environment) -> Meaning | None:
        """What an element uses: a block, or what was handed over under its name; None for any other."""
        meaning = self._arguments.meaning_of(element, environment) if environment.hands_over else None
        if meaning is None:
            call = element.call if isinstance(element, LayerEntry) else element
            meaning = Meaning(call.written, call, environment) if isinstance(call, CallEntry) else None
        return meaning

    def block_of(self, call: tree.Call) -> BlockEntry | None:
        """The block that is used; None where there is none of this name, or it is broken."""
        return self.entries.get(call.block.text) if call.block.text not in self.broken else None

    def use(self, call: tree.Call, outer: Use | None) -> Use:
        """The use of a block, inside that of the block whose text it stands in."""
        if not self._calls_in_text:
            texts = (self._elements, *(block.elements for block in self.entries.values()))
            calls = (called(element) for text in texts for element in elements_inside(text))
            self._calls_in_text = Counter(call.block.text for call in calls if call is not None)
        alone = self._calls_in_text[call.block.text] < 2 and (outer is None or outer.alone)
        return Use(call.span, outer, alone)

    def bound(
        self, block: BlockEntry, call: CallEntry, outer: Environment, find: Finder, incoming: Incoming
    ) -> Environment | None:
        """The names that hold in one use of a block; None, with a finding, where arguments are wrong.

        ``incoming`` says how many channels come in; it is asked where the block or the call names them.
        """
        asked = block.asks or call.asks
        channels = incoming() if asked else None
        if asked and channels is None:
            return None
        if call.takes_volumes:
            return self._bound(block, call, outer, find, channels)
        use = (call, outer, channels)
        if use not in self._uses:
            self._uses[use] = self._bound(block, call, outer, find, channels)
        return self._uses[use]

    def with_channels(self, environment: Environment, channels: Fraction | Awaited) -> Environment:
        """The environment in which `channels` is what comes in, unless it has such a name."""
        if CHANNELS in environment.values:
            return environment
        key = (environment, channels)
        if key not in self._knowing:
            values: dict[str, Quantity] = {CHANNELS: channels}
            names = ChainMap[str, Quantity](values, environment.values)
            self._knowing[key] = Environment(names, environment.readings)
        return self._knowing[key]

    def _bound(
        self,
        block: BlockEntry,
        call: CallEntry,
        outer: Environment,
        find: Finder,
        channels: Fraction | Awaited | None,
    ) -> Environment | None:
        written = call.written
        if not self._may_read(len(written.arguments), written):
            return None
        if channels is not None and call.asks:
            outer = self.with_channels(outer, channels)
        arguments = [(argument, self._argument(argument, outer, find)) for argument in written.arguments]
        named = [(argument.name.text if argument.name else "", value) for argument, value in arguments]
        around = self.environment
        if channels is not None and block.asks and CHANNELS not in self.environment.values:
            around = self.with_channels(around, channels)
        key = (block, around, *named)
        bound = self._environments.get(key)
        if bound is None:
            if not self._may_read(block.words, written):
                return None
            values = bind(block.written, written.block, arguments, around, self._given, self._findings)
            if values is None:
                return None
            bound = Environment(ChainMap[str, Quantity](values, around.values), around.readings)
            hands_over = any(isinstance(value, ElementArgument) for value in values.values())
            if block.lets:
                bound = read_lets(block.lets, bound, self._findings)
            bound.hands_over = hands_over
            self._environments[key] = bound
        return bound

    def _may_read(self, words: int, call: tree.Call) -> bool:
        """Whether so much more of blocks may be read; a finding where it is too much."""
        if self._findings.spend("words of blocks", words) <= READ_LIMIT:
            return True
        self._findings.add(
            "ND211",
            f"blocks come to more than {READ_LIMIT:,} words and signs",
            call.span,
            "counted again for every use with other arguments",
            help=("use a block with the same arguments: `BASIC(64)*3`", "or make it smaller"),
        )
        return False

    def _argument(self, argument: tree.Argument, environment: Environment, find: Finder) -> Quantity | None:
        if isinstance(argument.value, tree.Reference):
            return find(argument.value)
        if isinstance(argument.value, tree.Call):
            return self._handed_use(argument.value, environment)
        for item in argument.value:
            if isinstance(item, tree.Number) and "," in item.text:
                self._ambiguous(item)
        return self._given(argument.value, environment)

    def _given(self, value: tree.Sum, environment: Environment) -> Quantity | None:
        """What an argument or a default gives: a number, a size, a layer or a block."""
        handed = self._arguments.read(value, environment)
        if handed is not None:
            return handed if isinstance(handed, ElementArgument) else None
        first = value[0]
        unknown = len(value) == 1 and isinstance(first, tree.Word) and first.text not in environment.values
        near = nearest_kind(first.text, self._findings, self.blocks) if unknown else None
        if unknown and first.text.lower() in _NOTHING:
            near = "SKIP"
        return evaluate(value, environment, self._findings, meant=near)

    def _handed_use(self, call: tree.Call, environment: Environment) -> Quantity | None:
        """A use of a block that is handed over: ``STAGE(UNIT(64), 3)``."""
        handed = self._arguments.read(call, environment)
        volume = next((one for one in call.arguments if isinstance(one.value, tree.Reference)), None)
        if volume is not None:
            message = "a block that is passed takes numbers and layers, not volumes"
            self._findings.add("ND247", message, volume.span)
            return None
        if not isinstance(handed, ElementArgument) or (
            call.block.text not in self.blocks and call.block.text not in environment.values
        ):
            from netdsl.graph.macros.unknown_blocks import report_unknown_block

            report_unknown_block(call, self.blocks, self._findings)
            return None
        return handed

    def _ambiguous(self, number: tree.Number) -> None:
        apart, together = number.text.replace(",", ", "), number.text.replace(",", "")
        self._findings.add(
            "ND106",
            f"`{number.text[:40]}` among arguments can be one number or several",
            number.span,
            help=(f"write `{apart[:40]}` for several, `{together[:40]}` for one",),
        )
