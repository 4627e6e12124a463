"""Where findings are, as other programs want to know it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from netdsl.diagnostics import Diagnostic, Label
from netdsl.source import Source, Span

Check = tuple[str, Sequence[Diagnostic]]
"""A file as it was named, and what was found in it."""


class Place(NamedTuple):
    """A range in a file; lines and columns count from 1, columns in characters, and the end is the column
    behind the last one."""

    line: int
    column: int
    end_line: int
    end_column: int


class Located(NamedTuple):
    """A finding with the file that it is about, and its place there; None where it is about the whole."""

    file: str
    place: Place | None
    finding: Diagnostic
    fingerprint: str
    """The same for a finding that has only moved to another line."""


def place_of(source: Source, span: Span) -> Place:
    """The range of a span; one without characters is one character wide."""
    end = max(span.end, span.start + 1)
    return Place(*source.position(span.start), *source.position(min(end, max(len(source.text), 1))))


def located(checks: Sequence[Check]) -> Iterator[Located]:
    """The findings of all files in their order."""
    seen: Counter[str] = Counter()
    for file, findings in checks:
        for finding in findings:
            source, label = finding.source, finding.primary
            name = source.name if source is not None else finding.path or file
            place = place_of(source, label.span) if source is not None and label is not None else None
            line = source.line(place.line).strip() if source is not None and place is not None else ""
            content = "\0".join((name, finding.code, finding.message, line))
            digest = hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()[:32]
            seen[digest] += 1
            yield Located(name, place, finding, f"{digest}/{seen[digest]}")


def secondary_places(finding: Diagnostic) -> list[tuple[Label, Place]]:
    """The other labels of a finding, which are in its file."""
    source = finding.source
    return [] if source is None else [(label, place_of(source, label.span)) for label in finding.secondary]


def uri_of(file: str) -> str:
    """The path of a file as a relative reference (RFC 3986), with slashes on every system."""
    return quote(file.replace("\\", "/"), safe="/-._~", errors="surrogateescape")


def told(finding: Diagnostic) -> str:
    """What is wrong, why, and the cures: a paragraph of lines."""
    label = finding.primary.text if finding.primary is not None else ""
    lines = [finding.message, *([label] if label else []), *finding.notes, *finding.help]
    return "\n".join(lines)


def summary(checks: Sequence[Check]) -> str:
    """``3 errors and 1 warning in 2 of 12 files``."""
    counts = Counter(finding.severity.value for _, findings in checks for finding in findings)
    files = sum(bool(findings) for _, findings in checks)
    said = [
        f"{counts[word]:,} {word}{'s' * (counts[word] != 1)}"
        for word in ("error", "warning", "note")
        if counts[word]
    ]
    among = f"in {files:,} of {len(checks):,} file{'s' * (len(checks) != 1)}"
    return f"{' and '.join(said)} {among}" if said else f"nothing found {among.replace('0 of ', '')}"
