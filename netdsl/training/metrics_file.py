"""The text of metrics.csv: a line for each epoch, what was learned and how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from netdsl.training.pace import Timing
from netdsl.training.records import EpochRecord

_MEASURED = Timing._fields


def metrics_text(history: Sequence[EpochRecord], timings: Mapping[int, Timing]) -> str:
    """Column names and a line for each epoch; what is not known is empty.

    Only the last columns, seconds and images_per_second, differ from one run to the next of a recipe. The
    one of top-5 accuracy is left out where no epoch has it.
    """
    shown = list(EpochRecord._fields)
    if all(record.validation_top5 is None for record in history):
        shown.remove("validation_top5")
    lines = [",".join([*shown, *_MEASURED])]
    for record in history:
        timing = timings.get(record.epoch, Timing(None, None))
        values = [getattr(record, name) for name in shown[1:]]
        cells = [_cell(name, value) for name, value in zip(shown[1:], values, strict=True)]
        seconds = "" if timing.seconds is None else f"{timing.seconds:.3f}"
        speed = "" if timing.images_per_second is None else f"{timing.images_per_second:.1f}"
        lines.append(",".join([str(record.epoch), *cells, seconds, speed]))
    return "\n".join([*lines, ""])


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if name == "rate" else f"{value:.6f}"


def timings_in(text: str) -> dict[int, Timing]:
    """The times of the epochs in such a text. Lines that say none are left out: anybody may have changed
    them, and they are only shown."""
    names, *rows = (line.split(",") for line in text.splitlines() or [""])
    found: dict[int, Timing] = {}
    if tuple(names[-len(_MEASURED) :]) != _MEASURED:
        return found
    for row in rows:
        if len(row) == len(names) and row[0].isdecimal() and len(row[0]) < 10:
            found[int(row[0])] = Timing(*map(_figure, row[-len(_MEASURED) :]))
    return found


def _figure(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if isfinite(value) and value >= 0 else None
