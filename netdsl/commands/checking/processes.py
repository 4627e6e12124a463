"""Work on several cores: copies of this process that each take one piece after another.

A copy (fork) starts in a millisecond with everything loaded and read, shares nothing that it writes to, and
answers in bytes. What it does not answer, because it was killed or ran into a mistake, its starter does
itself, so that nobody waits for the dead and a mistake shows as it would without copies.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from netdsl.cores import usable_cores

Result = TypeVar("Result")

_ALONE_SECONDS = 0.05
"""What takes no longer is done before copies are of use."""

_NUMBER = 4
"""Bytes of the number of a piece of work."""

_HEAD = 12
"""Bytes before an answer: the number of the work, and the length of the answer."""

_AHEAD = 2
"""Pieces that a copy has in hand, so that it need not wait for the next one."""

_READ = 1 << 16


def _can_copy() -> bool:
    """Whether the system can copy this process, and nothing else runs in it that a copy would lack."""
    if not hasattr(os, "fork") or sys.platform == "win32":
        return False
    threading = sys.modules.get("threading")
    alone = threading is None or threading.active_count() == 1
    if sys.platform == "linux":
        with suppress(OSError):
            alone = alone and len(os.listdir("/proc/self/task")) == 1
    return alone


def shared_out(
    work: Callable[[int], Result],
    numbers: Sequence[int],
    jobs: int | None,
    pack: Callable[[Result], bytes],
    unpack: Callable[[int, bytes], Result],
) -> Iterator[tuple[int, Result]]:
    """``work`` of every number, in any order, by as many processes as there are ``jobs`` (None: cores).

    What is done soon, or cannot be done by copies, is done here. Copies send results through ``pack``;
    ``unpack`` raises ValueError for what is none.
    """
    began = time.perf_counter()
    waiting = deque(numbers)
    while waiting:
        number = waiting.popleft()
        yield number, work(number)
        pays = jobs is not None or time.perf_counter() - began > _ALONE_SECONDS
        if pays and jobs != 1 and len(waiting) > 1:
            break
    if not waiting:
        return
    copies = (jobs or usable_cores()) if _can_copy() else 0
    if copies > 1:
        gc.freeze()  # what is there already is looked through no more, here and in the copies
    for number, answer in in_copies(lambda one: pack(work(one)), waiting, copies if copies > 1 else 0):
        try:
            yield number, work(number) if answer is None else unpack(number, answer)
        except ValueError:
            yield number, work(number)


def in_copies(
    work: Callable[[int], bytes], numbers: Sequence[int], copies: int
) -> Iterator[tuple[int, bytes | None]]:
    """``work`` of every number, done by so many copies, as the answers come; None where there is none.

    Leaving early ends the copies.
    """
    pool: list[_Copy] = []
    try:
        for _ in range(min(copies, len(numbers))):
            pool.append(_Copy(work))
        yield from _answers(pool, deque(numbers))
    finally:
        for copy in pool:
            copy.end()


def _answers(pool: list[_Copy], waiting: deque[int]) -> Iterator[tuple[int, bytes | None]]:
    for _ in range(_AHEAD):
        for copy in pool:
            copy.hand(waiting)
    busy = {copy.answers: copy for copy in pool if copy.in_hand}
    while busy:
        for descriptor in _ready(busy):
            copy = busy[descriptor]
            alive = copy.read()
            yield from copy.complete()
            if alive:
                while len(copy.in_hand) < _AHEAD and copy.hand(waiting):
                    pass
            if not alive or not copy.in_hand:
                del busy[descriptor]
                yield from ((number, None) for number in copy.in_hand)
    yield from ((number, None) for number in waiting)


def _ready(busy: dict[int, _Copy]) -> list[int]:
    if not hasattr(select, "poll"):
        return select.select(list(busy), [], [])[0]
    poll = select.poll()  # no limit on the numbers of descriptors
    for descriptor in busy:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll()]


class _Copy:
    """A copy of this process; ``in_hand`` are the numbers that it has not answered yet."""

    def __init__(self, work: Callable[[int], bytes]) -> None:
        orders, self.orders = os.pipe()
        self.answers, answers = os.pipe()
        self.in_hand: deque[int] = deque()
        self._begun = bytearray()
        self._process = 0
        try:
            self._process = os.fork()
        except OSError:  # no more processes: what it would do is done here
            pass
        else:
            if self._process == 0:
                os.close(self.orders)
                os.close(self.answers)
                _serve(work, orders, answers)
        os.close(orders)
        os.close(answers)

    def hand(self, waiting: deque[int]) -> bool:
        """Give it the next number; whether there was one, and somebody to take it."""
        if not waiting or not self._process:
            return False
        try:
            os.write(self.orders, waiting[0].to_bytes(_NUMBER))
        except BrokenPipeError:  # it is dead
            return False
        self.in_hand.append(waiting.popleft())
        return True

    def read(self) -> bool:
        """Take in what it has written; whether it is alive."""
        piece = os.read(self.answers, _READ)
        self._begun += piece
        return bool(piece)

    def complete(self) -> Iterator[tuple[int, bytes | None]]:
        """The answers that are whole."""
        while len(self._begun) >= _HEAD:
            number = int.from_bytes(self._begun[:_NUMBER])
            end = _HEAD + int.from_bytes(self._begun[_NUMBER:_HEAD])
            if len(self._begun) < end:
                break
            answer = bytes(self._begun[_HEAD:end])
            del self._begun[:end]
            self.in_hand.remove(number)
            yield number, answer or None

    def end(self) -> None:
        os.close(self.orders)
        os.close(self.answers)
        if self._process:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)


def _serve(work: Callable[[int], bytes], orders: int, answers: int) -> None:
    """The life of a copy. It ends here, whatever happens, and writes nowhere else."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # its starter says what has to be said
        while order := os.read(orders, _NUMBER):
            try:
                answer = work(int.from_bytes(order))
            except Exception:
                answer = b""
            whole = memoryview(order + len(answer).to_bytes(_HEAD - _NUMBER) + answer)
            while whole:
                whole = whole[os.write(answers, whole) :]
    finally:
        os._exit(0)
