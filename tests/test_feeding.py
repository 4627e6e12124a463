"""Batches that are prepared while the step before them runs."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from building import filled_store, planned

from netdsl.backend import backend
from netdsl.backend.session import Batch, Images, Session, write_batch
from netdsl.layers.fc import FullyConnected
from netdsl.layers.input import Input
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.program.lower import training_program
from netdsl.recipe.recipe import Recipe
from netdsl.training.batches import steps_over
from netdsl.training.loop import train
from netdsl.training.records import EpochRecord, StepRecord
from netdsl.training.run import Run, continued_run, new_run

VOLUMES = [(1, 1, 7), (3, 5, 3), (28, 28, 1), (9, 11, 13)]


def images(volume: tuple[int, int, int], kind: str, count: int = 50) -> Images:
    generator = np.random.default_rng(4)
    pixels = generator.integers(0, 256, size=(count, *volume)).astype(kind)
    scale, shift = (generator.normal(size=volume).astype(np.float32) for _ in range(2))
    return Images(pixels, generator.integers(0, 3, size=count), scale, shift, np.eye(3, 4, dtype=np.float32))


def linear(volume: tuple[int, int, int], batch: int, *, threads: int = 2, name: str = "numba") -> Session:
    height, width, channels = volume
    plan = planned(Input(height=height, width=width, channels=channels), FullyConnected(neurons=4))
    program = training_program(plan, batch, loss=losses()["cross-entropy"], optimizer=Sgd(decay=0.0))
    return backend(name).bind(program, filled_store(program, seed=1), threads)


def batches(source: Images, *sizes: int) -> list[Batch]:
    generator = np.random.default_rng(5)
    return [Batch(source, generator.integers(0, len(source.labels), size=size)) for size in sizes]


def agrees(session: Session, batch: Batch) -> bool:
    """Whether a batch stands in a session's inputs as NumPy would have written it, bit for bit."""
    expected = {name: np.zeros_like(array) for name, array in session.inputs.items()}
    write_batch(expected, batch)
    return all(session.inputs[name].tobytes() == expected[name].tobytes() for name in ("x", "target"))


@pytest.mark.parametrize("kind", ["uint8", "float32"])
@pytest.mark.parametrize("volume", VOLUMES)
def test_filling_is_what_numpy_says(volume: tuple[int, int, int], kind: str) -> None:
    for threads in (1, 2, 3):
        session = linear(volume, 5, threads=threads)
        for batch in batches(images(volume, kind), 5, 5):
            session.fill(batch)
            assert agrees(session, batch)


@pytest.mark.parametrize("name", ["numba", "numpy"])
def test_a_step_prepares_the_next_one(name: str) -> None:
    source = images((28, 28, 1), "uint8")
    steps = batches(source, 6, 6, 6, 6)
    ahead, alone = (linear((28, 28, 1), 6, name=name) for _ in range(2))
    for session in (ahead, alone):
        session.inputs["rate"][...] = 0.01
    ahead.fill(steps[0])
    for batch, following in pairwise(steps):
        assert agrees(ahead, batch)
        ahead.run((ahead, following))
        alone.fill(batch)
        alone.run()
        assert ahead.outputs["scores"].tobytes() == alone.outputs["scores"].tobytes()
    assert agrees(ahead, steps[-1])


@pytest.mark.parametrize("name", ["numba", "numpy"])
def test_a_step_prepares_one_of_another_size(name: str) -> None:
    first, rest = (linear((3, 5, 3), size, name=name) for size in (6, 2))
    one, other = batches(images((3, 5, 3), "float32"), 6, 2)
    first.fill(one)
    first.run((rest, other))
    assert agrees(rest, other)
    assert agrees(first, one)


def test_batches_of_another_size_or_order_are_refused() -> None:
    session, source = linear((3, 5, 3), 6), images((3, 5, 3), "uint8")
    with pytest.raises(ValueError, match="size"):
        session.fill(batches(source, 5)[0])
    turned = source._replace(pixels=np.asfortranarray(source.pixels))
    with pytest.raises(ValueError, match="C order"):
        session.fill(batches(turned, 6)[0])


def test_a_pass_uses_every_image_in_order() -> None:
    source = images((3, 5, 3), "uint8")
    sessions = {size: linear((3, 5, 3), size) for size in (8, 3)}
    order = np.random.default_rng(6).permutation(19)
    seen = []
    for step, following in steps_over(sessions.__getitem__, source, order, [8, 8, 3], done=1):
        assert agrees(step.session, step.batch)
        assert (step.labels == source.labels[step.batch.chosen]).all()
        seen += step.batch.chosen.tolist()
        step.session.run(following and (following.session, following.batch))
    assert seen == order[8:].tolist()


# --- stopping and going on -----------------------------------------------------------------------


def new() -> Run:
    plan = load_plan("net n\ninput 8x8x1\nCONV1: 4 3x3\nRELU\nDROPOUT 0.5\nFC1: 10\n").plan
    assert plan is not None
    return new_run(plan, Recipe(epochs=2, batch=500), backend("numba"), 2)


def remaining(run: Run) -> list[EpochRecord | StepRecord]:
    records = train(run.sessions, run.images, run.parts, run.recipe, run.progress, "digits")
    return [record for record in records if isinstance(record, (EpochRecord, StepRecord))]


@pytest.mark.slow
def test_stopping_after_any_record_changes_nothing(tmp_path: Path) -> None:
    whole = new()
    expected = remaining(whole)
    for stop in range(1, 10):  # two epochs of three steps, a validation batch and the epoch's record
        run = new()
        records = train(run.sessions, run.images, run.parts, run.recipe, run.progress, "digits")
        seen = [next(records) for _ in range(stop)]
        del records
        # Continued with sessions of its own, as another process would.
        saved = run.checkpoint()
        arrays = {name: array.copy() for name, array in saved.arrays.items()}
        again = continued_run(
            saved._replace(arrays=arrays), tmp_path, run.plan, run.recipe, backend("numba"), 2
        )
        rest = remaining(again)
        assert [r for r in seen if isinstance(r, (EpochRecord, StepRecord))] + rest == expected
        for name, array in whole.sessions.store.items():
            assert again.sessions.store[name].tobytes() == array.tobytes()


INTERRUPTED = """
import signal, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from building import filled_store, planned
from layer_cases import small_network
from netdsl.backend import backend
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program.lower import training_program

optimizer = Sgd(decay=0.0)
program = training_program(planned(*small_network()), 9, loss=losses()["cross-entropy"], optimizer=optimizer)

def trained(threads, interrupted):
    store = filled_store(program, seed=1)
    session = backend("numba").bind(program, store, threads)
    session.make_ready()
    session.inputs["rate"][...] = 0.01
    caught = 0
    signal.signal(signal.SIGALRM, signal.default_int_handler)  # as Ctrl-C, by a clock
    for _ in range(interrupted):
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-4 + 1e-3 * np.random.random())
                for _ in range(40):
                    session.run()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            caught += 1
    for name, array in filled_store(program, seed=1).items():
        store[name][...] = array
    for _ in range(3):
        session.run()
    return caught, {name: array.tobytes() for name, array in store.items()}

caught, after = trained(3, 300)
assert caught > 20, caught
assert after == trained(1, 0)[1]
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such clock")
def test_exceptions_in_the_middle_of_a_step_leave_the_threads_in_order() -> None:
    arguments = [sys.executable, "-c", INTERRUPTED, str(Path(__file__).parent)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
