"""Renders how often each code is found, the most frequent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from netdsl.diagnostics import Diagnostic
from netdsl.quantities import grouped
from netdsl.reports.located import Check
from netdsl.resources import explained_codes, explanation_text


def statistics_as_text(checks: Sequence[Check]) -> str:
    """A line for each code: how often, how many of them a safe change mends and how many another, what it
    means. Empty where nothing is found."""
    found = list(chain.from_iterable(findings for _, findings in checks))
    counts = Counter((one.code, one.severity.value) for one in found)
    safe = Counter((one.code, one.severity.value) for one in found if _is_mended(one, safe=True))
    unsafe = Counter((one.code, one.severity.value) for one in found if _is_mended(one, safe=False))
    known = frozenset(explained_codes())
    rows = [
        (
            grouped(count),
            *key,
            grouped(safe[key]) if safe[key] else "",
            grouped(unsafe[key]) if unsafe[key] else "",
            _title(key[0]) if key[0] in known else "",
        )
        for key, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    if not rows:
        return ""
    heading = ("count", "code", "", "--fix", "--unsafe-fixes", "")
    table = [heading, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(5)]
    return "".join(_line(row, widths) for row in table)


def _is_mended(finding: Diagnostic, *, safe: bool) -> bool:
    return finding.fix is not None and finding.fix.safe is safe


def _title(code: str) -> str:
    return explanation_text(code).partition("\n")[0].partition(": ")[2]


def _line(row: tuple[str, ...], widths: Sequence[int]) -> str:
    cells = [
        text.ljust(width) if column in (1, 2) else text.rjust(width)
        for column, (text, width) in enumerate(zip(row[:5], widths, strict=True))
    ]
    return "  ".join([*cells, row[5]]).rstrip() + "\n"
