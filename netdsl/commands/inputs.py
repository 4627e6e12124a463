"""Which networks a command line names: files, folders with all files in them, and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence

import click

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.resources import zoo_names

ENDINGS = (".net", ".train")

MOST_FILES = 100_000

_LEFT_OUT = ("node_modules", "__pycache__")
"""Folders that hold no networks of one's own; nor do those whose names begin with a dot."""


def named_networks(names: Sequence[str]) -> list[str]:
    """Each file once, in the order of the names; those of a folder by their paths.

    A folder stands for the files below it that end in .net or .train, in whatever depth; links to folders
    are not followed, so that no folder is walked twice. A pattern has `*`, `?`, `[` or `**` and is no
    file itself. Raises Diagnosed: ND002 where a folder has no such file, ND001 where nothing fits a pattern.
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
        inside = list(_below(name))
        if not inside:
            raise Diagnosed(
                file_error(
                    "ND002", name, "there is no .net or .train file in this folder", "name another one"
                )
            )
        yield from inside
    elif glob.has_magic(name) and not os.path.exists(name):
        fitting = sorted(path for path in glob.glob(name, recursive=True) if os.path.isfile(path))
        if not fitting:
            message = "no file fits this pattern"
            raise Diagnosed(file_error("ND001", name, message, "`**` stands for folders in any depth"))
        yield from fitting
    else:
        yield name


def _below(folder: str) -> Iterator[str]:
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _LEFT_OUT)
        for file in sorted(files):
            if file.endswith(ENDINGS):
                yield os.path.join(path, file)
