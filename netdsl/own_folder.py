"""Folders of this user's own, where what is read back is what this user, or root, has written.

Machine code runs with all rights of who loads it, and a digest only says that a file is whole, not who
wrote it. So a folder, every folder above it and the file itself must belong to this user or to root, and
nobody else may be able to write to them; a folder for everybody, such as /tmp, may be above them
where its sticky bit keeps others from renaming what they do not own. Findings that are kept are read
from such folders too: else somebody could write what a check says.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from netdsl.writing import kind_of, write_file

_NO_HOME = "~"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_FILE_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)


def cache_root() -> Path:
    """Where netdsl keeps what it can make again: NETDSL_CACHE, or this system's place; see ``distrust``."""
    named = os.environ.get("NETDSL_CACHE")
    if not named:
        import platformdirs

        try:
            named = platformdirs.user_cache_dir("netdsl")
        except RuntimeError:  # who has no home; earlier versions give what follows
            named = os.path.join(_NO_HOME, "netdsl")
    return Path(named)


def distrust(folder: Path) -> str:
    """Why no code may be loaded from a folder, there or not there yet; an empty text where it may."""
    if folder.parts[0] == _NO_HOME:
        return "this user has no home folder; name a folder with NETDSL_CACHE"
    if not folder.is_absolute():
        return (
            f"{folder} is a relative path, which may be in an untrusted folder; NETDSL_CACHE "
            "takes an absolute path"
        )
    if sys.platform == "win32":
        return ""
    for ancestor, last in _way_to(folder):
        try:
            status = os.lstat(ancestor)
        except OSError:
            continue  # not there yet, or what writing to it will say
        if status.st_uid not in (0, os.geteuid()):
            return f"{ancestor} belongs to another user, and code is loaded only from folders that you own"
        sticky = status.st_mode & stat.S_ISVTX and not last
        if not stat.S_ISLNK(status.st_mode) and status.st_mode & _OTHERS_WRITE and not sticky:
            return (
                f"others can write to {ancestor}, so no code is loaded from it; check what it "
                "holds, then `chmod go-w` it"
            )
    return ""


def _way_to(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Every folder and link that leads to a folder, and whether it is the folder itself."""
    for path in dict.fromkeys((folder, Path(os.path.realpath(folder)))):
        for ancestor in (*reversed(path.parents), path):
            yield ancestor, ancestor == path


def read_own(path: Path, most_bytes: int) -> bytes | None:
    """The content of a file that may hold code; None where it is none, or longer than ``most_bytes``.

    What is checked is what is read: folder and file are opened first. The folders above are for
    ``distrust``.
    """
    try:
        descriptor = _opened(path)
        try:
            status = os.fstat(descriptor)
            if kind_of(status.st_mode) != "file" or not is_own(status) or status.st_size > most_bytes:
                return None
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(most_bytes)
        finally:
            os.close(descriptor)
    except OSError:
        return None


def _opened(path: Path) -> int:
    """An open file of an open folder that is this user's own. Raises OSError."""
    if os.open not in os.supports_dir_fd:
        return os.open(path, _FILE_FLAGS)
    folder = os.open(path.parent, _FOLDER_FLAGS)
    try:
        if not is_own(os.fstat(folder)):
            raise PermissionError
        return os.open(path.name, _FILE_FLAGS, dir_fd=folder)
    finally:
        os.close(folder)


def is_own(status: os.stat_result) -> bool:
    """Whether this user or root owns a file or folder, and nobody else may write to it."""
    if sys.platform == "win32":
        return True
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & _OTHERS_WRITE


def write_own(path: Path, *pieces: bytes) -> None:
    """Write in one step, for other processes may read and write the same file. Raises OSError.

    Folders that are missing are made for this user alone. Of a folder that is opened to others on
    purpose, as in an image that is built by one user and run by another, they may read the files.
    """
    for folder in (*reversed(path.parent.parents), path.parent):
        if not folder.exists():
            with suppress(FileExistsError):
                folder.mkdir(0o700)
    write_file(path, pieces, mode=0o644, durable=False)
