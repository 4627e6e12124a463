"""The outline of a training step: which operation reads which tensor, for networks of any length.

The program of a step (see ``lower``) takes a tenth of a millisecond per layer, most of it for formulas.
Here each layer is lowered once, with its gradients, for all places where the same layer has the
same volumes, and the step is put together from such fragments by numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import add
from typing import NamedTuple

from netdsl.losses.loss import Loss
from netdsl.primitives.builder import Builder, Shape3, leading_ones, pruned
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import Expression, constant, operand
from netdsl.primitives.folding import MOST_DERIVED, MOST_SUMMED, folded, in_groups
from netdsl.primitives.operation import Operation, Phase
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.gradients import Gradients, pass_back
from netdsl.program.repeats import WiredLayer


class Kind(NamedTuple):
    """What of a tensor decides whether it is kept: numbers per image, positions, and where they live."""

    values: int
    positions: Shape3
    batched: bool
    role: Role


class OutlineEntry:
    """An operation in the outline; ``inputs`` and ``outputs`` number its tensors."""

    __slots__ = ("forward", "inputs", "operation", "outputs")

    def __init__(
        self, operation: Operation, inputs: tuple[int, ...], outputs: tuple[int, ...], forward: bool
    ) -> None:
        self.operation = operation
        self.inputs = inputs
        self.outputs = outputs
        self.forward = forward


class Outline(NamedTuple):
    """The operations of forward and backward in order.

    ``tensors`` has the kind of each tensor by its number and ``layers`` the layer that made it (those of
    the loss count to the last one); ``outputs`` are read by the caller, ``gradients`` by the optimizer.
    """

    entries: list[OutlineEntry]
    tensors: list[Kind]
    layers: list[int]
    outputs: set[int]
    gradients: list[int]


_Entry = tuple[Operation, tuple[int, ...], tuple[int, ...]]


class _Fragment(NamedTuple):
    """A layer as operations on numbered tensors: first its distinct inputs, then the gradient of its
    output, then those of its own, whose kinds are ``own``.

    ``terms`` are pairs of an input and a part of its gradient.
    """

    forward: tuple[_Entry, ...]
    output: int
    wanted: bool
    backward: tuple[_Entry, ...]
    terms: tuple[tuple[int, int], ...]
    gradients: tuple[int, ...]
    own: tuple[Kind, ...]


def outline_of(layers: Sequence[WiredLayer], loss: Loss) -> Outline:
    """The outline of a training step of some layers, the input first, with a loss behind the last."""
    return _Writer(layers, loss).written()


_fragments: dict[object, _Fragment] = {}
"""Those of earlier networks too: networks that are checked together have much in common."""

_MOST_FRAGMENTS = 4_000
"""About 25 MB of them."""

_SHARED_FRAGMENTS = 1_000
"""A network with more, as dense ones of many layers, leaves none: others have few of them."""


class _Writer:
    def __init__(self, layers: Sequence[WiredLayer], loss: Loss) -> None:
        self.layers = layers
        self.loss = loss
        self.outline = Outline([], [], [], set(), [])
        self.wanted: list[bool] = []
        self.results: list[int] = []
        self.appended: list[tuple[_Fragment, tuple[int, ...], int]] = []
        self.terms: dict[int, list[int]] = {}
        self.fragments: dict[object, _Fragment] = {}
        if len(_fragments) > _MOST_FRAGMENTS:
            _fragments.clear()

    def written(self) -> Outline:
        for wired in self.layers:
            self._lower(wired)
        error = self._lose()
        self._differentiate(error)
        if len(self.fragments) > _SHARED_FRAGMENTS:
            _fragments.clear()
        return self.outline

    def _lower(self, wired: WiredLayer) -> None:
        """Write the forward pass of a layer."""
        layer = wired.layer
        results = [self.results[index] for index in wired.inputs]
        inputs = tuple(dict.fromkeys(results))
        wanted = tuple(self.wanted[number] for number in inputs)
        index_of = {number: index_of for index_of, number in enumerate(inputs)}
        indices = tuple(index_of[number] for number in results) if len(inputs) < len(results) else ()
        key = (id(layer.node.layer), layer.inputs, wanted, indices, wired.frozen)
        fragment = self.fragments.get(key)
        if fragment is None:
            fragment = self.fragments[key] = self._fragment(wired, inputs, wanted, indices)
        self.results.append(self._append(fragment, inputs, len(self.results)))

    def _fragment(
        self, wired: WiredLayer, inputs: tuple[int, ...], wanted: tuple[bool, ...], indices: tuple[int, ...]
    ) -> _Fragment:
        """The fragment of a layer, which equal layers share wherever they were written."""
        layer, learns = wired.layer, not wired.frozen
        kind = layer.node.layer
        key = (type(kind), tuple(kind.__dict__.items()), layer.inputs, wanted, indices, learns)
        if key not in _fragments:
            arrays = [(parameter.name, parameter.shape, learns) for parameter in layer.used_parameters]
            arrays += [(statistic.name, statistic.shape, False) for statistic in layer.used_statistics]
            shapes = [self.outline.tensors[number].positions for number in inputs]

            def lower(build: Builder, *tensors: Tensor) -> Tensor:
                return kind.lower(build, *(tensors[index] for index in indices or range(len(tensors))))

            training = learns or not layer.used_statistics
            _fragments[key] = _fragment_of(lower, shapes, wanted, arrays, training=training)
        return _fragments[key]

    def _lose(self) -> int:
        """Write the loss; returns the mistake."""
        outline, (planned, sources, _) = self.outline, self.layers[-1]
        last = planned.node.layer
        closes = last.yields_probabilities or last.is_hard_decision
        scores = self.results[sources[0]] if closes else self.results[-1]
        read = scores if self.loss.takes_scores else self.results[-1]
        copied = outline.tensors[read].role is Role.INPUT

        def lower(build: Builder, predicted: Tensor) -> Tensor:
            target = build.input("target", (predicted.values,))
            if copied:
                predicted = build.elementwise(operand(0), predicted, name="scores")
            return self.loss.lower(build, build.flatten(predicted), target)

        positions, wanted = outline.tensors[read].positions, self.wanted[read]
        key = (type(self.loss), tuple(vars(self.loss).items()), positions, wanted, copied)
        fragment = _fragments.get(key)
        if fragment is None:
            fragment = _fragments[key] = _fragment_of(lower, [positions], (wanted,), [])
        error = self._append(fragment, (read,), len(self.layers) - 1)
        outline.outputs.update((error, scores))
        return error

    def _append(self, fragment: _Fragment, inputs: tuple[int, ...], layer: int) -> int:
        """Write the forward part of a fragment and return the number of its output."""
        start = len(self.outline.tensors)
        numbers: tuple[int, ...] = (*inputs, -1, *range(start, start + len(fragment.own)))
        self.outline.tensors.extend(fragment.own)
        self.outline.layers.extend([layer] * len(fragment.own))
        self.wanted.extend([False] * len(fragment.own))
        result = numbers[fragment.output]
        if fragment.output > len(inputs):
            self.wanted[result] = fragment.wanted
        self._write(fragment.forward, numbers, forward=True)
        self.appended.append((fragment, inputs, start))
        return result

    def _write(self, entries: tuple[_Entry, ...], numbers: tuple[int, ...], *, forward: bool) -> None:
        written = self.outline.entries
        for operation, inputs, outputs in entries:
            read = tuple([numbers[index] for index in inputs])
            written.append(
                OutlineEntry(operation, read, tuple([numbers[index] for index in outputs]), forward)
            )

    def _tensor(self, kind: Kind) -> int:
        self.outline.tensors.append(kind)
        self.outline.layers.append(len(self.layers) - 1)
        return len(self.outline.tensors) - 1

    def _differentiate(self, error: int) -> None:
        """Write the backward pass, as ``differentiate`` does for the whole program."""
        seed = self._tensor(self.outline.tensors[error])
        name = Tensor("seed", (1, 1, 1), batched=False)
        self.outline.entries.append(
            OutlineEntry(Elementwise(name, constant(1), ()), (), (seed,), forward=False)
        )
        self.terms[error] = [seed]
        for fragment, inputs, start in reversed(self.appended):
            if not fragment.wanted or fragment.output < len(inputs):
                continue
            upstream = self._gradient(start + fragment.output - len(inputs) - 1)
            if upstream is None:
                continue
            numbers = (*inputs, upstream, *range(start, start + len(fragment.own)))
            self._write(fragment.backward, numbers, forward=False)
            for index, term in fragment.terms:
                self.terms.setdefault(numbers[index], []).append(numbers[term])
            self.outline.gradients.extend(numbers[index] for index in fragment.gradients)

    def _gradient(self, number: int) -> int | None:
        """The whole gradient of a tensor, its terms added up."""
        terms = self.terms.get(number)
        if not terms:
            return None
        if len(terms) == 1:
            return terms[0]

        def sum_of(group: tuple[int, ...]) -> int:
            whole = self._tensor(self.outline.tensors[number])
            distinct = tuple(dict.fromkeys(group))
            operation = _sum(tuple([distinct.index(term) for term in group]))
            self.outline.entries.append(OutlineEntry(operation, distinct, (whole,), forward=False))
            return whole

        return in_groups(terms, sum_of, MOST_SUMMED)


@cache
def _sum(indices: tuple[int, ...]) -> Elementwise:
    """Stands for the sums of gradients that have these operands."""
    expression = folded(add, len(indices)).substitute(dict(enumerate(map(operand, indices))))
    return Elementwise(Tensor("sum", (1, 1, 1)), expression, (Tensor("gradient", (1, 1, 1)),))


class _OutlineBuilder(Builder):
    """Collects operations that are only looked at: no constants, and no gradients of long sums."""

    def constant(self, name: str, shape: tuple[int, ...], values: Callable[[], Sequence[float]]) -> Tensor:
        return Tensor(name, shape, batched=False, role=Role.CONSTANT)

    def _elementwise(self, y: Tensor, expression: Expression, inputs: tuple[Tensor, ...]) -> None:
        expression, inputs = pruned(expression, inputs)
        kind = _Sum if len(inputs) > MOST_DERIVED and expression.function == "add" else Elementwise
        self.append(kind(y, expression, inputs))


class _Sum(Elementwise):
    """A sum of many operands, which hands its gradient on."""

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        return tuple(upstream if build.wants(tensor) else None for tensor in self.inputs)


def _fragment_of(
    lower: Callable[..., Tensor],
    shapes: list[Shape3],
    wanted: tuple[bool, ...],
    arrays: list[tuple[str, tuple[int, ...], bool]],
    *,
    training: bool = True,
) -> _Fragment:
    """Lower a layer and its gradients alone."""
    build = _OutlineBuilder(1, training=training)
    inputs = [Tensor("input", shape) for shape in shapes]
    for tensor, wants in zip(inputs, wanted, strict=True):
        if wants:
            build.want(tensor)
    stored = [build.store(f".{name}", shape, learnable=learnable) for name, shape, learnable in arrays]
    output = lower(build, *inputs)
    forward = tuple(build.operations)
    upstream = Tensor("upstream", output.shape, batched=output.batched)
    gradients = Gradients()
    build.phase = Phase.BACKWARD
    if output not in inputs:
        gradients.add(output, upstream)
        pass_back(build, forward, gradients)
    learned = [gradients.of(build, tensor) for tensor in stored]
    terms = [(tensor, term) for tensor in inputs for term in gradients.terms(tensor)]

    numbers = {tensor: number for number, tensor in enumerate((*inputs, upstream))}
    known = len(numbers)

    def entries(operations: tuple[Operation, ...]) -> tuple[_Entry, ...]:
        for operation in operations:
            for tensor in (*operation.inputs, *operation.outputs):
                numbers.setdefault(tensor, len(numbers))
        return tuple(
            (
                operation,
                tuple(numbers[tensor] for tensor in operation.inputs),
                tuple(numbers[tensor] for tensor in operation.outputs),
            )
            for operation in operations
        )

    written = entries(forward), entries(tuple(build.operations[len(forward) :]))
    numbers.setdefault(output, len(numbers))
    return _Fragment(
        written[0],
        numbers[output],
        build.wants(output),
        written[1],
        tuple((numbers[tensor], numbers[term]) for tensor, term in terms),
        tuple(numbers[tensor] for tensor in learned if tensor is not None),
        tuple(map(_kind, list(numbers)[known:])),
    )


def _kind(tensor: Tensor) -> Kind:
    return Kind(tensor.values, leading_ones(tensor.shape), tensor.batched, tensor.role)


def is_view(entry: OutlineEntry) -> bool:
    """Whether the operation only gives its input another shape."""
    return isinstance(entry.operation, Reshape)
