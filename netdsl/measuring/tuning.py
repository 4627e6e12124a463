"""Autotuning: times every variant of the products of a network here, and takes the fastest.

The cost model's choice stays unless another one is clearly faster. A choice belongs to an operation with
its sizes and to a machine, not to a number of threads: what was found once is kept
(``backend/numba/tools/tuning_cache.py``) and then serves every number of threads, which therefore give
the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from netdsl.backend.numba.backend import open_backend
from netdsl.backend.numba.kernel import Launch, Pointer
from netdsl.backend.numba.schedule.choice import MODEL, key_of
from netdsl.backend.numba.schedule.cost_model import Tunable
from netdsl.backend.numba.schedule.fusions import shared_weight_gradients, updates_of
from netdsl.backend.numba.schedule.image_layout import (
    CHANNELS,
    IMAGES,
    image_vector_groups,
    key_of_group,
    operations_on_image_vectors,
)
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.schedule.variants import variants_of
from netdsl.backend.numba.target import host
from netdsl.backend.numba.tools.tuning_cache import load_tuned, save_tuned
from netdsl.measuring.isolation import isolated, random_store, require_room
from netdsl.measuring.rounds import Step, take_turns
from netdsl.program.program import Program
from netdsl.quantities import counted

CLEARLY = 0.95
"""The share of the model's time below which another variant replaces it."""

TURN_SECONDS = 0.01
FIRST_ROUNDS = 3
"""Rounds of all variants."""

LAST_ROUNDS = 9
"""Rounds of the model's variant and the one that was fastest."""

SLOWER_ROUNDS = 2
"""Of these, in how many the new variant may be slower: a busy machine tells little."""


class Tuned(NamedTuple):
    """What tuning found: ``variants`` is that of Program, for what is to leave the cost model's variant.

    ``products`` counts the convolutions and matrix products that have a choice, equal ones once, and
    ``groups`` the groups of layers whose vectors can be images; ``known`` were measured before, ``changed``
    are computed in another variant than the cost model's. ``problem`` says why nothing could be kept, or is
    empty.
    """

    variants: dict[str, str]
    products: int
    groups: int
    known: int
    changed: int
    seconds: float
    problem: str = ""

    def __str__(self) -> str:
        choices = counted(self.products, "product")
        if self.groups:
            choices += f" and {counted(self.groups, 'group')} of layers"
        known = f" ({self.known} already known)" if self.known else ""
        kept = f"; not saved for the next run: {self.problem}" if self.problem else ""
        return f"autotune: {choices}{known}, {self.changed} changed, {self.seconds:.1f} s{kept}"


class _Choice(NamedTuple):
    """An operation, or a group of them, with the programs of it alone in every variant, the model's first."""

    key: str
    programs: dict[str, Program]


def tune(programs: Sequence[Program], threads: int) -> Tuned:
    """Choose a variant for all that has a choice; what is not known yet is measured on ``threads``."""
    start = time.perf_counter()
    known = load_tuned()
    variants: dict[str, str] = {}
    measured: dict[str, str] = {}
    settled: list[int] = []
    problem = ""
    try:
        # Groups come last: they are compared with the best variant of each of their operations.
        for choices_of in (_products, _groups):
            for program in programs:
                for key, candidates in choices_of(program, variants):
                    variant = known.get(key)
                    if variant not in candidates and (variant := _fastest(candidates, threads)) is not None:
                        measured[key] = variant
                    variants[key] = MODEL if variant is None else variant
            settled.append(len(variants))
    finally:
        # Also what was measured before somebody lost patience.
        if measured:
            problem = save_tuned(measured)
    changes = {key: variant for key, variant in variants.items() if variant != MODEL}
    return Tuned(
        changes,
        products=settled[0],
        groups=settled[1] - settled[0],
        known=sum(key in known and key not in measured for key in variants),
        changed=len(_changed(programs, changes)),
        seconds=time.perf_counter() - start,
        problem=problem,
    )


def unknown_variants(programs: Sequence[Program], variants: Mapping[str, str]) -> list[str]:
    """The keys of ``variants`` for which these programs have no such variant, on this machine."""
    offered: dict[str, set[str]] = {}
    if variants:
        for program in programs:
            for operation in _tunable(program):
                names = _variants(operation, program)
                offered[_key(operation, program)] = set(names)
            offered.update(
                {
                    key_of_group(group, program): {IMAGES, CHANNELS}
                    for group in image_vector_groups(program, host().target)
                }
            )
    return [key for key, variant in variants.items() if variant not in offered.get(key, set())]


def _changed(programs: Sequence[Program], variants: Mapping[str, str]) -> set[str]:
    """The keys of what is computed in another variant than the model's."""
    found: set[str] = set()
    for program in programs:
        tuned = program.in_variants(variants)
        on_image_vectors = operations_on_image_vectors(tuned, host().target)
        keys = [
            _key(operation, program) for operation in _tunable(program) if operation not in on_image_vectors
        ]
        keys += [key_of_group(group, program) for group in image_vector_groups(program, host().target)]
        found.update(key for key in keys if key in variants)
    return found


def _key(operation: Tunable, program: Program) -> str:
    return key_of(operation, program.batch, program.numerics)


def _variants(operation: Tunable, program: Program) -> Collection[str]:
    return variants_of(operation, program.batch, host().target, program.numerics)


def _tunable(program: Program) -> Iterator[Tunable]:
    """Convolutions and matrix products that are computed by themselves: an update may use up a large weight
    gradient, and compute the gradient of the input beside it."""
    updates = updates_of(program)
    taken = {*updates, *shared_weight_gradients(program, updates, host().target).values()}
    for operation in program.operations:
        if isinstance(operation, Tunable) and operation not in taken:
            yield operation


def _products(program: Program, variants: Mapping[str, str]) -> Iterator[_Choice]:
    """Every product with channels for vectors, in all variants that differ."""
    for operation in _tunable(program):
        key = _key(operation, program)
        if key in variants:
            continue
        alone = isolated([operation], program, share_results=True)
        plain = {key_of_group(group, alone): CHANNELS for group in image_vector_groups(alone, host().target)}
        names = _variants(operation, program)
        candidates = {name: alone.in_variants({**plain, key: name}) for name in (MODEL, *names)}
        distinct = _distinct(candidates)
        if len(distinct) > 1:
            yield _Choice(key, distinct)


def _groups(program: Program, variants: Mapping[str, str]) -> Iterator[_Choice]:
    """Every group of layers whose vectors can be images or channels."""
    for group in image_vector_groups(program, host().target):
        key = key_of_group(group, program)
        if key in variants:
            continue
        alone = isolated(group, program, share_results=False)
        candidates = {name: alone.in_variants({**variants, key: name}) for name in (MODEL, IMAGES, CHANNELS)}
        yield _Choice(key, _distinct(candidates))


def _distinct(candidates: dict[str, Program]) -> dict[str, Program]:
    """Without those that are the same launches under another name."""
    found: dict[tuple[object, ...], str] = {}
    for name, program in candidates.items():
        launches = lay_out(program).launches
        found.setdefault(tuple(map(_signature, launches)), name)
    return {name: candidates[name] for name in found.values()}


def _signature(launch: Launch) -> tuple[object, ...]:
    numbers = tuple(argument for argument in launch.arguments if not isinstance(argument, Pointer))
    return launch.kernel, launch.items, numbers


def _fastest(programs: Mapping[str, Program], threads: int) -> str | None:
    """The model's variant, or one that is clearly faster; None where memory is short."""
    backend = open_backend()
    try:
        store = random_store(programs[MODEL])
        steps = {
            name: backend.bind(program, store, threads, require_room).run
            for name, program in programs.items()
        }
    except MemoryError:
        return None
    shares = {name: median(found) for name, found in _shares(steps, FIRST_ROUNDS).items()}
    best = min(shares, key=lambda name: shares[name])
    if shares[best] >= CLEARLY:
        return MODEL
    # Once more, for the fastest of many may have been lucky.
    again = sorted(_shares({MODEL: steps[MODEL], best: steps[best]}, LAST_ROUNDS)[best])
    return best if median(again) < CLEARLY and again[-SLOWER_ROUNDS - 1] < 1 else MODEL


def _shares(steps: Mapping[str, Step], rounds: int) -> dict[str, list[float]]:
    """The time of each as a share of the model's, in each of the rounds."""
    found = list(take_turns(steps, rounds, TURN_SECONDS))
    return {name: [turn[name] / turn[MODEL] for turn in found] for name in steps}
