"""netdsl predict: what a trained network sees in images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdsl.commands.console.loading import show
from netdsl.commands.console.terminal import echo_folded
from netdsl.commands.running.options import (
    backend_option,
    exact_option,
    percent,
    tell_problem,
    threads_option,
)
from netdsl.cores import thread_count
from netdsl.diagnostics import Diagnostic

if TYPE_CHECKING:
    from netdsl.training.predicting import Seen
    from netdsl.training.trained_model import Answer


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@click.option(
    "--top",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    metavar="K",
    help="How many classes to list for each image.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("text", "json", "csv")),
    default="text",
    show_default=True,
    help="Output format; csv has a line for each image.",
)
@exact_option
@threads_option
@backend_option
@click.pass_context
def command(
    context: click.Context,
    run: str,
    images: tuple[str, ...],
    top: int,
    output_format: str,
    exact: bool,
    threads: int | None,
    backend: str,
) -> None:
    """Predict the classes of images with RUN, a run folder or a checkpoint.

    Images are PNG, JPEG, GIF, BMP, PPM or WebP of any size; a folder stands for all images in it and its
    subfolders, in order of their names. One that cannot be read, or has no finite answer, is reported and the
    others are still predicted; the exit code is then 1.
    """
    from netdsl.backend import backend as open_backend
    from netdsl.training.predicting import Pictures
    from netdsl.training.run_folder import run_checkpoint
    from netdsl.training.trained_model import TrainedModel, open_checkpoint

    path = run_checkpoint(Path(run))
    checkpoint, plan = open_checkpoint(path)
    count = thread_count(threads)
    model = TrainedModel(checkpoint, path, plan, open_backend(backend), count, exact=exact)
    pictures = Pictures(model, images, count)
    failed = False

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal failed
        for seen in pictures.answers():
            row = _row(seen, top)
            failed = failed or "error" in row
            yield row

    if output_format == "json":
        from netdsl.reports.as_predictions_json import predictions_as_json

        for piece in predictions_as_json(rows()):
            click.echo(piece, nl=False)
    elif output_format == "csv":
        _print_csv(rows(), min(top, len(checkpoint.classes)))
    else:
        _print_text(rows())
    show(pictures.findings)
    tell_problem(model.backend.problem)
    context.exit(1 if failed else 0)


def _row(seen: Seen, top: int) -> dict[str, Any]:
    """An image with its predictions or its error, which is shown at once."""
    if isinstance(seen.outcome, Diagnostic):
        show([seen.outcome])
        return {"image": seen.name, "error": seen.outcome.message}
    return {"image": seen.name, "predictions": _likeliest(seen.outcome, top)}


def _likeliest(answer: Answer, top: int) -> list[dict[str, Any]]:
    pairs = list(zip(answer.classes, answer.probabilities, strict=True))[:top]
    return [{"class": name, "probability": probability} for name, probability in pairs]


def _print_text(rows: Iterable[dict[str, Any]]) -> None:
    """``digit.png: 3 97.31 %, 8 1.20 %, 9 0.61 %``."""
    from netdsl.reports.display import visible
    from netdsl.reports.wrapping import GLUE

    for row in rows:
        if "error" not in row:
            answers = [
                f"{visible(found['class'])} {percent(found['probability'])}".replace(" ", GLUE)
                for found in row["predictions"]
            ]
            name = visible(row["image"]).replace(" ", GLUE)
            echo_folded(f"{name}: {', '.join(answers)}")


def _print_csv(rows: Iterable[dict[str, Any]], top: int) -> None:
    """A line for each image: its name, its likeliest classes with their probabilities, its error."""
    import csv
    import sys

    from netdsl.opening import writable
    from netdsl.reports.display import visible

    class Lines:
        def write(self, line: str) -> None:
            click.echo(line, nl=False, file=sys.stdout)

    writer = csv.writer(Lines(), lineterminator="\n")
    numbered = ["" if number == 1 else f"_{number}" for number in range(1, top + 1)]
    columns = [f"{name}{number}" for number in numbered for name in ("class", "probability")]
    writer.writerow(["image", *columns, "error"])
    for row in rows:
        cells: list[str] = []
        for found in row.get("predictions", ()):
            cells += [visible(found["class"]), f"{found['probability']:.6f}"]
        cells += [""] * (len(columns) - len(cells))
        writer.writerow([visible(writable(row["image"])), *cells, visible(row.get("error", ""))])
