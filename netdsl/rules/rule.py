"""What a piece of advice consists of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netdsl.diagnostics import Findings
from netdsl.plan.plan import Plan


class Rule(NamedTuple):
    """``name`` is that of the fault, ``bad`` a network it is found in and ``good`` the same mended."""

    name: str
    code: str
    check: Callable[[Plan, Findings], None]
    bad: str
    good: str
