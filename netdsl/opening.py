"""Opens the files that a user or a file names: regular files only, so that nothing ever waits.

A pipe without a writer, a terminal or a device would hold the process for good, and a folder of a
stranger may hold any of them under the name of a picture.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class NotAFileError(OSError):
    """The name stands for something that is no regular file; ``strerror`` says for what."""


def writable(text: str) -> str:
    """Text with names of files in it as characters that can be written: a byte that is no UTF-8, which
    Python reads as half a surrogate pair, is ``\\xf6``."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a lone surrogate that no byte stands behind
        return text.encode("utf-8", "backslashreplace").decode()


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """A regular file, open for reading; symbolic links are followed.

    Raises OSError, and NotAFileError for a folder, a pipe, a socket or a device.
    """
    _check(os.stat(path), path)  # devices may act on being opened
    return os.fdopen(_opened(path, pipes=False), "rb")


def content_of(path: str | os.PathLike[str], most_bytes: int, *, pipes: bool = False) -> bytes:
    """The first ``most_bytes`` of a regular file; raises as ``open_file``.

    With ``pipes`` also of a pipe that somebody writes to, which is what ``<(command)`` of a shell is.
    """
    if not (pipes and stat.S_ISFIFO(os.stat(path).st_mode)):
        with open_file(path) as file:
            return file.read(most_bytes)
    with os.fdopen(_opened(path, pipes=True), "rb", buffering=0) as pipe:
        try:
            begin = os.read(pipe.fileno(), most_bytes)
        except BlockingIOError:  # somebody writes to it, and has not begun
            begin = b""
        else:
            if not begin:
                raise NotAFileError(errno.EINVAL, "this is a pipe that nobody writes to", os.fspath(path))
        os.set_blocking(pipe.fileno(), True)
        pieces, left = [begin], most_bytes - len(begin)
        while left and (piece := pipe.read(left)):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


def _opened(path: str | os.PathLike[str], *, pipes: bool) -> int:
    handle = os.open(path, _FLAGS)
    try:
        # What is there now need not be what the name stood for a moment ago.
        status = os.fstat(handle)
        if not (pipes and stat.S_ISFIFO(status.st_mode)):
            _check(status, path)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _check(status: os.stat_result, path: str | os.PathLike[str]) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((words for is_kind, words in _KINDS if is_kind(status.st_mode)), "no file")
        raise NotAFileError(errno.EINVAL, f"this is {kind}, not a regular file", os.fspath(path))
