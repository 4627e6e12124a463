"""For which target this process has words: vectors have one width wherever a kernel is compiled.

Kernels of every target are written in one process, as values; to compile them Numba needs the words as
functions, whose types have a width. So a process compiles for one target, as a C compiler is started
for one, and ``compile/worker_pool.py`` has processes for others.
"""

from __future__ import annotations

from netdsl.backend.numba.target import TARGETS, Target, host

_spoken: list[Target] = []


def speak(name: str) -> None:
    """Have words for this target; to be said before they are loaded. Raises ValueError where they are loaded
    for another one."""
    target = TARGETS[name]
    if not _spoken:
        _spoken.append(target)
    if _spoken[0] != target:
        raise ValueError(f"this process compiles for {_spoken[0].name}, not for {name}: start another one")


def spoken() -> Target:
    """The target of this process's words: this machine's best unless another was said."""
    speak(_spoken[0].name if _spoken else host().target.name)
    return _spoken[0]
