"""All that a check of one file tells, for those that check nothing else: editors and Python programs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from netdsl.diagnostics import Diagnosed, Diagnostic, Severity
from netdsl.gate.checking import checked
from netdsl.gate.discovery import Configurations, Known, shown
from netdsl.gate.settings import Configuration, Settings
from netdsl.source import Source

if TYPE_CHECKING:
    from netdsl.planning.plan import Plan


class Alone(NamedTuple):
    """The plan of a text and what is told of it, after what is wrong with the settings and the baseline;
    ``quiet`` where the settings want notes left out."""

    plan: Plan | None
    findings: list[Diagnostic]
    quiet: bool = False

    @property
    def told(self) -> list[Diagnostic]:
        """The findings that the settings want shown."""
        return [one for one in self.findings if not self.quiet or one.severity is not Severity.NOTE]


def checked_alone(
    source: Source, known: Callable[[], Known], *, file: str | None = None, isolated: bool = False
) -> Alone:
    """Check a text under the settings that hold for its file now; arguments as for Configurations."""
    configurations = Configurations(file=file, isolated=isolated, known=known)
    configuration = configurations.of(source.name)
    settings = configuration.settings_of(source.name)
    plan, findings = checked(source, settings)
    findings, own = _unknown(source, findings, configuration, settings)
    return Alone(plan, [*configuration.findings, *own, *findings], configuration.quiet)


def _unknown(
    source: Source, findings: list[Diagnostic], configuration: Configuration, settings: Settings
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """The findings that the baseline does not know, and what there is to say about the baseline."""
    if not configuration.baseline:
        return findings, []
    from netdsl.gate.baseline import read_baseline
    from netdsl.gate.selection import selected

    path = shown(os.path.join(configuration.folder, configuration.baseline))
    try:
        baseline = read_baseline(path)
    except Diagnosed as diagnosed:
        return findings, list(diagnosed.diagnostics)
    left = baseline.unknown(source.name, findings)
    return left, selected(baseline.past([source.name]), settings)
