"""The trials of a search as a picture: parallel coordinates, as SVG.

Each setting has an axis, and the last one is the accuracy on the validation part; a trial is a line
through its values. Inselberg, 1985, "The Plane with Parallel Coordinates".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any, NamedTuple

from netdsl.recipe.search import Choices, Range, Search, value_text
from netdsl.searching.trial import State, Trial, ranked

_GAP, _LEFT, _RIGHT, _TOP, _BOTTOM, _HEIGHT = 150, 70, 90, 86, 62, 320
_ABSENT = 26
"""Pixels below an axis, where lines pass that have no value on it."""

_COLOURS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 191, 17))
"""From the worst to the best: viridis, which keeps its order in grey and for the colour-blind; its last
yellow darkened, to be seen on white."""

_LONGEST_NAME = 60


class _Axis(NamedTuple):
    """A scale: ``ticks`` are labels with their place, a share of the height from below."""

    name: str
    low: float
    high: float
    logarithmic: bool
    ticks: tuple[tuple[str, float], ...]
    choices: tuple[Any, ...] = ()

    def share(self, value: Any) -> float | None:
        """Where a value lies; None for one that is not on the axis."""
        if self.choices:
            return _share_of(self.choices.index(value), len(self.choices)) if value in self.choices else None
        return None if value is None else _share(value, self.low, self.high, self.logarithmic)


def trials_as_picture(name: str, search: Search, trials: list[Trial]) -> str:
    """The SVG; ``name`` is the network's."""
    order = ranked(trials)
    axes = [_axis(one) for one in search]
    accuracies = [trial.result.accuracy for trial in order if trial.result]
    last = _accuracy_axis(accuracies)
    width = _LEFT + _GAP * len(axes) + _RIGHT
    height = _TOP + _HEIGHT + _ABSENT + _BOTTOM
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="20" y="26" font-size="15" font-weight="bold">{_shown(name)}</text>',
        f'<text x="20" y="46" fill="#555">{_subtitle(order)}</text>',
    ]
    best = order[0] if order and _is_whole(order[0]) else None
    shades = _shades(order)
    for trial in reversed(order):
        pieces.append(_line(trial, [*axes, last], _stroke(trial, shades, best=trial is best)))
    for number, axis in enumerate([*axes, last]):
        pieces.extend(_drawn_axis(axis, _LEFT + number * _GAP))
    pieces.extend(_legend(order, height))
    return "\n".join([*pieces, "</svg>", ""])


def _shades(order: Sequence[Trial]) -> dict[float, float]:
    """For each accuracy of the whole trials the share of those that it beats: so colours differ where many
    are close together and a few are far off."""
    found = sorted({trial.result.accuracy for trial in order if trial.result and _is_whole(trial)})
    return {accuracy: _share_of(index, len(found)) for index, accuracy in enumerate(found)}


def _is_whole(trial: Trial) -> bool:
    return trial.state is State.COMPLETE


def _shown(text: str) -> str:
    short = text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
    return escape("".join(letter if letter.isprintable() else "?" for letter in short))


def _subtitle(order: Sequence[Trial]) -> str:
    if not order or not _is_whole(order[0]) or order[0].result is None:
        return f"{len(order)} trials"
    best, share = order[0].number, order[0].result.accuracy
    return f"{len(order)} trials; best is trial {best}: {share * 100:.2f} % of the validation images"


def _axis(one: Range | Choices) -> _Axis:
    if isinstance(one, Choices):
        labels = (_number(value) if not isinstance(value, str) else value for value in one.values)
        ticks = tuple((label, _share_of(index, len(one.values))) for index, label in enumerate(labels))
        return _Axis(one.setting, 0.0, 1.0, False, ticks, one.values)
    ticks = tuple(_ticks(one.low, one.high, one.logarithmic))
    return _Axis(one.setting, one.low, one.high, one.logarithmic, ticks)


def _accuracy_axis(accuracies: Sequence[float]) -> _Axis:
    low, high = (min(accuracies), max(accuracies)) if accuracies else (0.0, 1.0)
    if high - low < 0.01:
        low, high = max(low - 0.005, 0.0), min(high + 0.005, 1.0)
    ticks = tuple((f"{float(label):.4g} %", share) for label, share in _ticks(low * 100, high * 100, False))
    return _Axis("validation accuracy", low, high, False, ticks)


def _share_of(index: int, count: int) -> float:
    return index / (count - 1) if count > 1 else 0.5


def _share(value: float, low: float, high: float, logarithmic: bool) -> float:
    if logarithmic:
        value, low, high = log10(value), log10(low), log10(high)
    return (value - low) / (high - low)


def _ticks(low: float, high: float, logarithmic: bool) -> Iterator[tuple[str, float]]:
    """Round numbers in a range, four to ten of them, and its ends where none is near."""
    rounds = _powers(low, high) if logarithmic else _multiples(low, high)
    if isinstance(low, int):
        rounds = [int(value) for value in rounds if value == int(value)]
    found = {value: _share(value, low, high, logarithmic) for value in rounds}
    for end in (low, high):
        share = _share(end, low, high, logarithmic)
        if all(abs(share - other) > 0.06 for other in found.values()):
            found[end] = share
    for value, share in sorted(found.items()):
        yield _number(value), share


def _powers(low: float, high: float) -> list[float]:
    first, last = floor(log10(low)), ceil(log10(high))
    digits = (1, 2, 5) if last - first <= 3 else (1,)
    stride = max((last - first) // 8, 1)
    values = [digit * 10.0**power for power in range(first, last + 1, stride) for digit in digits]
    return [value for value in values if low * 0.999999 <= value <= high * 1.000001]


def _multiples(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    power = 10.0 ** floor(log10(rough))
    spacing = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough * 0.999999)
    first = ceil(low / spacing - 1e-9)
    values = [float(f"{number * spacing:.10g}") for number in range(first, first + 12)]
    return [value for value in values if value <= high + 1e-9 * spacing]


def _number(value: float) -> str:
    return value_text(value) if isinstance(value, int) else f"{value:g}"


def _height(share: float | None) -> float:
    return _TOP + _HEIGHT + _ABSENT if share is None else _TOP + _HEIGHT * (1 - share)


def _line(trial: Trial, axes: Sequence[_Axis], stroke: str) -> str:
    values = [trial.point.get(axis.name) for axis in axes[:-1]]
    values.append(trial.result.accuracy if trial.result else None)
    shares = [axis.share(value) for axis, value in zip(axes, values, strict=True)]
    points = [(_LEFT + number * _GAP, _height(share)) for number, share in enumerate(shares)]
    path = f"M{points[0][0]} {points[0][1]:.1f}"
    for (x, y), (right, below) in pairwise(points):
        middle = (x + right) / 2  # a curve, so that lines which meet on an axis can be told apart behind it
        path += f" C{middle:.1f} {y:.1f} {middle:.1f} {below:.1f} {right} {below:.1f}"
    title = f"<title>trial {trial.number}</title>"
    return f'<path d="{path}" fill="none" {stroke}>{title}</path>'


def _stroke(trial: Trial, shades: Mapping[float, float], *, best: bool) -> str:
    if trial.state is State.FAILED:
        return 'stroke="#c00" stroke-dasharray="2 4" stroke-width="1.5"'
    if not _is_whole(trial) or trial.result is None:
        return 'stroke="#999" stroke-dasharray="6 4" stroke-width="1"'
    return f'stroke="{_colour(shades[trial.result.accuracy])}" stroke-width="{4 if best else 1.5}"'


def _colour(share: float) -> str:
    scaled = min(max(share, 0.0), 1.0) * (len(_COLOURS) - 1)
    first = min(int(scaled), len(_COLOURS) - 2)
    pairs = zip(_COLOURS[first], _COLOURS[first + 1], strict=True)
    return "#" + "".join(f"{round(low + (high - low) * (scaled - first)):02x}" for low, high in pairs)


def _drawn_axis(axis: _Axis, x: int) -> Iterator[str]:
    yield f'<path d="M{x} {_TOP} V{_TOP + _HEIGHT}" stroke="#000" stroke-width="1"/>'
    yield f'<text x="{x}" y="{_TOP - 14}" text-anchor="middle" font-weight="bold">{_shown(axis.name)}</text>'
    for label, share in axis.ticks:
        y = _height(share)
        yield f'<path d="M{x - 4} {y:.1f} H{x + 4}" stroke="#000"/>'
        for halo in ('stroke="#fff" stroke-width="4" stroke-linejoin="round"', ""):
            yield f'<text x="{x + 8}" y="{y + 4:.1f}" {halo}>{_shown(label)}</text>'


def _legend(order: Sequence[Trial], height: int) -> Iterator[str]:
    """What the other kinds of lines mean, where there are any."""
    kinds = (
        (State.PRUNED, 'stroke="#999" stroke-dasharray="6 4"', "given up early"),
        (State.FAILED, 'stroke="#c00" stroke-dasharray="2 4" stroke-width="1.5"', "failed"),
        (State.RUNNING, 'stroke="#999" stroke-dasharray="6 4"', "not finished"),
    )
    x = 20
    for state, stroke, meaning in kinds:
        if any(trial.state is state for trial in order):
            yield f'<path d="M{x} {height - 22} h36" fill="none" {stroke}/>'
            yield f'<text x="{x + 44}" y="{height - 18}" fill="#555">{meaning}</text>'
            x += 160
