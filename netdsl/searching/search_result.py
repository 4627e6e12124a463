"""What a search comes to: the best trial, tested once, and the files for people."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from netdsl.diagnostics import Diagnosed, Diagnostic, Severity
from netdsl.recipe.file_text import recipe_as_file
from netdsl.recipe.points import recipe_at
from netdsl.searching.search_folder import RECIPE, SearchFolder
from netdsl.searching.study import Study
from netdsl.searching.trial import Look, Trial
from netdsl.training.run_folder import RunFolder

if TYPE_CHECKING:
    from netdsl.searching.search_worker import Surroundings


def tested(folder: SearchFolder, study: Study, around: Surroundings, best: Trial) -> Look:
    """The best epoch of the best trial on the test part: measured once, whichever process comes first."""
    with study.locked():
        if best.number not in study.looks:
            run = around.new_run(best.point)
            with closing(RunFolder(folder.trial_path(best.number))) as trained:
                run.bind()
                outcome = run.test(trained)
            study.looked(Look(best.number, outcome.accuracy, outcome.images))
        return study.looks[best.number]


def write_recipe(folder: SearchFolder, study: Study, best: Trial, comments: list[str]) -> None:
    """The recipe of the best trial as a file."""
    folder.write(RECIPE, recipe_as_file(recipe_at(study.task.recipe, best.point), comments))


def no_result(study: Study) -> Diagnosed:
    """The finding for a search of which no trial came to its end: that of the first one."""
    failed = next((trial.failure for trial in study.trials if trial.failure), None)
    if failed is None or not failed.code:
        raise AssertionError("a search ends when its trials have finished")
    message = f"no trial finished; the first failed with: {failed.message}"
    cures = ("search values that can train: a smaller rate, a smaller batch",)
    return Diagnosed(Diagnostic(failed.code, Severity.ERROR, message, help=cures, path=study.task.name))
