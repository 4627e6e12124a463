"""The digits that ship with netdsl: 1,797 handwritten digits of 8x8 pixels in 10 classes.

Alpaydin and Kaynak, 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, CC BY 4.0; provenance in ``digits.LICENSE.md``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netdsl.data.available_memory import require_memory
from netdsl.data.dataset import TRAIN, Dataset
from netdsl.data.scaling import check_convertible, fit, fitted_bytes
from netdsl.quantities import Volume

NAME = "digits"
_FILE = Path(__file__).with_name("digits.npz")
_INK = 16
"""The darkest level in the file, a block of 4x4 pixels full of ink."""


def read(volume: Volume) -> Dataset:
    """All digits, scaled to ``volume``; ink is white (255) on black (0)."""
    with np.load(_FILE, allow_pickle=False) as archive:
        levels, labels = archive["images"], archive["labels"]
    check_convertible(NAME, Volume(8, 8, 1), volume)
    require_memory(
        fitted_bytes(len(levels), volume, 1), NAME, f"scaling {NAME} to {volume}", "use a smaller input"
    )
    pixels = np.rint(levels * np.float32(255 / _INK)).astype(np.uint8)[..., None]
    return Dataset(
        NAME,
        fit(pixels, volume),
        labels.astype(np.int64),
        tuple("0123456789"),
        np.full(len(labels), TRAIN, np.uint8),
    )
