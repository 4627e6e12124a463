"""Reverse-mode differentiation of a list of primitives.

Every primitive knows how to pass a gradient on (Rumelhart, Hinton, Williams, 1986: the chain
rule, from the loss back); this walks the list from its end and adds up where paths meet.
"""

from __future__ import annotations

from operator import add

from netdsl.primitives.builder import Builder
from netdsl.primitives.expression import constant
from netdsl.primitives.folding import MOST_SUMMED, folded, in_groups
from netdsl.primitives.operation import Operation, Phase
from netdsl.primitives.tensor import Tensor


class Gradients:
    """The gradients of one loss, as far as they have been written."""

    def __init__(self) -> None:
        self._terms: dict[Tensor, list[Tensor]] = {}

    def add(self, tensor: Tensor, term: Tensor) -> None:
        self._terms.setdefault(tensor, []).append(term)

    def terms(self, tensor: Tensor) -> tuple[Tensor, ...]:
        """What has been written of the gradient of a tensor, not added up."""
        return tuple(self._terms.get(tensor, ()))

    def of(self, build: Builder, tensor: Tensor) -> Tensor | None:
        """The whole gradient of a tensor; None where the loss does not depend on it."""
        terms = self._terms.get(tensor)
        if not terms:
            return None
        if len(terms) > 1:

            def sum_of(group: tuple[Tensor, ...]) -> Tensor:
                whole = build.like(tensor, "gradient")
                build.assign(whole, folded(add, len(group)), *group)
                return whole

            self._terms[tensor] = [in_groups(terms, sum_of, MOST_SUMMED)]
        return self._terms[tensor][0]


def differentiate(build: Builder, loss: Tensor) -> Gradients:
    """Append the backward pass of ``loss`` (a scalar) to the builder's operations."""
    forward = tuple(build.operations)
    gradients = Gradients()
    seed = build.like(loss, "gradient")
    build.origin, build.phase = "loss", Phase.BACKWARD
    build.assign(seed, constant(1))
    gradients.add(loss, seed)
    pass_back(build, forward, gradients)
    return gradients


def pass_back(build: Builder, forward: tuple[Operation, ...], gradients: Gradients) -> None:
    """Append the backward pass of some operations, of whose results ``gradients`` has the gradients."""
    for operation in reversed(forward):
        output = operation.outputs[0]
        if not build.wants(output):
            continue
        build.origin = operation.origin
        upstream = gradients.of(build, output)
        if upstream is None:
            continue
        terms = operation.gradients(build, upstream)
        for tensor, term in zip(operation.inputs, terms, strict=True):
            if term is not None:
                gradients.add(tensor, term)
