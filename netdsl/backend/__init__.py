"""What runs programs: NumPy as the executable specification, Numba for speed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netdsl.backend.session import Backend

NAMES = ("numba", "numpy")
"""The backends, the usual one first."""


def backend(name: str) -> Backend:
    """Import a backend by name; KeyError for a name that is not in NAMES."""
    if name not in NAMES:
        raise KeyError(name)
    loaded: Backend = importlib.import_module(f"netdsl.backend.{name}.backend").open_backend()
    return loaded
