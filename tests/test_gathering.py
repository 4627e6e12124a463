"""Convolutions with so few outputs that their weights are read where they lie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from building import planned
from layer_cases import image
from one_operation import NARROWER, trained

from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.target import Target
from netdsl.layers.conv import Conv
from netdsl.layers.fc import FullyConnected
from netdsl.layers.relu import Relu
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program.lower import inference_program, training_program
from netdsl.program.program import Program
from netdsl.quantities import Padding, Size

pytestmark = pytest.mark.slow


class Case(NamedTuple):
    """A convolution of ``extent`` x ``extent`` images."""

    extent: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    channels: int = 56
    filters: int = 45


CASES = {
    "padded": Case((3, 5), (3, 3), padding=(1, 1, 1, 1)),
    "strided": Case((7, 7), (3, 3), (2, 2), (1, 1, 1, 1)),
    "uneven": Case((6, 8), (4, 3), (2, 3), (2, 0, 0, 1)),
    "mostly border": Case((2, 2), (5, 5), padding=(3, 2, 2, 3), filters=130),
    "1x1 with a stride": Case((5, 5), (1, 1), (2, 2), channels=160, filters=112),
}
BATCHES = (1, 4)


def program_of(case: Case, batch: int, *, training: bool) -> Program:
    layer = Conv(
        filters=case.filters,
        kernel=Size(*case.kernel),
        stride=Size(*case.stride),
        padding=Padding(*case.padding),
    )
    plan = planned(image(*case.extent, case.channels), layer, Relu(), FullyConnected(neurons=4))
    if training:
        return training_program(plan, batch, loss=losses()["cross-entropy"], optimizer=Sgd(decay=0.0))
    return inference_program(plan, batch, loss=losses()["cross-entropy"])


def gathers(program: Program) -> bool:
    return any(launch.kernel.name.startswith("gather_windows") for launch in lay_out(program).launches)


def ran(program: Program, kind: str, threads: int = 2, target: Target | None = None) -> dict[str, np.ndarray]:
    """What a step gives, and what it leaves behind."""
    store, (outputs,) = trained(program, kind, threads, steps=1, target=target)
    return {**store, **outputs}


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", CASES)
def test_equals_the_specification(name: str, batch: int, training: bool) -> None:
    check(name, batch, training, None)


def check(name: str, batch: int, training: bool, target: Target | None) -> None:
    program = program_of(CASES[name], batch, training=training)
    assert gathers(program)
    wanted = ran(program, "numpy")
    found = {threads: ran(program, "numba", threads, target) for threads in (1, 2, 4)}
    for array, value in wanted.items():
        np.testing.assert_allclose(found[1][array], value, rtol=2e-4, atol=2e-5, err_msg=array)
        for threads, arrays in found.items():
            assert arrays[array].tobytes() == found[1][array].tobytes(), (array, threads)


def test_many_outputs_are_worth_moving_the_weights() -> None:
    assert not gathers(program_of(CASES["padded"], 5, training=False))


def test_few_weights_are_moved_in_no_time() -> None:
    assert not gathers(program_of(CASES["padded"]._replace(filters=16), 1, training=False))


@pytest.mark.parametrize("target", NARROWER)
@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", CASES)
def test_narrower_vectors(name: str, batch: int, training: bool, target: Target) -> None:
    check(name, batch, training, target)
