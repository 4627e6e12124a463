"""Finds what every row of a summary works on.

Keras says it, or all rows follow one another. torchinfo prints a tree of modules and not what
joins them: a row takes the volume above it if its own volume and count allow that, else the nearest
volume in the same module that they do allow. Ends that meet nowhere in a module are added, or put side
by side, as the module's own volume says.
"""

from __future__ import annotations

import re

from netdsl.formats.summary import Row
from netdsl.formats.summary_answers import Piece
from netdsl.formats.summary_drawing import Drawing, Misfit
from netdsl.formats.summary_kinds import RowRole, role_of
from netdsl.formats.summary_leaf import POOLS, bridged, leaf, shortcut
from netdsl.formats.summary_modules import Module, modules
from netdsl.formats.summary_solving import pools_for
from netdsl.layers.layer import SameVolume
from netdsl.layers.registry import kind_named
from netdsl.quantities import Size, Volume

_LOOKED_BACK = 64
"""Volumes of a module that a row may work on."""

_MOST_TOGETHER = 128
"""Layers of a dense block."""

_RESIDUAL = re.compile(r"basic_?block|bottleneck|resid|res_?block|res_?unit|mbconv|(?:^|_)res", re.IGNORECASE)
ADDITIONS = "additions (written in what is called like a residual block)"
SKIPS = "what is put side by side (the newest volume that fits is written)"


def walk_modules(drawing: Drawing, rows: tuple[Row, ...], start: int) -> None:
    """Draw the layers of torchinfo's tree after the input; rows of depth 0 are the whole model."""
    top = modules(rows)
    whole = top[0] if len(top) == 1 and top[0].inside else Module(Row(0, ""), top)
    _Inside(drawing, whole, start).walk()


class _Inside:
    """A module on its way: what it began with, what its rows made, which ends nobody took yet."""

    def __init__(self, drawing: Drawing, module: Module, start: int, parent: _Inside | None = None) -> None:
        self.drawing = drawing
        self.parent = parent
        self.module = module
        self.start = self.last = start
        self.made: list[int] = []
        self.ends: list[int] = []

    def walk(self) -> int:
        inside = self.module.inside
        for child in inside:
            if child is inside[-1] and self._activates_all():
                self._meet()
            source = self._source(child)
            result = (
                _Inside(self.drawing, child, source, self).walk()
                if child.inside
                else self._leaf(child.row, source)
            )
            self._took(source, result)
        if not self._activates_all():
            self._meet()
        return self.last

    def _activates_all(self) -> bool:
        """Whether the last row is an activation of all that the module makes."""
        inside, made = self.module.inside, self.module.row.output
        output = inside[-1].row.output if len(inside) > 1 else None
        return made is not None and output is not None and made.agrees(output) and _activates(inside[-1].row)

    def _leaf(self, row: Row, source: int) -> int:
        behind = bridged(self.drawing, row, source) if role_of(row.layer) else source
        return leaf(self.drawing, row, behind)

    def _took(self, source: int, result: int) -> None:
        if result == source:
            return
        if source in self.ends:
            self.ends.remove(source)
        self.made.append(result)
        self.ends.append(result)
        self.last = result

    def _source(self, child: Module) -> int:
        """What the child works on: what its input says, or what its first row can take."""
        row = _first(child).row
        if self.drawing.exhausted:
            return self.last
        behind = [self.last, *reversed(self.made[-_LOOKED_BACK:]), self.start]
        wanted = row.input or child.row.input
        if wanted is not None:
            alike = [index for index in behind if self.drawing.volume(index).agrees(wanted)]
            if alike:
                return alike[0]
            together = (
                self._together(wanted, row)
                if wanted.channels > self.drawing.volume(self.last).channels
                else None
            )
            return self.last if together is None else together
        if self._rank(row, self.last) <= _LIKELY:
            return self.last
        ranked = [(self._rank(row, index), order, index) for order, index in enumerate(behind)]
        rank, _, index = min(ranked)
        if rank < _NEVER:
            return index
        together = self._together(None, row)
        return self.last if together is None else together

    def _rank(self, row: Row, index: int) -> int:
        if role_of(row.layer, row.name) is None:
            hidden = 5 if index == self.last else _NEVER
            return 0 if shortcut(row, self.drawing.volume(index)) else hidden
        found = self.drawing.answers(row, index)
        return min((2 * answer.rank + (not answer.usual) for answer in found), default=_NEVER)

    def _together(self, wanted: Volume | None, row: Row) -> int | None:
        """Volumes side by side, where that is what the next row takes: all of the module, as in a dense
        block, or the last one and an earlier one, as in a U-Net."""
        every = (self.start, *self.made[-_MOST_TOGETHER:])
        pairs = ((self.last, index) for index in self._earlier() if index != self.last)
        tried: set[Volume] = set()
        for parts in (every, *pairs) if len(every) > 1 else pairs:
            volumes = [self.drawing.volume(part) for part in parts]
            both = volumes[0]._replace(channels=sum(volume.channels for volume in volumes))
            if both in tried or any(volume.size != both.size for volume in volumes):
                continue
            tried.add(both)
            if both.agrees(wanted) if wanted else self.drawing.fits(row, both):
                self.ends = [end for end in self.ends if end not in parts]
                if parts != every:
                    self.drawing.say(SKIPS, row.number)
                return self.drawing.joined(row.number, "CONCAT", parts, both)
        return None

    def _earlier(self) -> list[int]:
        """What was made before in this module and those around it, the newest first."""
        found: list[int] = []
        around: _Inside | None = self
        while around is not None:
            found += [*reversed(around.made[-_LOOKED_BACK:]), around.start]
            around = around.parent
        return list(dict.fromkeys(found))

    def _meet(self) -> None:
        """Join the ends as the module's volume says, or add what it began with in a residual block."""
        made = self.module.row.output
        if made is None or not self.ends:
            return
        volumes = [self.drawing.volume(end) for end in self.ends]
        if len(self.ends) == 1:
            self._meet_start(made, volumes[0])
        elif all(volume.agrees(made) for volume in volumes):
            self._join("ADD", self.ends, made)
        elif all(v.size == made.size for v in volumes) and sum(v.channels for v in volumes) == made.channels:
            self._join("CONCAT", self.ends, made)
        else:
            self._meet_all(made)

    def _meet_start(self, made: Volume, end: Volume) -> None:
        start = self.drawing.volume(self.start)
        number = self.module.row.number
        if made.agrees(end):
            name = f"{self.module.row.layer} {self.module.row.name}"
            if made.agrees(start) and _RESIDUAL.search(name) and self._weighs():
                self.drawing.say(ADDITIONS, number)
                self._join("ADD", [*self.ends, self.start], made)
        elif made.agrees(start) and end.size == Size(1, 1) and end.channels == start.channels:
            self._join("MULTIPLY", [self.start, *self.ends], made)
        elif made.size == start.size == end.size and made.channels == start.channels + end.channels:
            self._join("CONCAT", [self.start, *self.ends], made)
        else:
            self._meet_all(made)

    def _weighs(self) -> bool:
        roles = [role_of(child.row.layer) for child in self.module.inside]
        return len(self.module.inside) > 1 or any(role is None for role in roles)

    def _meet_all(self, made: Volume) -> None:
        """A dense block passes on all volumes that it has seen; some modules pool or flatten at their end."""
        if len(self.ends) == 1 and self._reshaped(made):
            return
        parts = [self.start, *self.made]
        volumes = [self.drawing.volume(part) for part in parts]
        if all(v.size == made.size for v in volumes) and sum(v.channels for v in volumes) == made.channels:
            self._join("CONCAT", parts, made)
            return
        given = volumes[0]
        ends = [self.drawing.volume(end) for end in self.ends]
        lacking = made.channels - sum(volume.channels for volume in ends)
        pools = pools_for(given, given._replace(height=made.height, width=made.width), None, False)
        if lacking == given.channels and pools and all(volume.size == made.size for volume in ends):
            number = self.module.row.number
            self.drawing.say(POOLS, number)
            pooled = Volume(made.height, made.width, given.channels)
            index = self.drawing.put(number, Piece("MAX POOL", pools[0].text(), pooled), self.start)
            self._join("CONCAT", [*self.ends, index], made)
        elif not self.drawing.misfits and not self.drawing.hidden and self.module.row.number:
            row, end = self.module.row, self.drawing.volume(self.last)
            self.drawing.misfits.append(
                Misfit(
                    row.number,
                    row.layer,
                    f"its layers make {end}, not {made}, and what comes between is not shown",
                )
            )
            self.last = self.drawing.put(row.number, Piece("", "", made), self.last)

    def _reshaped(self, made: Volume) -> bool:
        end = self.drawing.volume(self.ends[0])
        if made.values == end.values:
            piece = Piece("FLATTEN", "", made)
        elif made.size == Size(1, 1) and made.channels == end.channels:
            piece = Piece("AVG POOL", "global", made)
            self.drawing.say(POOLS, self.module.row.number)
        else:
            return False
        self.last = self.drawing.put(self.module.row.number, piece, self.ends[0])
        self.made.append(self.last)
        self.ends = [self.last]
        return True

    def _join(self, kind: str, indices: list[int], made: Volume) -> None:
        self.last = self.drawing.joined(self.module.row.number, kind, tuple(indices), made)
        self.made.append(self.last)
        self.ends = [self.last]


_NEVER = 99
_LIKELY = 2
"""One filter a channel, without anything else that is strange."""


def _first(module: Module) -> Module:
    while module.inside:
        module = module.inside[0]
    return module


def _activates(row: Row) -> bool:
    known = role_of(row.layer, row.name)
    kind = kind_named(known[1]) if known and known[0] is RowRole.PLAIN else None
    return kind is not None and issubclass(kind, SameVolume) and kind.is_activation
