"""A network in the making: every layer that could be read, and what stands for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from netdsl.graph.expressions.environment import Readings
from netdsl.graph.names.unique_names import Names
from netdsl.graph.network import Claim, Expectation, Node, Shares
from netdsl.layers.dialect import Dialect
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import Size
from netdsl.source import Source, Span
from netdsl.uses import Use

if TYPE_CHECKING:
    from netdsl.graph.layer_patterns import Pattern
    from netdsl.recipe.written import WrittenRecipe


class Gap(NamedTuple):
    """Stands for a layer that could not be resolved; its mistake is already reported."""

    position: int
    name: str
    inputs: tuple[int, ...]
    span: Span
    claim: Claim | None
    use: Use | None = None


class Open(NamedTuple):
    """A layer whose claim may decide the options that it lacks; ``values`` are those it has."""

    position: int
    name: str
    kind: type[Layer]
    values: dict[str, Any]
    lacking: tuple[str, ...]
    inputs: tuple[int, ...]
    span: Span
    option_spans: dict[str, Span]
    claim: Claim
    use: Use | None = None
    shares: Shares | None = None


def counted_in_front(size: Size, number: int) -> bool:
    """Whether a size with a third extent may begin with the count, as 64x3x3 does."""
    return size.height != size.width == number


def third_extent(kind: type[Layer], values: dict[str, Any], lacking: list[Option[Any]]) -> str:
    """The option with the third extent of `3x3x64`, where a count is all that is lacking; empty where not."""
    if len(lacking) != 1 or lacking[0].type is not OptionType.COUNT or None in values.values():
        return ""
    thirds = (option.third for option in kind.options().values())
    return next((third for third in thirds if third and third in values), "")


class Counted(NamedTuple):
    """A layer that lacks a count, ``lacking``, and whose size has a third extent, `3x3x64`: that is the
    count, unless it is the depth of the input. ``otherwise`` stands for it then, or where it cannot be."""

    position: int
    name: str
    kind: type[Layer]
    values: dict[str, Any]
    lacking: str
    third: str
    inputs: tuple[int, ...]
    span: Span
    option_spans: dict[str, Span]
    claim: Claim | None
    otherwise: Open | Gap
    use: Use | None = None
    shares: Shares | None = None

    @property
    def turned(self) -> bool:
        """Whether the count may stand in front, `64x3x3`; a claim can say that it does not."""
        size, number = self.values["kernel"], self.values[self.third]
        claimed = self.claim is not None and self.claim.volume.channels == number
        return counted_in_front(size, number) and not claimed


class Projection(NamedTuple):
    """PROJECT, right before the join that it leads to: nothing where the volumes agree.

    ``expanded`` is its position among the expanded layers, ``shares`` that of the one that has its weights.
    """

    position: int
    inputs: tuple[int, ...]
    stride: Size
    span: Span
    use: Use | None = None
    expanded: int = -1
    shares: int | None = None


Entry: TypeAlias = Node | Gap | Open | Counted | Projection


class Draft(NamedTuple):
    """What the planner walks, so that mistakes behind a gap are found in the same run.

    ``unsettled`` is a place where `channels` was asked for and not known. ``readings`` say which words of
    layers were read as names of values.
    """

    name: str
    entries: tuple[Entry, ...]
    expectations: tuple[Expectation, ...]
    patterns: tuple[Pattern, ...]
    source: Source
    dialect: Dialect
    names: Names
    recipe: WrittenRecipe | None
    unsettled: Span | None = None
    readings: Readings | None = None
