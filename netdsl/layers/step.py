"""STEP: the perceptron's threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.layer import SameVolume
from netdsl.primitives.expression import greater, operand

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Step(SameVolume):
    """Threshold unit: fires or does not.

    Computes
        y = 1 where x > 0, else 0. Its derivative is 0 everywhere, so that gradients end here; the
        perceptron loss learns around it.

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps nothing for backward.

    Problems
        none.

    Example
        input 400
        FC: 10 neurons
        STEP

    Reference
        Rosenblatt, 1957, "The Perceptron: A Perceiving and Recognizing Automaton", Report 85-460-1,
        Cornell Aeronautical Laboratory.
    """

    keyword = "STEP"
    spellings = ("THRESHOLD",)
    linear = False
    is_activation = True
    never_negative = True
    is_hard_decision = True

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        return build.elementwise(greater(operand(0), 0), inputs[0], name="step")
