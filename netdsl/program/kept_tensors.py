"""What training keeps of every image between the forward and the backward pass.

Counted are the distinct tensors that the forward pass makes, or is given, and the backward pass reads, in
the program that ``lower`` writes: after the passes of ``fuse``, ``commute`` and ``recompute``, which are
followed here on the outline of the program.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from netdsl.losses.loss import Loss
from netdsl.planning.plan import Plan
from netdsl.planning.recipe_layers import recipe_layers
from netdsl.primitives.builder import pruned
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import Expression, operand, relu
from netdsl.primitives.operation import Phase
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Role, Tensor
from netdsl.primitives.window import WindowMaximum, WindowMaximumGradient
from netdsl.program.commute import is_product
from netdsl.program.fuse import MOST_CALLS, MOST_INPUTS
from netdsl.program.outline import Kind, Outline, OutlineEntry, is_view, outline_of
from netdsl.program.program import Program
from netdsl.program.repeats import shortened
from netdsl.quantities import FLOAT_BYTES
from netdsl.recipe.recipe import Recipe


def kept_values(
    plan: Plan, loss: Loss | None = None, frozen: frozenset[str] | None = None
) -> tuple[int, ...]:
    """Numbers per image that a training step keeps for its backward pass, by the layer that made them.

    The image itself counts to the input layer, what the loss keeps to the last layer. Without
    ``loss`` it is the one that the network's file names, or cross-entropy; so are the ``frozen`` layers, by
    name, or none.
    """
    return _values(plan, *_asked(plan, loss, frozen))


def _asked(plan: Plan, loss: Loss | None, frozen: frozenset[str] | None) -> tuple[Loss, frozenset[str]]:
    recipe = Recipe() if plan.network.recipe is None else plan.network.recipe.recipe
    return loss or recipe.loss, recipe_layers(plan, recipe).frozen if frozen is None else frozen


def _values(plan: Plan, loss: Loss, frozen: frozenset[str]) -> tuple[int, ...]:
    layers, stands_for = shortened(plan.layers, frozen)
    outline = outline_of(layers, loss)
    found = [0] * len(layers)
    for number in _kept(outline):
        found[outline.layers[number]] += outline.tensors[number].values
    return tuple([found[index] for index in stands_for])


def kept_bytes(plan: Plan, loss: Loss | None = None, frozen: frozenset[str] | None = None) -> int:
    """Bytes per image that a training step keeps for its backward pass; arguments as above.

    Experiments are often one network with other settings: of the last networks the number is known.
    """
    loss, frozen = _asked(plan, loss, frozen)
    nodes = [planned.node for planned in plan.layers]
    layers = tuple([node.layer for node in nodes])
    still = tuple([node.position for node in nodes if node.name in frozen]) if frozen else ()
    key = (type(loss), *vars(loss).items(), layers, tuple([node.inputs for node in nodes]), still)
    if key not in _known:
        if len(_known) >= _MOST_KNOWN or sum(len(known[-3]) for known in _known) > _MOST_LAYERS:
            _known.clear()
        _known[key] = FLOAT_BYTES * sum(_values(plan, loss, frozen))
    return _known[key]


_known: dict[tuple[Any, ...], int] = {}

_MOST_KNOWN, _MOST_LAYERS = 100, 30_000
"""So many networks, and layers in them, are known at once."""


def least_bytes(program: Program) -> int:
    """Bytes that every way to run a program has at once: its inputs, and what is kept for a later phase."""
    owner: dict[Tensor, Tensor] = {}
    there = set(program.inputs.values())
    read: set[Tensor] = set()
    for operation in program.operations:
        if isinstance(operation, Reshape):
            x = operation.inputs[0]
            owner[operation.outputs[0]] = owner.get(x, x)
        elif operation.phase is not Phase.FORWARD:
            read.update(owner.get(tensor, tensor) for tensor in operation.inputs)
        if operation.phase is Phase.FORWARD:
            there.update(operation.outputs)
    kept = {tensor for tensor in read & there if tensor.batched} | set(program.inputs.values())
    return sum(tensor.size_bytes(program.batch) for tensor in kept)


def _kept(outline: Outline) -> set[int]:
    """The tensors that are made, or given, before the backward pass and read in it."""
    entries = _pooled_first(_fused(outline), outline)
    again = _computed_again(entries, outline)
    owner: dict[int, int] = {}
    there: set[int] = set()
    read: set[int] = set()
    for entry in entries:
        if is_view(entry):
            x = entry.inputs[0]
            owner[entry.outputs[0]] = owner.get(x, x)
        if entry.forward:
            there.update(entry.outputs)
            if entry.outputs[0] in again:
                read.update(entry.inputs)
        elif not is_view(entry):
            read.update(number for number in entry.inputs if number not in again)
    return {
        root
        for number in read
        for root in (owner.get(number, number),)
        if outline.tensors[root].batched and (root in there or outline.tensors[root].role is Role.INPUT)
    }


# Fusion, as in ``fuse``.


class _Fused(OutlineEntry):
    """A formula with the formulas that it took in: for each operand a tensor or such a formula; ``calls`` are
    those of all."""

    __slots__ = ("calls", "operands")

    def __init__(
        self,
        entry: OutlineEntry,
        inputs: tuple[int, ...],
        operands: tuple[int | OutlineEntry, ...],
        calls: int,
    ) -> None:
        super().__init__(entry.operation, inputs, entry.outputs, entry.forward)
        self.operands = operands
        self.calls = calls


def _calls(entry: OutlineEntry) -> int:
    if isinstance(entry, _Fused):
        return entry.calls
    assert isinstance(entry.operation, Elementwise)
    return entry.operation.expression.calls


def _fused(outline: Outline) -> list[OutlineEntry]:
    """The entries that anyone reads the results of, with formulas put into the formulas that read them."""
    tensors = outline.tensors
    entries = _read(outline)
    readers = Counter(number for entry in entries for number in entry.inputs)
    readers.update(outline.gradients)
    producers: dict[int, OutlineEntry] = {}
    taken_in: set[OutlineEntry] = set()
    found: list[OutlineEntry] = []
    for entry in entries:
        operation = entry.operation
        if isinstance(operation, Elementwise):
            kind = tensors[entry.outputs[0]]
            domain = kind.positions, kind.batched
        elif isinstance(operation, Reduction):
            domain = operation.shape, operation.batched
        else:
            found.append(entry)
            continue
        operands: list[int | OutlineEntry] = []
        takes_in = False
        calls = operation.expression.calls
        for number in entry.inputs:
            made = producers.get(number)
            kind = tensors[number]
            if (
                made is not None
                and readers[number] == 1
                and number not in outline.outputs
                and kind.role is Role.VALUE
                and (kind.positions, kind.batched) == domain
                and len(made.inputs) + len(entry.inputs) <= MOST_INPUTS
                and calls + _calls(made) <= MOST_CALLS
            ):
                operands.append(made)
                calls += _calls(made)
                taken_in.add(made)
                takes_in = True
            else:
                operands.append(number)
        if takes_in:
            inputs = [one.inputs if isinstance(one, OutlineEntry) else (one,) for one in operands]
            distinct = dict.fromkeys(number for numbers in inputs for number in numbers)
            entry = _Fused(entry, tuple(distinct), tuple(operands), calls)
        if isinstance(operation, Elementwise):
            producers[entry.outputs[0]] = entry
        found.append(entry)
    return [entry for entry in found if entry not in taken_in]


def _read(outline: Outline) -> list[OutlineEntry]:
    """Without the entries whose results nobody reads."""
    read = {*outline.outputs, *outline.gradients}
    found = []
    for entry in reversed(outline.entries):
        if any(number in read or outline.tensors[number].role is Role.STORED for number in entry.outputs):
            read.update(entry.inputs)
            found.append(entry)
    found.reverse()
    return found


_DEEPEST = 4
"""Formulas within formulas of which it is still asked what they compute together: see ``commute``."""


def _formula(entry: OutlineEntry, depth: int = 0) -> tuple[Expression, tuple[int, ...]] | None:
    """What a step computes and of which tensors; None where it is more than ``commute`` looks for."""
    if depth > _DEEPEST or len(entry.inputs) > 2 or not isinstance(entry.operation, Elementwise):
        return None
    expression = entry.operation.expression
    if not isinstance(entry, _Fused):
        return expression, entry.inputs
    inputs: list[int] = []
    by: dict[int, Expression] = {}
    for index, one in enumerate(entry.operands):
        inner = _formula(one, depth + 1) if isinstance(one, OutlineEntry) else (operand(0), (one,))
        if inner is None:
            return None
        shift = {number: operand(len(inputs) + number) for number in range(len(inner[1]))}
        by[index] = inner[0].substitute(shift)
        inputs.extend(inner[1])
    numbered = {number: Tensor(str(number), ()) for number in inputs}
    expression, kept = pruned(expression.substitute(by), tuple(numbered[number] for number in inputs))
    return expression, tuple(int(tensor.name) for tensor in kept)


# Activations after the pooling, as in ``commute``.


def _pooled_first(entries: list[OutlineEntry], outline: Outline) -> list[OutlineEntry]:
    if not any(isinstance(entry.operation, WindowMaximum) for entry in entries):
        return entries
    readers: dict[int, list[OutlineEntry]] = {}
    producers: dict[int, OutlineEntry] = {}
    for entry in entries:
        for number in entry.inputs:
            readers.setdefault(number, []).append(entry)
        for number in entry.outputs:
            producers.setdefault(number, entry)
    changed: dict[OutlineEntry, tuple[OutlineEntry, ...]] = {}
    for entry in entries:
        if isinstance(entry.operation, WindowMaximum):
            changed.update(_moved(entry, readers, producers, outline))
    return [new for old in entries for new in changed.get(old, (old,))]


def _moved(
    pooling: OutlineEntry,
    readers: dict[int, list[OutlineEntry]],
    producers: dict[int, OutlineEntry],
    outline: Outline,
) -> dict[OutlineEntry, tuple[OutlineEntry, ...]]:
    """What replaces each entry where the activation in front of a pooling goes behind it."""
    operation = pooling.operation
    assert isinstance(operation, WindowMaximum)
    active = pooling.inputs[0]
    activation = producers.get(active)
    kernel, padding = operation.pooling.kernel, operation.pooling.padding
    sees = (
        max(padding.top, padding.bottom) < kernel.height and max(padding.left, padding.right) < kernel.width
    )
    if not sees or activation is None or active in outline.outputs:
        return {}
    kept_in_order = _kept_in_order(activation, outline.tensors)
    if not kept_in_order or kept_in_order[0] in outline.outputs:
        return {}
    others = [reader for reader in readers[active] if reader is not pooling]
    back = _spread_and_masked(others, pooling, active, readers, producers, outline) if others else None
    if others and back is None:
        return {}
    pooled, winner = pooling.outputs
    largest = len(outline.tensors)
    outline.tensors.append(outline.tensors[pooled])
    outline.layers.append(outline.layers[pooled])
    first = OutlineEntry(operation, kept_in_order[:1], (largest, winner), pooling.forward)
    after = OutlineEntry(activation.operation, (largest, *kept_in_order[1:]), (pooled,), activation.forward)
    changed: dict[OutlineEntry, tuple[OutlineEntry, ...]] = {activation: (), pooling: (first, after)}
    if back is not None:
        spreading, mask = back
        dy, dx = spreading.inputs[0], mask.outputs[0]
        masked = len(outline.tensors)
        outline.tensors.append(outline.tensors[dy])
        outline.layers.append(outline.layers[dy])
        swap = {active: pooled, spreading.outputs[0]: dy}
        changed[spreading] = ()
        changed[mask] = (
            OutlineEntry(
                mask.operation, tuple(swap[number] for number in mask.inputs), (masked,), mask.forward
            ),
            OutlineEntry(spreading.operation, (masked, winner), (dx,), spreading.forward),
        )
    return changed


_BIASED = operand(0) + operand(1)


def _kept_in_order(activation: OutlineEntry, tensors: list[Kind]) -> tuple[int, ...]:
    """The inputs of relu(x), relu(x + b) or x + b with one b per channel; else none."""
    formula = _formula(activation)
    y = tensors[activation.outputs[0]]
    if formula is None or y.role is not Role.VALUE or not formula[1]:
        return ()
    expression, inputs = formula
    x = tensors[inputs[0]]
    if (x.positions, x.batched) != (y.positions, y.batched):
        return ()
    if expression == relu(operand(0)):
        return inputs
    if len(inputs) != 2 or expression not in (_BIASED, relu(_BIASED)):
        return ()
    bias = tensors[inputs[1]]
    return inputs if not bias.batched and bias.positions[:2] == (1, 1) else ()


def _spread_and_masked(
    others: list[OutlineEntry],
    pooling: OutlineEntry,
    active: int,
    readers: dict[int, list[OutlineEntry]],
    producers: dict[int, OutlineEntry],
    outline: Outline,
) -> tuple[OutlineEntry, OutlineEntry] | None:
    """The two entries of the way back that may change places: the spreading to the winners, the mask."""
    mask = others[0]
    formula = _formula(mask)
    if len(others) > 1 or formula is None or mask.outputs[0] in outline.outputs:
        return None
    expression, inputs = formula
    spread = next((number for number in inputs if number != active), None)
    spreading = producers.get(spread) if spread is not None else None
    if spread is None or spreading is None or not isinstance(spreading.operation, WindowMaximumGradient):
        return None
    assert isinstance(pooling.operation, WindowMaximum)
    fits = (
        spreading.inputs[1] == pooling.outputs[1]
        and spreading.operation.pooling == pooling.operation.pooling
        and len(inputs) == 2
        and len(readers[spread]) == 1
        and spread not in outline.outputs
        and is_product(expression, inputs.index(spread))
    )
    return (spreading, mask) if fits else None


# Computing again, as in ``recompute``.


def _computed_again(entries: list[OutlineEntry], outline: Outline) -> set[int]:
    """The results of the forward pass that are let go and computed again when they are next read."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for position, entry in enumerate(entries):
        if not entry.forward:
            for number in entry.inputs:
                first.setdefault(number, position)
                last[number] = position
    again: set[int] = set()
    for entry in entries:
        y = entry.outputs[0]
        moment = first.get(y)
        if moment is None or not entry.forward or not isinstance(entry.operation, Elementwise):
            continue
        if not outline.tensors[y].batched or y in outline.outputs:
            continue
        if all(
            (number not in again and last.get(number, -1) >= moment)
            or not outline.tensors[number].batched
            or outline.tensors[number].role is not Role.VALUE
            for number in entry.inputs
        ):
            again.add(y)
    return again
