"""Saving memory and passes over it changes no bit: formulas at the end, in place, computed again."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import conv, image

from netdsl.backend import backend
from netdsl.backend.numba.schedule import schedule
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.layers.add import Add
from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.fc import FullyConnected
from netdsl.layers.relu import Relu
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program import lower
from netdsl.program.lower import inference_program, training_program
from netdsl.program.passes import PASSES
from netdsl.program.program import Program
from netdsl.program.recompute import compute_again

pytestmark = pytest.mark.slow

BATCH = 4


def norm() -> BatchNorm:
    return BatchNorm(epsilon=1e-5, momentum=0.1)


RESIDUAL = (
    image(13, 11, 20),
    conv(40, (3, 3), pad=1),
    norm(),
    Relu(),
    conv(40, (3, 3), pad=1, bias=False),
    norm(),
    (Add(), (5, 3)),
    Relu(),
    conv(24, (1, 1)),
    Relu(),
    conv(36, (3, 3), stride=2, pad=1),
    Relu(),
    FullyConnected(neurons=300),
    Relu(),
    FullyConnected(neurons=5),
)
"""Every kind of product: Winograd's, in place, by strides, 1x1, of matrices; a sum and normalisations."""


def training() -> Program:
    return training_program(
        planned(*RESIDUAL), BATCH, loss=losses()["cross-entropy"], optimizer=Sgd(momentum=0.9, decay=0.0)
    )


def inference() -> Program:
    return inference_program(planned(*RESIDUAL), BATCH, loss=losses()["cross-entropy"])


def outcome(program: Program) -> dict[str, bytes]:
    store = filled_store(program, seed=1)
    session = backend("numba").bind(program, store, 2)
    generator = np.random.default_rng(2)
    session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
    session.inputs["target"][...] = np.eye(5)[generator.integers(5, size=BATCH)]
    if "rate" in session.inputs:
        session.inputs["rate"][...] = 0.1
    for _ in range(2):
        session.run()
    found = {name: array.tobytes() for name, array in store.items()}
    return found | {name: np.array(value).tobytes() for name, value in session.outputs.items()}


@pytest.mark.parametrize("make", [training, inference])
def test_formulas_at_the_end_change_no_bit(make, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = [launch.kernel.name for launch in lay_out(make()).launches]
    with_them = outcome(make())
    monkeypatch.setattr(schedule, "formulas_at_the_end", lambda program, left_out: {})
    apart = [launch.kernel.name for launch in lay_out(make()).launches]
    assert sum("_formula_" in name for name in ended) >= 4
    assert len(apart) >= len(ended) + 4
    assert outcome(make()) == with_them


def test_normalisation_of_inference_ends_its_convolution() -> None:
    notes = [launch.note for launch in lay_out(inference()).launches if "_formula_" in launch.kernel.name]
    assert any("L1.convolution" in note and "relu" in note for note in notes)
    # The sum of the block waits for both of its branches, and then is part of the second.
    assert any("L4.convolution" in note and "L3" in note for note in notes)


def test_formulas_in_place_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    arena_bytes = lay_out(training()).memory.arena_bytes
    with_them = outcome(training())
    monkeypatch.setattr(schedule, "share_in_place", lambda launches, owner, kept: None)
    assert lay_out(training()).memory.arena_bytes >= arena_bytes
    assert outcome(training()) == with_them


def deep() -> Program:
    layers: list = [image(16, 16, 8)]
    for _ in range(6):
        layers += [conv(16, (3, 3), pad=1), norm(), Relu()]
    layers.append(FullyConnected(neurons=5))
    return training_program(planned(*layers), BATCH, loss=losses()["cross-entropy"], optimizer=Sgd(decay=0.0))


def test_computing_again_changes_no_bit_and_keeps_less(monkeypatch: pytest.MonkeyPatch) -> None:
    arena_bytes = lay_out(deep()).memory.arena_bytes
    again = outcome(deep())
    assert any(op.outputs[0].name.endswith(".again") for op in deep().operations)
    monkeypatch.setattr(lower, "PASSES", tuple(one for one in PASSES if one is not compute_again))
    assert arena_bytes < 0.8 * lay_out(deep()).memory.arena_bytes
    assert outcome(deep()) == again
