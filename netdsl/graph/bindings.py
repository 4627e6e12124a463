"""What names stand for: which block an element uses, and the values that hold inside that use."""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from netdsl.diagnostics import Findings
from netdsl.graph.blocks import Blocks, bind, called_block, calls_in, read_lets, words_in
from netdsl.graph.formulas import Environment, Passed, Quantity, evaluate, place
from netdsl.syntax import tree
from netdsl.uses import Use

Finder = Callable[[tree.Reference], Passed | None]
"""Finds the volume that a reference means."""


READ_LIMIT = 30_000
"""Words and signs of blocks, read again for every use of theirs with other arguments."""


def unknown_yet(reference: tree.Reference) -> Passed | None:
    """The finder for counting, where no step exists yet."""
    return Passed(-1)


class Bindings:
    """The blocks of a file, and the environments of their uses: those alike share one."""

    def __init__(
        self,
        blocks: Blocks,
        broken: frozenset[str],
        environment: Environment,
        findings: Findings,
        elements: tuple[tree.Element, ...] = (),
    ) -> None:
        """``broken`` are the blocks that cannot be used, which is reported already; ``elements`` is the
        text outside blocks."""
        self.blocks = blocks
        self.broken = broken
        self.environment = environment
        self._findings = findings
        self._environments: dict[Any, Environment] = {}
        self._uses: dict[tuple[int, int], Environment | None] = {}
        self._hands_over: dict[int, bool] = {}
        self._layers: dict[int, tuple[tree.Element, ...]] = {}
        self._words: dict[int, int] = {}
        self._calls: dict[int, tree.Call | None] = {}
        self._elements = elements
        self._calls_in_text: Counter[str] = Counter()

    def repetitions(self, times: tree.Sum | None, environment: Environment) -> int:
        """How often a group stands; 1, with a finding, where what is written is no such number."""
        if times is None:
            return 1
        value = evaluate(times, environment, self._findings)
        least = 1 if isinstance(times[0], tree.Number) else 0
        if isinstance(value, Fraction) and value.denominator == 1 and value >= least:
            return int(value)
        if value is not None:
            what = value if isinstance(value, Fraction) else times[0].text[:40]
            self._findings.add(
                "ND206",
                "a group is repeated a whole number of times, 1 or more",
                place(times),
                f"not {what}",
                help=("leave the group out if it is not wanted",),
            )
        return 1

    def call_of(self, element: tree.Element) -> tree.Call | None:
        """The use of a block that an element is, with or without parentheses; None where it is none."""
        if isinstance(element, tree.Call):
            return element
        if not isinstance(element, tree.Layer):
            return None
        if id(element) not in self._calls:
            self._calls[id(element)] = called_block(element, self.blocks)
        return self._calls[id(element)]

    def is_call(self, layer: tree.Layer) -> bool:
        """Whether a layer is the use of a block without parentheses."""
        return self.call_of(layer) is not None

    def block_of(self, call: tree.Call) -> tree.Block | None:
        """The block that is used; None where there is none of this name, or it is broken."""
        return self.blocks.get(call.block.text) if call.block.text not in self.broken else None

    def use(self, call: tree.Call, outer: Use | None) -> Use:
        """The use of a block, inside that of the block whose text it stands in."""
        if not self._calls_in_text:
            texts = (self._elements, *(block.statements for block in self.blocks.values()))
            self._calls_in_text = Counter(word.text for text in texts for word in calls_in(text, self.blocks))
        alone = self._calls_in_text[call.block.text] < 2 and (outer is None or outer.alone)
        return Use(call.span, outer, alone)

    def bound(
        self, block: tree.Block, call: tree.Call, outer: Environment, find: Finder
    ) -> Environment | None:
        """The names that hold in one use of a block; None, with a finding, where arguments are wrong."""
        if id(call) not in self._hands_over:
            values = (argument.value for argument in call.arguments)
            self._hands_over[id(call)] = any(isinstance(value, tree.Reference) for value in values)
        if self._hands_over[id(call)]:
            return self._bound(block, call, outer, find)
        use = (id(call), id(outer))
        if use not in self._uses:
            self._uses[use] = self._bound(block, call, outer, find)
        return self._uses[use]

    def _bound(
        self, block: tree.Block, call: tree.Call, outer: Environment, find: Finder
    ) -> Environment | None:
        if not self._may_read(len(call.arguments), call):
            return None
        arguments = [(argument, self._argument(argument, outer, find)) for argument in call.arguments]
        named = [(argument.name.text if argument.name else "", value) for argument, value in arguments]
        key = (id(block), *named)
        bound = self._environments.get(key)
        if bound is None:
            if id(block) not in self._words:
                self._words[id(block)] = words_in(block)
            if not self._may_read(self._words[id(block)], call):
                return None
            values = bind(block, call.block, arguments, self.environment, self._findings)
            if values is None:
                return None
            names = ChainMap[str, Quantity](values, self.environment.values)
            bound = Environment(names, self.environment.readings)
            lets = tuple(statement for statement in block.statements if isinstance(statement, tree.Let))
            bound = self._environments[key] = read_lets(lets, bound, self._findings) if lets else bound
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

    def layers_of(self, block: tree.Block) -> tuple[tree.Element, ...]:
        """The statements of a block that are no ``let`` lines."""
        if id(block) not in self._layers:
            self._layers[id(block)] = tuple(
                statement for statement in block.statements if not isinstance(statement, tree.Let)
            )
        return self._layers[id(block)]

    def _argument(self, argument: tree.Argument, environment: Environment, find: Finder) -> Quantity | None:
        if isinstance(argument.value, tree.Reference):
            return find(argument.value)
        for item in argument.value:
            if isinstance(item, tree.Number) and "," in item.text:
                self._ambiguous(item)
        return evaluate(argument.value, environment, self._findings)

    def _ambiguous(self, number: tree.Number) -> None:
        apart, together = number.text.replace(",", ", "), number.text.replace(",", "")
        self._findings.add(
            "ND106",
            f"`{number.text[:40]}` among arguments can be one number or several",
            number.span,
            help=(f"write `{apart[:40]}` for several, `{together[:40]}` for one",),
        )
