"""Dialects: which conventions hold where frameworks disagree.

A network file chooses one with ``dialect NAME``; layers ask it. Figures and sources are in
docs/dialects.md.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Rounding(Enum):
    """What happens when a window does not fit evenly."""

    EXACT = "must fit evenly"
    FLOOR = "rounded down"
    CEIL_CLIPPED_IF_PADDED = (
        "rounded up, without a last window that starts beyond the image if there is padding"
    )
    CEIL_CLIPPED = "rounded up, without a last window that starts beyond the image"


class Dialect(NamedTuple):
    """The conventions of one framework.

    ``pool_stride`` is the stride of a pool that states none: its own window, or 1.
    ``darknet_pool``: a pool's padding is a total, its window less 1 where none is stated, put half before.
    ``average_counts``: what an average divides by, a name of primitives.window.Counts.
    ``alpha_is_divided``: LRN divides alpha by its size.
    ``corners_align``: bilinear interpolation takes pixels for points; ``nearest_centers``: the nearest pixel
    is that under the middle of the new one.
    ``new_weight``: of a running average, the weight of the newest batch.
    """

    name: str
    convolution: Rounding = Rounding.FLOOR
    pool: Rounding = Rounding.FLOOR
    pool_stride_is_kernel: bool = True
    darknet_pool: bool = False
    average_counts: str = "WINDOW"
    alpha_is_divided: bool = False
    lrn_alpha: float = 1e-4
    lrn_k: float = 2.0
    corners_align: bool = False
    nearest_centers: bool = False
    batch_norm_epsilon: float = 1e-5
    batch_norm_new_weight: float = 0.1


LECTURE = Dialect("lecture", Rounding.EXACT, Rounding.EXACT)

DIALECTS = {
    dialect.name: dialect
    for dialect in (
        LECTURE,
        Dialect(
            "caffe",
            pool=Rounding.CEIL_CLIPPED_IF_PADDED,
            pool_stride_is_kernel=False,
            average_counts="PADDED",
            alpha_is_divided=True,
            lrn_alpha=1.0,
            lrn_k=1.0,
            batch_norm_new_weight=0.001,
            corners_align=True,
        ),
        Dialect("torch", average_counts="PADDED", alpha_is_divided=True, lrn_k=1.0),
        Dialect(
            "tensorflow",
            average_counts="IMAGE",
            lrn_alpha=1.0,
            lrn_k=1.0,
            batch_norm_epsilon=1e-3,
            batch_norm_new_weight=0.01,
            nearest_centers=True,
        ),
        Dialect("darknet", pool_stride_is_kernel=False, darknet_pool=True, average_counts="IMAGE"),
    )
}
"""Every dialect by name; ``lecture`` where a file chooses none."""
