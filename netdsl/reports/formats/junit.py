"""Renders checks as JUnit's XML, which CI servers show: a suite for each file, a failure for each error."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from xml.sax.saxutils import escape, quoteattr

from netdsl.diagnostics import Diagnostic, Severity
from netdsl.reports.checked import Checked
from netdsl.reports.display import visible, visible_lines
from netdsl.reports.located import Check, Located, located, told


def write(checked: Checked) -> str:
    """The report of a run."""
    return checks_as_junit(checked.checks, strict=checked.strict)


def checks_as_junit(checks: Sequence[Check], *, strict: Collection[str]) -> str:
    """A file with errors has a failed case for each; one without, a case that passes. Warnings fail in the
    files that ``strict`` names, and are in the output of the suite otherwise, with notes."""
    suites = [_suite(file, list(located([(file, findings)])), file in strict) for file, findings in checks]
    tests, failures = sum(suite[0] for suite in suites), sum(suite[1] for suite in suites)
    head = f'<testsuites name="netdsl" tests="{tests}" failures="{failures}" errors="0">'
    body = "\n".join(suite[2] for suite in suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{body}\n</testsuites>\n'


def _suite(file: str, found: list[Located], strict: bool) -> tuple[int, int, str]:
    """How many cases, how many of them failed, and the element."""
    failed = [one for one in found if _fails(one.finding, strict)]
    others = [one for one in found if not _fails(one.finding, strict)]
    cases = [_failure(one) for one in failed] or [
        f"  <testcase name={_attribute('check')} classname={_attribute(file)}/>"
    ]
    lines = [
        f'<testsuite name={_attribute(file)} tests="{len(cases)}" failures="{len(failed)}" errors="0">',
        *cases,
    ]
    if others:
        text = "\n".join(
            f"{_where(one)}: {one.finding.severity.value} {one.finding.code}: {told(one.finding)}"
            for one in others
        )
        lines.append(f"  <system-out>{escape(visible_lines(text))}</system-out>")
    return len(cases), len(failed), "\n".join([*lines, "</testsuite>"])


def _fails(finding: Diagnostic, strict: bool) -> bool:
    return finding.severity is Severity.ERROR or (strict and finding.severity is Severity.WARNING)


def _failure(one: Located) -> str:
    finding = one.finding
    name = f"{finding.code} {_where(one)}"
    text = f"{_where(one)}: {finding.severity.value} {finding.code}: {told(finding)}"
    return (
        f"  <testcase name={_attribute(name)} classname={_attribute(one.file)}>\n"
        f"    <failure type={_attribute(finding.code)} message={_attribute(finding.message)}>"
        f"{escape(visible_lines(text))}</failure>\n  </testcase>"
    )


def _where(one: Located) -> str:
    return f"{one.file}:{one.place.line}:{one.place.column}" if one.place else one.file


def _attribute(text: str) -> str:
    return quoteattr(visible(text))
