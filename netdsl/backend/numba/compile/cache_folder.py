"""Where compiled kernels are: in a folder that code may be loaded from, see ``own_folder``."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from netdsl.own_folder import cache_root, is_own

_PRIVATE = "netdsl-kernels-"
_ABANDONED_SECONDS = 86400.0


def cache_folder() -> Path:
    """Where kernels are kept."""
    return cache_root() / "kernels"


def private_folder() -> Path:
    """A new folder among the system's temporary ones, for this user alone. Raises OSError.

    Those of processes that were killed, and so could not remove theirs, are removed after a day; who
    still uses one makes it again.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PRIVATE))
    with suppress(OSError), os.scandir(folder.parent) as entries:
        for entry in entries:
            if entry.name.startswith(_PRIVATE) and entry.is_dir(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                if status.st_mtime < time.time() - _ABANDONED_SECONDS and is_own(status):
                    shutil.rmtree(entry.path, ignore_errors=True)
    return folder
