"""Numba, loaded so that no file of the working folder changes what it does.

Numba takes settings from ``.numba_config.yaml`` of the folder that a command runs in, whoever put it
there, when it is loaded and again for each function. Kernels do not depend on them, and must not: they
are kept under a digest that knows nothing of the working folder.
"""

from __future__ import annotations

import sys
import warnings

from netdsl.backend.numba.kernel import Kernel


def object_code(kernel: Kernel, symbol: str) -> bytes:
    """As ``compiling.object_code``, which needs all of Numba."""
    if "netdsl.backend.numba.compile.object_code" not in sys.modules:
        _load_numba()
    from netdsl.backend.numba.compile.object_code import object_code as code_of

    code: bytes = code_of(kernel, symbol)
    return code


def _load_numba() -> None:
    before = {name: module for name, module in sys.modules.items() if name == "yaml"}
    sys.modules["yaml"] = None  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file was found, and yaml was not
            from netdsl.backend.numba.numba_internals import forget_the_working_folder
    finally:
        del sys.modules["yaml"]
        sys.modules.update(before)
    forget_the_working_folder()
