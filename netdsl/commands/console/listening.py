"""Standard error whose reader goes away while a command works: a terminal is closed, a pipe ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO


@contextmanager
def unheard() -> Iterator[None]:
    """For writing to standard error: where nobody can read it any more, the work goes on in silence."""
    try:
        yield
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Send what is written from now on nowhere, and what is still in the stream when Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
