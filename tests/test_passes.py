"""Each pass alone leaves what a program computes as it is, and can be seen by its name."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store

from netdsl.backend.numba.target import host
from netdsl.backend.numba.tools.listing import program_text
from netdsl.backend.numpy.backend import NumpySession
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.program import lower
from netdsl.program.passes import PASSES, Pass
from netdsl.program.program import Program

NETWORK = "input 8x8x2\nCONV 4 3x3 pad 1 - RELU\nMAX POOL 2x2\nCONV 4 3x3 pad 1 - TANH - FC 3"


def training() -> Program:
    plan = load_plan(NETWORK).plan
    assert plan is not None
    return lower.training_program(plan, 4, loss=losses()["cross-entropy"], optimizer=Sgd(decay=0.01))


def stepped(program: Program) -> dict[str, np.ndarray]:
    """The loss and all that is stored after a step in double precision."""
    store = filled_store(program, seed=1)
    session = NumpySession(program, store)
    generator = np.random.default_rng(2)
    session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
    session.inputs["target"][...] = np.eye(3)[[0, 1, 2, 0]]
    session.inputs["rate"][...] = 0.1
    session.run()
    return {"loss": session.outputs["loss"].copy(), **store}


@pytest.mark.parametrize("one", PASSES, ids=lambda one: one.__name__)
def test_a_pass_alone_leaves_what_is_computed(one: Pass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lower, "PASSES", ())
    plain = stepped(training())
    monkeypatch.setattr(lower, "PASSES", (one,))
    program = training()
    for name, values in stepped(program).items():
        np.testing.assert_allclose(values, plain[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_the_program_is_printed_with_what_each_pass_leaves() -> None:
    program = training()
    lines = program_text(program, "net", host().target).splitlines()
    assert lines[1].split()[1] == str(len(program.written))
    assert [line.split(":")[0].split()[-1] for line in lines[2 : 2 + len(PASSES)]] == [
        one.__name__ for one in PASSES
    ]
    assert lines[1 + len(PASSES)].split()[1] == str(len(program.operations))
