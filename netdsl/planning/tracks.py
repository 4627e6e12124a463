"""What each position of a volume sees of the input along one axis: intervals that repeat.

On an unbounded image the positions of a convolution all see the same, ``advance`` pixels further from
one to the next. After a layer that enlarges, neighbours differ, but what they see repeats after a
few positions, the period. So a track is exact for every position, those of padding included.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple, TypeAlias

from netdsl.layers.taps import HERE, Taps
from netdsl.quantities import VALUE_LIMIT

PERIOD_LIMIT = 1024
"""Positions after which a track has to repeat to be followed further."""

WORK_LIMIT = 1_000_000
"""Intervals that may be put together for all layers of a network."""

Interval: TypeAlias = tuple[int, int]
"""The first and the last pixel that are seen; what is between may be seen or not."""


class Untraceable(Exception):
    """What is seen here repeats too late, or reaches too far, to be followed."""


class Track(NamedTuple):
    """``intervals[o]`` is what position o sees, None where it sees nothing of the image; position
    o + period sees what o sees, ``advance`` pixels further."""

    advance: int
    intervals: tuple[Interval | None, ...]

    @property
    def period(self) -> int:
        return len(self.intervals)

    @property
    def gapless(self) -> bool:
        """Whether every position sees something."""
        return None not in self.intervals

    def at(self, position: int) -> Interval | None:
        """What a position sees; positions before 0 and behind the last are those of padding."""
        turns, index = divmod(position, len(self.intervals))
        interval = self.intervals[index]
        if interval is None or not turns:
            return interval
        shift = turns * self.advance
        return interval[0] + shift, interval[1] + shift


PIXELS = Track(1, ((0, 0),))
"""The track of the input: each position sees itself."""


class Work:
    """How much following the tracks of one network may still cost."""

    def __init__(self, limit: int = WORK_LIMIT) -> None:
        self.left = limit

    def take(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise Untraceable


def through(track: Track, taps: Taps, work: Work) -> Track:
    """The track after a layer that reads positions of this one."""
    if taps == HERE:
        return track
    advance, intervals = track
    if len(intervals) == 1 and taps.parts == 1 and intervals[0] is not None:
        low, high = intervals[0]
        first = taps.first * advance
        last = (taps.last - (taps.last - taps.first) % taps.apart) * advance
        return _checked(Track(taps.stride * advance, ((low + first, high + last),)))
    return _checked(_shortest(_repeated(track, taps, work)))


def _repeated(track: Track, taps: Taps, work: Work) -> Track:
    """Interval by interval, over as many outputs as it takes to come back to the same ones."""
    period = track.period
    turn = taps.parts * period
    outputs = turn // gcd(taps.stride, turn)
    if outputs > PERIOD_LIMIT:
        raise Untraceable
    # Among taps that see the same but for a shift, the first sees lowest, the last highest.
    cycle = period // gcd(period, taps.apart)
    found = []
    for output in range(outputs):
        begin = taps.stride * output
        low, high = (begin + taps.first) // taps.parts, (begin + taps.last) // taps.parts
        count = max((high - low) // taps.apart + 1, 0)
        shown = min(count, cycle)
        work.take(2 * shown + 1)
        final = low + (count - 1) * taps.apart
        lows = [seen[0] for tap in range(shown) if (seen := track.at(low + tap * taps.apart))]
        highs = [seen[1] for tap in range(shown) if (seen := track.at(final - tap * taps.apart))]
        found.append((min(lows), max(highs)) if lows else None)
    return Track(taps.stride * outputs // turn * track.advance, tuple(found))


def _shortest(track: Track) -> Track:
    """The same track with the shortest period that it has."""
    for prime in _primes(track.period):
        while track.period % prime == 0 and track.advance % prime == 0:
            part = Track(track.advance // prime, track.intervals[: track.period // prime])
            if any(part.at(index) != interval for index, interval in enumerate(track.intervals)):
                break
            track = part
    return track


def _primes(number: int) -> list[int]:
    found, factor = [], 2
    while factor * factor <= number:
        if number % factor == 0:
            found.append(factor)
            while number % factor == 0:
                number //= factor
        factor += 1
    return [*found, number] if number > 1 else found


def _checked(track: Track) -> Track:
    if track.advance > VALUE_LIMIT:
        raise Untraceable
    for interval in track.intervals:
        if interval is not None and (interval[0] < -VALUE_LIMIT or interval[1] > VALUE_LIMIT):
            raise Untraceable
    return track


def keep_pace(first: Track, second: Track) -> bool:
    """Whether both advance equally fast, so that together they repeat too."""
    return first.advance * second.period == second.advance * first.period


def together(first: Track, second: Track, work: Work) -> Track:
    """What positions see that see both tracks, which keep pace."""
    if first == second:
        return first
    period = common_period(first.period, second.period)
    work.take(period)
    found = tuple(hull(first.at(index), second.at(index)) for index in range(period))
    return _shortest(Track(period // first.period * first.advance, found))


def common_period(first: int, second: int) -> int:
    """After how many positions two tracks repeat together."""
    period = first * second // gcd(first, second)
    if period > PERIOD_LIMIT:
        raise Untraceable
    return period


def hull(first: Interval | None, second: Interval | None) -> Interval | None:
    """The smallest interval around two."""
    if first is None or second is None:
        return second if first is None else first
    return min(first[0], second[0]), max(first[1], second[1])
