"""Carries a search out and says what came of it."""

from __future__ import annotations

import shlex
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdsl.commands.console.terminal import echo_folded, say, say_command, width_of
from netdsl.commands.running.options import accuracy_text, percent
from netdsl.quantities import counted

if TYPE_CHECKING:
    from netdsl.commands.console.interruption import Interruption
    from netdsl.searching.search_folder import SearchFolder
    from netdsl.searching.search_worker import Surroundings
    from netdsl.searching.study import Study
    from netdsl.searching.trial import Trial

_WAIT_SECONDS = 0.2
"""Between two looks for trials that other processes train, or have left."""


def carry_out(
    folder: SearchFolder,
    study: Study,
    around: Surroundings,
    workers: int,
    output_format: str,
    network: str | None,
) -> int:
    """Train the trials, test the best one, print the table; the exit code."""
    from netdsl.commands.console.interruption import Interruption
    from netdsl.searching.search_result import no_result, tested

    shares = _shares(around.threads, workers)
    say(_opening(folder, study, shares))
    with Interruption() as interruption:
        _work(folder, study, around._replace(threads=shares[0]), shares[1:], interruption)
        best = study.best
        _publish(folder, study, around, best, network)
        if interruption.received:
            _say_stopped(folder, study, around, interruption)
            return interruption.exit_code
        if best is None:
            raise no_result(study)
        tested(folder, study, around, best)
    _print(folder, study, best, output_format)
    _say_next(folder, study, around, best, network)
    return 0


def _shares(cores: int, workers: int) -> list[int]:
    """The cores of each worker: all together, and one at least."""
    return [max((cores + index) // workers, 1) for index in reversed(range(workers))]


def _work(
    folder: SearchFolder,
    study: Study,
    around: Surroundings,
    others: list[int],
    interruption: Interruption,
) -> None:
    """Train until no trial is left in any process, or until a signal comes."""
    from netdsl.commands.searching.progress import SearchDisplay
    from netdsl.commands.searching.worker_pool import SearchWorkerPool
    from netdsl.searching.search_worker import Worker

    worker = Worker(
        folder,
        study,
        around,
        lambda: interruption.received is not None,
        lambda: interruption.at_once(lambda: _say_stopped(folder, study, around, interruption)),
    )
    left = study.target - len(study.trials) + len(study.running)
    pool = SearchWorkerPool(folder.path, others[: max(left - 1, 0)], around.recipe.data)
    with closing(pool), SearchDisplay(study) as shown:
        while True:
            for _ in worker.run():
                shown.show(pool.lost)
            shown.show(pool.lost, now=True)
            if interruption.received or not study.running:
                return
            time.sleep(_WAIT_SECONDS)


def _opening(folder: SearchFolder, study: Study, shares: list[int]) -> str:
    done = sum(1 for trial in study.trials if trial not in study.running)
    held = f", {done} of them done," if done else ""
    cores = counted(shares[0], "thread")
    side = f"{len(shares)} side by side with {cores} each" if len(shares) > 1 else cores
    return (
        f"searching {study.task.name}, {study.task.method}: {counted(study.target, 'trial')}{held} "
        f"in {folder.path}; {side}"
    )


def _publish(
    folder: SearchFolder, study: Study, around: Surroundings, best: Trial | None, network: str | None
) -> None:
    """Write the table, the picture and the best recipe as they are now."""
    from netdsl.reports.as_coordinates import trials_as_picture
    from netdsl.reports.as_trials import point_text, trials_as_csv
    from netdsl.reports.display import visible
    from netdsl.searching.search_folder import PICTURE, TABLE
    from netdsl.searching.search_result import write_recipe

    search = study.task.recipe.search
    folder.write(TABLE, trials_as_csv([one.setting for one in search], study.trials))
    folder.write(PICTURE, trials_as_picture(study.task.name, search, study.trials))
    if best is not None and best.result is not None:
        comments = [
            f"trial {best.number} of {len(study.trials)}, {point_text(best.point)}: "
            f"validation accuracy {percent(best.result.accuracy)} after epoch {best.result.epoch}",
            visible(_train_command(folder, around, network)),
        ]
        write_recipe(folder, study, best, comments)


def _print(folder: SearchFolder, study: Study, best: Trial, output_format: str) -> None:
    from netdsl.recipe.points import recipe_at
    from netdsl.reports.as_trials import search_as_json, trials_as_table
    from netdsl.reports.display import visible, visible_lines
    from netdsl.searching.search_folder import TABLE

    task, look = study.task, study.looks[best.number]
    if output_format == "json":
        recipe = recipe_at(task.recipe, best.point)
        text = search_as_json(task.name, task.method, str(folder.path), study.trials, recipe, look)
        click.echo(text, nl=False)
        return
    names = [one.setting for one in task.recipe.search]
    where = visible(str(folder.path / TABLE))
    table = trials_as_table(names, study.trials, where, width_of(sys.stdout))
    click.echo(visible_lines(table), nl=False)
    echo_folded(f"test {accuracy_text(look)}")


def _say_next(
    folder: SearchFolder, study: Study, around: Surroundings, best: Trial, network: str | None
) -> None:
    from netdsl.searching.search_folder import PICTURE

    told = f"the test accuracy is that of trial {best.number}, the best on the validation images; "
    others = len(study.looks) - 1
    if others:
        told += f"{counted(others, 'other trial')} of this search "
        told += f"{'was' if others == 1 else 'were'} tested before it continued"
    else:
        told += "no other trial has been tested"
    say(told)
    say(f"the trials as a plot: {folder.path / PICTURE}; next:")
    say_command(f"netdsl eval {_quoted(folder.trial_path(best.number))}{_data_option(around)}")
    say_command(_train_command(folder, around, network))


def _say_stopped(
    folder: SearchFolder, study: Study, around: Surroundings, interruption: Interruption
) -> None:
    assert interruption.received is not None
    done = sum(1 for trial in study.trials if trial not in study.running)
    say(
        f"stopped by {interruption.received.name} after {done} of {counted(study.target, 'trial')}; "
        "everything is saved. Continue with:"
    )
    say_command(f"netdsl search --resume {_quoted(folder.path)}{_data_option(around)}")


def _train_command(folder: SearchFolder, around: Surroundings, network: str | None) -> str:
    """What repeats the best trial."""
    from netdsl.searching.search_folder import NETWORK, RECIPE

    named = network if network not in (None, "-") else folder.path / NETWORK
    exact = " --exact" if around.recipe.exact else ""
    precision = around.recipe.precision
    precision = "" if precision == "float32" else f" --precision {precision}"
    options = f"{exact}{precision}{_data_option(around)}"
    return f"netdsl train {_quoted(str(named))} --recipe {_quoted(folder.path / RECIPE)}{options}"


def _data_option(around: Surroundings) -> str:
    """What has to be said again of the data, because no journal decides which files are opened."""
    from netdsl.data import digits

    return "" if around.recipe.data == digits.NAME else f" --data {_quoted(around.recipe.data)}"


def _quoted(path: Path | str) -> str:
    return shlex.quote(str(path))
