"""The update of one parameter, as an optimizer writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.expression import Expression, operand, select

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Update:
    """Collects what the formulas of one update read, and writes them in the order of ``assign``.

    ``weight``, ``gradient`` and ``rate`` are operands for formulas: the parameter, the gradient of the
    loss for it, and the learning rate of its layer. ``decays`` says whether the parameter is one of those
    that weight decay is for, the weights of sums; ``kept`` are the arrays that the optimizer asked for.
    A formula reads the value that the formula before it assigned.
    """

    def __init__(
        self,
        build: Builder,
        parameter: Tensor,
        gradient: Tensor,
        *,
        decays: bool = True,
        factor: float = 1.0,
        scale: Tensor | None = None,
        gate: Tensor | None = None,
    ) -> None:
        """``factor`` is that of the rate; the gradient counts ``scale`` times. Where the number ``gate`` is
        0 when the step runs, every array stays as it is."""
        self._build = build
        self._parameter = parameter
        self._tensors: list[Tensor] = []
        self.weight = self._operand(parameter)
        self.gradient = self._operand(gradient)
        if scale is not None:
            self.gradient = self._operand(scale) * self.gradient
        self._gate = None if gate is None else self._operand(gate)
        self.rate = self.number("rate") * factor
        self.decays = decays
        self.kept: list[Tensor] = []

    def number(self, name: str) -> Expression:
        """One of the optimizer's ``numbers`` of the step."""
        return self._operand(self._build.input(name, (), batched=False))

    def state(self, name: str) -> Expression:
        """An array of the parameter's shape that outlives the step, all 0 at first."""
        kept = self._build.store(f"{self._parameter.name}.{name}", self._parameter.shape)
        if kept not in self.kept:
            self.kept.append(kept)
        return self._operand(kept)

    def assign(self, target: Expression, formula: Expression) -> None:
        """Give ``weight``, or what ``state`` gave, the value of a formula of operands."""
        assert target.operand is not None
        if self._gate is not None:
            formula = select(self._gate, formula, target)
        self._build.assign(self._tensors[target.operand], formula, *self._tensors)

    def _operand(self, tensor: Tensor) -> Expression:
        if tensor not in self._tensors:
            self._tensors.append(tensor)
        return operand(self._tensors.index(tensor))
