"""A search folder: everything that one search leaves behind.

study.journal   every trial, as it began, went on and ended; Optuna reads it too
trials/1, ...   a run folder for each trial; the weights of the best one so far stay
trials.csv      the table of all trials
trials.svg      their picture
best.train      the recipe of the best trial
network.net     the network, for people
"""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from pathlib import Path

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.searching.journal import Journal
from netdsl.searching.study import Study
from netdsl.searching.task import Task
from netdsl.training.run_folder import BEST, LAST, PREVIOUS, RunFolder, check_regular
from netdsl.writing import cannot_write, kind_of, remove_partials, replace_file

JOURNAL = "study.journal"
TABLE, PICTURE, RECIPE, NETWORK = "trials.csv", "trials.svg", "best.train", "network.net"
_TRIALS = "trials"
_FILES = (JOURNAL, TABLE, PICTURE, RECIPE, NETWORK)
_MOST_SEARCHES = 100_000
_FOREIGN_SECONDS = 3600.0
"""Another process may be writing here: what is younger is not cleared away."""


class SearchFolder:
    """The folder of a search; several processes may have it open, and only the journal's lock orders them."""

    def __init__(self, path: Path) -> None:
        """Raises Diagnosed (ND543) where something else is under the name of one of its files."""
        self.path = path
        check_regular(path, _FILES)
        self._check_trials()
        remove_partials(path, _FOREIGN_SECONDS)

    def _check_trials(self) -> None:
        """A link in place of the folder of trials would have runs written somewhere else."""
        path = self.path / _TRIALS
        with suppress(FileNotFoundError, NotADirectoryError):
            if (kind := kind_of(os.lstat(path).st_mode)) != "folder":
                raise Diagnosed(_irregular(path, kind))

    def trial_path(self, number: int) -> Path:
        return self.path / _TRIALS / str(number)

    def take(self, number: int) -> RunFolder | None:
        """The run folder of a trial, made where there is none and locked; None while another process has it.

        Raises Diagnosed: ND543 for a link in its place, ND515 where it cannot be made.
        """
        path = self.trial_path(number)
        self._check_trials()
        try:
            path.parent.mkdir(exist_ok=True)
            with suppress(FileExistsError):
                path.mkdir()
            kind = kind_of(os.lstat(path).st_mode)
        except OSError as error:
            raise cannot_write(path, error) from error
        if kind != "folder":
            raise Diagnosed(_irregular(path, kind))
        try:
            return RunFolder(path)
        except Diagnosed as diagnosed:
            if all(Fact.FOLDER_TAKEN.holds(finding.code) for finding in diagnosed.diagnostics):
                return None
            raise

    def keep_weights_of(self, best: int | None, numbers: list[int]) -> None:
        """Remove the checkpoints of trials that have ended, but the best epoch of the best trial."""
        for number in numbers:
            folder = self.trial_path(number)
            self._check_trials()
            if not os.path.islink(folder):
                for name in (LAST, PREVIOUS) if number == best else (LAST, PREVIOUS, BEST):
                    with suppress(FileNotFoundError, NotADirectoryError):
                        os.unlink(folder / name)

    def write(self, name: str, text: str) -> None:
        """Give one of the files for people new content. Raises Diagnosed (ND515)."""
        replace_file(self.path / name, [text.encode("utf-8", "backslashreplace")])


def _irregular(path: Path, kind: str) -> Diagnostic:
    message = f"a search needs a folder of this name, but this is a {kind}"
    return file_error("ND543", str(path), message, "move it away")


def new_search(out: Path | None, stem: str, task: Task, target: int) -> tuple[SearchFolder, Study]:
    """Make the folder of a new search: ``out``, or the next free ``searches/<stem>-<number>``.

    Raises Diagnosed: ND513 where ``out`` holds a search already, ND515 where it cannot be made, ND543.
    """
    try:
        path = _next_free(Path("searches"), stem) if out is None else out
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out or Path("searches"), error) from error
    folder = SearchFolder(path)
    study = Study.begun(path / JOURNAL, task, target)
    if study is None:
        raise Diagnosed(
            file_error(
                "ND513",
                str(path),
                "this folder already holds a search, which is not overwritten",
                f"continue it: netdsl search --resume {shlex.quote(str(path))}",
                "or choose another folder with --out",
            )
        )
    folder.write(NETWORK, task.network)
    return folder, study


def _next_free(parent: Path, stem: str) -> Path:
    """Make and name the folder in one step, so that two searches started at once never share one."""
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MOST_SEARCHES):
        path = parent / f"{stem}-{number}"
        with suppress(FileExistsError):
            path.mkdir()
            return path
    raise FileExistsError(f"all of {stem}-1 to {stem}-{_MOST_SEARCHES} exist")


def old_search(path: Path) -> tuple[SearchFolder, Study]:
    """Open a search to continue with, or to take part in. Raises Diagnosed: ND557 for none, ND543, ND515."""
    folder = SearchFolder(path)
    if not os.path.isfile(path / JOURNAL):
        what = "this folder holds no search" if os.path.isdir(path) else "there is no such search folder"
        cure = "name the folder of a search, such as searches/lenet-1"
        raise Diagnosed(file_error("ND557", str(path), what, cure))
    return folder, Study(Journal(path / JOURNAL))
