"""Ctrl-C, SIGTERM and SIGHUP as a question that the training loop asks between two steps."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

_ECHO_SECONDS = 0.5
"""`timeout`, `uv run` and other wrappers pass a signal on that the whole group of processes has got."""

_CLOSING = getattr(signal, "SIGHUP", None)
"""What a terminal sends that is closed, and its shell once more."""

_ENDING = [number for number in (signal.SIGINT, signal.SIGTERM, _CLOSING) if number is not None]


class Interruption:
    """While entered, the first signal is only noted, in ``received``; a later one acts as usual.

    So a step is never cut in two: the loop saves a whole state and stops. A signal that comes again at
    once is the same one, also afterwards, and SIGHUP, which nobody sends in impatience, never cuts the
    saving short. SIGHUP stays ignored where whoever started this process ignores it, as ``nohup`` does.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._noted = 0.0
        self._farewell: Callable[[], None] | None = None
        self._saving = True
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in _ENDING:
            if number != _CLOSING or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._saving = False
        if self.received is None:
            self._restore()

    @contextmanager
    def at_once(self, farewell: Callable[[], None]) -> Iterator[None]:
        """Work that can be dropped at any moment: a signal ends the process there, after ``farewell``.

        An exception would get lost where Python or Numba has been called back from compiled code.
        """
        self._farewell = farewell
        try:
            yield
        finally:
            self._farewell = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.received is None:
            self.received, self._noted = signal.Signals(number), now
            if self._farewell is not None:
                with suppress(RuntimeError):  # in the middle of another message
                    self._farewell()
                os._exit(self.exit_code)
        elif now - self._noted > _ECHO_SECONDS and not (self._saving and number == _CLOSING):
            self._restore()
            signal.raise_signal(number)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended: 129 for SIGHUP, 130 for Ctrl-C, 143 for
        SIGTERM."""
        return 128 + int(self.received or 0)


def end_undisturbed() -> None:
    """All is done but ending, which takes Python a moment: a signal that comes again is too late."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
