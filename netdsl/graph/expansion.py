"""Expands a file to its layers: repetition, branches, blocks and references.

Layers are counted before anything is expanded, so a file of a few characters cannot ask for more
memory than LAYER_LIMIT layers take.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from netdsl.diagnostics import Findings
from netdsl.graph.blocks import Blocks, bind, called_block, read_lets, report_unknown_block
from netdsl.graph.dealing import deal
from netdsl.graph.formulas import Environment, Passed, Quantity, evaluate, place
from netdsl.graph.heads import Head
from netdsl.graph.labels import Labels, find_label
from netdsl.graph.steps import Role, Step
from netdsl.syntax import tree

LAYER_LIMIT = 100_000
"""Layers of a network after expansion."""

CALL_LIMIT = 10_000
"""Uses of blocks in a text, those inside blocks counted for every use of theirs; repetition aside."""

DEPTH_LIMIT = 64
"""Brackets and blocks inside one another, after expansion."""


class _Frame:
    """One run through the text of a file or a block: its names and labels."""

    def __init__(
        self, environment: Environment, statements: tuple[Any, ...], block: tree.Block | None
    ) -> None:
        self.environment = environment
        self.labels = Labels(statements, block)
        self.branches = 0
        self.group: tree.Group | None = None


class _UnboundedError(Exception):
    """There is too much to expand; reported already."""


class Expansion:
    """Expands the statements of one file."""

    def __init__(
        self,
        blocks: Blocks,
        broken: frozenset[str],
        environment: Environment,
        head_of: Callable[[tree.Layer], Head],
        findings: Findings,
    ) -> None:
        self.blocks = blocks
        self.broken = broken
        self.environment = environment
        self.head_of = head_of
        self.findings = findings
        self.steps: list[Step] = []
        self.current: int | None = None
        self._counted = 0
        self._calls = 0
        self._environments: dict[Any, Environment] = {}
        self._roles: dict[int, Role] = {}

    def expand(self, elements: tuple[tree.Element, ...]) -> list[Step]:
        """All layers in order; empty, with a finding, where there are too many."""
        try:
            for element in elements:
                self._count(element, self.environment, 1, 1)
        except _UnboundedError:
            return []
        self._run(elements, _Frame(self.environment, elements, None))
        return self.steps

    # --- counting -------------------------------------------------------------------------------

    def _count(self, element: Any, environment: Environment, times: int, depth: int) -> None:
        """Add the layers of an element. Each visit adds at least one or ends in one that does, so
        the limit bounds the work too; the depth of this recursion is limited."""
        inner: tuple[Any, ...]
        if depth > DEPTH_LIMIT:
            self._too_deep(element)
        if isinstance(element, tree.Group):
            inner = element.elements
            times *= self._repetitions(element.times, environment)
        elif isinstance(element, tree.Join):
            inner = tuple(step for branch in element.branches for step in branch.elements)
            times *= self._repetitions(element.times, environment)
            self._add(element, times)
        elif isinstance(element, tree.Let):
            return
        else:
            block = self._block_of(element)
            if block is None:
                self._add(element, times)
                return
            self._calls += 1
            if self._calls > CALL_LIMIT:
                self._too_many_calls(element)
            inner = block.statements
            if isinstance(element, tree.Call):
                times *= self._repetitions(element.times, environment)
            bound = self._bound(block, element, environment, None)
            if bound is None:
                self._add(element, times)
                return
            environment = bound
        before = self._counted
        for step in inner if times else ():
            self._count(step, environment, times, depth + 1)
        if self._counted == before and times:
            self._add(element, times)  # nothing, so many times, takes its time too

    def _add(self, element: tree.Element, layers: int) -> None:
        self._counted += layers
        if self._counted > LAYER_LIMIT:
            shown = f"{self._counted:,}" if self._counted < 10**15 else "10^15"
            self.findings.add(
                "ND211",
                f"the network has more than {LAYER_LIMIT:,} layers",
                element.span,
                f"at least {shown} up to here",
                help=("repeat less: the counts of nested groups multiply",),
            )
            raise _UnboundedError

    def _too_many_calls(self, element: tree.Element) -> None:
        self.findings.add(
            "ND211",
            f"blocks are used more than {CALL_LIMIT:,} times",
            element.span,
            help=("repeat a block instead: `BASIC(64)*3`",),
        )
        raise _UnboundedError

    def _too_deep(self, element: tree.Element) -> None:
        self.findings.add(
            "ND104",
            f"brackets and blocks stand more than {DEPTH_LIMIT} deep inside one another",
            element.span,
            help=("use blocks side by side instead of inside one another",),
        )
        raise _UnboundedError

    def _repetitions(self, times: tree.Sum | None, environment: Environment) -> int:
        """How often a group stands; 1, with a finding, where what is written is no such number."""
        if times is None:
            return 1
        value = evaluate(times, environment, self.findings)
        least = 1 if isinstance(times[0], tree.Number) else 0
        if isinstance(value, Fraction) and value.denominator == 1 and value >= least:
            return int(value)
        if value is not None:
            what = value if isinstance(value, Fraction) else times[0].text[:40]
            self.findings.add(
                "ND206",
                "a group is repeated a whole number of times, 1 or more",
                place(times),
                f"not {what}",
                help=("leave the group out if it is not wanted",),
            )
        return 1

    # --- expanding ------------------------------------------------------------------------------

    def _run(self, elements: tuple[Any, ...], frame: _Frame) -> None:
        """The depth of this recursion is that of brackets and blocks, which is limited."""
        for element in elements:
            _RUN[type(element)](self, element, frame)

    def _emit(self, step: Step) -> None:
        self.current = len(self.steps)
        self.steps.append(step)

    def _inputs(self) -> tuple[int, ...]:
        return () if self.current is None else (self.current,)

    def _layer(self, layer: tree.Layer, frame: _Frame) -> None:
        role = self._roles.get(id(layer))
        if role is None:
            role = self._roles[id(layer)] = self._role(layer)
        if role is Role.LAYER:
            head = self.head_of(layer)
            self._emit(
                Step(layer, frame.environment, self._inputs(), head.label, layer.claim, group=frame.group)
            )
            if head.label or head.is_input:
                frame.labels.define(head.label or head.written.upper(), len(self.steps) - 1)
        elif role is Role.BLOCK:
            label = layer.words if layer.labelled else ()
            word = called_block(layer, self.blocks)
            assert word is not None
            self._call(tree.Call(layer.claim, label, word, (), None, "", layer.span), frame)
        else:
            self._stand_in(layer, role, frame)

    def _role(self, layer: tree.Layer) -> Role:
        if called_block(layer, self.blocks) is not None:
            return Role.BLOCK
        words = layer.items if layer.labelled else layer.words
        first = words[0] if words else None
        return Role.named(first.text) if isinstance(first, tree.Word) else Role.LAYER

    def _stand_in(self, layer: tree.Layer, role: Role, frame: _Frame) -> None:
        """SKIP, or a PROJECT that is not alone in its branch."""
        if role is Role.PROJECT:
            message, cure = "PROJECT is a branch by itself", "write `ADD[ CONV 64 3x3 pad 1 | PROJECT ]`"
            self.findings.add("ND222", message, layer.span, help=(cure,))
            return
        if not frame.branches:
            message = "SKIP stands in a branch: it hands on what the join is given"
            self.findings.add("ND222", message, layer.span, help=("leave it out",))
        elif len(layer.words) + len(layer.items) > 1 + (len(layer.words) if layer.labelled else 0):
            message, cure = "SKIP changes nothing and takes no options", "PROJECT takes a stride"
            self.findings.add("ND207", message, layer.span, help=(cure,))
        if layer.labelled and self.current is not None:
            frame.labels.define(_joined(layer.words), self.current)

    def _unreadable(self, element: tree.Unreadable, frame: _Frame) -> None:
        self._emit(Step(element, frame.environment, self._inputs(), group=frame.group))

    def _let(self, element: tree.Let, frame: _Frame) -> None:
        """Read before the block was run."""

    def _group(self, group: tree.Group, frame: _Frame) -> None:
        outermost = frame.group is None
        if outermost:
            frame.group = group
        first = len(self.steps)
        for _ in range(self._repetitions(group.times, frame.environment)):
            self._run(group.elements, frame)
        if group.where is not None:
            deal(group.where, self.steps, first, frame.environment, self.head_of, self.findings)
        if outermost:
            frame.group = None

    def _join(self, join: tree.Join, frame: _Frame) -> None:
        head = self.head_of(join.layer)
        first = len(self.steps)
        named_group = join.layer.labelled and not join.layer.items and len(join.branches) == 1
        for _ in range(self._repetitions(join.times, frame.environment)):
            if named_group and head.kind is None:
                self._run(join.branches[0].elements, frame)
            else:
                self._join_once(join, frame)
        if head.kind is None and named_group:
            self._mark(_joined(join.layer.words), None, first, frame)

    def _join_once(self, join: tree.Join, frame: _Frame) -> None:
        entry = self.current
        outputs: list[int | None] = []
        projections: list[tuple[int, tree.Layer]] = []
        frame.branches += 1
        for branch in join.branches:
            self.current = entry
            projection = self._projection(branch)
            if projection is None:
                self._run(branch.elements, frame)
            else:
                projections.append((len(outputs), projection))
            outputs.append(self.current)
        frame.branches -= 1
        for number, projection in projections:
            # Behind the other branches: their volumes decide what the projection is.
            self.current = entry
            self._emit(
                Step(projection, frame.environment, self._inputs(), group=frame.group, role=Role.PROJECT)
            )
            outputs[number] = self.current
        inputs = tuple(output for output in outputs if output is not None)
        label = self.head_of(join.layer).label
        self._emit(
            Step(
                join.layer,
                frame.environment,
                inputs,
                label,
                join.layer.claim,
                group=frame.group,
                role=Role.JOIN,
                span=join.span,
            )
        )
        if label:
            frame.labels.define(label, len(self.steps) - 1)

    def _projection(self, branch: tree.Branch) -> tree.Layer | None:
        if len(branch.elements) == 1:
            (element,) = branch.elements
            if isinstance(element, tree.Layer) and self._role(element) is Role.PROJECT:
                return element
        return None

    def _reference(self, reference: tree.Reference, frame: _Frame) -> None:
        if not reference.leads:
            self.findings.add(
                "ND222",
                f"`@{reference.name}` would throw away what stands before the link",
                reference.span,
                help=(
                    "a reference begins a line or a branch",
                    f"to join both, write `CONCAT[ SKIP | @{reference.name} ]`",
                ),
            )
        found = self._found(reference, frame)
        if found is None:
            self._unreadable(tree.Unreadable(reference.span), frame)
        else:
            self.current = found

    def _found(self, reference: tree.Reference, frame: _Frame) -> int | None:
        passed = frame.environment.values.get(reference.name)
        if isinstance(passed, Passed):
            return passed.step
        return find_label(reference, frame.labels, self.findings)

    def _call(self, call: tree.Call, frame: _Frame) -> None:
        first = len(self.steps)
        block = self._block_of(call)
        if block is None and call.block.text not in self.broken:
            report_unknown_block(call.block, self.blocks, self.findings)
        environment = self._bound(block, call, frame.environment, frame) if block else None
        if block is None or environment is None:
            self._unreadable(tree.Unreadable(call.span), frame)
        else:
            for _ in range(self._repetitions(call.times, frame.environment)):
                self._run(block.statements, _Frame(environment, block.statements, block))
        self._mark(_joined(call.label), call.claim, first, frame)

    def _mark(self, label: str, claim: tree.Claim | None, first: int, frame: _Frame) -> None:
        """Give a label and a claim to the layer that a group or a block ends with."""
        if self.current is None:
            return
        if label:
            frame.labels.define(label, self.current)
        if self.current >= first:
            step = self.steps[self.current]
            self.steps[self.current] = step._replace(label=step.label or label, claim=step.claim or claim)

    def _block_of(self, element: tree.Element) -> tree.Block | None:
        """The block that an element uses; None where it uses none, or one that is broken."""
        name = ""
        if isinstance(element, tree.Call):
            name = element.block.text
        elif isinstance(element, tree.Layer):
            word = called_block(element, self.blocks)
            name = word.text if word else ""
        return self.blocks.get(name) if name not in self.broken else None

    def _bound(
        self, block: tree.Block, element: tree.Element, outer: Environment, frame: _Frame | None
    ) -> Environment | None:
        """The names that hold in one use of a block; without a frame references stay unknown."""
        given = element.arguments if isinstance(element, tree.Call) else ()
        name = element.block if isinstance(element, tree.Call) else tree.Word(block.name.text, element.span)
        arguments = [(argument, self._argument(argument, outer, frame)) for argument in given]
        named = [(argument.name.text if argument.name else "", value) for argument, value in arguments]
        key = (id(block), *named)
        bound = self._environments.get(key)
        if bound is None:
            values = bind(block, name, arguments, self.environment, self.findings)
            if values is None:
                return None
            bound = Environment({**self.environment.values, **values})
            lets = tuple(statement for statement in block.statements if isinstance(statement, tree.Let))
            bound = self._environments[key] = read_lets(lets, bound, self.findings) if lets else bound
        return bound

    def _argument(
        self, argument: tree.Argument, environment: Environment, frame: _Frame | None
    ) -> Quantity | None:
        if not isinstance(argument.value, tree.Reference):
            for item in argument.value:
                if isinstance(item, tree.Number) and "," in item.text:
                    self._ambiguous(item)
            return evaluate(argument.value, environment, self.findings)
        if frame is None:
            return Passed(-1)
        found = self._found(argument.value, frame)
        return None if found is None else Passed(found)

    def _ambiguous(self, number: tree.Number) -> None:
        apart, together = number.text.replace(",", ", "), number.text.replace(",", "")
        self.findings.add(
            "ND106",
            f"`{number.text[:40]}` among arguments can be one number or several",
            number.span,
            help=(f"write `{apart[:40]}` for several, `{together[:40]}` for one",),
        )


def _joined(words: tuple[tree.Word, ...]) -> str:
    return " ".join(word.text for word in words)


_RUN: dict[type[Any], Callable[[Expansion, Any, _Frame], None]] = {
    tree.Layer: Expansion._layer,
    tree.Group: Expansion._group,
    tree.Join: Expansion._join,
    tree.Call: Expansion._call,
    tree.Reference: Expansion._reference,
    tree.Unreadable: Expansion._unreadable,
    tree.Let: Expansion._let,
}
