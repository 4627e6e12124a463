"""Compiled kernels on disk, by content: shared between networks, runs and processes.

A kernel's file is named after everything that its machine code depends on: its text, the sources of
the intrinsics it calls, the versions of Numba and LLVM, and the CPU. So a file is never out of date, and
any process of this user may add it, or write it again where it is damaged. It is trusted as code: see
``own_folder``. Numba itself is loaded only to compile.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import sys
import weakref
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from netdsl.backend.numba.compile.cache_folder import cache_folder, private_folder
from netdsl.backend.numba.compile.object_file import load_code, read_code, write_code
from netdsl.backend.numba.compile.worker_pool import Work, WorkerPool, code_path, elsewhere
from netdsl.backend.numba.kernel import Kernel
from netdsl.backend.numba.target import Target, host
from netdsl.own_folder import distrust

DRIVER = Kernel(
    "run_launches",
    """def run_launches(table, count, worker, workers, barrier, passed):
    for launch in range(count):
        row = table + launch * 32
        function = integer(row, 0)
        arguments = integer(row, 1)
        items = integer(row, 2)
        if items < 0:
            if worker == 0:
                call_kernel(function, arguments, 0, -items, 0)
        else:
            start = items * worker // workers
            stop = items * (worker + 1) // workers
            if stop > start:
                call_kernel(function, arguments, start, stop, worker)
        if workers > 1 and integer(row, 3):
            passed += workers
            arrive(barrier)
            wait_until(barrier, passed)
""",
    arguments=6,
)
"""Runs a whole step: every launch in order, all workers meeting after each that needs it."""

_SETTINGS = ("NUMBA_OPT", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_LOOP_VECTORIZE")
"""Variables of the environment that change what Numba makes of a text."""

_BESIDE_ISA = ("target.py", "numba_internals.py", "compile/object_code.py")
"""What machine code depends on besides the intrinsics of ``isa``."""

_TRIAL_BYTES = 1 << 16
"""More than most kernels take: where this cannot be written, no kernel can be kept."""


@cache
def _foundation(target: Target) -> str:
    """A digest of everything but the text that machine code depends on."""
    digest = hashlib.sha256()
    backend = Path(__file__).parents[1]
    for path in sorted([*(backend / "isa").glob("*.py"), *map(backend.joinpath, _BESIDE_ISA)]):
        digest.update(path.read_bytes())
    facts = [
        version("numba"),
        version("llvmlite"),
        sys.version,
        platform.platform(),
        *map(str, (*host(), target)),
    ]
    facts += [os.environ.get(name, "") for name in _SETTINGS]
    digest.update("\n".join(facts).encode())
    return digest.hexdigest()


def _symbol(kernel: Kernel, target: Target) -> str:
    """The name of a kernel's machine code, and of its file."""
    return f"{kernel.name}_{hashlib.sha256((_foundation(target) + kernel.text).encode()).hexdigest()[:20]}"


class Kernels:
    """Loads kernels of one target, this machine's unless it is said, compiling those that are not on disk.

    ``compiled`` counts those that this process had to wait for; ``problem`` says why nothing could
    be kept, or is empty.
    """

    def __init__(self, target: Target | None = None) -> None:
        self.target = target or host().target
        self.compiled = 0
        self.problem = ""
        self._addresses: dict[str, int] = {}
        self._expected: dict[str, Kernel] = {}
        self._distrust = ""
        self._passing: Path | None = None
        self._pool: WorkerPool | None = None

    def expect(self, kernels: Iterable[Kernel]) -> None:
        """Say what will be needed, so that it can be compiled meanwhile."""
        self._expected |= {kernel.text: kernel for kernel in kernels}

    def load(self, kernels: Iterable[Kernel], processes: int = 1) -> None:
        """Make all of them ready, compiling what is missing in that many processes."""
        self._distrust = distrust(cache_folder())
        self.problem = self.problem or self._distrust
        wanted = {kernel.text: kernel for kernel in kernels}
        missing = [kernel for text, kernel in wanted.items() if not self._take(text, kernel)]
        if missing:
            self.compiled += len(missing)
            # Runs that start at once on an empty cache begin at different places.
            first = os.getpid() % len(missing)
            self._compile(missing[first:] + missing[:first], processes)

    def address(self, kernel: Kernel) -> int:
        """The address of a kernel's C function."""
        if kernel.text not in self._addresses:
            self.load([kernel])
        return self._addresses[kernel.text]

    def driver(self) -> Any:
        """run_launches as a ctypes function; calling it releases the interpreter lock."""
        return ctypes.CFUNCTYPE(None, *[ctypes.c_ssize_t] * DRIVER.arguments)(self.address(DRIVER))

    def _take(self, text: str, kernel: Kernel) -> bool:
        """Whether a kernel is loaded, or can be from the disk."""
        if text in self._addresses:
            return True
        symbol = _symbol(kernel, self.target)
        folders = [] if self._distrust else [cache_folder()]
        for folder in (*folders, *([self._passing] if self._passing else [])):
            code = read_code(code_path(folder, symbol))
            if code is not None and symbol.encode() in code:
                self._addresses[text] = load_code(code, symbol)
                return True
        return False

    def _compile(self, kernels: list[Kernel], processes: int) -> None:
        if self.target != host().target:
            self._compile_elsewhere(kernels)
            return
        folder = self._writable()
        if folder is not None and processes > 1 and not (self._pool and self._pool.at_work):
            needed = {kernel.text for kernel in kernels} | set(self._addresses)
            later = [kernel for text, kernel in self._expected.items() if text not in needed]
            self._pool = WorkerPool(folder, self._work(kernels), self._work(later), processes)
        from netdsl.backend.numba.compile.numba_loading import object_code

        for kernel in kernels:
            if self._take(kernel.text, kernel):
                continue
            symbol = _symbol(kernel, self.target)
            if (
                folder is not None
                and self._awaited(folder, kernel, kernels)
                and self._take(kernel.text, kernel)
            ):
                continue
            code = object_code(kernel, symbol)
            self._addresses[kernel.text] = load_code(code, symbol)
            if folder is not None:
                try:
                    write_code(code_path(folder, symbol), code)
                except OSError as error:
                    self._note(folder, error)

    def _compile_elsewhere(self, kernels: list[Kernel]) -> None:
        """The intrinsics of this process have the width of its own target's vectors."""
        folder = self._writable()
        if folder is not None:
            elsewhere(self.target).compile(folder, self._work(kernels))
        for kernel in kernels:
            if not self._take(kernel.text, kernel):
                raise OSError(f"no kernels for {self.target.name} could be compiled in another process")

    def _work(self, kernels: Iterable[Kernel]) -> Work:
        return [(_symbol(kernel, self.target), kernel) for kernel in kernels]

    def _awaited(self, folder: Path, kernel: Kernel, kernels: list[Kernel]) -> bool:
        """Wait for the last kernel that is missing, in hand of the worker pool; whether it is there then."""
        paths = (code_path(folder, _symbol(other, self.target)) for other in kernels if other is not kernel)
        if self._pool is None or not all(path.exists() for path in paths):
            return False
        return self._pool.finishes(code_path(folder, _symbol(kernel, self.target)))

    def _writable(self) -> Path | None:
        """The cache, or a private folder for as long as this process lives where nothing can be kept.

        None where there is none either: this process keeps what it compiles in memory.
        """
        folder = cache_folder()
        if not self._distrust:
            try:
                trial = folder / f".trial.{os.urandom(8).hex()}"
                write_code(trial, bytes(_TRIAL_BYTES))
                trial.unlink(missing_ok=True)
                return folder
            except OSError as error:
                self._note(folder, error)
        if self._passing is None:
            try:
                passing = private_folder()
            except OSError:
                return None
            weakref.finalize(self, shutil.rmtree, passing, ignore_errors=True)
            if distrust(passing):
                return None
            self._passing = passing
        return self._passing

    def _note(self, folder: Path, error: OSError) -> None:
        self.problem = self.problem or f"{folder}: {error.strerror or error}"
