"""Renders what a change of a file would be, as `diff -u` does."""

from __future__ import annotations

import re

_NO_END = "\\ No newline at end of file"


def change_as_text(before: str, after: str, name: str, new_name: str) -> str:
    """The lines that go and come, with three around them; empty where nothing changes.

    What ends lines is part of them, so that `patch` can carry the change out.
    """
    from difflib import unified_diff

    lines = unified_diff(_lines(before), _lines(after), name, new_name)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    """The lines with their ends; other signs that Python takes for line ends stay inside them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
