"""Which target this process compiles for: the functions of this room have vectors of one width.

Kernels of every target are written in one process, as values; to compile them Numba needs the functions
they call, whose types have a width. So a process compiles for one target, as a C compiler is started for
one, and ``compile/worker_pool.py`` has processes for others.
"""

from __future__ import annotations

from netdsl.backend.numba.target import TARGETS, Target, host

_chosen: list[Target] = []


def compile_for(name: str) -> None:
    """Let this process compile for a target; to be called before the functions of this room are loaded.

    Raises ValueError where they are loaded for another one.
    """
    target = TARGETS[name]
    if not _chosen:
        _chosen.append(target)
    if _chosen[0] != target:
        raise ValueError(f"this process compiles for {_chosen[0].name}, not for {name}: start another one")


def process_target() -> Target:
    """The target of this process: this machine's best unless another was chosen."""
    compile_for(_chosen[0].name if _chosen else host().target.name)
    return _chosen[0]
