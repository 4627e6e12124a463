"""The journal of a search: a file of lines that only grows, each a JSON object.

Whoever writes holds its lock, and a line is on the disk before its writer continues. A line that a process
left half-written, killed or without power, is cut off by the next writer: so what is in the file has
happened, whole. The lock is the system's (flock), which frees it when its process ends.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.training.run_folder import check_regular
from netdsl.writing import cannot_write, kind_of

LARGEST_BYTES = 1 << 28
"""A thousand trials of a thousand epochs take half of it."""

_FLAGS = (
    os.O_RDWR
    | os.O_APPEND
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


def damaged(path: Path, message: str) -> Diagnosed:
    """The finding for a journal that tells no search."""
    return Diagnosed(
        file_error(
            "ND557",
            str(path),
            f"this is not the journal of a search: {message}",
            "name the folder of a search, such as searches/lenet-1, or begin a new one",
        )
    )


class Journal:
    """An open journal. Reading needs no lock: what is read once stays as it is."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Raises Diagnosed: ND543 where it is no regular file, ND515 where the system refuses it."""
        self.path = path
        self._read_bytes = self._depth = 0
        try:
            descriptor = os.open(path, _FLAGS | (os.O_CREAT if create else 0), 0o666)
        except OSError as error:
            check_regular(path.parent, [path.name])
            raise cannot_write(path, error) from error
        self._stream = open(descriptor, "r+b", buffering=0)  # noqa: SIM115
        if kind_of(os.fstat(descriptor).st_mode) != "file":
            self._stream.close()
            check_regular(path.parent, [path.name])

    def close(self) -> None:
        self._stream.close()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all others from writing; waits for whoever writes now. May be entered again within."""
        if not self._depth:
            _lock(self._stream.fileno())
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                _unlock(self._stream.fileno())

    def read(self) -> list[dict[str, Any]]:
        """The lines since the last call. Raises Diagnosed (ND557) for what no search has written."""
        size = os.fstat(self._stream.fileno()).st_size
        if size > LARGEST_BYTES:
            raise damaged(self.path, "it is larger than any search makes it")
        if size <= self._read_bytes:
            return []
        self._stream.seek(self._read_bytes)
        pieces, left = [], size - self._read_bytes
        while left and (piece := self._stream.read(left)):
            pieces.append(piece)
            left -= len(piece)
        text = b"".join(pieces)
        whole = text[: text.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        return [self._object(line) for line in whole.splitlines()]

    def _object(self, line: bytes) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise damaged(self.path, "a line is not JSON") from error
        if not isinstance(found, dict):
            raise damaged(self.path, "a line is not a JSON object")
        return found

    def append(self, records: list[dict[str, Any]]) -> None:
        """Add lines, on the disk when this returns. Only within ``locked``, and after ``read``."""
        text = "".join(json.dumps(record, allow_nan=False) + "\n" for record in records).encode()
        descriptor = self._stream.fileno()
        try:
            # What is after the last whole line nobody has finished, and nobody will.
            os.ftruncate(descriptor, self._read_bytes)
            left = memoryview(text)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except OSError as error:
            raise cannot_write(self.path, error) from error


if sys.platform == "win32":
    import msvcrt
    import time

    _FAR = 1 << 30  # a byte that nobody reads: locks of this system keep readers out, too

    def _lock(descriptor: int) -> None:
        while True:
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                return
            except OSError:
                time.sleep(0.02)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
