"""Finds the settings that hold for a file: those of the nearest folder above it that has any."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.gate.settings import NO_CHANGES, Changes, Configuration, Settings

NOTHING = Configuration()


class Known(NamedTuple):
    """The formats and the columns that there are."""

    formats: Sequence[str] = ()
    columns: Sequence[str] = ()


class Configurations:
    """The settings of a run; each file of settings is read once.

    ``file`` is the one that the command line names, whose patterns are relative to the current folder;
    ``isolated`` where none is to be read. ``command_line`` outdoes them all. ``known`` is
    asked where settings are read.
    """

    def __init__(
        self,
        command_line: Changes = NO_CHANGES,
        *,
        file: str | None = None,
        isolated: bool = False,
        known: Callable[[], Known] = Known,
    ) -> None:
        self.command_line = command_line
        self._known = known
        self.read: dict[str, Configuration] = {}
        self._by_folder: dict[str, Configuration] = {}
        self._only = NOTHING if isolated else None
        if file is not None:
            self._only = self._opened(file, os.getcwd())
            if self._only is None:
                message = "this file has no netdsl settings"
                found = file_error("ND685", file, message, "put them under `[tool.netdsl]`")
                self._only = self.read[file] = Configuration(file, os.getcwd(), findings=(found,))

    def of(self, name: str) -> Configuration:
        """What holds for a file; for a shipped network and standard input, see ``of_folder``."""
        return self.of_folder(os.path.dirname(os.path.abspath(name)))

    def of_folder(self, folder: str) -> Configuration:
        """What holds for the files of a folder, which is an absolute path."""
        if self._only is not None:
            return self._only
        passed = []
        while folder not in self._by_folder:
            passed.append(folder)
            found = self._in(folder)
            above = os.path.dirname(folder)
            if found is not None or above == folder:
                self._by_folder[folder] = found or NOTHING
            else:
                folder = above
        for below in passed:
            self._by_folder[below] = self._by_folder[folder]
        return self._by_folder[folder]

    def of_shipped(self) -> Configuration:
        """What holds for networks that are in no project: what the command line names, or nothing."""
        return NOTHING if self._only is None else self._only

    def settings_of(self, name: str) -> Settings:
        return self.of(name).settings_of(name, self.command_line)

    def _in(self, folder: str) -> Configuration | None:
        from netdsl.gate.files import FILES

        for name in FILES:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (found := self._opened(shown(path), folder)) is not None:
                return found
        return None

    def _opened(self, path: str, folder: str) -> Configuration | None:
        from netdsl.gate.files import is_ours, text_of

        try:
            source = text_of(path)
        except Diagnosed as diagnosed:
            found: Configuration | None = Configuration(path, folder, findings=diagnosed.diagnostics)
        else:
            found = None
            if is_ours(source):
                from netdsl.gate.reading import read  # few networks have settings beside them

                found = read(source, folder, *self._known())
        if found is not None:
            self.read[path] = found
        return found


def shown(path: str) -> str:
    """A path as a reader wants it: relative where it is in the current folder."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # on another drive
        return path
    return path if relative.startswith(os.pardir) else relative
