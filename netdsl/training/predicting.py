"""The answers for many pictures: files and folders are read as they come, a few pictures at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netdsl.data.available_memory import Allowance
from netdsl.data.folder_layout import PicturesBelow
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.training.trained_model import Answer, TrainedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PICTURES_AT_ONCE = 64
"""Pictures held in memory at a time."""

_MOST_WAITING = 1024
"""Pictures, most of them unreadable, that wait for their turn behind one that can be read."""


class Seen(NamedTuple):
    """A picture with its answer, or with what is wrong with it; or a folder in which there is none."""

    name: str
    outcome: Answer | Diagnostic


class Pictures:
    """The pictures that some names lead to, in order: files, and all below folders.

    ``findings``, at the end, are warnings about what was left out of folders.
    """

    def __init__(self, model: TrainedModel, names: Sequence[str], threads: int) -> None:
        self._model = model
        self._names = names
        self._threads = threads
        self.findings: list[Diagnostic] = []

    def answers(self) -> Iterator[Seen]:
        """Predict them all; no more than some dozens are in memory at a time."""
        waiting: list[tuple[str, NDArray[Any] | Diagnostic]] = []
        pictures = 0
        for name, content in self._read():
            waiting.append((name, content))
            pictures += not isinstance(content, Diagnostic)
            if pictures in (0, _PICTURES_AT_ONCE) or len(waiting) == _MOST_WAITING:
                yield from self._answered(waiting)
                waiting, pictures = [], 0
        yield from self._answered(waiting)

    def _answered(self, waiting: list[tuple[str, NDArray[Any] | Diagnostic]]) -> Iterator[Seen]:
        read = [(name, content) for name, content in waiting if not isinstance(content, Diagnostic)]
        answers = iter(self._model.predict([pixels for _, pixels in read], [name for name, _ in read]))
        for name, content in waiting:
            yield Seen(name, content if isinstance(content, Diagnostic) else next(answers))

    def _read(self) -> Iterator[tuple[str, NDArray[Any] | Diagnostic]]:
        """Pixels of every picture, or what is wrong with it; decoded side by side."""
        allowance = Allowance()

        def pixels(found: tuple[str, Diagnostic | None]) -> NDArray[Any] | Diagnostic:
            name, finding = found
            if finding is not None:
                return finding
            try:
                return self._model.picture(Path(name), allowance)
            except Diagnosed as diagnosed:
                return diagnosed.diagnostics[0]

        found = chain.from_iterable(map(self._found, self._names))
        chunk = list(islice(found, _PICTURES_AT_ONCE))
        if len(chunk) == 1:
            yield chunk[0][0], pixels(chunk[0])
            return
        from concurrent.futures import ThreadPoolExecutor  # takes time to load

        # Pillow decompresses outside the interpreter lock, so threads help.
        with ThreadPoolExecutor(self._threads) as pool:
            while chunk:
                yield from zip((name for name, _ in chunk), pool.map(pixels, chunk), strict=True)
                chunk = list(islice(found, _PICTURES_AT_ONCE))

    def _found(self, name: str) -> Iterator[tuple[str, Diagnostic | None]]:
        """A name that is no folder, or the pictures in the folder that it is; and findings in their place."""
        if not os.path.isdir(name):
            yield name, None
            return
        below, empty = PicturesBelow(Path(name)), True
        try:
            for path in below:
                empty = False
                yield str(path), None
        except OSError as error:
            why = f"cannot read this folder: {error.strerror or error}"
            yield name, file_error("ND552", error.filename or name, why, "let this user read it")
            return
        if not empty:
            self.findings += below.findings
        else:
            why = "found no image in this folder or those within it"
            why += "".join(f"; {finding.message}" for finding in below.findings)
            cure = "images end in .png, .jpg, .jpeg, .gif, .bmp, .pgm, .ppm or .webp"
            yield name, file_error("ND552", name, why, cure)
