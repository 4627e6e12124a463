"""DROPOUT: values are dropped at random in training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.layers.dropping import Dropping
from netdsl.layers.option import real

if TYPE_CHECKING:
    from netdsl.primitives.tensor import Tensor


class Dropout(Dropping):
    """Dropout: in training each number is set to 0 with probability ``rate``.

    Computes
        in training y = x*m/(1 - rate), m = 0 with probability rate, else 1; afterwards y = x
        (inverted dropout: the paper scales at test time instead, with the same expectation).

    Volume
        unchanged.

    Parameters
        none.

    Cost
        no multiply-accumulates; keeps one number per value, the mask, for backward.

    Problems
        ND306 the rate must be below 1.

    Example
        input 4096
        DROPOUT: rate 0.5

    Reference
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, 2014, "Dropout: A Simple Way to
        Prevent Neural Networks from Overfitting", section 4.
    """

    keyword = "DROPOUT"
    spellings = ("DROP",)
    linear = True
    is_dropout = True
    leaves = "dropout rate of {rate} leaves nothing"
    usual = "0.5 is usual after FC, 0.1 to 0.3 after CONV"

    rate = real(
        "probability of leaving a number out", default=0.5, minimum=0.0, positional=True, words=("rate", "p")
    )

    def mask_shape(self, x: Tensor) -> tuple[int, int, int]:
        height, width, channels = x.shape
        return (height, width, channels)
