"""Where findings are, as other programs want to know it."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from netdsl.diagnostics import Diagnostic, Label
from netdsl.opening import writable
from netdsl.source import Source, Span

Check = tuple[str, Sequence[Diagnostic]]
"""A file as it was named, and what was found in it."""


class Place(NamedTuple):
    """A range in a file; lines and columns count from 1, columns in characters, and the end is the column
    after the last one."""

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
    """The range of a span; one without characters is one character wide, at the end of a line none."""
    end = min(span.end, len(source.text))
    while end > span.start + 1 and source.text[end - 1] == "\n":  # the next line has no part in it
        end -= 1
    if end <= span.start:  # one character of the line, if there is one
        end = span.start + (source.text[span.start : span.start + 1] not in ("", "\n"))
    return Place(*source.position(span.start), *source.position(end))


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


def path_of(file: str, root: str = "") -> str:
    """The path of a file with slashes, without ``./`` before it, and from ``root`` on where it is below:
    how services that show findings beside lines name a file."""
    path = writable(file).replace(os.sep, "/")
    above = root.replace(os.sep, "/").rstrip("/") + "/"
    if root and path.startswith(above):
        path = path[len(above) :]
    while path.startswith("./") and path != "./":
        path = path[2:].lstrip("/")
    return path


def uri_of(path: str) -> str:
    """What ``path_of`` gives as a reference (RFC 3986): relative, or of a drive of Windows."""
    reference = quote(path, safe="/-._~")
    return f"file:///{path[0]}:{reference[4:]}" if re.match("[A-Za-z]:/", path) else reference


def told(finding: Diagnostic) -> str:
    """What is wrong, why, and the cures: a paragraph of lines."""
    label = finding.primary.text if finding.primary is not None else ""
    lines = [finding.message, *([label] if label else []), *finding.notes, *finding.help]
    return writable("\n".join(lines))


def summary(checks: Sequence[Check]) -> str:
    """``3 errors and 1 warning in 2 of 12 files``."""
    counts = Counter(finding.severity.value for _, findings in checks for finding in findings)
    files = sum(bool(findings) for _, findings in checks)
    said = [
        f"{counts[word]:,} {word}{'s' * (counts[word] != 1)}"
        for word in ("error", "warning", "note")
        if counts[word]
    ]
    every = f"{len(checks):,} file{'s' * (len(checks) != 1)}"
    among = f"{files:,} of {every}" if said and len(checks) > 1 else every
    return f"{' and '.join(said) or 'nothing found'} in {among}"
