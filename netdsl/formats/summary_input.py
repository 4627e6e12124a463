"""The input of a network whose summary does not state it: what the first layers can have been given."""

from __future__ import annotations

from netdsl.formats.summary import Row, Summary
from netdsl.formats.summary_answers import answers
from netdsl.formats.summary_kinds import RowRole, role_of
from netdsl.formats.summary_solving import filters_for
from netdsl.quantities import Size, Volume

FAMILIAR = (28, 32, 224, 227, 64, 96, 128, 256, 299, 384, 512)
"""Sides of the images that networks are made for."""

_CHANNELS = (3, 1, 4, 2)


def stated_input(summary: Summary) -> Volume | None:
    """The input where a row says it."""
    for row in summary.rows:
        if row.input is not None:
            return row.input
        known = role_of(row.layer, row.name)
        if (
            summary.is_keras
            and (known is None or known[0] in (RowRole.INPUT, RowRole.NOTHING))
            and not row.parameters
        ):
            return row.output
        if known is not None:
            return row.output if known[0] is RowRole.INPUT else None
    return None


def possible_inputs(summary: Summary) -> list[Volume]:
    """The inputs that the first layer can have been given, the likeliest first; perhaps none."""
    first = next((row for row in summary.rows if role_of(row.layer, row.name) is not None), None)
    if first is None or first.output is None:
        return []
    found = [volume for volume in _given(first, summary.is_keras) if _fits_size(volume, summary)]
    found = [volume for volume in found if volume.channels in (1, 3)] or found
    usual = [
        v for v in found if any(one.usual and one.rank <= 1 for one in answers(first, v, summary.is_keras))
    ]
    found = usual or found
    return sorted(dict.fromkeys(found), key=lambda volume: _rank(volume, first, summary.is_keras))


def _given(row: Row, keras: bool) -> list[Volume]:
    made = row.output
    assert made is not None
    known = role_of(row.layer, row.name)
    role = known[0] if known else RowRole.NOTHING
    if role is RowRole.NEURONS and row.parameters:
        counts = (row.parameters - made.channels, row.parameters)
        return [Volume(1, 1, n // made.channels, vector=True) for n in counts if n % made.channels == 0 and n]
    if role is RowRole.CONVOLUTION and row.parameters:
        return _in_front(row, row.parameters, made, keras)
    if role in (RowRole.POOL, RowRole.UPSAMPLING, RowRole.PADDING, RowRole.CROPPING, RowRole.GLOBAL):
        return [made._replace(height=made.height * 2, width=made.width * 2)] if role is RowRole.POOL else []
    return [made]


def _in_front(row: Row, count: int, made: Volume, keras: bool) -> list[Volume]:
    """Images of which a first convolution makes its volume."""
    found = []
    for channels in _CHANNELS:
        for filters in filters_for(count, channels, made.channels, row.kernel):
            kernel = filters.kernel
            if filters.groups > 1 or kernel.height != kernel.width or kernel.height > 15:
                continue
            for side in sorted({*_sides(made.height, kernel.height), *_familiar(made)}):
                volume = Volume(
                    side, side + (made.width - made.height) * max(1, side // made.height), channels
                )
                if volume.width > 0 and answers(row, volume, keras):
                    found.append(volume)
    return found


def _sides(made: int, kernel: int) -> range:
    """Heights of which a stride of 1 with any usual padding makes ``made``."""
    return range(made, made + kernel)


def _familiar(made: Volume) -> list[int]:
    return (
        [side for side in FAMILIAR if side >= made.height]
        if made.height == made.width
        else [
            made.height * 2,
            made.height * 4,
        ]
    )


def _fits_size(volume: Volume, summary: Summary) -> bool:
    around = summary.input_values
    return around is None or around[0] <= volume.values <= around[1]


def _rank(volume: Volume, first: Row, keras: bool) -> tuple[bool, bool, int, int]:
    usual = any(answer.usual for answer in answers(first, volume, keras))
    known = FAMILIAR.index(volume.height) if volume.height in FAMILIAR else len(FAMILIAR)
    square = volume.size == Size(volume.height, volume.height)
    return (
        not usual,
        not square,
        known,
        _CHANNELS.index(volume.channels) if volume.channels in _CHANNELS else 9,
    )
