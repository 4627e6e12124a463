"""Outcomes as plain data, to be sent by another process or kept on disk, and back.

What comes back is read like any file: every place is one of the text, every text is text, or it is no
outcome at all (ValueError).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from netdsl.commands.checking.outcome import Fixes, LookedUp, Outcome
from netdsl.diagnostics import Diagnostic, Edit, Label, Severity
from netdsl.source import Source, Span

Data: TypeAlias = dict[str, Any]

_NO_FILE, _FILE = -1, 0
"""Which text a finding is about: none, the file itself, or from 1 on one that it uses."""

_SEVERITIES = {severity.value: severity for severity in Severity}


def outcome_as_data(outcome: Outcome) -> Data:
    """An outcome without the text of its file, which whoever reads it has."""
    files: list[Source] = []
    findings = [_finding_as_data(one, outcome.file, files) for one in outcome.findings]
    return {
        "findings": findings,
        "files": [[file.name, file.text] for file in files],
        "table": outcome.table,
        "plan": outcome.plan,
        "fixes": list(outcome.fixes),
        "looked_up": [list(one) for one in outcome.looked_up],
        "general": outcome.general,
    }


def outcome_from_data(data: Any, source: Source) -> Outcome:
    """The outcome of a text. Raises ValueError where the data are none."""
    try:
        files = [source, *(Source(_text(name), _text(text)) for name, text in data["files"])]
        findings = [_finding(one, files) for one in data["findings"]]
        safe, together, tried = data["fixes"]
        fixes = Fixes(_count(safe), _count(together), bool(tried))
        looked_up = tuple(_looked_up(*one) for one in data["looked_up"])
        return Outcome(
            source.name,
            findings,
            _text(data["table"]),
            _text(data["plan"]),
            fixes,
            looked_up,
            bool(data["general"]),
        )
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(f"no outcome: {error}") from None


def _looked_up(asked: Any, found: Any, digest: Any) -> LookedUp:
    return LookedUp(_text(asked), _text(found), None if digest is None else _text(digest))


def _finding_as_data(finding: Diagnostic, file: str, files: list[Source]) -> list[Any]:
    source_index = _NO_FILE
    if finding.source is not None:
        source_index = _FILE if finding.source.name == file else _source_index(finding.source, files)
    fix = finding.fix
    return [
        finding.code,
        finding.severity.value,
        finding.message,
        source_index,
        _label_as_data(finding.primary) if finding.primary is not None else None,
        [_label_as_data(label) for label in finding.secondary],
        list(finding.notes),
        list(finding.help),
        [fix.span.start, fix.span.end, fix.replacement, fix.safe] if fix is not None else None,
        finding.path,
        finding.cause,
        finding.about,
        finding.proposal,
        finding.line_may_settle,
    ]


def _source_index(source: Source, files: list[Source]) -> int:
    if source not in files:
        files.append(source)
    return files.index(source) + 1


def _label_as_data(label: Label) -> list[Any]:
    return [label.span.start, label.span.end, label.text]


def _finding(data: Sequence[Any], files: Sequence[Source]) -> Diagnostic:
    code, severity, message, source_index, primary, secondary, notes, help_lines, fix, path, *asked = data
    cause, about, proposal, line_may_settle = asked
    if not _NO_FILE <= source_index < len(files):
        raise ValueError("no such file")
    source = files[source_index] if source_index != _NO_FILE else None
    end = len(source.text) if source is not None else 0
    edit = None
    if fix is not None:
        edit = Edit(_span(fix[0], fix[1], end), _text(fix[2]), bool(fix[3]))
    return Diagnostic(
        _text(code),
        _SEVERITIES[severity],
        _text(message),
        source,
        _label(primary, end) if primary is not None else None,
        tuple(_label(one, end) for one in secondary),
        tuple(map(_text, notes)),
        tuple(map(_text, help_lines)),
        edit,
        _text(path),
        _text(cause),
        _text(about),
        _text(proposal),
        bool(line_may_settle),
    )


def _label(data: Sequence[Any], end: int) -> Label:
    start, stop, text = data
    return Label(_span(start, stop, end), _text(text))


def _span(start: Any, stop: Any, end: int) -> Span:
    if not 0 <= _count(start) <= _count(stop) <= end:
        raise ValueError("a place outside the text")
    return Span(start, stop)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("no count")
    return value
