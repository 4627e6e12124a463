"""Findings that are one misunderstanding: the first is shown, and where the others are.

Only what people read is folded. JSON, fixes and exit codes know every place by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from netdsl.diagnostics import CALL, Diagnostic, Severity
from netdsl.quantities import counted

_NUMBERED = re.compile(r"(?<![\w.])([A-Za-z_][A-Za-z_ ]*?)[0-9]+(?:_[0-9]+)*(?!\w)")
"""The name of a layer: ``CONV12``, ``MAX POOL3``, ``conv3_2``. Other layers make the same mistake."""

_QUOTED = re.compile(r"(`[^`]*`)")

PLACES = 8
"""Lines that are named; more are only counted."""

_Key: TypeAlias = tuple[str, str, str, str]


class Folded(NamedTuple):
    """A finding, and those after it in the text that say the same of other places."""

    first: Diagnostic
    others: tuple[Diagnostic, ...]


def folded(findings: Iterable[Diagnostic]) -> list[Folded]:
    """Every misunderstanding once, in the order of the places where it is met first."""
    groups: dict[_Key, list[Diagnostic]] = {}
    for number, finding in enumerate(findings):
        key = _key(finding) if finding.primary is not None else (finding.code, "", "", str(number))
        groups.setdefault(key, []).append(finding)
    return [Folded(group[0], tuple(group[1:])) for group in groups.values()]


def _key(finding: Diagnostic) -> _Key:
    """What findings of one cause have in common: their cause, or else the message but for the numbers
    of layers."""
    source = finding.source.name if finding.source is not None else ""
    said = f"cause {finding.cause}" if finding.cause else _without_numbers(finding.message)
    code = finding.code if finding.cause != CALL else ""
    return code, finding.severity.value, source, said


def _without_numbers(message: str) -> str:
    parts = _QUOTED.split(message)
    return "".join(part if part[:1] == "`" else _NUMBERED.sub(r"\1#", part) for part in parts)


def other_places(folded: Folded) -> str:
    """``18 more places: lines 4, 7, ...``; empty where there is no other place."""
    if not folded.others:
        return ""
    first, others = folded
    assert first.source is not None
    assert first.primary is not None
    own = first.source.position(first.primary.span.start)[0]
    lines: dict[int, None] = {}
    for finding in others:
        if finding.source is not None and finding.primary is not None:
            lines[finding.source.position(finding.primary.span.start)[0]] = None
    count = f"{len(others)} more place{'s' if len(others) > 1 else ''}"
    if list(lines) == [own]:
        return f"{count} on this line"
    named = ", ".join(str(line) for line in list(lines)[:PLACES])
    rest = len(lines) - PLACES
    more = f" and {rest} more" if rest > 0 else ""
    return f"{count}: line{'s' if len(lines) > 1 else ''} {named}{more}"


def tally(checks: Iterable[Iterable[Diagnostic]]) -> str:
    """``3 errors and 1 warning in 2 of 12 files``, of the findings of each file as they are shown; empty
    where there is neither. Folded ones are one, and their places are counted: ``1 error (19 places)``."""
    counts = {Severity.ERROR: 0, Severity.WARNING: 0}
    places = dict(counts)
    files = wrong = 0
    for findings in checks:
        groups = [group for group in folded(findings) if group.first.severity in counts]
        files += 1
        wrong += bool(groups)
        for group in groups:
            counts[group.first.severity] += 1
            places[group.first.severity] += 1 + len(group.others)
    told = [
        f"{counted(count, severity.value)}{f' ({places[severity]} places)' * (places[severity] > count)}"
        for severity, count in counts.items()
        if count
    ]
    if not told:
        return ""
    among = f"{wrong} of {files} files" if files > 1 else "1 file"
    return f"{' and '.join(told)} in {among}"
