"""What `netdsl check` has found, as every format of a report is given it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from netdsl.diagnostics import Diagnostic


class CheckedFile(NamedTuple):
    """A file, what is found in it, and of its plan the table and the JSON that were asked for."""

    file: str
    findings: Sequence[Diagnostic]
    table: str
    plan: str


class Checked(NamedTuple):
    """The files of a run: ``found`` are all, ``shown`` what --quiet leaves of them, ``strict`` the names of
    those in which warnings fail. Paths are told from ``root``; ``statistics`` asks for a count by code."""

    found: Sequence[CheckedFile]
    shown: Sequence[CheckedFile]
    strict: Collection[str]
    root: str
    statistics: bool

    @property
    def checks(self) -> list[tuple[str, Sequence[Diagnostic]]]:
        """Each shown file with its findings."""
        return [(one.file, one.findings) for one in self.shown]
