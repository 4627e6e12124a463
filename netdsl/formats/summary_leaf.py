"""Draws one row of a summary after a volume, also where an operation between them is not shown."""

from __future__ import annotations

from netdsl.formats.summary import Row
from netdsl.formats.summary_answers import Piece, answers
from netdsl.formats.summary_drawing import Drawing, Misfit
from netdsl.formats.summary_kinds import RowRole, role_of
from netdsl.quantities import Volume

POOLS = "operations that are no modules (a pool is written where the next layer takes less)"


def leaf(drawing: Drawing, row: Row, source: int) -> int:
    """A row without rows inside it; where it cannot be read, its volume is as if it could."""
    result = drawing.answered(row, source)
    if result is not None:
        return result
    known = role_of(row.layer, row.name)
    if known is None:
        pieces = shortcut(row, drawing.volume(source))
        for piece in pieces:
            source = drawing.put(row.number, piece, source)
        if pieces:
            return source
        if row.parameters or (row.output is not None and not row.output.agrees(drawing.volume(source))):
            drawing.hidden.append(row)
        else:
            if row.layer not in _EMPTY:
                drawing.say(f"what `{row.layer}` does (it is left out)", row.number)
            return source
    else:
        drawing.misfits.append(Misfit(row.number, row.layer, _why(drawing, row, source)))
    if row.output is None:
        return source
    return drawing.put(row.number, Piece("", "", row.output), source)


_EMPTY = ("Sequential", "ModuleList", "ModuleDict")
"""Modules that are only there for others, and do nothing where there are none."""


def _why(drawing: Drawing, row: Row, source: int) -> str:
    """What contradicts a row, in few words."""
    if row.output is None:
        return f"`{row.shape or 'no shape'}` is not height, width and channels"
    if row.repeated:
        return "it reuses the weights of an earlier layer"
    counted = f" with {row.parameters:,} parameters" if row.parameters else ""
    return f"nothing makes {row.output}{counted} of the {drawing.volume(source)} above it"


def shortcut(row: Row, given: Volume) -> list[Piece]:
    """A module that is not shown and can only be a 1x1 convolution with its normalisation."""
    made = row.output
    if made is None or row.parameters != (given.channels + 2) * made.channels:
        return []
    stride = -(-given.height // made.height)
    if (-(-given.height // stride), -(-given.width // stride)) != tuple(made.size):
        return []
    options = f"{made.channels} 1x1{f' stride {stride}' if stride > 1 else ''} no bias"
    return [Piece("CONV", options, made), Piece("BN", "", made)]


def bridged(drawing: Drawing, row: Row, source: int) -> int:
    """The index itself; or that behind a pool that the summary does not show, where the row takes less."""
    x = drawing.volume(source)
    if x.size == (1, 1) or any(answer.usual for answer in drawing.answers(row, source)):
        return source
    wanted = _taken(row, x, drawing.keras)
    if wanted is None or wanted.agrees(x) or (wanted.channels != x.channels and wanted.values != x.values):
        return source
    if wanted.values == x.values:
        return drawing.put(row.number, Piece("FLATTEN", "", wanted), source)
    if wanted.size == (1, 1):
        pool = Piece("AVG POOL", "global", wanted)
    else:
        side = x.height // wanted.height
        if side < 2 or (x.height // side, x.width // side) != tuple(wanted.size):
            return source
        pool = Piece("MAX POOL", f"{side}x{side} stride {side}", wanted)
    drawing.say(POOLS, row.number)
    return drawing.put(row.number, pool, source)


def _taken(row: Row, x: Volume, keras: bool) -> Volume | None:
    """The smaller volume that a row takes, by its input or by its count."""
    known = role_of(row.layer, row.name)
    if row.input is not None or known is None or row.output is None:
        return row.input
    if known[0] in (RowRole.PLAIN, RowRole.DROPOUT, RowRole.ACTIVATION, RowRole.NORMALISATION):
        return row.output if known[1] != "FLATTEN" else None
    pooled = [
        Volume(x.height // side, x.width // side, x.channels) for side in _POOLED if side <= min(x.size)
    ]
    if known[0] is RowRole.CONVOLUTION:
        behind = (volume for volume in pooled if any(one.usual for one in answers(row, volume, keras)))
        return next(behind, None)
    if known[0] is not RowRole.NEURONS:
        return None
    whole = Volume(1, 1, x.channels)
    return next((volume for volume in (whole, *pooled) if answers(row, volume, keras)), None)


_POOLED = (2, 3, 4, 5, 6, 7, 8)
