"""Finds what every row of a summary works on.

Keras says it, or all rows stand one behind another. torchinfo prints a tree of modules and not what
joins them: a row takes the volume above it if its own volume and count allow that, else the nearest
volume in the same module that they do allow. Ends that meet nowhere in a module are added, or put side
by side, as the module's own volume says.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.formats.summary import Row
from netdsl.formats.summary_answers import Piece, answers
from netdsl.formats.summary_drawing import Drawing, Misfit
from netdsl.formats.summary_kinds import Role, role_of
from netdsl.formats.summary_solving import pools_for
from netdsl.layers.layer import Pointwise
from netdsl.layers.registry import kind_named
from netdsl.quantities import Size, Volume

_DEEPEST = 40
"""Modules inside one another: those further in count as lying side by side."""

_LOOKED_BACK = 64
"""Volumes of a module that a row may work on."""

_MOST_TOGETHER = 128
"""Layers of a dense block."""

_RESIDUAL = re.compile(r"basic_?block|bottleneck|resid|res_?block|res_?unit|mbconv|(?:^|_)res", re.IGNORECASE)
ADDITIONS = "additions (written in what is called like a residual block)"
SKIPS = "what is put side by side (the newest volume that fits is written)"
POOLS = "operations that are no modules (a pool is written where the next layer takes less)"


class Module(NamedTuple):
    """A row with the rows inside it."""

    row: Row
    inside: list[Module]


def modules(rows: tuple[Row, ...]) -> list[Module]:
    """The rows as a tree, by their depth."""
    top: list[Module] = []
    path: list[tuple[int, list[Module]]] = [(-1, top)]
    for row in rows:
        depth = min(row.depth, _DEEPEST)
        while path[-1][0] >= depth:
            path.pop()
        module = Module(row, [])
        path[-1][1].append(module)
        path.append((depth, module.inside))
    return top


def walk_modules(drawing: Drawing, rows: tuple[Row, ...], start: int) -> None:
    """Draw the layers of torchinfo's tree behind the input; rows of depth 0 are the whole model."""
    top = modules(rows)
    whole = top[0] if len(top) == 1 and top[0].inside else Module(Row(0, ""), top)
    _Inside(drawing, whole, start).walk()


_BLOCKS = ((re.compile("basic_?block", re.IGNORECASE), 2), (re.compile("bottleneck", re.IGNORECASE), 3))
"""Residual blocks with the convolutions on their way."""


def nested(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows of torchsummary, which prints a block behind what is inside it, as torchinfo would."""
    found: list[Row] = []
    for row in rows:
        if row.parameters or role_of(row.layer) is not None:
            found.append(row)
            continue
        lacking = next((count for name, count in _BLOCKS if name.search(row.layer)), 0)
        place = len(found)
        while lacking and place > 1 and found[place - 1].depth == 1:
            place -= 1
            before = found[place - 1].output
            known = role_of(found[place].layer)
            if known is not None and known[0] is Role.CONVOLUTION and before is not None:
                lacking -= any(answer.rank < 2 for answer in answers(found[place], before, False))
        if place < len(found) and not lacking:
            found[place:] = [row, *(inner._replace(depth=2) for inner in found[place:])]
    return tuple(found)


def walk_named(drawing: Drawing, rows: tuple[Row, ...], start: int) -> None:
    """Draw the layers of Keras, each behind those that it names, or else behind the one above."""
    places: dict[str, int] = {}
    place = start
    for row in rows:
        inputs = [_named(source, places) for source in row.sources or ()]
        known = role_of(row.layer, row.name)
        behind = [place if source is None else source for source in inputs] or [place]
        if known is not None and known[0] is Role.INPUT:
            place = start
        elif known is not None and known[0] is Role.MERGE and len(behind) > 1 and row.output is not None:
            place = drawing.joined(row.number, known[1], tuple(behind), row.output)
        else:
            place = _leaf(drawing, row, behind[0])
        places[row.name.rstrip("…")] = place


_RECENT = 500
"""Names among which one that has been cut off is looked for."""


def _named(source: str, places: dict[str, int]) -> int | None:
    """The place of a name, which a narrow column may have cut off."""
    if source in places:
        return places[source]
    for name in list(places)[: -_RECENT - 1 : -1]:
        if name.startswith(source) or source.startswith(name):
            return places[name]
    return None


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
        behind = _bridged(self.drawing, row, source) if role_of(row.layer) else source
        return _leaf(self.drawing, row, behind)

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
            alike = [place for place in behind if self.drawing.volume(place).agrees(wanted)]
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
        ranked = [(self._rank(row, place), order, place) for order, place in enumerate(behind)]
        rank, _, place = min(ranked)
        if rank < _NEVER:
            return place
        together = self._together(None, row)
        return self.last if together is None else together

    def _rank(self, row: Row, place: int) -> int:
        if role_of(row.layer, row.name) is None:
            hidden = 5 if place == self.last else _NEVER
            return 0 if _shortcut(row, self.drawing.volume(place)) else hidden
        found = self.drawing.answers(row, place)
        return min((2 * answer.rank + (not answer.usual) for answer in found), default=_NEVER)

    def _together(self, wanted: Volume | None, row: Row) -> int | None:
        """Volumes side by side, where that is what the next row takes: all of the module, as in a dense
        block, or the last one and an earlier one, as in a U-Net."""
        every = (self.start, *self.made[-_MOST_TOGETHER:])
        pairs = ((self.last, place) for place in self._earlier() if place != self.last)
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
        """A dense block hands on all volumes that it has seen."""
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
            place = self.drawing.put(number, Piece("MAX POOL", pools[0].text(), pooled), self.start)
            self._join("CONCAT", [*self.ends, place], made)
        elif not self.drawing.misfits and not self.drawing.hidden and self.module.row.number:
            row = self.module.row
            self.drawing.misfits.append(
                Misfit(row.number, row.layer, f"what joins its layers to {made} is not shown")
            )
            self.last = self.drawing.put(row.number, Piece("", "", made), self.last)

    def _join(self, kind: str, places: list[int], made: Volume) -> None:
        self.last = self.drawing.joined(self.module.row.number, kind, tuple(places), made)
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
    kind = kind_named(known[1]) if known and known[0] is Role.PLAIN else None
    return kind is not None and issubclass(kind, Pointwise) and kind.activates


def _leaf(drawing: Drawing, row: Row, source: int) -> int:
    """A row without rows inside it; where it cannot be read, its volume stands as if it could."""
    result = drawing.answered(row, source)
    if result is not None:
        return result
    known = role_of(row.layer, row.name)
    if known is None:
        shortcut = _shortcut(row, drawing.volume(source))
        for piece in shortcut:
            source = drawing.put(row.number, piece, source)
        if shortcut:
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
        return f"`{row.shape or 'no shape'}` is no height, width and channels"
    counted = f" with {row.parameters:,} parameters" if row.parameters else ""
    return f"nothing makes {row.output}{counted} of the {drawing.volume(source)} above it"


def _shortcut(row: Row, given: Volume) -> list[Piece]:
    """A module that is not shown and can only be a 1x1 convolution with its normalisation."""
    made = row.output
    if made is None or row.parameters != (given.channels + 2) * made.channels:
        return []
    stride = -(-given.height // made.height)
    if (-(-given.height // stride), -(-given.width // stride)) != tuple(made.size):
        return []
    options = f"{made.channels} 1x1{f' stride {stride}' if stride > 1 else ''} no bias"
    return [Piece("CONV", options, made), Piece("BN", "", made)]


def _bridged(drawing: Drawing, row: Row, source: int) -> int:
    """The place itself; or behind a pool that the summary does not show, where the row takes less."""
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
    if known[0] in (Role.PLAIN, Role.DROPOUT, Role.ACTIVATION, Role.NORMALISATION):
        return row.output if known[1] != "FLATTEN" else None
    pooled = [
        Volume(x.height // side, x.width // side, x.channels) for side in _POOLED if side <= min(x.size)
    ]
    if known[0] is Role.CONVOLUTION:
        behind = (volume for volume in pooled if any(one.usual for one in answers(row, volume, keras)))
        return next(behind, None)
    if known[0] is not Role.NEURONS:
        return None
    whole = Volume(1, 1, x.channels)
    return next((volume for volume in (whole, *pooled) if answers(row, volume, keras)), None)


_POOLED = (2, 3, 4, 5, 6, 7, 8)
