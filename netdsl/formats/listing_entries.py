"""The lines of listings as they were read, and which of them make which network."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from netdsl.formats.listing_totals import Total


class LineRole(Enum):
    """What a line of a listing is."""

    LAYER = "a layer with its volume"
    BARE = "perhaps a layer, without a volume"
    SUMMARY = "the volume of the last layer, said again"
    UNREAD = "a line with a volume that could not be read"


class Entry(NamedTuple):
    """A layer of a listing: the number of its line, and what it says in netdsl's words.

    ``guess`` says what of it is guessed, because the line is garbled; else it is empty. The text of
    a line that could not be read is a comment; ``doubtful`` is what comes after one.
    """

    number: int
    text: str
    guess: str = ""
    role: LineRole = LineRole.LAYER
    doubtful: bool = False


class Listing(NamedTuple):
    """The layers of a listing in order, and what it says about all of them together."""

    entries: list[Entry]
    totals: list[Total]


def networks(found: list[Entry], totals: list[Total]) -> list[Listing]:
    """The networks of a page; a total belongs to the network above it."""
    listings = [_marked(_restated(_chosen(group))) for group in _groups(found)]
    listings = [entries for entries in listings if entries] or [[]]
    starts = [entries[0].number if entries else 0 for entries in listings]
    ends = [*starts[1:], None]
    return [
        Listing(
            entries,
            [t for t in totals if (index == 0 or t.number >= start) and (end is None or t.number < end)],
        )
        for index, (entries, start, end) in enumerate(zip(listings, starts, ends, strict=True))
    ]


def _groups(found: list[Entry]) -> list[list[Entry]]:
    """The entries of each network: an input after layers begins the next one, where layers with
    volumes follow it."""
    last = max((index for index, entry in enumerate(found) if entry.role is LineRole.LAYER), default=-1)
    groups: list[list[Entry]] = [[]]
    begun = listed = False
    for index, entry in enumerate(found):
        if not _is_input(entry):
            listed = listed or (begun and entry.role is LineRole.LAYER)
        elif index < last or entry.role is LineRole.LAYER:
            if listed:
                groups.append([])
            begun, listed = True, False
        groups[-1].append(entry)
    return groups


def _chosen(found: list[Entry]) -> list[Entry]:
    """Without what may be prose: lines without a volume count among the layers, right after the
    last one, and for an input that nothing else states."""
    layers = [index for index, entry in enumerate(found) if entry.role is LineRole.LAYER]
    if not layers:
        return [entry for entry in found if entry.role is LineRole.UNREAD]
    first, last = layers[0], layers[-1]
    if not any(_is_input(found[index]) for index in layers):
        inputs = [index for index in range(first) if _is_input(found[index])]
        first = inputs[-1] if inputs else first
    chosen: list[Entry] = []
    for index, entry in enumerate(found):
        if entry.role is LineRole.BARE:
            adjacent = bool(chosen) and index > last and entry.number <= chosen[-1].number + 1
            repeats = _is_input(entry) and index != first
            if repeats or not (first <= index <= last or adjacent):
                continue
        chosen.append(entry)
    return chosen


def _is_input(entry: Entry) -> bool:
    return re.match(r"(?:\[[^]]*\] )?INPUT\b", entry.text) is not None


def _restated(entries: list[Entry]) -> list[Entry]:
    """Without ``OUTPUT[10]`` after a layer of the same volume; after another it is unread."""
    kept: list[Entry] = []
    for entry in entries:
        if entry.role is not LineRole.SUMMARY:
            kept.append(entry)
        elif not kept or entry.text.partition("]")[0] not in kept[-1].text:
            kept.append(Entry(entry.number, f"# could not be read: {entry.text}", role=LineRole.UNREAD))
    return kept


def _marked(entries: list[Entry]) -> list[Entry]:
    """Doubtful is what comes after a line that could not be read: that may be its input."""
    marked: list[Entry] = []
    missing = False
    for entry in entries:
        unread = entry.role is LineRole.UNREAD
        marked.append(entry._replace(doubtful=missing and not unread))
        missing = unread
    return marked
