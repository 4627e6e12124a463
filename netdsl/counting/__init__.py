"""What is counted of a plan: columns by name, and the totals of other tools, one file per tool."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from netdsl.resources import module_names

if TYPE_CHECKING:
    from netdsl.counting.tool import Tool


def tool_names() -> list[str]:
    """The tools whose totals can be reproduced, in order."""
    return module_names("counting", left_out=("columns", "tool"))


def tool_named(name: str) -> Tool:
    """The tool of one of ``tool_names``."""
    tool: Tool = importlib.import_module(f"{__name__}.{name}").TOOL
    return tool
