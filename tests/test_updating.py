"""Fully connected layers whose weights come out of memory once for both gradients and the update."""

from __future__ import annotations

import numpy as np
import one_operation
import pytest
from building import planned
from layer_cases import image
from one_operation import NARROWER

from netdsl.backend.numba.schedule import schedule
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.target import Target, host
from netdsl.layers.fc import FullyConnected
from netdsl.layers.relu import Relu
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.primitives.matmul import MatmulInputGradient, MatmulWeightGradient
from netdsl.program.lower import training_program
from netdsl.program.program import Numerics, Program

pytestmark = pytest.mark.slow

TOGETHER = ("matmul_input_gradient", "matmul_weight_gradient", "weights.velocity")
"""What the note of a launch names that does all three."""

PRECISIONS = [
    "float32",
    pytest.param("bf16", marks=pytest.mark.skipif(not host().bfloat16, reason="no bfloat16 here")),
]


def training(batch: int, precision: str = "float32", neurons: int = 401) -> Program:
    """The second layer has more weights than the second cache is taken to hold, and something below it."""
    plan = planned(
        image(6, 6, 10),
        FullyConnected(neurons=330),
        Relu(),
        FullyConnected(neurons=neurons),
        Relu(),
        FullyConnected(neurons=10),
    )
    optimizer = Sgd(momentum=0.9, decay=1e-3)
    return training_program(
        plan,
        batch,
        loss=losses()["cross-entropy"],
        optimizer=optimizer,
        numerics=Numerics(precision=precision),
    )


def trained(
    program: Program, kind: str = "numba", threads: int = 2, target: Target | None = None
) -> dict[str, np.ndarray]:
    return one_operation.trained(program, kind, threads, target=target)[0]


def together(program: Program) -> set[str]:
    notes = {launch.note for launch in lay_out(program).launches}
    return {note for note in notes if all(name in note for name in TOGETHER)}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("batch", [1, 3, 6, 32, 53])
def test_no_bit_differs_from_one_after_the_other(
    batch: int, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_bits(batch, precision, monkeypatch, None)


def check_bits(batch: int, precision: str, monkeypatch: pytest.MonkeyPatch, target: Target | None) -> None:
    program = training(batch, precision)
    assert len(together(program)) == 1
    found = {threads: trained(program, threads=threads, target=target) for threads in (1, 2, 4)}
    monkeypatch.setattr(schedule, "shared_weight_gradients", lambda program, updates, target: {})
    assert not together(program)
    apart = trained(program, target=target)
    for name, array in apart.items():
        for threads, store in found.items():
            assert store[name].tobytes() == array.tobytes(), (name, threads)


@pytest.mark.parametrize(("batch", "neurons"), [(2, 400), (5, 433), (64, 415)])
def test_trains_as_the_specification_does(batch: int, neurons: int) -> None:
    check_numbers(batch, neurons, None)


def check_numbers(batch: int, neurons: int, target: Target | None) -> None:
    program = training(batch, neurons=neurons)
    assert together(program)
    wanted = trained(program, "numpy")
    for name, array in trained(program, target=target).items():
        np.testing.assert_allclose(array, wanted[name], rtol=2e-4, atol=2e-6, err_msg=name)


def test_a_gradient_that_is_read_earlier_does_not_wait() -> None:
    """Here the weights' gradient comes after what reads the inputs' gradient."""
    program = training(4)
    operations = list(program.operations)
    dx = next(op for op in operations if isinstance(op, MatmulInputGradient) and op.inputs[1].shape[0] == 330)
    dw = next(
        op for op in operations if isinstance(op, MatmulWeightGradient) and op.inputs[1] is dx.inputs[0]
    )
    reader = next(op for op in operations if dx.outputs[0] in op.inputs)
    operations.remove(dw)
    operations.insert(operations.index(reader) + 1, dw)
    later = program._replace(operations=tuple(operations))
    assert together(program)
    assert not together(later)
    wanted = trained(program)
    for name, array in trained(later).items():
        assert array.tobytes() == wanted[name].tobytes(), name


def test_many_images_use_the_weights_often_enough() -> None:
    assert not together(training(300))


@pytest.mark.ci
@pytest.mark.parametrize("target", NARROWER)
def test_narrower_vectors(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    check_numbers(5, 433, target)
    for batch in (6, 53):
        for precision in ("float32", "bf16") if host().bfloat16 else ("float32",):
            with monkeypatch.context() as patch:
                check_bits(batch, precision, patch, target)
