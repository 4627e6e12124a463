"""Reports joins that name their branches without brackets, ``ADD a, b``."""

from __future__ import annotations

from netdsl.diagnostics import Edit, Findings
from netdsl.source import Span
from netdsl.syntax.joined_names import Join, joined_names


def join_at(span: Span, findings: Findings) -> Join | None:
    """The join of labels that begins with a kind, at its place in the text of all files."""
    source, place = findings.source.locate(span)
    join = joined_names(source.text, place.start)
    if join is None:
        return None
    moved = span.start - place.start
    return join._replace(span=Span(join.span.start + moved, join.span.end + moved))


def report_joined_labels(keyword: str, span: Span, findings: Findings) -> bool:
    """Report a join whose branches are named without brackets; whether it is one."""
    join = join_at(span, findings)
    if join is None:
        return False
    fix = Edit(join.span, join.meant)
    findings.add("ND220", f"{keyword} joins branches in brackets", join.span, help=(join.cure,), fix=fix)
    return True
