"""Updates in the program of a step: what is stored, what is left out, and a run with all of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from building import planned
from layer_cases import image
from test_kept_tensors import tensors_kept

from netdsl.backend import backend
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.commands import run as command
from netdsl.layers.conv import Conv
from netdsl.layers.fc import FullyConnected
from netdsl.layers.relu import Relu
from netdsl.optimizers import optimizers
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.primitives.convolution import ConvolutionWeightGradient
from netdsl.primitives.matmul import MatmulWeightGradient
from netdsl.primitives.operation import Phase
from netdsl.program.kept_tensors import kept_bytes
from netdsl.program.learning import AVERAGE, Learning
from netdsl.program.lower import training_program
from netdsl.program.program import Program
from netdsl.quantities import Size
from netdsl.recipe.recipe import Recipe
from netdsl.training.checkpoint import load
from netdsl.training.loop import train
from netdsl.training.records import EpochRecord, Progress, StepRecord
from netdsl.training.run import Run, continued_run, new_run
from netdsl.training.run_folder import new_run_folder

LARGE = (
    image(2, 2, 128),
    Conv(filters=128, kernel=Size(1, 1)),
    Relu(),
    FullyConnected(neurons=128),
    Relu(),
    FullyConnected(neurons=10),
)
"""A convolution and a fully connected layer whose gradients are used up tile by tile."""


def program_of(plan: Plan, optimizer: str, learning: Learning = Learning()) -> Program:  # noqa: B008
    recipe = Recipe()
    kind = optimizers()[optimizer]
    return training_program(plan, 8, loss=recipe.loss, optimizer=kind(), learning=learning)


@pytest.mark.parametrize("optimizer", optimizers())
@pytest.mark.parametrize("learning", [Learning(), Learning(accumulates=True, averages=True)])
def test_large_gradients_are_never_stored(optimizer: str, learning: Learning) -> None:
    program = program_of(planned(*LARGE), optimizer, learning)
    large = {
        operation.outputs[0]
        for operation in program.operations
        if isinstance(operation, ConvolutionWeightGradient | MatmulWeightGradient)
        and operation.outputs[0].values >= 2**13
    }
    assert len(large) == 2
    touched = {tensor for launch in lay_out(program).launches for tensor in launch.tensors}
    assert not large & touched


def test_clipping_stores_gradients() -> None:
    """Their norm is known only when all are there; then the update still is one launch for each."""
    program = program_of(planned(*LARGE), "adam", Learning(clip=1.0))
    updates = [launch for launch in lay_out(program).launches if launch.phase is Phase.UPDATE]
    assert sum("weights" in launch.note and "mean" in launch.note for launch in updates) == 3


FROZEN = "input 8x8x1\nCONV1: 4 3x3 - BN1 - RELU\nCONV2: 4 3x3 - BN2 - RELU\nFC1: 10\n"


def plan_of(text: str) -> Plan:
    plan, findings = load_plan(text)
    assert plan is not None, findings
    return plan


def test_the_backward_pass_ends_above_frozen_layers() -> None:
    plan = plan_of(FROZEN)
    program = program_of(plan, "adam", Learning(frozen=frozenset(("CONV1", "BN1", "BN2"))))
    backward = {op.origin for op in program.operations if op.phase is not Phase.FORWARD}
    assert not backward & {"CONV1", "BN1", "RELU1"}
    assert backward >= {"CONV2", "BN2", "FC1"}  # through BN2, to what learns below
    kept = {stored.name for stored in program.stored if stored.kind == "optimizer"}
    assert {name.partition(".")[0] for name in kept} == {"CONV2", "FC1"}
    written = {tensor.name for op in program.operations for tensor in op.outputs}
    assert not any(name.startswith(("CONV1.weights", "BN1.", "BN2.running")) for name in written & set(kept))
    assert not {"BN1.running_mean", "BN2.running_mean"} & written


@pytest.mark.parametrize("frozen", ["CONV1", "CONV1, BN1", "BN1, BN2", "CONV1, BN1, CONV2, BN2"])
def test_what_is_kept_of_frozen_layers_is_known_beforehand(frozen: str) -> None:
    plan = plan_of(f"{FROZEN}train {{ freeze {frozen} }}")
    names = frozenset(frozen.split(", "))
    program = program_of(plan, "adam", Learning(frozen=names))
    by_program = sum(tensor.size_bytes(1) for tensor in tensors_kept(program))
    assert kept_bytes(plan) == kept_bytes(plan, frozen=names) == by_program
    assert kept_bytes(plan) < kept_bytes(plan, frozen=frozenset())


def test_compile_takes_what_the_program_depends_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["compile", "lenet", "--emit", "--freeze", "CONV1"]) == 0
    frozen = capsys.readouterr().out
    assert command(["compile", "lenet", "--emit"]) == 0
    assert len(frozen) < len(capsys.readouterr().out)
    assert command(["compile", "lenet", "--emit", "--freeze", "CONV9", "--factor", "CONV8 2"]) == 1
    error = capsys.readouterr().err
    assert "freeze: there is no layer called `CONV9`" in error
    assert "factor: there is no layer called `CONV8`" in error


# --- a run ---------------------------------------------------------------------------------------

RECIPE = Recipe(
    optimizer=optimizers()["adam"](rate=0.003, decay=0.01),
    batch=100,
    epochs=2,
    factor=(("FC1", 3.0),),
    freeze=("CONV1",),
    clip=1.0,
    accumulate=4,
    average=0.8,
)
NETWORK = "net small\ninput 8x8x1\nCONV1: 4 3x3 - BN1 - RELU - FC1: 10\n"


def new(recipe: Recipe = RECIPE) -> Run:
    return new_run(plan_of(NETWORK), recipe, backend("numpy"), 1)


def test_a_run_stopped_within_a_group_of_batches_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole, stopped = new(), new()
    folder = new_run_folder(tmp_path / "whole", "x")
    ended = [record for record in whole.records(folder) if isinstance(record, EpochRecord)]
    folder.close()
    folder = new_run_folder(tmp_path / "stopped", "x")
    steps = 0
    for record in stopped.records(folder):
        steps += isinstance(record, StepRecord)
        if steps == 15 + 6:  # an epoch, and half of the second group of the next
            folder.save(stopped.checkpoint())
            break
    saved, path = folder.load_last()
    again = continued_run(saved, path, stopped.plan, saved.recipe, backend("numpy"), 1)
    assert list(again.records(folder))[-1] == ended[-1]
    folder.close()
    for name, array in whole.sessions.store.items():
        assert again.sessions.store[name].tobytes() == array.tobytes(), name
    assert not np.array_equal(whole.sessions.store["FC1.weights"], new().sessions.store["FC1.weights"])
    assert np.array_equal(whole.sessions.store["CONV1.weights"], new().sessions.store["CONV1.weights"])


def test_the_best_checkpoint_has_the_averages(tmp_path: Path) -> None:
    run = new(RECIPE._replace(epochs=1))
    folder = new_run_folder(tmp_path / "run", "x")
    list(run.records(folder))
    best, last = load(folder.best), load(folder.last)
    folder.close()
    assert sorted(best.arrays) == sorted(name for name, _, _ in run.sessions.programs.stored("infer", 100))
    average = last.arrays[f"FC1.weights{AVERAGE}"]
    assert np.array_equal(best.arrays["FC1.weights"], average)
    assert not np.array_equal(last.arrays["FC1.weights"], average)
    assert np.array_equal(last.evaluated.arrays["FC1.weights"], average)
    assert np.array_equal(best.arrays["CONV1.weights"], last.arrays["CONV1.weights"])


def test_new_arrays_count_to_the_memory_that_is_needed() -> None:
    plain = new(Recipe(batch=100, optimizer=optimizers()["perceptron"]()))
    sizes = {name: array.nbytes for name, array in plain.sessions.store.items()}
    learned = sum(size for name, size in sizes.items() if "running" not in name)
    adam = new(Recipe(batch=100, optimizer=optimizers()["adam"](), accumulate=4, average=0.9))
    assert sum(a.nbytes for a in adam.sessions.store.values()) - sum(sizes.values()) == 4 * learned


def test_early_stopping_waits_from_the_best_epoch_on() -> None:
    def progress(*accuracies: float) -> Progress:
        history = [EpochRecord(n, 0, 0, 1, accuracy) for n, accuracy in enumerate(accuracies, start=1)]
        return Progress(epoch=len(history), history=history)

    assert progress(0.5, 0.9, 0.8, 0.9).stops(2)  # as good is no better
    assert not progress(0.5, 0.9, 0.8, 0.9).stops(3)
    assert not progress(0.5, 0.4, 0.6).stops(1)
    assert not progress(0.5, 0.4, 0.3).stops(0)
    assert not Progress().stops(1)


def test_a_run_that_stops_early_says_so_and_goes_on_with_more_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("n.net").write_text(
        "input 8x8x1\nFC 10\ntrain { optimizer sgd rate 1e-30; stop after 2; epochs 9 }\n"
    )
    arguments = ("--backend", "numpy")
    assert command(("train", "n.net", "--out", "a", *arguments)) == 0
    said = capsys.readouterr().err
    stopped = re.search(
        r"stopped early, after epoch (\d) of 9: none of the last 2 was better than (.*)\.", said
    )
    assert stopped is not None, said
    last = int(stopped[1])
    assert stopped[2] == f"epoch {last - 2}"
    assert command(("train", "--resume", "a", *arguments)) == 0
    assert f"{last} epochs done, 0 of them now" in capsys.readouterr().err
    assert command(("train", "--resume", "a", "--stop", "never", *arguments)) == 0
    assert command(("train", "n.net", "--out", "b", "--stop", "never", *arguments)) == 0
    assert "stopped" not in capsys.readouterr().err
    assert load(Path("a/last.safetensors")).progress == load(Path("b/last.safetensors")).progress
    for name, array in load(Path("b/last.safetensors")).arrays.items():
        assert array.tobytes() == load(Path("a/last.safetensors")).arrays[name].tobytes()


def test_the_loop_ends_where_the_patience_does() -> None:
    run = new(Recipe(batch=100, epochs=50, optimizer=optimizers()["sgd"](rate=1e-30), stop=1))
    list(train(run.sessions, run.images, run.parts, run.recipe, run.progress, "digits"))
    assert run.progress.epoch < 50
    assert run.progress.stops(1)
