"""Checks many files: each text once, on all cores, and not at all where its outcome is kept.

The outcomes are those of checking every file by itself, one after another.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netdsl.codes import Fact
from netdsl.commands.checking.one_file import opened, tidy
from netdsl.commands.checking.outcome import Outcome, Wanted, outcome_of
from netdsl.diagnostics import Diagnosed
from netdsl.gate.settings import NO_SETTINGS, Settings
from netdsl.planning.network_files import RECIPE_ENDING
from netdsl.source import Source

_FEW_FILES = 8
_SHORT = 1 << 16
"""Characters. So few files of that length together are checked while a cache is looked for."""


LOOKED_AT = "netdsl.looked_at"
"""Under which a check leaves in ``Context.meta`` which files it has looked at besides the networks."""


class Manner(NamedTuple):
    """How to go about it: in how many processes (None: as many as there are cores), and whether outcomes
    are kept; ``settings`` hold for all the files."""

    jobs: int | None = None
    kept: bool = True
    settings: Settings = NO_SETTINGS


def outcomes_of(
    names: Sequence[str], wanted: Wanted, manner: Manner, stdin_name: str | None = None
) -> list[Outcome]:
    """The outcome of every file, in the order of the names."""
    found: dict[int, Outcome] = {}
    sources: dict[int, Source] = {}
    for number, name in enumerate(names):
        try:
            sources[number] = opened(name, stdin_name)
        except Diagnosed as diagnosed:
            found[number] = Outcome(name, list(diagnosed.diagnostics))
    cache = None
    if manner.kept and (len(sources) > _FEW_FILES or sum(len(one.text) for one in sources.values()) > _SHORT):
        from netdsl.commands.checking.outcome_cache import open_cache

        cache = open_cache(manner.settings.key)
    if cache is not None:
        known = {number: cache.find(source, wanted) for number, source in sources.items()}
        found.update({number: outcome for number, outcome in known.items() if outcome is not None})
    waiting = [number for number in sources if number not in found]
    for number, outcome in _each_text_once(waiting, sources, wanted, manner):
        found[number] = outcome
        if cache is not None:
            cache.keep(sources[number], wanted, outcome)
    if cache is not None:
        cache.save()
    return with_libraries([found[number] for number in range(len(names))])


def with_libraries(outcomes: list[Outcome]) -> list[Outcome]:
    """Without the reproach that a file has no layers, where another one uses its blocks."""
    used = {seen.found for one in outcomes for seen in one.looked_up if seen.digest is not None}
    if not used:
        return outcomes
    return [
        one._replace(findings=[finding for finding in one.findings if not Fact.NO_LAYER.holds(finding.code)])
        if any(Fact.NO_LAYER.holds(finding.code) for finding in one.findings)
        and os.path.realpath(one.file) in used
        else one
        for one in outcomes
    ]


def _each_text_once(
    numbers: Sequence[int], sources: dict[int, Source], wanted: Wanted, manner: Manner
) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of some files, in any order."""
    alike: dict[tuple[bool, str], list[int]] = {}
    for number in numbers:
        source = sources[number]
        alike.setdefault((source.name.endswith(RECIPE_ENDING), source.text), []).append(number)
    others = {first: rest for first, *rest in alike.values()}
    apart = []
    for number, outcome in _examined([*others], sources, wanted, manner):
        yield number, outcome
        if outcome.general:
            yield from ((other, outcome.of(sources[other])) for other in others[number])
        else:
            apart += others[number]
    yield from _examined(sorted(apart), sources, wanted, manner)


def _examined(
    numbers: Sequence[int], sources: dict[int, Source], wanted: Wanted, manner: Manner
) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of some files, in any order."""
    if not numbers:
        return
    from netdsl.commands.checking.one_file import check_source

    def work(number: int) -> Outcome:
        tidy(settled=True)
        return outcome_of(check_source(sources[number], manner.settings), wanted)

    if len(numbers) == 1:
        yield numbers[0], work(numbers[0])
        return
    from netdsl.commands.checking.outcome_data import outcome_as_data, outcome_from_data
    from netdsl.commands.checking.processes import shared_out

    def pack(outcome: Outcome) -> bytes:
        return json.dumps(outcome_as_data(outcome)).encode()

    def unpack(number: int, answer: bytes) -> Outcome:
        return outcome_from_data(json.loads(answer), sources[number])

    yield from shared_out(work, numbers, manner.jobs, pack, unpack)
