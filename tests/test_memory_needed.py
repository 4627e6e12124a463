"""Training, evaluating and measuring ask for the memory that they will allocate, and for no byte more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from netdsl.backend import backend
from netdsl.backend.numba import backend as numba_backend
from netdsl.commands import run
from netdsl.data import available_memory
from netdsl.diagnostics import Diagnosed
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.recipe.recipe import Recipe
from netdsl.resources import zoo_text
from netdsl.training.programs import Programs
from netdsl.training.run import continued_run, new_run
from netdsl.training.trained_model import TrainedModel

TEXT = "input 8x8x1\nCONV 16 3x3 pad 1 - BN - RELU\nPOOL 2x2\nFC 64 - RELU - DROPOUT 0.5\nFC 10\n"
RECIPE = Recipe(batch=96, epochs=1)


def plan_of(text: str = TEXT) -> Plan:
    plan = load_plan(text).plan
    assert plan is not None
    return plan


class Asked:
    """What was asked for of a machine with so much memory, and what was allocated for sessions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.available = 1 << 40
        self.needs: list[int] = []
        require = available_memory.require_memory

        def recorded(needed_bytes: int, *rest: str) -> None:
            self.needs.append(needed_bytes)
            require(needed_bytes, *rest)

        monkeypatch.setattr(available_memory, "available_bytes", lambda: self.available)
        for module in ("training.programs", "training.preflight", "measuring.measure"):
            monkeypatch.setattr(f"netdsl.{module}.require_memory", recorded)
        self.sessions: list[Any] = []
        for kind in ("numba", "numpy"):
            self._watch(monkeypatch, kind)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
        prepared = type(backend(kind).prepare(program(), 1))
        bind = prepared.bind

        def watched(one: Any, store: Any) -> Any:
            self.sessions.append(bind(one, store))
            return self.sessions[-1]

        monkeypatch.setattr(prepared, "bind", watched)


def program() -> Any:
    return Programs(plan_of("input 2x2x1\nFC 2"), Recipe(), backend("numpy"), 1).program("infer", 1)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


def refused_below(asked: Asked, act: Callable[[], object]) -> int:
    """Do something with just enough memory and with one byte less; returns the bytes it took."""
    act()
    need = max(asked.needs)
    asked.available = need
    act()
    asked.sessions.clear()
    asked.available = need - 1
    with pytest.raises(Diagnosed) as caught:
        act()
    finding = caught.value.diagnostics[0]
    assert finding.code == "ND511"
    assert f"needs {available_memory.bytes_text(need)} of memory" in finding.message
    assert not asked.sessions
    asked.available = 1 << 40
    return need


def held_bytes(session: Any) -> int:
    """The memory of a session's arrays, whatever they are for."""
    arrays = [*session.inputs.values(), *getattr(session, "_spare", {}).values()]
    if hasattr(session, "_arena"):
        arrays += [session._arena, *session._constants.values()]
    else:
        arrays = list({id(array): array for array in session._values.values()}.values())
        stored = set(session._program.stored_tensors.values())
        arrays = [array for tensor, array in session._values.items() if tensor not in stored]
    return sum(array.nbytes for array in arrays)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["numba", "numpy"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_allocates_what_it_asked_for(asked: Asked, kind: str, threads: int) -> None:
    asked.needs.clear()
    made = new_run(plan_of(), RECIPE, backend(kind), threads)
    need = max(asked.needs)
    made.bind()
    folder = SimpleNamespace(save_epoch=lambda *_: None, save=lambda *_: None)
    for _ in made.records(folder):
        pass
    held = sum(map(held_bytes, asked.sessions)) + sum(array.nbytes for array in made.sessions.store.values())
    assert held == need == made.sessions.bytes
    assert len(asked.sessions) == len(made.programs()) > 2


@pytest.mark.parametrize("kind", ["numba", "numpy"])
def test_training(asked: Asked, kind: str) -> None:
    refused_below(asked, lambda: new_run(plan_of(), RECIPE, backend(kind), 1).bind())


def test_resuming_asks_for_the_sessions_beside_the_arrays_of_the_checkpoint(asked: Asked) -> None:
    made = new_run(plan_of(), RECIPE, backend("numba"), 1)
    whole = max(asked.needs)
    saved = made.checkpoint()
    asked.needs.clear()

    def resume() -> None:
        continued_run(saved, Path("x"), plan_of(), RECIPE, backend("numba"), 1).bind()

    stored = sum(array.nbytes for array in made.sessions.store.values())
    assert refused_below(asked, resume) == whole - stored


def test_evaluating_and_predicting(asked: Asked) -> None:
    saved = new_run(plan_of(), RECIPE, backend("numba"), 1).checkpoint()
    asked.needs.clear()

    def restored() -> TrainedModel:
        return TrainedModel(saved, Path("x"), plan_of(), backend("numba"), 1)

    refused_below(asked, lambda: restored().examine(None))
    held = sum(map(held_bytes, asked.sessions)) or 0
    assert held == 0
    asked.needs.clear()
    pictures = [np.zeros((8, 8, 1), np.uint8)] * 5
    refused_below(asked, lambda: restored().predict(pictures, ["a"] * 5))
    asked.needs.clear()
    restored().predict(pictures, ["a"] * 5)
    assert max(asked.needs) == sum(map(held_bytes, asked.sessions))
    asked.needs.clear()
    asked.sessions.clear()
    restored().examine(None)
    assert max(asked.needs) == sum(map(held_bytes, asked.sessions))


@pytest.mark.slow
def test_measuring(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "lenet", "--batch", "8", "--rounds", "1", "--threads", "1"]
    assert run(arguments) == 0
    asked.available = max(asked.needs) - 1
    asked.sessions.clear()
    assert run(arguments) == 1
    assert "ND511" in capsys.readouterr().err
    assert not asked.sessions


def test_resnet50_at_batch_32_needs_what_it_allocates() -> None:
    """Twice as much was asked for as long as every layer counted its inputs."""
    plan = plan_of(zoo_text("resnet50"))
    programs = Programs(plan, Recipe(batch=32), backend("numba"), 2)
    stored = sum(4 * int(np.prod(shape)) for _, shape, _ in programs.stored("train", 32))
    needed = programs.needed_bytes({("train", 32): 1}) + stored
    layout = numba_backend.lay_out(programs.program("train", 32))
    assert needed - layout.memory.arena_bytes - stored < 60 << 20
    assert 2000 << 20 < needed < 2200 << 20


def test_the_next_batch_has_inputs_of_its_own(asked: Asked) -> None:
    prepared = backend("numba").prepare(program(), 1)
    once, repeated = (prepared.needed_bytes(repeated=flag) for flag in (False, True))
    assert repeated - once == 4 * (4 + 2)


def test_a_giant_batch_is_refused_before_it_is_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba_backend, "lay_out", lambda program, target: pytest.fail("laid out"))
    programs = Programs(plan_of(zoo_text("vgg16")), Recipe(batch=10**6), backend("numba"), 2)
    for purpose in ("train", "infer"):
        with pytest.raises(Diagnosed, match="a million images, without all else"):
            programs.require_memory({(purpose, 10**6): 1}, "a million images")
