"""Which networks a command line names: files, folders with all files in them, and patterns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import click

from netdsl.diagnostics import Diagnostic, file_error
from netdsl.resources import zoo_names

ENDINGS = (".net", ".train")

MOST_FILES = 100_000

_LEFT_OUT = ("node_modules", "__pycache__")
"""Folders that hold no networks of one's own; nor do those whose names begin with a dot."""


def named_networks(names: Sequence[str]) -> list[str]:
    """Each file once, in the order of the names; those of a folder by their paths.

    A folder stands for the files below it that end in .net or .train, in whatever depth; links to folders
    are not followed, so that no folder is walked twice. A pattern has `*`, `?`, `[` or `**` and is no file
    itself. A folder that cannot be read stands for itself in both. A name that stands for no file is there
    as it is, so that what is wrong with it is told like what is wrong with a file; ``stands_for_nothing``
    says it.
    """
    found: dict[str, None] = {}
    for name in names:
        for path in _files(name):
            found[path] = None
            if len(found) > MOST_FILES:
                raise click.UsageError(f"more than {MOST_FILES:,} files: name a smaller folder")
    return list(found)


def _files(name: str) -> Iterator[str]:
    if os.path.isdir(name) and name not in zoo_names():
        inside: Sequence[str] = list(_below(name))
    elif _is_pattern(name):
        from netdsl.commands.checking.file_patterns import fitting  # most shells expand patterns themselves

        inside = fitting(name)
    else:
        inside = ()
    yield from inside or (name,)


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[") and not os.path.exists(name)


def stands_for_nothing(name: str) -> Diagnostic | None:
    """The finding about a name that ``named_networks`` has left as it is though it is a folder or a pattern:
    ND007 where a folder cannot be read, ND002 where it has no networks, ND001 where no file fits a pattern.
    None for other names."""
    if os.path.isdir(name) and name not in zoo_names():
        try:
            os.scandir(name).close()
        except OSError as error:
            return file_error("ND007", name, f"this folder cannot be read: {error.strerror or error}")
        message = "there is no .net or .train file in this folder"
        return file_error("ND002", name, message, "name another one")
    if _is_pattern(name):
        message = "no file matches this pattern"
        return file_error("ND001", name, message, "`**` matches folders at any depth")
    return None


def _below(folder: str) -> Iterator[str]:
    """The networks below a folder, and behind them the folders that cannot be read: what is in them is not
    checked, and a gate must not be silent about that."""
    closed: list[OSError] = []
    for path, folders, files in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _LEFT_OUT)
        for file in sorted(files):
            if file.endswith(ENDINGS):
                yield os.path.join(path, file)
    yield from (str(error.filename) for error in closed if not isinstance(error, FileNotFoundError))
