"""Runs ``netdsl train`` with the given arguments until its first step is done, and says when that was.

    python benchmarks/until_first_step.py NET [OPTIONS OF netdsl train]

Prints the seconds since NETDSL_BENCHMARK_START, a time of the system's clock.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from netdsl.backend.numba.runtime.session import NumbaSession
from netdsl.commands import main

_run = NumbaSession.run


def run_once(session: NumbaSession, *arguments: Any, **options: Any) -> None:
    _run(session, *arguments, **options)
    print(time.time() - float(os.environ["NETDSL_BENCHMARK_START"]), flush=True)
    # Nothing of what comes after the first step is of interest.
    os._exit(0)


if __name__ == "__main__":
    NumbaSession.run = run_once  # type: ignore[assignment,method-assign]
    sys.argv[1:1] = ["train"]
    main()
