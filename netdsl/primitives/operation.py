"""The base of all primitives: an operation on tensors that knows its own gradient."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


def readers_of(operations: Iterable[Operation]) -> dict[Tensor, list[Operation]]:
    """The operations that read each tensor, in order."""
    found: dict[Tensor, list[Operation]] = {}
    for operation in operations:
        for tensor in operation.inputs:
            found.setdefault(tensor, []).append(operation)
    return found


class Phase(Enum):
    """The part of a training step that an operation belongs to."""

    FORWARD = "forward"
    BACKWARD = "backward"
    UPDATE = "update"


class Operation:
    """Reads ``inputs``, writes ``outputs``; the only kinds are the files of this package.

    ``origin`` names the layer (or the loss) that asked for it and ``phase`` says when, for listings
    and profiles.
    """

    name: ClassVar[str]

    def __init__(self, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.origin = ""
        self.phase = Phase.FORWARD

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        """Write the operations that turn the gradient of the first output into those of the inputs.

        Returns one tensor per input, None where no gradient flows. Only asked for inputs that
        ``build.wants`` says need one.
        """
        raise NotImplementedError

    def details(self) -> str:
        """The attributes as a short text for listings."""
        return ""

    def __repr__(self) -> str:
        details = self.details()
        left = ", ".join(map(repr, self.outputs))
        right = ", ".join(map(repr, self.inputs))
        return f"{left} = {self.name}({right}{', ' + details if details else ''})"
