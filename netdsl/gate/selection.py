"""Which codes are told: those that are selected, less those that are ignored. The longest selector wins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Severity
from netdsl.gate.settings import Settings
from netdsl.resources import explained_codes

EVERYTHING = "ND"

_SELECTOR = re.compile(r"ND[0-9]{0,3}")


def selector(written: str) -> str | None:
    """The beginning of codes that ``ND4``, ``nd401`` or ``ALL`` means; None where no code begins so."""
    plain = written.strip().upper()
    if plain == "ALL":
        return EVERYTHING
    if not _SELECTOR.fullmatch(plain):
        return None
    return plain if any(code.startswith(plain) for code in explained_codes()) else None


_MISTAKEN = str.maketrans("OILZSB", "011258")
"""Letters that are read as digits, and the other way round."""


def nearest_code(written: str) -> str | None:
    """The code that somebody mistyped; numbers that are merely near mean something else."""
    plain = written.strip().upper()
    code = plain[:2] + plain[2:].translate(_MISTAKEN).replace("-", "")
    return code if code in explained_codes() else None


def may_be_ignored(finding: Diagnostic) -> bool:
    """Advice and broken contracts may be; without an error's cure there is no network."""
    return finding.severity is not Severity.ERROR or Fact.CONTRACT.holds(finding.code)


def is_selected(code: str, settings: Settings) -> bool:
    """Whether a code is told: what selects it is more exact than what ignores it."""
    if _longest(code, settings.spared):
        return False
    wanted = (EVERYTHING,) if settings.select is None else settings.select
    chosen = max(_longest(code, wanted), _longest(code, settings.extend_select))
    if Fact.CONTRACT.holds(code):  # whoever sets a budget wants to be told, whatever else is selected
        chosen = max(chosen, 1)
    return chosen > _longest(code, settings.ignore)


def selected(findings: Iterable[Diagnostic], settings: Settings) -> list[Diagnostic]:
    """The findings that are told. An error is told whatever is ignored, and says so where its code is."""
    if settings.select is None and not settings.ignore and not settings.spared:
        return list(findings)
    told = []
    for finding in findings:
        if is_selected(finding.code, settings):
            told.append(finding)
        elif not may_be_ignored(finding):
            named = finding.code in (*settings.ignore, *settings.spared)
            told.append(shown_all_the_same(finding) if named else finding)
    return told


def shown_all_the_same(finding: Diagnostic) -> Diagnostic:
    """An error that somebody wanted to ignore."""
    note = "it is ignored, but errors are always shown: until it is fixed there is no network"
    return finding if note in finding.notes else finding._replace(notes=(*finding.notes, note))


def _longest(code: str, selectors: Sequence[str]) -> int:
    return max((len(one) for one in selectors if code.startswith(one)), default=0)
