"""The way from a text to a plan, in one call."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Edit, Findings, has_errors, sort_key
from netdsl.graph.resolve import resolve
from netdsl.planning.expectations import check_expectations, check_named_layers
from netdsl.planning.plan import Plan
from netdsl.planning.planner import plan_draft
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.parser import ParsedFile, parse


class Checked(NamedTuple):
    """``plan`` is None where there are errors; ``diagnostics`` are in the order of the text."""

    plan: Plan | None
    diagnostics: list[Diagnostic]


def plan_source(source: Source) -> Checked:
    """Parse, resolve and plan a network; every mistake of the text is found in this one call.

    Never raises for what a text holds. Lines that the grammar does not read are read as sheets have them.
    """
    return _checked(source)[0]


def readings(source: Source) -> tuple[Edit, ...]:
    """The edits that put lines that are read as sheets have them in our words, in their order."""
    return _checked(source)[1]


def in_our_words(source: Source) -> tuple[Source, list[Diagnostic]]:
    """The text, with lines that were read as a sheet's put into our words, and into comments what these leave
    out; the same text where there are none. And what is found in it."""
    checked, edits = _checked(source)
    if not edits:
        return source, checked.diagnostics
    from netdsl.planning.sheet_remarks import with_remarks
    from netdsl.syntax.respelling import respelled_text

    edits = with_remarks(source, checked.plan, edits)
    return source.with_text(respelled_text(source.text, edits)), checked.diagnostics


def _checked(source: Source) -> tuple[Checked, tuple[Edit, ...]]:
    checked = _planned(source, parse(source))
    if not has_errors(checked.diagnostics):
        return checked, ()
    from netdsl.planning.prose import without_prose  # few texts have mistakes
    from netdsl.planning.second_reading import is_unread, read_again

    edits: tuple[Edit, ...] = ()
    if is_unread(checked.diagnostics):
        checked, edits = read_again(source, checked, _planned)
    return checked._replace(diagnostics=without_prose(source, checked.diagnostics)), edits


def _planned(source: Source, parsed: ParsedFile) -> Checked:
    file, syntax = parsed.file, parsed.diagnostics
    findings = Findings(source)
    plan, draft, unread = None, None, False
    if file is not None and any(isinstance(statement, tree.Use) for statement in file.statements):
        from netdsl.syntax.used_files import read_used_files  # few networks use other files

        file, findings, other_syntax = read_used_files(file, source)
        unread = bool(findings.found or other_syntax)
        syntax = [*syntax, *other_syntax]
    if file is not None:
        draft = resolve(file, findings.source, findings)
        if draft is not None:
            before = len(findings.found)
            plan = plan_draft(draft, findings)
            if plan is None and len(findings.found) > before:
                from netdsl.planning.turned import report_turned  # few networks have mistakes

                report_turned(draft, findings, before)
    told = [finding for finding in findings.found if not Fact.BESIDE_THE_NETWORK.holds(finding.code)]
    if plan is not None and not has_errors(told) and not syntax:
        check_expectations(plan, findings)
    elif plan is None and draft is not None and not syntax:
        check_named_layers(draft, findings)
    found = sorted([*syntax, *_on_other_lines(findings.found, syntax)], key=sort_key)
    if syntax:
        from netdsl.graph.names.foreign_calls import with_answers
        from netdsl.syntax.unclosed import without_consequences  # few texts have mistakes of syntax

        found = with_answers(without_consequences(found, syntax))
    if unread:  # what is missing may be in the file that could not be read
        found = [finding for finding in found if not Fact.IN_A_USED_FILE.holds(finding.code)]
    return Checked(None if has_errors(found) else plan, found)


def _on_other_lines(found: list[Diagnostic], syntax: list[Diagnostic]) -> list[Diagnostic]:
    """The findings that are not on a line with a mistake of syntax: half a line misleads."""
    if not syntax:
        return found
    broken = {_line(finding) for finding in syntax}
    return [finding for finding in found if _line(finding) not in broken]


def _line(finding: Diagnostic) -> tuple[str, int]:
    if finding.source is None or finding.primary is None:
        return "", 0
    return finding.source.name, finding.source.position(finding.primary.span.start)[0]


def load_plan(text: str, name: str = "<text>") -> Checked:
    """``plan_source`` for a plain string."""
    return plan_source(Source(name, text))
