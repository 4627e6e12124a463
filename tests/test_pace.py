"""How long a run will take: measured, expected, shown; and a rehearsal that leaves no trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest

from netdsl.backend import backend
from netdsl.commands import run as run_command
from netdsl.commands.running.progress import LineDisplay
from netdsl.planning.pipeline import load_plan
from netdsl.quantities import clock, duration
from netdsl.training import pace as pace_module
from netdsl.training import rehearsal
from netdsl.training.loop import train
from netdsl.training.metrics_file import timings_in
from netdsl.training.pace import Pace, Timing, Work
from netdsl.training.records import EpochRecord, EvaluationRecord, Progress, Record, StepRecord
from netdsl.training.run import Run, new_run

STEPS, STEP_IMAGES = 100, 10
WORK = Work(train=STEPS * STEP_IMAGES, validation=200, test=100, epochs=3)


class Time:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    monkeypatch.setattr(pace_module, "time", found)
    return found


def history(time: Time, step: float, evaluation: float, saving: float, pace: Pace) -> Iterator[Record]:
    """The records of a run whose steps take so many seconds, each already noted."""
    for epoch in range(1, WORK.epochs + 1):
        records: list[Record] = [
            StepRecord(epoch, number, STEPS, STEP_IMAGES, 0.5, 0.9) for number in range(1, STEPS + 1)
        ]
        records += [EvaluationRecord(number, 10, 20) for number in range(1, 11)]
        for record in records:
            time.now += step if isinstance(record, StepRecord) else evaluation
            pace.note(record)
            yield record
        record = EpochRecord(epoch, 0.5, 0.9, 0.5, 0.9)
        pace.note(record)
        time.now += saving
        pace.saved()
        yield record


def test_what_is_expected_is_what_comes(time: Time) -> None:
    pace = Pace(WORK, Progress(), STEP_IMAGES)
    assert pace.seconds_left is None
    pace.expect(0.1, 2.0)
    # 3000 images to train, 700 to evaluate at a third of it, 3 times to save
    assert pace.seconds_left == pytest.approx(300 + 700 * 0.1 / 3 + 6)
    whole = 3 * (STEPS * 1.0 + 10 * 4.0 + 3.0) + 5 * 4.0
    began = time.now
    for record in history(time, 1.0, 4.0, 3.0, pace):
        left = pace.seconds_left
        assert left is not None
        if isinstance(record, EpochRecord):
            assert left == pytest.approx(whole - (time.now - began), rel=0.01)
    assert pace.images_per_second == pytest.approx(10)
    assert pace.timings == {epoch: Timing(140.0, pytest.approx(10)) for epoch in (1, 2, 3)}


def test_a_machine_that_becomes_slow_is_noticed(time: Time) -> None:
    pace = Pace(WORK, Progress(), STEP_IMAGES)
    steps = [StepRecord(1, number, STEPS, STEP_IMAGES, 0.5, 0.9) for number in range(1, STEPS)]
    for number, record in enumerate(steps):
        time.now += 1.0 if number < 10 else 9.0
        pace.note(record)
    assert pace.seconds_left == pytest.approx((3 * 1000 - 990) * 0.9 + 700 * 0.3, rel=0.05)


def test_an_epoch_in_two_pieces_has_no_time_of_its_own(time: Time) -> None:
    pace = Pace(WORK, Progress(epoch=1, step=50), STEP_IMAGES)
    pace.begin()
    for number in range(51, STEPS + 1):
        time.now += 1.0
        pace.note(StepRecord(2, number, STEPS, STEP_IMAGES, 0.5, 0.9))
    pace.note(EpochRecord(2, 0.5, 0.9, 0.5, 0.9))
    assert pace.timings == {2: Timing(None, pytest.approx(10))}


@pytest.mark.parametrize(
    ("step", "least", "most"),
    [(0.001, 3, 3), (0.1, 3, 3), (2.0, 20, 33), (60.0, 30, 40), (600.0, 280, 320)],
)
def test_a_log_has_lines_within_a_long_epoch(
    time: Time, capsys: pytest.CaptureFixture[str], step: float, least: int, most: int
) -> None:
    """Short epochs have a line each; of long ones every tenth is told, but none is silent for longer than
    a quarter of an hour, unless a single step takes as long."""
    pace = Pace(WORK, Progress(), STEP_IMAGES)
    shown = LineDisplay(pace, WORK.epochs, 0, WORK.train, 0)
    for record in history(time, step, step / 3, 0.01, pace):
        shown.show(record)
    lines = capsys.readouterr().err.splitlines()
    assert least <= len(lines) <= most
    assert sum("validation loss" in line for line in lines) == WORK.epochs
    assert " left" not in lines[-1]
    within = [line for line in lines if line.startswith("epoch") and "step" in line]
    assert bool(within) == (step > 1)
    for line in within:
        assert re.fullmatch(
            r"epoch \d/3  step [ \d]{3}/100  loss 0\.5000  accuracy  90\.00 %  [\d,]+ images/s  .+ left", line
        )


@pytest.mark.parametrize(
    ("seconds", "shown", "ticking"),
    [
        (0.2, "1 s", "0:00:00"),
        (75, "75 s", "0:01:15"),
        (130, "2 min", "0:02:10"),
        (2 * 3600 + 11 * 60, "2 h 11 min", "2:11:00"),
        (80 * 3600, "3 days 8 h", "80:00:00"),
    ],
)
def test_times_as_people_say_them(seconds: float, shown: str, ticking: str) -> None:
    assert duration(seconds) == shown
    assert clock(seconds) == ticking


def test_times_in_a_table_that_somebody_changed() -> None:
    names = "epoch,rate,seconds,images_per_second"
    rows = f"{names}\n1,0.1,2.5,\n2,0.1,nan,-3\nx,0.1,1,1\n3,1,1\n{'9' * 50},1,1,1\n4,0.1,1,inf"
    assert timings_in(rows) == {1: Timing(2.5, None), 2: Timing(None, None), 4: Timing(1.0, None)}
    assert timings_in("") == timings_in("epoch,rate\n1,2\n") == {}


# --- the rehearsal -------------------------------------------------------------------------------

TEXT = "input 8x8x1\nCONV1: 4 3x3\nBN\nRELU\nDROPOUT 0.5\nFC2: 10\n"


def begun(recipe: str = "", epochs: int = 3, batch: int = 64) -> Run:
    plan = load_plan(f"{TEXT}train {{ {recipe} }}\n", "test").plan
    assert plan is not None
    assert plan.network.recipe is not None
    chosen = plan.network.recipe.recipe._replace(batch=batch, epochs=epochs)
    run = new_run(plan, chosen, backend("numpy"), 1)
    run.bind()
    return run


def trained(run: Run, steps: int) -> None:
    records = train(run.sessions, run.images, run.parts, run.recipe, run.progress, "digits")
    for _ in zip(range(steps), records, strict=False):
        pass


@pytest.mark.parametrize(
    "recipe", ["", "optimizer adam; average 0.9; accumulate 3; clip 1; schedule warmup 1, cosine"]
)
def test_a_rehearsal_leaves_no_trace(recipe: str) -> None:
    """Neither in the arrays, nor in what comes of them; also amidst the batches of an update."""
    plain, run = begun(recipe), begun(recipe)
    for one in (plain, run):
        trained(one, 4)
    store = {name: array.copy() for name, array in run.sessions.store.items()}
    progress = deepcopy(run.progress)
    seconds = run.rehearse()
    assert seconds is not None
    assert 0 < seconds < 60
    assert run.progress == progress
    for name, array in run.sessions.store.items():
        assert np.array_equal(array, store[name]), name
    for one in (plain, run):
        trained(one, 20)
    for name, array in plain.sessions.store.items():
        assert np.array_equal(array, run.sessions.store[name]), name


def test_a_rehearsal_really_takes_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun()
    before = {name: array.copy() for name, array in run.sessions.store.items()}
    changed = []
    measured = rehearsal._measured

    def watched(machine: object, *rest: object) -> float | None:
        found = measured(machine, *rest)  # type: ignore[arg-type]
        changed.extend(name for name, array in run.sessions.store.items() if (array != before[name]).any())
        return found

    monkeypatch.setattr(rehearsal, "_measured", watched)
    assert run.rehearse() is not None
    assert "CONV1.weights" in changed


def test_no_rehearsal_where_it_is_not_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    few = begun(epochs=9, batch=2000)  # a step each
    assert few.rehearse() is None
    assert few.unrehearsed == "9 steps, whose duration is known after the first"
    run = begun()
    needed = 2 * sum(array.nbytes for array in run.sessions.store.values())
    monkeypatch.setattr(rehearsal, "available_bytes", lambda: needed - 1)
    assert run.rehearse() is None
    assert run.unrehearsed.startswith("the weights do not fit into memory twice")
    monkeypatch.setattr(rehearsal, "available_bytes", lambda: needed)
    assert run.rehearse() is not None


def test_a_short_run_is_rehearsed_too() -> None:
    """Its steps may be long ones; a batch larger than the training part counts as the step that it is."""
    assert begun(epochs=1).rehearse() is not None
    assert begun(epochs=10, batch=2000).rehearse() is not None


def test_a_run_without_an_estimate_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.net").write_text("input 8x8x1\nFC1: 10\n")
    train = ["train", "net.net", "--backend", "numpy", "--out", "a", "--epochs", "1", "--batch", "2000"]
    assert run_command(train) == 0
    said = capsys.readouterr().err.splitlines()[0]
    assert said.endswith(" of memory; 1 step, whose duration is not known yet")
    assert run_command(["train", "--resume", "a", "--backend", "numpy"]) == 0
    assert capsys.readouterr().err.splitlines()[0].endswith(" of memory; nothing is left to train")


def test_the_estimate_stands_in_the_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.net").write_text("input 8x8x1\nFC1: 10\n")
    train = ["train", "net.net", "--backend", "numpy", "--out", "a", "--epochs", "3"]
    assert run_command(train) == 0
    assert re.search(r" of memory; about \d+ s$", capsys.readouterr().err.splitlines()[0])
    times = Path("a/metrics.csv").read_text().splitlines()[1:]
    assert run_command(["train", "--resume", "a", "--backend", "numpy", "--epochs", "6"]) == 0
    assert re.search(r"; about \d+ s left$", capsys.readouterr().err.splitlines()[0])
    rows = Path("a/metrics.csv").read_text().splitlines()[1:]
    assert rows[:3] == times  # the times of earlier epochs are kept
    assert all(float(cell) > 0 for row in rows for cell in row.split(",")[-3:])


def test_the_rate_is_that_of_the_last_step_of_each_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.net").write_text("input 8x8x1\nFC1: 10\n")
    train = ["train", "net.net", "--backend", "numpy", "--batch", "144", "--epochs", "3"]
    for folder, settings, rates in [
        ("a", ["--schedule", "0.01*1 : 0.002*2"], ["0.01", "0.002", "0.002"]),
        # the last of 10 steps an epoch
        ("b", ["--rate", "0.01", "--schedule", "warmup 2"], ["0.005", "0.01", "0.01"]),
    ]:
        assert run_command([*train, *settings, "--out", folder]) == 0
        names, *rows = (line.split(",") for line in Path(folder, "metrics.csv").read_text().splitlines())
        assert [row[names.index("rate")] for row in rows] == rates
