"""Connection tables that have a name: which channels each filter of a convolution sees."""

from __future__ import annotations

from netdsl.layers.option import Rows

LENET5: Rows = (
    *(tuple(sorted((start + offset) % 6 for offset in range(3))) for start in range(6)),
    *(tuple(sorted((start + offset) % 6 for offset in range(4))) for start in range(6)),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)
"""C3 of LeNet-5: 60 of 96 connections (LeCun, Bottou, Bengio, Haffner, 1998, table I)."""

LENET1: Rows = tuple(
    tuple(base + channel for channel in channels)
    for base in (0, 2)
    for channels in ((0,), (0, 1), (0, 1), (1,), (0, 1), (0, 1))
)
"""H2 of LeNet-1: 20 of 48 connections (LeCun, Boser, Denker and others, 1990, table 1)."""

TABLES = {"lenet5": LENET5, "lenet1": LENET1}
