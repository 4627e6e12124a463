"""What `netdsl check` can write besides tables: findings for programs, each format from its own report."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from netdsl.diagnostics import Diagnostic

FORMATS = ("text", "concise", "json", "jsonl", "sarif", "junit", "github", "gitlab")


def findings_as(form: str, checks: Sequence[tuple[str, Sequence[Diagnostic]]], strict: frozenset[str]) -> str:
    """The findings of some files in a format other than text and json; ``strict`` are those in which warnings
    fail."""
    if form == "concise":
        from netdsl.reports.as_concise import checks_as_concise

        return checks_as_concise(checks)
    if form == "jsonl":
        from netdsl.reports.as_json import findings_as_json_lines

        return findings_as_json_lines(checks)
    if form == "sarif":
        from netdsl.reports.as_sarif import checks_as_sarif

        return checks_as_sarif(checks, os.getcwd())
    if form == "junit":
        from netdsl.reports.as_junit import checks_as_junit

        return checks_as_junit(checks, strict=strict)
    if form == "gitlab":
        from netdsl.reports.as_code_quality import checks_as_code_quality

        return checks_as_code_quality(checks, os.getcwd())
    from netdsl.reports.as_annotations import checks_as_annotations

    return checks_as_annotations(checks, os.getcwd())


def add_step_summary(checks: Sequence[tuple[str, Sequence[Diagnostic]]]) -> None:
    """Add a table to the summary of a step of GitHub Actions, whose file GITHUB_STEP_SUMMARY names."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    from netdsl.reports.as_annotations import checks_as_step_summary

    try:
        with open(path, "a", encoding="utf-8", newline="\n") as file:
            file.write(checks_as_step_summary(checks))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        click.echo(f"netdsl: cannot write the summary of the step: {why}", err=True)
