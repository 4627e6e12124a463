"""The files that fit a pattern, and the folders that could not be looked into.

Patterns are those of Python's ``glob``, which says nothing about folders that it may not read, and does not
come to an end where links lead back into the folder that holds them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from fnmatch import filter as names_that_fit

_ANY_DEPTH = "**"
_SIGNS = "*?["


def is_pattern(name: str) -> bool:
    return any(sign in name for sign in _SIGNS)


def fitting(pattern: str) -> list[str]:
    """The files that fit, sorted, and then the folders that cannot be read: what is in these is not
    checked, and a gate must not be silent about that.

    ``*`` and ``?`` stand for anything in a name but a dot at its beginning, ``**`` for folders in any depth.
    """
    drive, rest = os.path.splitdrive(pattern)
    parts = [part for part in rest.replace(os.altsep or os.sep, os.sep).split(os.sep) if part]
    root = drive + os.sep if rest.startswith((os.sep, os.altsep or os.sep)) else drive
    search = _Search()
    found: Iterable[str] = [root]
    for place, part in enumerate(parts):
        step = search.step(part, is_last=place == len(parts) - 1)
        found = dict.fromkeys(path for folder in found for path in step(folder))
    files = (
        [] if pattern.endswith((os.sep, os.altsep or os.sep)) else [path for path in found if _is_file(path)]
    )
    return [*sorted(files), *sorted(search.closed)]


class _Search:
    """``closed`` are the folders that could not be read so far."""

    def __init__(self) -> None:
        self.closed: dict[str, None] = {}

    def step(self, part: str, *, is_last: bool) -> Callable[[str], Iterable[str]]:
        """From a folder to what fits the next part of a pattern in it."""
        if part == _ANY_DEPTH:
            return self._in_any_depth if is_last else self._folders_below
        if not is_pattern(part):
            return lambda folder: [path] if os.path.lexists(path := os.path.join(folder, part)) else []

        def fitting(folder: str) -> Iterator[str]:
            names = [one.name for one in self._entries(folder) if is_last or one.is_dir()]
            for name in names_that_fit(names, part):
                if part.startswith(".") or not name.startswith("."):
                    yield os.path.join(folder, name)

        return fitting

    def _in_any_depth(self, folder: str) -> Iterator[str]:
        for path in self._folders_below(folder):
            yield from (os.path.join(path, one.name) for one in self._entries(path) if one.name[:1] != ".")

    def _folders_below(self, folder: str) -> Iterator[str]:
        """The folder and those in it, each once: through a link only what no other way leads to."""
        seen: set[tuple[int, int]] = set()
        waiting, links = [folder], list[str]()
        while waiting or links:
            path = waiting.pop() if waiting else links.pop(0)
            try:
                status = os.stat(path or os.curdir)
            except OSError:
                continue
            if (status.st_dev, status.st_ino) in seen or not stat.S_ISDIR(status.st_mode):
                continue
            seen.add((status.st_dev, status.st_ino))
            yield path
            below = sorted(
                (one for one in self._entries(path) if one.name[:1] != "."), key=lambda one: one.name
            )
            links += [os.path.join(path, one.name) for one in below if one.is_symlink() and one.is_dir()]
            waiting += [os.path.join(path, one.name) for one in below if one.is_dir(follow_symlinks=False)]

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder or os.curdir) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:
            self.closed[folder or os.curdir] = None
            return []


def _is_file(path: str) -> bool:
    """Whether a name that is there may be meant: what cannot be opened is told like any other such file."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True
