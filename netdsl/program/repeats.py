"""Long repetitions, shortened: what holds for sixty repetitions in their middle holds for all others.

`[CONV 64 3x3 - BN - RELU]*33000` is a line of text and a hundred thousand layers. What a step keeps of a
repetition depends on its neighbours and on a state of few values (whether the number before is kept or
computed again; how many formulas have become one), which repeats soon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.planning.plan import PlannedLayer

SHORT = 2_000
"""So many layers are looked at one by one."""

_SETTLED = 10
"""Repetitions at both ends that may differ from the others."""

_CYCLE = 60
"""Repetitions after which all is as before: a multiple of every short period."""

_WINDOW = 8
"""Layers that must be as some layers before them where a repetition is looked for."""


class WiredLayer(NamedTuple):
    """A layer and the indices of its inputs in the same sequence; ``frozen`` ones do not learn."""

    layer: PlannedLayer
    inputs: tuple[int, ...]
    frozen: bool = False


class Shortened(NamedTuple):
    """Some layers of a network; ``stands_for`` says for each of all layers which of them stands for it."""

    layers: list[WiredLayer]
    stands_for: list[int]


class _Run(NamedTuple):
    """Layers from ``start`` to before ``end`` that repeat those ``period`` layers before them."""

    start: int
    end: int
    period: int

    @property
    def left_out(self) -> range:
        """The repetitions that others stand for."""
        first = self.start + (_SETTLED + _CYCLE) * self.period
        last = self.end - _SETTLED * self.period
        cycle = _CYCLE * self.period
        return range(first, first + (last - first) // cycle * cycle)


NONE_FROZEN: frozenset[str] = frozenset()


def shortened(layers: Sequence[PlannedLayer], frozen: frozenset[str] = NONE_FROZEN) -> Shortened:
    """The layers without the repetitions that are like others; all of them where there are few.

    ``frozen`` are the names of layers that do not learn.
    """
    runs = _runs(layers, frozen) if len(layers) > SHORT else []
    stands_for: list[int] = []
    kept: list[WiredLayer] = []
    start = 0
    for run in (*runs, None):
        left_out = run.left_out if run is not None else range(len(layers), len(layers))
        for index in range(start, left_out.start):
            inputs = layers[index].node.inputs
            stands_for.append(len(kept))
            one = layers[index]
            wired = tuple(stands_for[source] for source in inputs)
            kept.append(WiredLayer(one, wired, one.node.name in frozen))
        if run is None:
            break
        cycle = _CYCLE * run.period
        for index in left_out:
            stands_for.append(stands_for[index - cycle])
        for index in range(left_out.stop, run.end):
            here = len(kept)
            inputs = layers[index].node.inputs
            stands_for.append(here)
            one = layers[index]
            wired = tuple(here - (index - source) for source in inputs)
            kept.append(WiredLayer(one, wired, one.node.name in frozen))
        start = run.end
    return Shortened(kept, stands_for)


def _runs(layers: Sequence[PlannedLayer], frozen: frozenset[str]) -> list[_Run]:
    """The repetitions that are worth leaving out, in order."""
    numbers: dict[object, int] = {}
    alike = [
        numbers.setdefault(
            (
                id(layer.node.layer),
                layer.inputs,
                tuple([index - source for source in layer.node.inputs]),
                layer.node.name in frozen,
            ),
            len(numbers),
        )
        for index, layer in enumerate(layers)
    ]
    last_reader = list(range(len(layers)))
    for index, layer in enumerate(layers):
        for source in layer.node.inputs:
            last_reader[source] = index
    seen: dict[tuple[int, ...], int] = {}
    found: list[_Run] = []
    tried: dict[int, int] = {}
    index = 0
    while index < len(alike) - _WINDOW:
        window = tuple(alike[index : index + _WINDOW])
        before = seen.get(window)
        seen[window] = index
        period = index - before if before is not None else 0
        if before is None or (found and before < found[-1].end) or tried.get(period, 0) > index:
            index += 1
            continue
        end = index + _WINDOW
        while end < len(alike) and alike[end] == alike[end - period]:
            end += 1
        run = _Run(before, end, period)
        tried[period] = end
        if run.left_out and _apart(run, layers, last_reader):
            found.append(run)
            index = end
        else:
            index += 1
    return found


def _apart(run: _Run, layers: Sequence[PlannedLayer], last_reader: list[int]) -> bool:
    """Whether layers of the run read only others nearby, and those after it none but its last ones."""
    one = range(run.start + run.period, run.start + 2 * run.period)
    margin = (_SETTLED // 2) * run.period
    near = all(index - source <= margin for index in one for source in layers[index].node.inputs)
    return near and max(last_reader[run.start : run.end - margin]) < run.end
