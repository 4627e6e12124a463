"""netdsl eval: how good a trained network is, in all and class by class."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdsl.commands.console.loading import show
from netdsl.commands.console.terminal import echo_folded, say, width_of
from netdsl.commands.running.options import (
    accuracy_text,
    backend_option,
    exact_option,
    format_option,
    percent,
    tell_problem,
    threads_option,
)
from netdsl.cores import thread_count

if TYPE_CHECKING:
    from netdsl.training.trained_model import Examined, TrainedModel

_MOST_CONFUSIONS = 3
_FIGURES_WIDTH = 26
"""Columns of the table behind the names of the classes."""


@click.command("eval")
@click.argument("run", metavar="RUN")
@click.option(
    "--data",
    metavar="DATA",
    help="The run's data, to be named unless they are the digits, as no checkpoint decides which files are"
    " read. Of other data all images count, or the test part.",
)
@click.option(
    "--mistakes",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    metavar="N",
    help="How many mistakes to list, those that gave the right class the lowest probability first.",
)
@format_option
@exact_option
@threads_option
@backend_option
def command(
    run: str,
    data: str | None,
    mistakes: int,
    output_format: str,
    exact: bool,
    threads: int | None,
    backend: str,
) -> None:
    """Evaluate RUN, a run folder or a checkpoint, on the test images it has never seen.

    With fewer than 10,000 images the accuracy comes with its 95 % confidence interval (Wilson's). The JSON
    form also has the confusion matrix: a row for each class, a column for each answer.
    """
    from netdsl.backend import backend as open_backend
    from netdsl.training.run_folder import run_checkpoint
    from netdsl.training.trained_model import TrainedModel, open_checkpoint

    path = run_checkpoint(Path(run))
    checkpoint, plan = open_checkpoint(path)
    model = TrainedModel(checkpoint, path, plan, open_backend(backend), thread_count(threads), exact=exact)
    examined = model.examine(data, mistakes)
    show(examined.findings)
    for line in examined.reading:
        say(f"{examined.data}: {line}")
    if output_format == "json":
        from netdsl.reports.as_evaluation_json import evaluation_as_json

        click.echo(evaluation_as_json(model, examined), nl=False)
    else:
        _print(model, examined)
    tell_problem(model.backend.problem)


def _print(model: TrainedModel, examined: Examined) -> None:
    from netdsl.reports.display import columns, padded, visible
    from netdsl.reports.wrapping import shortened

    evaluation, names = examined.evaluation, [visible(name) for name in examined.classes]
    part = "test part" if examined.part == "test" else "all images"
    echo_folded(
        f"{visible(model.checkpoint.network_name)} after epoch {model.checkpoint.progress.epoch} "
        f"on {visible(examined.data)}, {part}, {evaluation.images:,} images"
    )
    confusion = evaluation.confusion(len(names))
    room = width_of(sys.stdout)
    width = max(len("class"), *(columns(name) for name in names))
    width = width if room is None else min(width, room - _FIGURES_WIDTH)
    echo_folded(f"{padded('class', width)}  images   right  accuracy")
    for number, (name, accuracy) in enumerate(zip(names, evaluation.class_accuracy(len(names)), strict=True)):
        shown = "-" if accuracy is None else percent(accuracy)
        total, right = int(confusion[number].sum()), int(confusion[number, number])
        name = shortened(name, width)
        echo_folded(f"{padded(name, width)}  {total:6,}  {right:6,}  {shown:>8}")
    for line in _confusions(confusion.tolist(), names):
        echo_folded(line)
    for line in _mistakes(examined, names):
        echo_folded(line, indent="    ")
    echo_folded(f"loss {evaluation.loss:.4f}")
    if evaluation.top5_accuracy is not None:
        echo_folded(f"top-5 accuracy {percent(evaluation.top5_accuracy)}")
    echo_folded(f"{'test ' if examined.part == 'test' else ''}{accuracy_text(evaluation)}")


def _confusions(confusion: list[list[int]], names: list[str]) -> list[str]:
    """The most frequent mistakes: ``8 taken for 1: 3 times``."""
    mistakes = [
        (-count, row, column)
        for row, counts in enumerate(confusion)
        for column, count in enumerate(counts)
        if count and row != column
    ]
    return [
        f"{names[row]} taken for {names[column]}: {'once' if count == -1 else f'{-count} times'}"
        for count, row, column in sorted(mistakes)[:_MOST_CONFUSIONS]
    ]


def _mistakes(examined: Examined, names: list[str]) -> list[str]:
    """The worst of them: ``cat/1.png: cat taken for dog with 99.10 %; cat has 0.52 %``."""
    from netdsl.reports.display import visible

    if not examined.mistakes:
        return []
    total = examined.evaluation.images - examined.evaluation.correct
    shown = len(examined.mistakes)
    heading = f"the worst {shown} of {total:,} mistakes:" if shown < total else "mistakes, worst first:"
    return [heading] + [
        f"  {visible(str(origin))}: {names[mistake.label]} taken for {names[mistake.predicted]} with "
        f"{percent(mistake.probability)}; {names[mistake.label]} has {percent(mistake.class_probability)}"
        for origin, mistake in examined.mistakes
    ]
