"""The trials of a search as a table, as CSV and as JSON, the best first."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from netdsl.quantities import counted
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.search import value_text
from netdsl.recipe.stored import recipe_as_json
from netdsl.reports.display import columns
from netdsl.reports.wrapping import Shape, fitted, wrapped
from netdsl.searching.trial import Look, State, Trial, ranked

SCHEMA = "netdsl-search-1"
MOST_ROWS = 20
_NONE = "-"


def trials_as_table(
    settings: Sequence[str], trials: list[Trial], where: str, width: int | None = None
) -> str:
    """The best trials, one a line; ``where`` is the file that has all of them. With a ``width`` columns are
    left out, and what became of a trial is folded, until no line is wider."""
    head = ["trial", *settings, "validation", "loss", "epochs"]
    shown = ranked(trials)[:MOST_ROWS]
    rows = [_row(settings, trial) for trial in shown]
    natural = [max(columns(row[column]) for row in [head, *rows]) for column in range(len(head))]
    ranks = [0, *range(3, 3 + len(settings)), 0, 1, 2]
    widths = fitted(natural, [Shape(rank=rank) for rank in ranks], width)
    lines = [_line(head, widths)]
    for row in rows:
        line = _line(row, widths)
        lines += wrapped(f"{line}  {row[-1]}".rstrip(), width, " " * (widths[0] + 2))
    if missing := [name for name, left in zip(head, widths, strict=True) if not left]:
        lines += wrapped(f"left out for lack of room: {', '.join(missing)}; all are in {where}", width)
    if len(trials) > len(shown):
        lines += wrapped(f"{counted(len(trials) - len(shown), 'more trial')} in {where}", width)
    return "\n".join(lines) + "\n"


def _line(row: list[str], widths: list[int]) -> str:
    return "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=False) if width)


def point_text(point: Mapping[str, Any]) -> str:
    """``rate 0.01, batch 64``."""
    return ", ".join(f"{setting} {value_text(value)}" for setting, value in point.items())


def loss_text(loss: float) -> str:
    """``0.1234``, and ``3.323e+17`` of what has all but diverged."""
    return f"{loss:.4f}" if loss < 1e5 else f"{loss:.3e}"


def outcome_text(trial: Trial) -> str:
    """What became of a trial that came to no end; empty for one that did."""
    if trial.state is State.FAILED and trial.failure is not None:
        return f"failed: {trial.failure.code} {trial.failure.message.partition('; ')[0]}"
    return {State.PRUNED: "pruned", State.RUNNING: "not finished"}.get(trial.state, "")


def _row(settings: Sequence[str], trial: Trial) -> list[str]:
    values = [value_text(trial.point[one]) if one in trial.point else _NONE for one in settings]
    result = trial.result
    figures = [f"{result.accuracy * 100:.2f} %", loss_text(result.loss)] if result else [_NONE, _NONE]
    return [str(trial.number), *values, *figures, str(len(trial.accuracies)), outcome_text(trial)]


def trials_as_csv(settings: Sequence[str], trials: list[Trial]) -> str:
    """One line a trial; a setting that a trial does not have is empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    figures = ["validation_accuracy", "validation_loss", "best_epoch", "epochs"]
    writer.writerow(["trial", "state", *settings, *figures, "reason"])
    for trial in ranked(trials):
        result, failure = trial.result, trial.failure
        writer.writerow(
            [
                trial.number,
                trial.state.name.lower(),
                *(value_text(trial.point[one]) if one in trial.point else "" for one in settings),
                *([f"{result.accuracy:.6f}", f"{result.loss:.6f}", result.epoch] if result else ["", "", ""]),
                len(trial.accuracies),
                f"{failure.code} {failure.message}" if failure else "",
            ]
        )
    return stream.getvalue()


def search_as_json(
    name: str, method: str, folder: str, trials: list[Trial], recipe: Recipe | None, look: Look | None
) -> str:
    """``recipe`` is that of the best trial, ``look`` its test; None where there is none."""
    order = ranked(trials)
    found = {
        "schema": SCHEMA,
        "network": name,
        "method": method,
        "folder": folder,
        "best": order[0].number if recipe is not None else None,
        "recipe": recipe_as_json(recipe) if recipe is not None else None,
        "test": look._asdict() if look is not None else None,
        "trials": [_as_json(trial) for trial in order],
    }
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _as_json(trial: Trial) -> dict[str, Any]:
    result, failure = trial.result, trial.failure
    return {
        "trial": trial.number,
        "state": trial.state.name.lower(),
        "settings": trial.point,
        "validation_accuracy": result.accuracy if result else None,
        "validation_loss": result.loss if result else None,
        "best_epoch": result.epoch if result else None,
        "accuracies": trial.accuracies,
        "failure": failure._asdict() if failure else None,
    }
