"""What a row of a summary can be, after a volume: layers with their options, the plainest first."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.formats.summary import Row
from netdsl.formats.summary_kinds import RowRole, activation_in, role_of
from netdsl.formats.summary_solving import (
    Filters,
    Move,
    Spread,
    filters_for,
    moves_for,
    pools_for,
    spreads_for,
)
from netdsl.layers.registry import kind_named
from netdsl.quantities import Size, Volume


class Piece(NamedTuple):
    """A layer as text: its kind, its options, the volume that it makes."""

    kind: str
    options: str
    output: Volume


class Answer(NamedTuple):
    """The layers that a row can be; none for one that changes nothing.

    ``usual`` where people write it so without saying so. ``rank`` is 0 where nothing speaks against
    it, higher for groups of channels, which a wrong input imitates. ``said`` are remarks on what the
    summary does not say and no count decides.
    """

    pieces: tuple[Piece, ...]
    usual: bool = True
    rank: int = 0
    said: str = ""

    @property
    def text(self) -> str:
        """``stride 2, pad 1``: what sets it apart from the others."""
        return " - ".join(piece.options for piece in self.pieces)


DROPOUT = "how much a dropout leaves out (0.5 is written)"
ACTIVATION = "which function an `Activation` is (RELU is written)"
GROUPS = "the groups of GN (32 are written where they divide)"


def answers(row: Row, x: Volume, keras: bool) -> list[Answer]:
    """All that the row can be after a volume; empty where its volume or its count contradict it."""
    known = role_of(row.layer, row.name)
    made = row.output
    if known is None or made is None:
        return []
    role, kind = known
    if role is RowRole.CONVOLUTION:
        return _convolutions(row, x, made, keras)
    if role is RowRole.DEPTHWISE:
        return _depthwise(row, x, made, keras)
    if role is RowRole.SEPARABLE:
        return _separable(row, x, made, keras)
    if role is RowRole.TRANSPOSED:
        return _transposed(row, x, made, keras)
    if role is RowRole.NEURONS:
        return _neurons(row, x, made, keras)
    if role is RowRole.NORMALISATION:
        return _normalisation(row, x, made, keras)
    if row.parameters and kind not in ("PRELU", "GN"):
        return []
    if role is RowRole.POOL:
        return _pools(row, kind, x, made, keras)
    if role is RowRole.GLOBAL:
        return _global_pool(kind, x, made)
    return _without_weights(row, role, kind, x, made)


def _without_weights(row: Row, role: RowRole, kind: str, x: Volume, made: Volume) -> list[Answer]:
    options = _moved(role, x, made)
    if options is not None:
        return [_one(kind, options, made)]
    if role is RowRole.RESHAPING or kind == "FLATTEN":
        if made.values != x.values:
            return []
        sizes = "" if kind == "FLATTEN" else f"{made.height}x{made.width}x{made.channels}"
        return [_one(kind, sizes, made)]
    if not made.agrees(x) or role in (RowRole.MERGE, RowRole.PADDING, RowRole.CROPPING, RowRole.UPSAMPLING):
        return []
    if role is RowRole.NOTHING or role is RowRole.INPUT:
        return [Answer(())]
    if role is RowRole.DROPOUT:
        return [_one(kind, "", made)._replace(said=DROPOUT)]
    if role is RowRole.ACTIVATION:
        named = activation_in(row.name)
        return [_one(named or "RELU", "", made)._replace(said="" if named else ACTIVATION)]
    if kind == "GN":
        groups = 32 if x.channels % 32 == 0 else 1
        return (
            [_one(kind, str(groups), made)._replace(said=GROUPS)] if row.parameters == 2 * x.channels else []
        )
    if kind == "PRELU" and row.parameters not in (None, x.channels):
        return []
    return [_one(kind, "", made)] if kind_named(kind) is not None else []


def _one(kind: str, options: str, made: Volume) -> Answer:
    return Answer((Piece(kind, options, made),))


def _options(*words: str) -> str:
    return " ".join(word for word in words if word)


def _convolutions(row: Row, x: Volume, made: Volume, keras: bool) -> list[Answer]:
    if row.parameters is None:
        return []
    found = [
        Answer((_convolution(one, move, made),), move.usual, _strangeness(one, move, x))
        for one in filters_for(row.parameters, x.channels, made.channels, row.kernel)
        for move in moves_for(x.size, made.size, one.kernel, keras)
    ]
    return _plainest(found)


def _plainest(found: list[Answer]) -> list[Answer]:
    """Those of which the least is strange."""
    least = min((answer.rank for answer in found), default=0)
    return [answer for answer in found if answer.rank == least]


def _convolution(filters: Filters, move: Move, made: Volume) -> Piece:
    groups = f"groups {filters.groups}" if filters.groups > 1 else ""
    bias = "" if filters.bias else "no bias"
    return Piece("CONV", _options(str(made.channels), str(filters.kernel), move.text(), groups, bias), made)


_LARGE = 11
"""AlexNet's first kernel: there are few larger ones."""


def _strangeness(filters: Filters, move: Move, x: Volume) -> int:
    """How much speaks against filters: counts that belong to another input make strange ones."""
    high, wide = filters.kernel
    strange = 0 if filters.groups == 1 else 1 if filters.groups == x.channels else 2
    strange += 2 * (high != wide) + 2 * (max(high, wide) > _LARGE) + 2 * (move.dilation > 1)
    strange += high * wide > 1 and high * wide % 2 == 0
    return strange


def _depthwise(row: Row, x: Volume, made: Volume, keras: bool) -> list[Answer]:
    if row.parameters is None or made.channels % x.channels:
        return []
    times = made.channels // x.channels
    found = []
    for one in filters_for(row.parameters, 1, made.channels, row.kernel):
        for move in moves_for(x.size, made.size, one.kernel, keras):
            multiplier = f"multiplier {times}" if times > 1 else ""
            options = _options(str(one.kernel), multiplier, move.text(), "" if one.bias else "no bias")
            rank = _strangeness(one, move, x._replace(channels=1))
            found.append(Answer((Piece("DEPTHWISE", options, made),), move.usual, rank))
    return _plainest(found)


def _separable(row: Row, x: Volume, made: Volume, keras: bool) -> list[Answer]:
    """k*k*C weights of the depthwise part and C*F of the 1x1 part, whose bias is the only one."""
    found = []
    for bias in (True, False):
        area, rest = divmod(
            (row.parameters or 0) - x.channels * made.channels - made.channels * bias, x.channels
        )
        side = next((side for side in range(1, 16) if side * side == area), 0)
        for move in moves_for(x.size, made.size, Size(side, side), keras) if side and not rest else ():
            first = Volume(made.height, made.width, x.channels)
            apart = Piece("DEPTHWISE", _options(f"{side}x{side}", move.text(), "no bias"), first)
            joined = Piece("CONV", _options(str(made.channels), "1x1", "" if bias else "no bias"), made)
            found.append(Answer((apart, joined), move.usual))
    return found


def _transposed(row: Row, x: Volume, made: Volume, keras: bool) -> list[Answer]:
    if row.parameters is None:
        return []
    return [
        Answer((_transposed_convolution(one, spread, made),), rank=int(one.kernel.height != one.kernel.width))
        for one in filters_for(row.parameters, x.channels, made.channels, row.kernel)
        if one.groups == 1
        for spread in spreads_for(x.size, made.size, one.kernel, keras)
    ]


def _transposed_convolution(filters: Filters, spread: Spread, made: Volume) -> Piece:
    bias = "" if filters.bias else "no bias"
    return Piece("DECONV", _options(str(made.channels), str(filters.kernel), spread.text(), bias), made)


def _neurons(row: Row, x: Volume, made: Volume, keras: bool) -> list[Answer]:
    pointwise = keras and made.size == x.size and x.size != (1, 1)  # Keras takes the last axis alone
    given = x.channels if pointwise else x.values
    if row.parameters == (given + 1) * made.channels:
        bias = ""
    elif row.parameters == given * made.channels:
        bias = "no bias"
    else:
        return []
    if pointwise:
        return [_one("CONV", _options(str(made.channels), "1x1", bias), made)]
    return [_one("FC", _options(str(made.channels), bias), made)] if made.size == (1, 1) else []


def _normalisation(row: Row, x: Volume, made: Volume, keras: bool) -> list[Answer]:
    learned = 4 if keras else 2
    return [_one("BN", "", made)] if made.agrees(x) and row.parameters == learned * x.channels else []


def _pools(row: Row, kind: str, x: Volume, made: Volume, keras: bool) -> list[Answer]:
    if made.channels != x.channels:
        return []
    found = pools_for(x, made, row.kernel, keras)
    answered = []
    for index, pool in enumerate(found):
        tiles = pool.kernel.height == pool.move.stride and not any(pool.move.padding) and not pool.move.same
        usual = index == 0 and (tiles or row.kernel is not None or not any(one.move.usual for one in found))
        answered.append(_one(kind, pool.text(), made)._replace(usual=usual))
    return answered


def _global_pool(kind: str, x: Volume, made: Volume) -> list[Answer]:
    if made.channels != x.channels:
        return []
    if made.size == x.size:
        return [Answer(())] if x.size != (1, 1) else [_one(kind, "global", made)]
    if made.size == (1, 1):
        return [_one(kind, "global", made)]
    if x.height % made.height or x.width % made.width:
        return []
    window = Size(x.height // made.height, x.width // made.width)
    return [_one(kind, f"{window} stride {window}", made)]


def _moved(role: RowRole, x: Volume, made: Volume) -> str | None:
    """The options of a layer that moves numbers; None where the volumes do not agree with it."""
    if made.channels != x.channels:
        return None
    if role is RowRole.UPSAMPLING and made.height % x.height == 0 and made.width % x.width == 0:
        return f"{made.height // x.height}x{made.width // x.width}"
    high, wide = made.height - x.height, made.width - x.width
    if role is RowRole.CROPPING and high <= 0 and wide <= 0:
        return str(made.size)
    if role is RowRole.PADDING and high >= 0 and wide >= 0:
        sides = {"top": high // 2, "bottom": high - high // 2, "left": wide // 2, "right": wide - wide // 2}
        if high == 1 and wide == 1:
            return "by bottom 1 right 1"
        return (
            f"by {high // 2}"
            if len(set(sides.values())) == 1
            else "by " + " ".join(f"{s} {n}" for s, n in sides.items() if n)
        )
    return None
