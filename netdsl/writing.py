"""Writing files: whole or not at all, and never through a link, into a pipe or a device.

The bytes go to a new file beside the old one, under a name that nobody can foresee and that only
this user may read, and take the name of the old one when they are on the disk. So a crash at any
moment leaves the old content or the new one, and a folder that a stranger has prepared cannot lead
the bytes elsewhere: what is found under a name is never opened for writing.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.diagnostics import Diagnosed, file_error

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PREFIX, _SUFFIX = ".netdsl-", ".partial"
_ABANDONED_SECONDS = 3600.0
"""No writer lets its file lie unchanged for so long."""

_BY_DESCRIPTOR = os.open in os.supports_dir_fd
_FOLDER_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

_KINDS = (
    (stat.S_ISLNK, "link"),
    (stat.S_ISDIR, "folder"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def replace_file(
    path: Path, pieces: Iterable[ReadableBuffer], *, keep: Path | None = None, cure: str = ""
) -> None:
    """``write_file`` for commands: what the system refuses is a finding (Diagnosed, ND515).

    ``cure`` replaces the advice for run folders.
    """
    try:
        write_file(path, pieces, keep=keep)
    except OSError as error:
        raise cannot_write(path, error, cure) from error


def cannot_write(path: Path, error: OSError, cure: str = "") -> Diagnosed:
    """The finding for a file or folder that the system does not let us write."""
    advice = cure or "free some space or choose another folder with --out"
    return Diagnosed(
        file_error(
            "ND515",
            str(path),
            f"cannot write: {error.strerror or error}",
            f"{advice}; files that were complete before are untouched",
        )
    )


def write_file(
    path: Path,
    pieces: Iterable[ReadableBuffer],
    *,
    keep: Path | None = None,
    mode: int | None = None,
    durable: bool = True,
) -> None:
    """Give ``path`` new content in one step; what was there before stays as ``keep`` in the same folder.

    A file that is replaced keeps its permissions, without setuid and the like, and its owner as far
    as the system lets us; a new one gets what the umask leaves, and one with a ``mode`` always that
    less the umask. A link is replaced, not followed;
    other names of the old file (hard links) keep the old content. ``durable`` files survive a loss of
    power. Raises OSError, with the old content untouched, also where a folder, a pipe or a device
    has this name.
    """
    _remove_abandoned(path.parent)
    with closing(_Folder(path.parent)) as folder:
        before = folder.status(path.name)
        if before is not None and (kind := kind_of(before.st_mode)) not in ("file", "link"):
            raise FileExistsError(errno.EEXIST, f"a {kind} has this name")
        old = before if before is not None and stat.S_ISREG(before.st_mode) else None
        partial = _unforeseeable()
        descriptor = folder.create(partial)
        try:
            with open(descriptor, "wb") as stream:
                for piece in pieces:
                    stream.write(piece)
                stream.flush()
                _allow(descriptor, old if mode is None else None, 0o666 if mode is None else mode)
                if durable:
                    os.fsync(descriptor)
            if keep is not None and old is not None:
                folder.name_too(path.name, keep.name)
            folder.rename(partial, path.name)
        except BaseException:
            folder.remove(partial)
            raise
        if durable:
            folder.force()


def kind_of(mode: int) -> str:
    """What a name stands for: "file" for a regular one, else "link", "folder", "pipe", "device"..."""
    return next((kind for test, kind in _KINDS if test(mode)), "file")


def remove_partials(folder: Path, older_than_seconds: float = 0.0) -> None:
    """Remove what writers that were killed have left in a folder.

    Only who keeps all others from writing there, by a lock, may leave the age out.
    """
    newest = time.time() - older_than_seconds
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX):
                status = entry.stat(follow_symlinks=False)
                # Not the time of writing: a second name is as old as its file.
                if stat.S_ISREG(status.st_mode) and _own(status) and status.st_ctime <= newest:
                    os.unlink(entry.path)


def _own(status: os.stat_result) -> bool:
    return sys.platform == "win32" or status.st_uid == os.geteuid()


_looked_after: set[Path] = set()


def _remove_abandoned(folder: Path) -> None:
    """Once for each folder that this process writes to."""
    if folder not in _looked_after:
        _looked_after.add(folder)
        remove_partials(folder, _ABANDONED_SECONDS)


def _unforeseeable() -> str:
    """A name that is no longer than others, however long the name of the file is."""
    return f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}"


def _allow(descriptor: int, old: os.stat_result | None, mode: int) -> None:
    """Give a file that only its writer may read so far the permissions and the owner of the old one."""
    if sys.platform == "win32":
        return
    if old is None:
        mode &= ~_umask()
    else:
        mode = stat.S_IMODE(old.st_mode) & 0o777
        status = os.fstat(descriptor)
        if (status.st_uid, status.st_gid) != (old.st_uid, old.st_gid):
            mode &= _with_owner(descriptor, old)
    with suppress(OSError):  # file systems without permissions
        os.fchmod(descriptor, mode)


def _with_owner(descriptor: int, old: os.stat_result) -> int:
    """Hand a file to the owner and the group of the old one; which permissions may then be kept."""
    assert sys.platform != "win32"
    for owner in (old.st_uid, -1):  # who may not give it away may still change its group
        with suppress(OSError):
            os.fchown(descriptor, owner, old.st_gid)
            return 0o777
    return 0o707  # what the old group was allowed is not for another one


def _umask() -> int:
    """The system tells it only to who sets it; meanwhile files are for their owner alone."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


class _Folder:
    """An open folder: it stays the same one, whatever its name comes to mean meanwhile.

    Where the system has no such thing, as on Windows, names are paths.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, _FOLDER_FLAGS) if _BY_DESCRIPTOR else None

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def _path_of(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self._path, name)

    def status(self, name: str) -> os.stat_result | None:
        """That of a name itself, also where it is a link; None where nothing has this name."""
        try:
            return os.stat(self._path_of(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def create(self, name: str) -> int:
        return os.open(self._path_of(name), _NEW_FLAGS, 0o600, dir_fd=self._descriptor)

    def rename(self, name: str, new: str) -> None:
        here = self._descriptor
        os.replace(self._path_of(name), self._path_of(new), src_dir_fd=here, dst_dir_fd=here)

    def remove(self, name: str) -> None:
        with suppress(OSError):
            os.unlink(self._path_of(name), dir_fd=self._descriptor)

    def name_too(self, name: str, other: str) -> None:
        """Give a file another name too, without copying and without a gap."""
        second, here = _unforeseeable(), self._descriptor
        # A file system without hard links: the file itself is still replaced in one step.
        with suppress(OSError):
            os.link(
                self._path_of(name),
                self._path_of(second),
                src_dir_fd=here,
                dst_dir_fd=here,
                follow_symlinks=not _BY_DESCRIPTOR,
            )
            self.rename(second, other)
        self.remove(second)  # renaming one name of a file to another does nothing

    def force(self) -> None:
        """Make a rename durable, where the system has a way to."""
        if self._descriptor is None:
            return
        try:
            handle = os.open(".", os.O_RDONLY, dir_fd=self._descriptor)
        except OSError:
            return
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno != errno.EINVAL:  # folders of this file system cannot be forced
                raise
        finally:
            os.close(handle)
