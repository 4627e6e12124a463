"""How much memory the machine can still give, so that too large a task is refused beforehand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.quantities import bytes_text

_MEMINFO = Path("/proc/meminfo")
_CONTROL_GROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int | None:
    """Bytes that a process can still allocate; None where the system does not say.

    On Linux what the kernel calls available, or what the control group (a container) leaves where
    that is less; elsewhere the whole physical memory.
    """
    figures = [figure for figure in (_kernel_figure(), _control_group_figure()) if figure is not None]
    if figures:
        return min(figures)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _kernel_figure() -> int | None:
    try:
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _control_group_figure() -> int | None:
    try:
        limit = (_CONTROL_GROUP / "memory.max").read_text(encoding="ascii").strip()
        used = (_CONTROL_GROUP / "memory.current").read_text(encoding="ascii").strip()
        return None if limit == "max" else max(int(limit) - int(used), 0)
    except (OSError, ValueError):
        return None


def require_memory(needed_bytes: int, name: str, what: str, *cures: str) -> None:
    """Raise Diagnosed (ND511) where ``needed_bytes`` are more than the machine can give."""
    available = available_bytes()
    if available is not None and needed_bytes > available:
        raise Diagnosed(
            file_error(
                "ND511",
                name,
                f"{what} needs {bytes_text(needed_bytes)} of memory, "
                f"and this machine has {bytes_text(available)} available",
                *cures,
            )
        )


_UNPACKED_BYTES, _UNPACKED_RATIO = 1 << 28, 300
_IMAGES, _IMAGES_A_BYTE = 100_000, 8
"""Below these numbers no file is suspicious; beyond the ratios too, it can hold no images to learn from."""


def require_ratio(unpacked_bytes: int, images: int, stored_bytes: int, name: str, cure: str) -> None:
    """Raise Diagnosed (ND633) for what unpacks to far more than images ever do.

    Deflate makes up to a thousand times of a file. Images of that kind are all but empty, and whoever has
    some can store them as they are.
    """
    if unpacked_bytes > max(_UNPACKED_BYTES, _UNPACKED_RATIO * stored_bytes):
        ratio = unpacked_bytes // max(stored_bytes, 1)
        why = f"it unpacks to {bytes_text(unpacked_bytes)}, {ratio:,} times its size"
    elif images > max(_IMAGES, _IMAGES_A_BYTE * stored_bytes):
        why = f"it holds {images:,} images in {bytes_text(stored_bytes)}"
    else:
        return
    raise Diagnosed(file_error("ND633", name, f"{why}, which real images never do", cure))


class Allowance:
    """Bytes that threads may have in use together; who needs more than is left waits for the others."""

    def __init__(self, total_bytes: int = 1 << 28) -> None:
        self._total = self._left = total_bytes
        self._changed = Condition()

    @contextmanager
    def of(self, needed_bytes: int) -> Iterator[None]:
        """Take what is needed for a while. More than there is in all is all of it: one at a time."""
        taken = min(needed_bytes, self._total)
        with self._changed:
            self._changed.wait_for(lambda: self._left >= taken)
            self._left -= taken
        try:
            yield
        finally:
            with self._changed:
                self._left += taken
                self._changed.notify_all()
