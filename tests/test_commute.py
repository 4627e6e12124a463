"""Activations behind the pooling: the same numbers from less work."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import conv, image

from netdsl.backend import backend
from netdsl.layers.fc import FullyConnected
from netdsl.layers.max_pool import MaxPool
from netdsl.layers.relu import Relu
from netdsl.layers.tanh import Tanh
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.primitives.window import WindowMaximum
from netdsl.program import lower
from netdsl.program.commute import pool_first
from netdsl.program.lower import inference_program, training_program
from netdsl.program.passes import PASSES
from netdsl.program.program import Program
from netdsl.quantities import Padding, Size

BATCH = 3
POOLS = {
    "side-by-side": (Size(3, 3), Size(3, 3), Padding(0, 0, 0, 0)),
    "overlapping": (Size(3, 3), Size(2, 2), Padding(0, 0, 0, 0)),
    "with-border": (Size(3, 3), Size(2, 2), Padding(1, 1, 1, 1)),
}


def network(pool: str, activation=Relu) -> tuple:
    kernel, stride, padding = POOLS[pool]
    pooling = MaxPool(kernel=kernel, stride=stride, padding=padding)
    return (image(9, 9, 2), conv(5, (3, 3), pad=1), activation(), pooling, FullyConnected(neurons=4))


def program(layers: tuple) -> Program:
    return training_program(
        planned(*layers), BATCH, loss=losses()["cross-entropy"], optimizer=Sgd(momentum=0.9, decay=0.0)
    )


def run(found: Program, name: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    store = filled_store(found, seed=1)
    session = backend(name).bind(found, store, 1)
    generator = np.random.default_rng(2)
    session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
    session.inputs["target"][...] = np.eye(4)[generator.integers(4, size=BATCH)]
    session.inputs["rate"][...] = 0.1
    session.run()
    return store, np.array(session.outputs["scores"])


def pooled_tensor(found: Program) -> str:
    return next(op.inputs[0].name for op in found.operations if isinstance(op, WindowMaximum))


@pytest.mark.parametrize("name", ["numpy", "numba"])
@pytest.mark.parametrize("pool", POOLS)
def test_it_is_the_same_step(pool: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = program(network(pool))
    monkeypatch.setattr(lower, "PASSES", tuple(one for one in PASSES if one is not pool_first))
    plain = program(network(pool))
    assert pooled_tensor(moved).endswith("convolution")
    assert pooled_tensor(plain).endswith("relu")
    (store, scores), (wanted, wanted_scores) = run(moved, name), run(plain, name)
    assert scores.tobytes() == wanted_scores.tobytes()
    for array in store:
        np.testing.assert_allclose(store[array], wanted[array], rtol=1e-5, atol=1e-6)


def test_other_activations_stay_in_front() -> None:
    assert pooled_tensor(program(network("overlapping", Tanh))).endswith("tanh")


def test_inference_pools_first_too() -> None:
    found = inference_program(planned(*network("overlapping")), BATCH, loss=losses()["cross-entropy"])
    assert pooled_tensor(found).endswith("convolution")


def test_what_others_read_stays() -> None:
    """Two poolings of one activation: each needs all of it."""
    from netdsl.planning.pipeline import load_plan

    text = (
        "net Two\ninput 8x8x1\nCONV 4 3x3 pad 1 - RELU\n"
        "CONCAT[ MAX POOL 2x2 at stride 2 | MAX POOL 2x2 at stride 2 ]\nFC 3\n"
    )
    checked = load_plan(text, "two.net")
    assert checked.plan is not None
    found = inference_program(checked.plan, BATCH, loss=losses()["cross-entropy"])
    assert pooled_tensor(found).endswith("relu")
