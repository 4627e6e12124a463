"""Random mask: zeros and ones drawn by counting, so that they depend on no order of execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.primitives.operation import Operation

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class RandomMask(Operation):
    """mask = ``kept_value`` with probability ``keep`` at each position, else 0.

    The draw at flat position i is the integer hash (``lowbias32``, C. Wellons, 2018) of
    i * 0x9E3779B9 + stream, hashed again with the seed; it is kept where the hash is below
    keep * 2^32. ``seed`` is an UINT32 scalar that the caller changes every step; ``stream``
    tells the masks of one step apart.
    """

    name = "random_mask"

    def __init__(self, mask: Tensor, seed: Tensor, *, keep: float, kept_value: float, stream: int) -> None:
        super().__init__((seed,), (mask,))
        self.keep = keep
        self.kept_value = kept_value
        self.stream = stream

    @property
    def threshold(self) -> int:
        """Hashes below this are kept."""
        return min(round(self.keep * 2**32), 2**32 - 1)

    def gradients(self, build: Builder, upstream: Tensor) -> tuple[Tensor | None, ...]:
        return (None,)

    def details(self) -> str:
        return f"keep {self.keep}, stream {self.stream}"
