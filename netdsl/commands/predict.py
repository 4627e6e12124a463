"""netdsl predict: what a trained network sees in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.commands.loading import show
from netdsl.commands.running import (
    backend_option,
    exact_option,
    format_option,
    percent,
    tell_problem,
    thread_count,
    threads_option,
)
from netdsl.diagnostics import Diagnosed, Diagnostic

if TYPE_CHECKING:
    from netdsl.training.restored import Answer, Restored

_PICTURES_AT_ONCE = 64
"""Pictures held in memory at a time."""


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@click.option(
    "--top",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    metavar="K",
    help="How many classes to name for each picture.",
)
@format_option
@exact_option
@threads_option
@backend_option
@click.pass_context
def command(
    context: click.Context,
    run: str,
    images: tuple[str, ...],
    top: int,
    form: str,
    exact: bool,
    threads: int | None,
    backend: str,
) -> None:
    """Predict the classes of pictures with RUN, a run folder or a checkpoint.

    Pictures are PNG, JPEG, GIF, BMP, PPM or WebP of any size. One that cannot be read, or has no finite
    answer, is reported and the others are still predicted; the exit code is then 1.
    """
    from netdsl.backend import backend as open_backend
    from netdsl.training.restored import Restored, open_checkpoint
    from netdsl.training.run_folder import run_checkpoint

    path = run_checkpoint(Path(run))
    checkpoint, plan = open_checkpoint(path)
    restored = Restored(checkpoint, path, plan, open_backend(backend), thread_count(threads), exact=exact)
    rows: list[dict[str, Any]] = []
    for start in range(0, len(images), _PICTURES_AT_ONCE):
        chunk = _predict(restored, images[start : start + _PICTURES_AT_ONCE], top)
        rows += chunk
        if form == "text":
            _print(chunk)
    if form == "json":
        import json

        click.echo(json.dumps(rows, indent=2, allow_nan=False))
    tell_problem(restored.backend.problem)
    context.exit(1 if any("error" in row for row in rows) else 0)


def _predict(restored: Restored, images: tuple[str, ...], top: int) -> list[dict[str, Any]]:
    """One row per picture, in order: its predictions or its error. Errors are shown at once."""
    pictures, rows = [], []
    for name in images:
        row: dict[str, Any] = {"image": name}
        try:
            pictures.append(restored.picture(Path(name)))
        except Diagnosed as diagnosed:
            _refuse(row, diagnosed.diagnostics[0])
        rows.append(row)
    read = [row for row in rows if "error" not in row]
    for row, answer in zip(read, restored.predict(pictures, [row["image"] for row in read]), strict=True):
        if isinstance(answer, Diagnostic):
            _refuse(row, answer)
        else:
            row["predictions"] = _likeliest(answer, top)
    return rows


def _refuse(row: dict[str, Any], finding: Diagnostic) -> None:
    show([finding])
    row["error"] = finding.message


def _likeliest(answer: Answer, top: int) -> list[dict[str, Any]]:
    pairs = list(zip(answer.classes, answer.probabilities, strict=True))[:top]
    return [{"class": name, "probability": probability} for name, probability in pairs]


def _print(rows: list[dict[str, Any]]) -> None:
    """``digit.png: 3 97.31 %, 8 1.20 %, 9 0.61 %``."""
    from netdsl.reports.display import visible

    for row in rows:
        if "error" not in row:
            shown = ", ".join(
                f"{visible(found['class'])} {percent(found['probability'])}" for found in row["predictions"]
            )
            click.echo(f"{visible(row['image'])}: {shown}")
