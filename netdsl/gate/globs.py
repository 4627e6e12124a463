"""Patterns for files, as settings have them: relative to the folder of the settings, with slashes."""

from __future__ import annotations

from functools import cache

_ANY_DEPTH = "**"


def fits(pattern: str, path: str) -> bool:
    """Whether a pattern means a file, or a folder that it is in; ``path`` is relative and has slashes.

    ``*`` and ``?`` stand for anything but a slash, ``**`` for folders in any depth, ``[ab]`` for one of
    these characters. A pattern without a slash, but at its end, means that name in any folder. ``!`` before
    a pattern means all other files.
    """
    from fnmatch import fnmatchcase  # few projects have patterns

    if pattern.startswith("!"):
        return not fits(pattern[1:], path)
    wanted = _parts(pattern)
    reached = {0}  # how many parts of the pattern may come before the next part of the path
    for part in path.split("/"):
        reached |= {index + 1 for index in reached if wanted[index : index + 1] == (_ANY_DEPTH,)}
        if len(wanted) in reached:
            break
        reached = {
            index if wanted[index] == _ANY_DEPTH else index + 1
            for index in reached
            if wanted[index] == _ANY_DEPTH or fnmatchcase(part, wanted[index])
        }
    ends = {len(wanted), len(wanted) - 1} if wanted[-1:] == (_ANY_DEPTH,) else {len(wanted)}
    return bool(wanted) and bool(reached & ends)


@cache
def _parts(pattern: str) -> tuple[str, ...]:
    plain = pattern.replace("\\", "/").removeprefix("./")
    parts = [part for part in plain.split("/") if part]
    if parts and "/" not in plain.rstrip("/"):
        parts.insert(0, _ANY_DEPTH)
    once = [
        part for index, part in enumerate(parts) if part != _ANY_DEPTH or parts[index - 1 : index] != [part]
    ]
    return tuple(once)
