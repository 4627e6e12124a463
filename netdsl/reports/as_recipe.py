"""Renders a recipe: every entry with its value, and the learning rate over the run as a line."""

from __future__ import annotations

from collections.abc import Collection
from math import log

from netdsl.recipe.entries import entries
from netdsl.recipe.recipe import Recipe
from netdsl.reports.display import visible
from netdsl.reports.wrapping import wrapped
from netdsl.schedules.plateau import Plateau
from netdsl.schedules.schedule import Moment

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH, _NARROW = 60, 12
"""Most and least characters of the line."""

_STEPS = 1000
"""Steps of an epoch where the data are not known: the line is the same for any number that is large."""

_WIDE = 20.0
"""From this ratio of the highest rate to the lowest on, the heights of stairs follow the logarithm."""

_STAIRS = 8
"""Most different rates of stairs; what has more is a curve, and drawn as it is."""


def recipe_as_text(recipe: Recipe, given: Collection[str], width: int | None = None) -> str:
    """A line for each entry, the defaults marked as such, and one for the rate, folded to ``width`` columns
    where it is known; ends in a line break."""
    widest = max(map(len, entries()))
    indent = " " * (widest + 4)
    lines = ["recipe"]
    for name, entry in entries().items():
        text = entry.text(getattr(recipe, name))
        if text:
            mark = "" if name in given else "  (default)"
            lines += wrapped(f"  {name:<{widest}}  {visible(text)}{mark}", width, indent)
    room = _WIDTH if width is None else max(min(width - len(indent), _WIDTH), _NARROW)
    lines += wrapped(f"  {'rate':<{widest}}  {rate_line(recipe, room)}", width, indent)
    return "\n".join(lines) + "\n"


def rate_line(recipe: Recipe, most: int = _WIDTH) -> str:
    """``▁▅██▇▅▃▁  0.0001 to 0.01 to 0 in 15 epochs``: first, highest and last rate, without repeats.

    What a plateau does depends on the validation; it is drawn as if every epoch were better.
    """
    count = min(most, max(recipe.epochs, _NARROW))
    rates = [_rate_at(recipe, (number + 0.5) / count) for number in range(count)]
    first, last = _rate_at(recipe, 0.0), _rate_at(recipe, 1.0)
    after_warmup = _rate_at(recipe, recipe.schedule.warmup / recipe.epochs)
    ends = [f"{rate:.3g}" for rate in (first, max(first, after_warmup, last, *rates), last)]
    told = [text for index, text in enumerate(ends) if index == 0 or text != ends[index - 1]]
    epochs = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs:,} epochs"
    line = f"{_drawn(rates)}  {' to '.join(told)} in {epochs}"
    return f"{line}, less after each plateau" if isinstance(recipe.schedule, Plateau) else line


def _rate_at(recipe: Recipe, share: float) -> float:
    """The rate at a share of the run, 0 its first step and 1 its last."""
    step = min(int(share * recipe.epochs * _STEPS), recipe.epochs * _STEPS - 1)
    losses = tuple(1.0 / (1 + number) for number in range(step // _STEPS))
    moment = Moment(step // _STEPS, step % _STEPS, _STEPS, recipe.epochs, losses)
    return recipe.schedule.rate(recipe.optimizer.rate, moment)


def _drawn(rates: list[float]) -> str:
    low, high = min(rates), max(rates)
    if high - low <= 1e-9 * high:
        return _BLOCKS[len(_BLOCKS) // 2] * len(rates)
    heights = rates
    if low > 0 and high / low >= _WIDE and len(set(rates)) <= _STAIRS:
        heights = [log(rate) for rate in rates]
    least, most = min(heights), max(heights)
    return "".join(
        _BLOCKS[min(int((height - least) / (most - least) * len(_BLOCKS)), len(_BLOCKS) - 1)]
        for height in heights
    )
