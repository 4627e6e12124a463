"""What is counted of a plan: columns by name, and the totals of other tools, one file per tool."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netdsl.counting.tool import Tool

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_SHARED = ("__init__", "columns", "tool")


def tool_names() -> list[str]:
    """The tools whose totals can be reproduced, in order."""
    names = [file[:-3] for file in os.listdir(_FOLDER) if file.endswith(".py")]
    return sorted(name for name in names if name not in _SHARED)


def tool_named(name: str) -> Tool:
    """The tool of one of ``tool_names``."""
    tool: Tool = importlib.import_module(f"{__name__}.{name}").TOOL
    return tool
