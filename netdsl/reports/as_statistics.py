"""Counts how often each code is found, the most frequent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from netdsl.diagnostics import Diagnostic
from netdsl.quantities import grouped
from netdsl.reports.located import Check
from netdsl.reports.wrapping import wrapped
from netdsl.resources import explained_codes, explanation_text

_GAP = 2
"""Columns between those of the table."""


@dataclass(frozen=True)
class Count:
    """How often a code is found at a level, how many of these a safe change fixes and how many one that makes
    another network of it, and what the code means."""

    count: int
    code: str
    severity: str
    safe_fixes: int
    unsafe_fixes: int
    title: str


def statistics(findings: Iterable[Diagnostic]) -> list[Count]:
    """A count for each code and level, the most frequent first."""
    found = list(findings)
    counts = Counter((one.code, one.severity.value) for one in found)
    safe = Counter((one.code, one.severity.value) for one in found if _is_mended(one, safe=True))
    unsafe = Counter((one.code, one.severity.value) for one in found if _is_mended(one, safe=False))
    known = frozenset(explained_codes())
    return [
        Count(count, *key, safe[key], unsafe[key], _title(key[0]) if key[0] in known else "")
        for key, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def statistics_as_text(checks: Sequence[Check], width: int | None = None) -> str:
    """A line for each code, empty where nothing is found. Where one is wider than ``width``, every title
    is on a line of its own."""
    counted = statistics(chain.from_iterable(findings for _, findings in checks))
    if not counted:
        return ""
    heading = ("count", "code", "", "--fix", "--unsafe-fixes", "")
    rows = [
        (
            grouped(one.count),
            one.code,
            one.severity,
            grouped(one.safe_fixes) if one.safe_fixes else "",
            grouped(one.unsafe_fixes) if one.unsafe_fixes else "",
            one.title,
        )
        for one in counted
    ]
    lines = _lines([heading, *rows])
    if width is None or max(map(len, lines)) <= width:
        return "\n".join([*lines, ""])
    short = [*heading[:4], "--unsafe"]
    head, *lines = _lines([(*row[:5], "") for row in (short, *rows)])
    indent = " " * (max(len(row[0]) for row in (heading, *rows)) + _GAP)
    folded = [head]
    for line, row in zip(lines, rows, strict=True):
        folded += [line, *wrapped(f"{indent}{row[5]}".rstrip(), width, indent)]
    return "\n".join([*(line for line in folded if line), ""])


def _is_mended(finding: Diagnostic, *, safe: bool) -> bool:
    return finding.fix is not None and finding.fix.safe is safe


def _title(code: str) -> str:
    return explanation_text(code).partition("\n")[0].partition(": ")[2]


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        (" " * _GAP)
        .join(
            text.ljust(width) if column in (1, 2) else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, [*widths, 0], strict=True))
        )
        .rstrip()
        for row in rows
    ]
