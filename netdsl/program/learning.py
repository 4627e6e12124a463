"""What a recipe says of the updates beside the optimizer: layer by layer, and over several batches."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

EVERY_LAYER_ALIKE: Mapping[str, float] = MappingProxyType({})


class Learning(NamedTuple):
    """How the parameters of a network are updated.

    ``factors`` multiply the rate, by layer; layers that are not named have 1. ``frozen`` layers learn
    nothing. ``clip`` is the largest norm of all gradients together, 0 for any. ``accumulates`` says
    whether an update takes the gradients of several steps, ``averages`` whether a running average of
    each parameter is kept.
    """

    factors: Mapping[str, float] = EVERY_LAYER_ALIKE
    frozen: frozenset[str] = frozenset()
    clip: float = 0.0
    accumulates: bool = False
    averages: bool = False


AVERAGE = ".average"
"""What the name of a parameter's running average ends in."""
