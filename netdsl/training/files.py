"""Writing files so that a crash at any moment leaves either the old content or the new one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.diagnostics import Diagnosed, file_error

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def replace_file(path: Path, pieces: Iterable[ReadableBuffer], *, keep: Path | None = None) -> None:
    """Write ``pieces`` to ``path`` atomically; what stood there before goes on as ``keep``.

    The bytes go to a file beside it, are forced to the disk, and only then take the name; the
    folder is forced to the disk as well, or the new name could be lost with the power. Raises
    Diagnosed (ND515) with the old content untouched.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        try:
            with partial.open("wb") as stream:
                for piece in pieces:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            if keep is not None and path.exists():
                _second_name(path, keep)
            os.replace(partial, path)
            _force_folder(path.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> Diagnosed:
    """The finding for a file or folder that the system does not let us write."""
    return Diagnosed(
        file_error(
            "ND515",
            str(path),
            f"cannot write: {error.strerror or error}",
            "make room or choose another folder with --out; files that were complete before are untouched",
        )
    )


def _second_name(path: Path, keep: Path) -> None:
    """Give the content of ``path`` the name ``keep`` too, without copying and without a gap."""
    second = keep.with_name(f".{keep.name}.partial")
    try:
        second.unlink(missing_ok=True)
        os.link(path, second)
        os.replace(second, keep)
    except OSError:
        # A file system without hard links: `path` itself is still replaced in one step.
        second.unlink(missing_ok=True)


def _force_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open folders and does without."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
