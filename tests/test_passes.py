"""Each pass leaves what a program computes as it is, and can be seen by its name."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store

from netdsl.backend.numba.target import host
from netdsl.backend.numba.tools.dump import program_text
from netdsl.backend.numpy.backend import NumpySession
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.program import lower
from netdsl.program.commute import parameters_first, pool_first
from netdsl.program.fuse import fuse
from netdsl.program.passes import PASSES, Pass
from netdsl.program.program import Program
from netdsl.program.recompute import compute_again

POOLED = "input 8x8x2\nCONV 4 3x3 pad 1 - RELU\nMAX POOL 2x2\nCONV 4 3x3 pad 1 - TANH - FC 3"
NORMALISED = "input 8x8x2\nCONV 4 3x3 pad 1 - BN - RELU\nCONV 4 3x3 pad 1 - BN - TANH - FC 3"

AT_WORK: dict[Pass, tuple[str, bool]] = {
    fuse: (POOLED, True),
    pool_first: (POOLED, True),
    parameters_first: (NORMALISED, False),
    compute_again: (NORMALISED, True),
}
"""A network in which each pass changes something, in training or in inference."""


def program(network: str, *, training: bool) -> Program:
    plan = load_plan(network).plan
    assert plan is not None
    loss = losses()["cross-entropy"]
    if training:
        return lower.training_program(plan, 4, loss=loss, optimizer=Sgd(decay=0.01))
    return lower.inference_program(plan, 4, loss=loss)


def stepped(found: Program) -> dict[str, np.ndarray]:
    """The loss, the scores and all that is stored after a step of NumPy."""
    store = filled_store(found, seed=1)
    session = NumpySession(found, store)
    generator = np.random.default_rng(2)
    session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
    session.inputs["target"][...] = np.eye(3)[[0, 1, 2, 0]]
    if "rate" in session.inputs:
        session.inputs["rate"][...] = 0.1
    session.run()
    return {name: session.outputs[name].copy() for name in ("loss", "scores")} | store


@pytest.mark.parametrize("one", PASSES, ids=lambda one: one.__name__)
def test_a_pass_changes_operations_and_leaves_what_is_computed(
    one: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, training = AT_WORK[one]
    index = PASSES.index(one)
    monkeypatch.setattr(lower, "PASSES", PASSES[:index])
    before = program(network, training=training)
    monkeypatch.setattr(lower, "PASSES", PASSES[: index + 1])
    after = program(network, training=training)
    assert list(map(repr, before.operations)) != list(map(repr, after.operations))
    expected = stepped(before)
    for name, values in stepped(after).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_the_program_is_printed_with_what_each_pass_leaves() -> None:
    found = program(POOLED, training=True)
    lines = program_text(found, "net", host().target).splitlines()
    assert lines[1].split()[1] == str(len(found.written))
    assert [line.split(":")[0].split()[-1] for line in lines[2 : 2 + len(PASSES)]] == [
        one.__name__ for one in PASSES
    ]
    assert lines[1 + len(PASSES)].split()[1] == str(len(found.operations))
