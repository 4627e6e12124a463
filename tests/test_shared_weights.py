"""Layers that work with the weights of others: counted once, and learning from all of their places."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store
from test_kept_tensors import bytes_of_program

from netdsl.backend import backend
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.planning.recipe_layers import recipe_layers
from netdsl.program.kept_tensors import kept_bytes
from netdsl.program.learning import Learning
from netdsl.program.lower import gradient_program, training_program
from netdsl.program.program import Numerics, Program
from netdsl.recipe.recipe import Recipe
from netdsl.text.printer import print_network

PYRAMID = """
input 12x12x3
a: CONV 8 3x3 pad 1 - RELU
b: CONV 8 3x3 pad 1 - BN1 - RELU
CONV stride 1 same weights as b - BN same weights as BN1 - RELU
half: POOL 2x2 stride 2
CONV pad 2 dilation 2 same weights as b - BN same weights as BN1
CONCAT[ FC 6 | @half - CONV same weights as b - FC 6 ] - FC 5
"""

TWINS = """
input 10x10x4
dialect torch
block TWIN(width) {
  CONV width 3x3 pad 1 no bias - BN - PRELU - ADD[ CONV 2*width 3x3 pad 1 - BN | PROJECT ] - RELU - FC 9
}
CONCAT[ left: CROP 8x8 - a: TWIN(4) | right: SKIP - CROP 8x8 top 2 - b: TWIN(4) same weights as a ]
FC 5
"""

LARGE = """
input 12x12x8
FC 200 - RELU
b: FC 200 - RELU - FC same weights as b - RELU - FC same weights as b - FC 5
"""

FIRST = """
input 12x12x8
CONCAT[ a: FC 200 | FC same weights as a - RELU ] - RELU - FC 5
"""

INPUTS = """
left: input 10x10x2
block TWIN { CONV 6 3x3 - RELU - POOL 2x2 - CONV 8 3x3 - RELU }
a: TWIN
right: input 10x10x1
CONV 2 1x1
b: TWIN same weights as a
CONCAT[ @a | @b ] - FC 5
"""

SIZES = """
picture: input 8x8x2
a: FC 6
small: input 4x4x1
b: [CONV 4 3x3 - RELU - FC 6]
numbers: input 7
CONCAT[ @a | @b | SKIP - FC 5 ] - RELU - FC 5
"""

STEPS = 2
RATE = 0.01

NETWORKS = {
    "pyramid": PYRAMID,
    "twins": TWINS,
    "large": LARGE,
    "first": FIRST,
    "inputs": INPUTS,
    "sizes": SIZES,
}


def plan_of(text: str) -> Plan:
    checked = load_plan(text)
    assert checked.plan is not None, [finding.message for finding in checked.diagnostics]
    return checked.plan


def steps(program: Program, kind: str, threads: int = 2) -> dict[str, np.ndarray]:
    """The arrays of a network after some steps."""
    store = filled_store(program, seed=3)
    session = backend(kind).bind(program, store, threads)
    generator = np.random.default_rng(5)
    for _ in range(STEPS):
        session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
        session.inputs["target"][...] = np.eye(5)[generator.integers(5, size=program.batch)]
        session.inputs["rate"][...] = RATE
        for name, value in {"share": 1.0, "begun": 0.0, "update": 1.0, "newest": 0.5}.items():
            if name in session.inputs:
                session.inputs[name][...] = value
        session.run()
    return store


def program_of(plan: Plan, batch: int = 6, **learning: object) -> Program:
    chosen = Learning(**learning)  # type: ignore[arg-type]
    loss = losses()["cross-entropy"]
    return training_program(
        plan, batch, loss=loss, optimizer=Sgd(momentum=0.0), learning=chosen, numerics=Numerics(exact=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "batch"),
    [
        *((name, 6) for name in NETWORKS),
        *((name, 32) for name in ("pyramid", "twins")),
        *(pytest.param(name, 32, marks=pytest.mark.ci) for name in ("large", "first", "inputs", "sizes")),
    ],
)
def test_compiled_code_equals_numpy_and_threads_make_no_difference(name: str, batch: int) -> None:
    program = program_of(plan_of(NETWORKS[name]), batch)
    wanted = steps(program, "numpy")
    found = [steps(program, "numba", threads) for threads in (1, 2, 4)]
    for key, value in wanted.items():
        np.testing.assert_allclose(found[0][key], value, rtol=2e-4, atol=2e-5, err_msg=key)
        assert all(np.array_equal(found[0][key], other[key]) for other in found[1:]), key


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_pytorch_learns_the_same_with_one_parameter_for_all_places(name: str) -> None:
    torch = pytest.importorskip("torch")
    from netdsl.backend.torch.translation import module_of

    plan = plan_of(NETWORKS[name])
    program = program_of(plan)
    store = filled_store(program, seed=3)
    module = module_of(plan)
    module.load(store)
    tensors = [*module.learned(decays=True), *module.learned(decays=False)]
    assert sum(tensor.numel() for tensor in tensors) == plan.parameter_count
    assert len({id(tensor) for tensor in module.parameters()}) == len(tensors)
    optimizer = torch.optim.SGD(tensors, lr=RATE)
    generator = np.random.default_rng(5)
    for _ in range(STEPS):
        x = generator.normal(size=(6, *plan.input.shape)).astype(np.float32)
        classes = torch.tensor(generator.integers(5, size=6))
        optimizer.zero_grad()
        scores = module.scores(torch.tensor(x).permute(0, 3, 1, 2))
        torch.nn.functional.cross_entropy(scores, classes).backward()
        optimizer.step()
    found, wanted = steps(program, "numpy"), module.store()
    for key, value in wanted.items():
        np.testing.assert_allclose(found[key], value, rtol=2e-3, atol=1e-4, err_msg=key)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_kept_is_that_of_the_program(name: str) -> None:
    plan = plan_of(NETWORKS[name])
    assert kept_bytes(plan) == bytes_of_program(plan, 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_canonical_text_gives_the_same_network(name: str) -> None:
    plan = plan_of(NETWORKS[name])
    text = print_network(plan.network)
    again = plan_of(text)
    assert print_network(again.network) == text
    assert [layer.node.owner for layer in again.layers] == [layer.node.owner for layer in plan.layers]
    assert (again.parameter_count, again.macs) == (plan.parameter_count, plan.macs)
    assert again.example == plan.example


def test_gradients_are_those_of_differences() -> None:
    """The gradient of a shared array is the sum over all places that it works in."""
    plan = plan_of(PYRAMID.replace("RELU", "TANH").replace("POOL", "AVG POOL"))
    program = gradient_program(plan, 3, loss=losses()["cross-entropy"])
    store = filled_store(program, seed=3)
    generator = np.random.default_rng(5)
    x, target = generator.normal(size=(3, *plan.input.shape)), np.eye(5)[[0, 3, 4]]

    def outputs(store: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        session = backend("numpy").bind(program, {name: array.copy() for name, array in store.items()}, 1)
        session.inputs["x"][...] = x
        session.inputs["target"][...] = target
        session.run()
        return {name: np.array(value, np.float64) for name, value in session.outputs.items()}

    found = outputs(store)
    for name in ("b.weights", "b.bias", "BN1.scale"):
        index = tuple(size // 2 for size in store[name].shape)
        losses_beside = []
        for step in (1e-2, -1e-2):
            moved = {**store, name: store[name].copy()}
            moved[name][index] += step
            losses_beside.append(float(outputs(moved)["loss"].item()))
        slope = (losses_beside[0] - losses_beside[1]) / 2e-2
        assert found[f"gradient of {name}"][index] == pytest.approx(slope, rel=2e-2, abs=2e-4), name


@pytest.mark.slow
def test_factors_and_frozen_layers_mean_the_weights_whoever_works_with_them() -> None:
    plan = plan_of(TWINS)
    layers = recipe_layers(plan, Recipe(factor=(("CONV3", 0.5),), freeze=("BN4", "PROJECT2")))
    assert not layers.mistakes
    assert layers.factors == {"CONV1": 0.5}
    assert layers.frozen == {"BN2", "BN4", "PROJECT1", "PROJECT2"}
    start = filled_store(program_of(plan), seed=3)
    learning = {"factors": layers.factors, "frozen": layers.frozen}
    more = {"clip": 1.0, "accumulates": True, "averages": True}
    for chosen in (learning, more):
        program = program_of(plan, **chosen)
        wanted, found = steps(program, "numpy"), steps(program, "numba")
        for key, value in wanted.items():
            np.testing.assert_allclose(found[key], value, rtol=2e-3, atol=2e-5, err_msg=key)
    frozen = steps(program_of(plan, **learning), "numpy")
    assert all(
        np.array_equal(frozen[key], start[key]) for key in start if key.startswith(("BN2", "PROJECT1."))
    )
