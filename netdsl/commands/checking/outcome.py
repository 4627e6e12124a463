"""What the check of a file comes to: findings, and of its plan what the outputs ask for.

A plan takes many times the memory of what is shown of it, and stays in the process that made it; an
outcome is text and numbers, so that thousands are held at once, sent by other processes and kept on disk.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from netdsl.commands.checking.one_file import Check, rechecked
from netdsl.diagnostics import Diagnostic
from netdsl.gate.settings import Settings
from netdsl.source import Seen, Source

if TYPE_CHECKING:
    from netdsl.planning.plan import Plan


class Wanted(NamedTuple):
    """What is asked of every file besides its findings: the table, the plan as JSON, how many findings
    could be mended, and whether that is tried; what the table and the JSON hold, and the columns that the
    table may take."""

    table: bool = False
    plan: bool = False
    fixes: bool = False
    tried: bool = True
    columns: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    recipe: bool = False
    width: int | None = None


class Fixes(NamedTuple):
    """How many fixes --fix would keep, the ``safe`` ones and ``all`` of them; ``tried`` where that was
    tried, else how many there are."""

    safe: int = 0
    all: int = 0
    tried: bool = True


class LookedUp(NamedTuple):
    """What a check has looked up outside the text, as in ``Seen``, with a digest of what the file held."""

    asked: str
    found: str
    digest: str | None

    @property
    def paths(self) -> tuple[str, ...]:
        """The files whose change may change the outcome."""
        return tuple(path for path in (self.asked, self.found) if path)


class Outcome(NamedTuple):
    """``table`` and ``plan`` are texts, empty where they are not asked for or there is no plan.

    ``general`` where a file with the same text in any place, under any name, comes to the same.
    """

    file: str
    findings: Sequence[Diagnostic]
    table: str = ""
    plan: str = ""
    fixes: Fixes = Fixes()
    looked_up: tuple[LookedUp, ...] = ()
    general: bool = False

    def of(self, source: Source) -> Outcome:
        """A general outcome as that of another file with the same text."""
        findings = [finding._replace(source=source) for finding in self.findings]
        return self._replace(file=source.name, findings=findings)


def outcome_of(check: Check, wanted: Wanted) -> Outcome:
    """What is asked for of a check."""
    file, source, plan, findings, settings = check
    return Outcome(
        file,
        findings,
        _table(plan, wanted) if wanted.table and plan is not None else "",
        _json(plan, wanted) if wanted.plan and plan is not None else "",
        _fixes(file, findings, settings)
        if wanted.fixes and wanted.tried
        else _proposed(file, findings, wanted),
        tuple(map(_looked_up, source.seen)) if source is not None else (),
        _is_general(check),
    )


def _looked_up(seen: Seen) -> LookedUp:
    from netdsl.commands.checking.digests import digest_of

    return LookedUp(seen.asked, seen.found, None if seen.content is None else digest_of(seen.content))


def _is_general(check: Check) -> bool:
    """Not where the text has others looked up, where the network is called as its file, or where a finding
    is about the file as a whole or another one, or speaks of it by name."""
    source = check.source
    if source is None or source.seen:
        return False
    if check.plan is not None:
        from netdsl.graph.statements.headers import name_of_file

        if check.plan.network.name == name_of_file(source):
            return False
    own_name = os.path.basename(source.name)
    return not any(
        finding.primary is None
        or finding.source is not source
        or any(own_name in text for text in (finding.message, *finding.notes, *finding.help))
        for finding in check.findings
    )


def _json(plan: Plan, wanted: Wanted) -> str:
    from netdsl.reports.as_json import plan_as_json

    return plan_as_json(plan, wanted.columns, wanted.tools)


def _table(plan: Plan, wanted: Wanted) -> str:
    from netdsl.counting.columns import DEFAULT
    from netdsl.reports.as_table import plan_as_table

    table = plan_as_table(plan, names=wanted.columns or DEFAULT, width=wanted.width) + "\n"
    table += "".join(likeness + "\n" for likeness in _likenesses(plan, wanted.tools, wanted.width))
    return f"{table}{_recipe(plan, wanted.width)}\n" if wanted.recipe else table


def _recipe(plan: Plan, width: int | None) -> str:
    from netdsl.recipe.recipe import Recipe
    from netdsl.reports.as_recipe import recipe_as_text

    written = plan.network.recipe
    recipe, given = (written.recipe, written.values) if written else (Recipe(), ())
    return recipe_as_text(recipe, given, width)


def _likenesses(plan: Plan, tools: Sequence[str], width: int | None) -> list[str]:
    if not tools:
        return []
    from netdsl.counting import tool_named
    from netdsl.reports.as_likeness import likeness_as_text

    return [likeness_as_text(tool_named(name), plan, width) for name in tools]


def _fixes(file: str, findings: Sequence[Diagnostic], settings: Settings) -> Fixes:
    source = fixed_source(file, findings)
    if source is None:
        return Fixes()
    from netdsl.edits import TRIED, in_file, mendable

    fixed = [one for one in findings if in_file(one, source)]
    safe, together = mendable(source, fixed, lambda text: rechecked(text, settings))
    return Fixes(safe, together, len(source.text) <= TRIED)


def _proposed(file: str, findings: Sequence[Diagnostic], wanted: Wanted) -> Fixes:
    """How many fixes there are, where they are asked for."""
    source = fixed_source(file, findings) if wanted.fixes else None
    if source is None:
        return Fixes()
    fixes = {finding.fix for finding in findings if finding.fix and finding.source is source}
    return Fixes(sum(fix.safe for fix in fixes), len(fixes), tried=False)


def fixed_source(file: str, findings: Sequence[Diagnostic]) -> Source | None:
    """The text of a file where one of its findings knows a change that fixes it."""
    sources = (finding.source for finding in findings if finding.fix and finding.source)
    return next((source for source in sources if source.name == file), None)
