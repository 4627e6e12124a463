"""What the positions of every volume see of the image, layer by layer.

The image continues without end, so that padding counts as image; layers that read all positions
read those that there are. A position sees what any of its channels sees.
"""

from __future__ import annotations

from netdsl.layers.layer import Layer
from netdsl.layers.taps import Channels, Reading, Reads, all_taps
from netdsl.planning.tracks import Interval, Track, Untraceable, Work, common_period, through, together
from netdsl.planning.views import (
    IMAGE,
    UNKNOWN,
    Rectangle,
    View,
    alike,
    contains,
    distinct_strips,
    moved_strips,
    order_of,
    parts_keep_pace,
    reads_all,
    stacked_strips,
    width,
    widths_along,
)
from netdsl.quantities import Size, Volume

PART_LIMIT = 6
"""Parts of a view that may differ in pace."""


class FieldTracer:
    """Follows what is seen from layer to layer of one network."""

    def __init__(self) -> None:
        self.work = Work()

    def behind(
        self, layer: Layer, views: tuple[View, ...], inputs: tuple[Volume, ...], output: Volume, reads: Reads
    ) -> View:
        """The view after a layer that reads volumes with these views."""
        if not views:
            return IMAGE
        if layer.keeps_order:
            return self._reordered(views[0], inputs[0], output)
        if reads.channels is Channels.OWN:
            return views[0]
        if views[0].strips and (reads.taken or reads.dealt > 1):
            return self._of_strips(moved_strips(views[0].strips, reads.taken, reads.dealt))
        if reads.channels is Channels.MIXED:
            return View(None, alike=False, whole=self.whole(views[0], inputs[0]))
        try:
            parts = self._parts(views, reads)
        except Untraceable:
            return UNKNOWN
        same = alike(reads.channels, views, inputs, output)
        if parts is not None:
            stacks = reads.channels is Channels.STACKED and len(views) > 1 and not same
            return View(parts, same, strips=self._stacked(views, inputs) if stacks else ())
        whole = self._whole_behind(views, inputs, output, reads)
        if whole is not None and output.size == (1, 1):
            return View((whole,), same)
        return View(None, alike=False, whole=whole)

    def _stacked(self, views: tuple[View, ...], inputs: tuple[Volume, ...]) -> tuple[View, ...]:
        """The view of each channel after a layer that puts volumes one after the other."""
        strips = stacked_strips(views, inputs)
        try:
            self.work.take(len(strips))
        except Untraceable:
            return ()
        return strips

    def _of_strips(self, strips: tuple[View, ...]) -> View:
        """The view of a volume from those of its channels."""
        try:
            self.work.take(len(strips) + len({id(strip) for strip in strips}) ** 2)
            distinct = distinct_strips(strips)
            parts = self._merged([part for strip in distinct for part in strip.parts or ()])
        except Untraceable:
            return UNKNOWN
        return View(parts, len(distinct) == 1, strips=strips if len(distinct) > 1 else ())

    def _parts(self, views: tuple[View, ...], reads: Reads) -> tuple[Rectangle, ...] | None:
        """The parts of everything that is read; None where some of it is not known."""
        single = views[0].parts if len(reads.readings) == 1 else None
        if single is not None and len(single) == 1 and reads.channels is not Channels.SELECTED:
            return self._merged([self._read(single[0], reads.readings[0])])
        if reads.channels is Channels.SELECTED and not all(view.alike for view in views):
            return None
        found: list[Rectangle] = []
        hidden: list[Rectangle] = []
        for reading in reads.readings:
            view = views[reading.source]
            if view.parts is not None:
                found += (self._read(part, reading) for part in view.parts)
            elif view.whole is None:
                return None
            elif reads_all(reading):
                found.append(view.whole)
            else:
                hidden.append(view.whole)
        parts = self._merged(found)
        # What is hidden in a part that all positions see makes no difference.
        inside = all(any(contains(part, whole) for part in parts) for whole in hidden)
        return parts if inside else None

    def _read(self, part: Rectangle, reading: Reading) -> Rectangle:
        rows, columns = part
        for down, across in reading.stages:
            square = rows == columns and down == across
            rows = through(rows, down, self.work)
            columns = rows if square else through(columns, across, self.work)
        return Rectangle(rows, columns)

    def _merged(self, parts: list[Rectangle]) -> tuple[Rectangle, ...]:
        """As few parts as possible: those that keep pace become one."""
        if len(parts) == 1 and parts[0].rows.gapless and parts[0].columns.gapless:
            return tuple(parts)
        found: list[Rectangle] = []
        for part in dict.fromkeys(parts):
            if not any(part.rows.intervals) or not any(part.columns.intervals):
                continue  # nothing is seen at all
            for index, other in enumerate(found):
                if parts_keep_pace(part, other):
                    rows = together(other.rows, part.rows, self.work)
                    square = part.rows == part.columns and other.rows == other.columns
                    columns = rows if square else together(other.columns, part.columns, self.work)
                    found[index] = Rectangle(rows, columns)
                    break
            else:
                found.append(part)
        if len(found) > PART_LIMIT:
            raise Untraceable
        return tuple(found)

    def whole(self, view: View, volume: Volume) -> Rectangle | None:
        """What all positions of a volume see together, as a part that is the same for all."""
        if view.parts is None:
            return view.whole
        everything = Reading(((all_taps(volume.height), all_taps(volume.width)),))
        try:
            parts = self._merged([self._read(part, everything) for part in view.parts])
        except Untraceable:
            return None
        return parts[0] if len(parts) == 1 else None

    def _whole_behind(
        self, views: tuple[View, ...], inputs: tuple[Volume, ...], output: Volume, reads: Reads
    ) -> Rectangle | None:
        """What all positions see together behind a layer that leaves out no position of its inputs."""
        if reads.channels is Channels.SELECTED:
            return None
        found = []
        for reading in reads.readings:
            view, volume = views[reading.source], inputs[reading.source]
            whole = self.whole(view, volume)
            (rows, columns), *more = reading.stages
            covers = rows.cover(volume.height, output.height) and columns.cover(volume.width, output.width)
            if more or whole is None or not covers:
                return None
            found.append(whole)
        try:
            merged = self._merged(found)
        except Untraceable:
            return None
        return merged[0] if len(merged) == 1 else None

    def _reordered(self, view: View, x: Volume, y: Volume) -> View:
        """The view after a layer that reads the numbers of x as those of y."""
        base, volume = view.origin or (view, x)
        if y.shape == volume.shape:
            return base
        order = order_of(base, volume, y)
        if order is None:
            return View(None, False, self.whole(base, volume), (base, volume))
        assert base.parts is not None
        reading, same = order
        try:
            parts = self._merged([self._read(part, reading) for part in base.parts])
        except Untraceable:
            return UNKNOWN
        return View(parts, same, None, (base, volume))

    def field(self, view: View, volume: Volume) -> Size | None:
        """Height and width of what the position of a volume that sees most sees; None if not known."""
        try:
            return self._field(view, volume)
        except Untraceable:
            return None

    def _field(self, view: View, volume: Volume) -> Size | None:
        if view.parts is None:
            return None
        if len(view.parts) == 1 and view.parts[0].rows.period == view.parts[0].columns.period == 1:
            return Size(*(width(track.intervals[0]) for track in view.parts[0]))
        rows, columns = self.widths(view, volume)
        return Size(rows[-1], columns[-1])

    def widths(self, view: View, volume: Volume) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The different heights and the different widths that positions see, the largest last."""
        assert view.parts is not None
        rows = self._sample([part.rows for part in view.parts], volume.height)
        columns = self._sample([part.columns for part in view.parts], volume.width)
        return widths_along(rows, columns), widths_along(columns, rows)

    def _sample(self, tracks: list[Track], extent: int) -> list[tuple[Interval | None, ...]]:
        """What is seen by as many positions of an axis as it takes to find the one that sees most.

        Positions a period apart see, of each track, intervals that move evenly. So the hull of all is
        convex along them and widest at one of the two ends.
        """
        period = 1
        for track in tracks:
            period = common_period(period, track.period)
        ends = 1 if len(tracks) == 1 else 2
        self.work.take(ends * min(period, extent) * len(tracks))
        indices = dict.fromkeys(range(min(period, extent)))
        if ends == 2:
            indices |= dict.fromkeys(range(max(extent - period, 0), extent))
        return [tuple(track.at(index) for track in tracks) for index in indices]
