"""What names stand for: numbers, sizes, volumes, layers and blocks."""

from __future__ import annotations

from collections.abc import MutableMapping
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from netdsl.source import Span


class LayerOutput(NamedTuple):
    """A volume that a reference means, and that a call can hand to its block.

    ``position`` is that of the expanded layer that makes it; ``span`` is the reference. ``own`` where the
    label stands beside the layer itself: then the default activation behind that layer is not in it.
    """

    position: int
    span: Span | None = None
    own: bool = False


class Failed(NamedTuple):
    """Stands for the value of a formula that has none; the finding says why, and is reported."""

    code: str
    message: str
    span: Span
    label: str = ""
    cures: tuple[str, ...] = ()
    meant: str | None = None


class ElementArgument:
    """A layer or a block that a call hands to its block, and the names that hold where it is written.

    Those that are written alike are equal.
    """

    def __init__(self, words: tuple[str, ...], environment: Environment) -> None:
        """``words`` are what is written, by which two are compared."""
        self.environment = environment
        self._key = (words, environment)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ElementArgument) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class Awaited:
    """Stands for a number that follows from volumes, where these are not known or not known yet."""


AWAITED = Awaited()

Quantity: TypeAlias = Fraction | tuple[int, ...] | LayerOutput | ElementArgument | Awaited | Failed
"""A number, the extents of a size, a volume, a layer or block, or none of them."""

CHANNELS = "channels"
"""The name of a number that netdsl supplies: the channels of what comes into a block or a layer."""

NOTHING_COMES_IN = "`channels` is what comes into a block or a layer, but nothing comes in here"
USE_CHANNELS = "use it in a block or in the options of a layer"


class Readings:
    """The words in layers of one text that could be names of values: those ``seen`` while options were
    read, and those whose values were ``read``."""

    def __init__(self) -> None:
        self.seen: set[Span] = set()
        self.read: set[Span] = set()


class Environment:
    """The names that hold in a file or in one use of a block. Never changed once it is complete, but for
    the ``readings``, which all environments of a text share."""

    def __init__(self, values: MutableMapping[str, Quantity], readings: Readings | None = None) -> None:
        self.values = values
        self.readings = readings or Readings()
        self.hands_over = False
        """Whether a layer or a block is among what a call hands over."""
