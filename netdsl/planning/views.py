"""What the positions of a volume see of the image, and how two views compare."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.layers.taps import HERE, Channels, Reading, Taps, all_taps
from netdsl.planning.tracks import PIXELS, Interval, Track, hull, keep_pace
from netdsl.quantities import Volume


class Rectangle(NamedTuple):
    """A rectangle for every position: what it sees down and across."""

    rows: Track
    columns: Track


class View(NamedTuple):
    """What each position of a volume sees: the hull of its parts, which differ in pace.

    ``parts`` is None where that is not known; ``whole``, what all positions see together, may be known
    even then. ``alike``: all channels of a position see the same. ``origin``: the view and the
    volume whose numbers these are, in the same order. ``strips``: where channels differ, the view of
    each, if known.
    """

    parts: tuple[Rectangle, ...] | None
    alike: bool = True
    whole: Rectangle | None = None
    origin: tuple[View, Volume] | None = None
    strips: tuple[View, ...] = ()


IMAGE = View((Rectangle(PIXELS, PIXELS),))
"""The view of the input itself."""

NOTHING = View(())
"""The view of an input for another one of the same network."""

UNKNOWN = View(None, alike=False)
"""The view of a volume of which nothing is known."""


MOST_STRIPS = 4096
"""Channels that are looked at one by one."""


def stacked_strips(views: tuple[View, ...], inputs: tuple[Volume, ...]) -> tuple[View, ...]:
    """The view of each channel of volumes one after the other; none where it is not known."""
    found: list[View] = []
    for view, volume in zip(views, inputs, strict=True):
        if view.parts is None or len(found) + volume.channels > MOST_STRIPS:
            return ()
        if view.alike:
            found += [View(view.parts)] * volume.channels
        elif view.strips:
            found += view.strips
        else:
            return ()
    return tuple(found)


def moved_strips(strips: tuple[View, ...], taken: tuple[range, ...], dealt: int) -> tuple[View, ...]:
    """The same after a layer that takes channels, or deals them out of groups."""
    if taken:
        return tuple(strip for channels in taken for strip in strips[channels.start : channels.stop])
    width = len(strips) // dealt
    return tuple(strip for offset in range(width) for strip in strips[offset::width])


def distinct_strips(strips: tuple[View, ...]) -> list[View]:
    """The views that differ, each once."""
    found: list[View] = []
    for strip in {id(strip): strip for strip in strips}.values():
        if strip not in found:
            found.append(strip)
    return found


def widths_along(
    along: list[tuple[Interval | None, ...]], across: list[tuple[Interval | None, ...]]
) -> tuple[int, ...]:
    """The widths of hulls along one axis; a part is seen only where both its axes see something."""
    masks = {tuple(interval is not None for interval in position) for position in across}
    found = set()
    for position in along:
        for mask in masks:
            seen: Interval | None = None
            for interval, both in zip(position, mask, strict=True):
                seen = hull(seen, interval) if both else seen
            found.add(width(seen))
    return tuple(sorted(found))


def width(interval: Interval | None) -> int:
    """How many pixels an interval has."""
    return 0 if interval is None else interval[1] - interval[0] + 1


def alike(channels: Channels, views: tuple[View, ...], inputs: tuple[Volume, ...], output: Volume) -> bool:
    """Whether all channels of an output position see the same."""
    if channels is Channels.ALL:
        return True
    if channels is Channels.STACKED:
        filled = sum(volume.channels for volume in inputs) == output.channels
        if not filled or any(view.parts != views[0].parts for view in views):
            return False
    return all(view.alike for view in views)


def parts_keep_pace(first: Rectangle, second: Rectangle) -> bool:
    """Whether two parts can be one: they advance equally fast and are seen at the same positions."""
    if not (keep_pace(first.rows, second.rows) and keep_pace(first.columns, second.columns)):
        return False
    gapless = all(track.gapless for track in (*first, *second))
    return gapless or first.rows == second.rows or first.columns == second.columns


def is_same_for_all(part: Rectangle) -> bool:
    """Whether all positions see the same."""
    return all(track.advance == 0 and track.period == 1 for track in part)


def contains(part: Rectangle, inner: Rectangle) -> bool:
    """Whether every position sees, in a part, what another part that is the same for all has."""
    return is_same_for_all(part) and all(
        hull(around.intervals[0], track.intervals[0]) == around.intervals[0]
        for around, track in zip(part, inner, strict=True)
    )


def reads_all(reading: Reading) -> bool:
    """Whether every output position reads all positions."""
    return all(taps.stride == 0 for taps in reading.stages[0])


def order_of(view: View, x: Volume, y: Volume) -> tuple[Reading, bool] | None:
    """How positions of y read those of x where the numbers keep their order, and whether y's channels
    see alike; None where rows get mixed, so that down and across cannot be told apart."""
    if view.parts is None:
        return None
    everywhere = x.size == (1, 1) or all(is_same_for_all(part) for part in view.parts)
    if y.size == (1, 1):
        return Reading(((all_taps(x.height), all_taps(x.width)),)), view.alike and everywhere
    if y.channels % x.channels and not view.alike:
        return None  # some channels of a position are here, others there
    if everywhere:
        return Reading(((_FIRST, _FIRST),)), view.alike
    row, new_row = x.width * x.channels, y.width * y.channels
    if row == new_row:
        rows, columns = HERE, Taps(0, y.channels - 1, y.channels, x.channels)
        same = view.alike and x.channels % y.channels == 0
    elif y.width == 1 and new_row % row == 0:
        rows, columns = Taps(0, new_row // row - 1, new_row // row), all_taps(x.width)
        same = False
    elif x.width == 1 and row % new_row == 0:
        rows, columns = Taps(0, 0, 1, row // new_row), _FIRST
        same = view.alike
    else:
        return None
    rows = _FIRST if x.height == 1 else rows
    return Reading(((rows, _FIRST if x.width == 1 else columns),)), same


_FIRST = Taps(0, 0, 0)
"""The one position that there is."""
