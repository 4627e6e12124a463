"""Formulas in place: a result takes the memory of an input that nothing reads afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backend.numba.kernel import Launch
from netdsl.primitives.builder import leading_ones
from netdsl.primitives.tensor import Role, Tensor


def share_in_place(launches: Sequence[Launch], owner: dict[Tensor, Tensor], kept: Sequence[Tensor]) -> None:
    """Add to ``owner``, which maps a tensor to the one whose memory it has, results that may be in place.

    ``kept`` outlive the step and are never written over.
    """

    def root(tensor: Tensor) -> Tensor:
        while tensor in owner and owner[tensor] is not tensor:
            tensor = owner[tensor]
        return tensor

    first: dict[Tensor, int] = {}
    last: dict[Tensor, int] = {}
    for moment, launch in enumerate(launches):
        for tensor in map(root, launch.tensors):
            first.setdefault(tensor, moment)
            last[tensor] = moment
    untouchable = set(map(root, kept))
    for moment, launch in enumerate(launches):
        if not launch.in_order or len(launch.writes) != 1:
            continue
        result = launch.writes[0]
        output = root(result)
        if output.role is not Role.VALUE or first[output] != moment:
            continue
        for tensor in launch.tensors:
            source = root(tensor)
            usable = source is not output and source.role is Role.VALUE and source not in untouchable
            if usable and last[source] == moment and _same(tensor, result):
                owner[output] = source
                last[source] = last[output]
                if output in untouchable:
                    untouchable.add(source)
                break
    for tensor in [*owner]:
        owner[tensor] = root(tensor)


def _same(tensor: Tensor, result: Tensor) -> bool:
    """Whether it has a number for each of the result, in the same order."""
    return (leading_ones(tensor.shape), tensor.batched) == (leading_ones(result.shape), result.batched)
