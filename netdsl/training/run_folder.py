"""A run folder: everything that one training leaves behind.

best.safetensors      the epoch with the best validation accuracy, as it was validated: averaged weights
                      where the recipe keeps an average, and nothing of the optimizer's
last.safetensors      the newest state, from which --resume continues
previous.safetensors  the state before it, should the disk spoil the newest
metrics.csv           one line per epoch
recipe.json           the settings, for people
network.net           the network, for people
example.png           one test image, to try `netdsl predict` on
first-batch.png       the first batch as the network sees it, of a dry run
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.opening import content_of
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import recipe_as_json
from netdsl.training import checkpoint as checkpoints
from netdsl.training.checkpoint import Checkpoint
from netdsl.training.metrics_file import metrics_text, timings_in
from netdsl.training.pace import Timing
from netdsl.training.records import EpochRecord
from netdsl.writing import cannot_write, kind_of, remove_partials, replace_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEST, LAST, PREVIOUS = "best.safetensors", "last.safetensors", "previous.safetensors"
_METRICS, _RECIPE, _NETWORK, _LOCK = "metrics.csv", "recipe.json", "network.net", ".lock"
_EXAMPLE, _SHEET = "example.png", "first-batch.png"
_NAMES = (_LOCK, LAST, BEST, PREVIOUS, _METRICS, _RECIPE, _NETWORK, _EXAMPLE, _SHEET)
_MOST_RUNS = 100_000
_LARGEST_METRICS = 1 << 26


class RunFolder:
    """An open run folder, locked against a second run until ``close`` or the end of the process."""

    def __init__(self, path: Path) -> None:
        """Lock an existing folder. Raises Diagnosed: ND514 another run has it, ND515 not writable, ND543
        where something else is under the name of a file of a run."""
        self.path = path
        check_regular(path, _NAMES)
        self._lock = _locked(path)
        remove_partials(path)

    def close(self) -> None:
        self._lock.close()

    @property
    def best(self) -> Path:
        return self.path / BEST

    @property
    def last(self) -> Path:
        return self.path / LAST

    def describe(self, recipe: Recipe, network_text: str) -> None:
        """Write the settings and the network for people; checkpoints carry both themselves."""
        text = json.dumps(recipe_as_json(recipe), indent=2, ensure_ascii=False) + "\n"
        replace_file(self.path / _RECIPE, [text.encode("utf-8", "backslashreplace")])
        replace_file(self.path / _NETWORK, [network_text.encode()])

    def save(self, checkpoint: Checkpoint) -> None:
        """Write the newest state; the one before stays as ``previous.safetensors``."""
        checkpoints.save(checkpoint, self.last, keep=self.path / PREVIOUS)

    def save_epoch(
        self,
        checkpoint: Checkpoint,
        evaluated: dict[str, NDArray[np.float32]],
        timings: Mapping[int, Timing],
    ) -> None:
        """Write all that an epoch changes. ``evaluated`` are the arrays of the network that was validated.

        The best epoch is written first: killed in between, resuming computes this epoch again and
        writes the same bytes; the other way round the best weights would be lost.
        """
        progress = checkpoint.progress
        if progress.best is progress.history[-1]:
            checkpoints.save(checkpoint._replace(arrays=evaluated), self.best)
        self.save(checkpoint)
        self.save_metrics(progress.history, timings)

    def save_metrics(self, history: list[EpochRecord], timings: Mapping[int, Timing]) -> None:
        replace_file(self.path / _METRICS, [metrics_text(history, timings).encode()])

    def load_timings(self, epochs: int) -> dict[int, Timing]:
        """What the metrics say about the first so many epochs: no checkpoint holds a time. None is missed."""
        try:
            text = content_of(self.path / _METRICS, _LARGEST_METRICS).decode()
        except (OSError, UnicodeDecodeError):
            return {}
        return {epoch: found for epoch, found in timings_in(text).items() if epoch <= epochs}

    def save_example(self, picture: bytes) -> Path:
        path = self.path / _EXAMPLE
        replace_file(path, [picture])
        return path

    def save_sheet(self, picture: bytes) -> Path:
        """Write the contact sheet of the first batch."""
        path = self.path / _SHEET
        replace_file(path, [picture])
        return path

    def load_last(self) -> tuple[Checkpoint, Path]:
        """The newest whole state: the last, or the previous one where the last is damaged."""
        try:
            return checkpoints.load(self.last), self.last
        except Diagnosed:
            previous = self.path / PREVIOUS
            if not previous.is_file():
                raise
            try:
                return checkpoints.load(previous), previous
            except Diagnosed:
                pass
            raise


def new_run_folder(out: Path | None, stem: str) -> RunFolder:
    """Make the folder of a new run: ``out``, or the next free ``runs/<stem>-<number>``.

    Raises Diagnosed: ND513 where ``out`` holds a run already, ND514 where another run has it, ND515
    where it cannot be made.
    """
    try:
        if out is None:
            return RunFolder(_next_free(Path("runs"), stem))
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out or Path("runs"), error) from error
    folder = RunFolder(out)
    held = [name for name in (LAST, BEST, PREVIOUS, _METRICS) if os.path.lexists(out / name)]
    if held:
        folder.close()
        raise Diagnosed(
            file_error(
                "ND513",
                str(out),
                f"this folder already holds a run ({held[0]}), which is not overwritten",
                f"continue it: netdsl train --resume {shlex.quote(str(out))}",
                "or choose another folder with --out",
            )
        )
    return folder


def _next_free(parent: Path, stem: str) -> Path:
    """Make and name the folder in one step, so that two runs started at once never share one."""
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MOST_RUNS):
        path = parent / f"{stem}-{number}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"all of {stem}-1 to {stem}-{_MOST_RUNS} exist")


def old_run_folder(path: Path) -> RunFolder:
    """Open the folder of a run to continue with. Raises Diagnosed: ND517 for none, ND514, ND515, ND543."""
    check_regular(path, (LAST, PREVIOUS))
    if not any(os.path.isfile(path / name) for name in (LAST, PREVIOUS)):
        what = (
            "this folder holds no checkpoint to continue from"
            if os.path.isdir(path)
            else "there is no such run folder"
        )
        raise Diagnosed(file_error("ND517", str(path), what, "name a run folder, such as runs/lenet-1"))
    return RunFolder(path)


def run_checkpoint(path: Path) -> Path:
    """The checkpoint that a run folder or a .safetensors file means: the best one so far.

    Raises Diagnosed: ND517 for none, ND543 where it is no regular file.
    """
    if not os.path.isdir(path):
        return path
    check_regular(path, (BEST, LAST))
    for name in (BEST, LAST):
        if os.path.isfile(path / name):
            return path / name
    raise Diagnosed(
        file_error(
            "ND517", str(path), "this folder holds no checkpoint", "name a run folder, such as runs/lenet-1"
        )
    )


def check_regular(folder: Path, names: Iterable[str]) -> None:
    """Raise Diagnosed (ND543) where one of the names, if it is there, is a link, a pipe or the like.

    A run makes none of them, so somebody else has: a link would have another file read or changed
    than the one that was named, and a pipe would never end.
    """
    found = []
    for name in names:
        try:
            kind = kind_of(os.lstat(folder / name).st_mode)
        except (OSError, ValueError):
            continue
        if kind != "file":
            found.append(_irregular(folder / name, kind))
    if found:
        raise Diagnosed(*found)


def _irregular(path: Path, kind: str) -> Diagnostic:
    cure = "move it away"
    if kind == "link" and path.suffix == Path(LAST).suffix:
        cure += (
            ", or replace it with the file that it points to; eval and predict also take that file by name"
        )
    return file_error("ND543", str(path), f"a run needs a file of this name, but this is a {kind}", cure)


_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def _locked(path: Path) -> IO[bytes]:
    """An open file that no second process can lock; the system frees it when this one ends."""
    try:
        stream = open(os.open(path / _LOCK, _LOCK_FLAGS, 0o666), "r+b", buffering=0)  # noqa: SIM115
    except OSError as error:
        check_regular(path, [_LOCK])
        raise cannot_write(path, error) from error
    kind = kind_of(os.fstat(stream.fileno()).st_mode)
    if kind != "file":
        stream.close()
        raise Diagnosed(_irregular(path / _LOCK, kind))
    try:
        _lock(stream)
    except OSError as error:
        stream.close()
        if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            raise cannot_write(path, error) from error
        raise Diagnosed(
            file_error(
                "ND514",
                str(path),
                "another run is writing to this folder",
                "wait for it, or choose another folder with --out",
            )
        ) from error
    return stream


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> None:
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(stream: IO[bytes]) -> None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
