"""Networks of thousands of branches, layers and readers: no formula, kernel or wait grows with them."""

from __future__ import annotations

import cProfile
import gc
import operator
import random
from pathlib import Path

import numpy as np
import pytest

from netdsl.backend import backend
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.commands import run
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import Expression, maximum, operand, relu
from netdsl.primitives.folding import MOST_DERIVED, MOST_SUMMED, folded, in_groups
from netdsl.primitives.functions.tanh import tanh
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.tensor import Tensor
from netdsl.program import arena
from netdsl.program.arena import plan_memory
from netdsl.program.fuse import MOST_CALLS
from netdsl.program.kept_tensors import kept_bytes
from netdsl.program.lower import inference_program, training_program
from netdsl.program.program import Program

pytestmark = pytest.mark.slow


def branches(join: str, branch: str, times: int) -> str:
    return f"{join}[ {' | '.join([branch] * times)} ]"


NETWORKS = {
    "a sum of the input": lambda n: f"input 2x2x2\n{branches('ADD', 'SKIP', n)}\nFC 3",
    "a sum that learns": lambda n: f"input 2x2x2\n{branches('ADD', 'CONV 2 1x1', n // 3)}\nFC 3",
    "a sum of one volume": lambda n: f"input 2x2x2\nCONV 2 1x1\n{branches('ADD', 'SKIP', n)}\nFC 3",
    "a sum of activations": lambda n: f"input 2x2x2\nCONV 2 1x1\n{branches('ADD', 'TANH', n)}\nFC 3",
    "a product that learns": lambda n: f"input 2x2x2\n{branches('MULTIPLY', 'CONV 2 1x1', n // 3)}\nFC 3",
    "gates": lambda n: f"input 2x2x2\n{branches('MULTIPLY', 'CONV 1 1x1 - SIGMOID', n // 3)}\nFC 3",
    "powers": lambda n: f"input 2x2x2\nCONV 2 1x1\n{branches('MULTIPLY', 'SKIP', n)}\nFC 3",
    "a stack": lambda n: f"input 2x2x2\n{branches('CONCAT', 'CONV 1 1x1 - RELU', n // 3)}\nFC 3",
    "many pieces": lambda n: f"input 2x2x2\nCONV {min(n, 256)} 1x1 - MAXOUT {min(n, 256)}\nFC 3",
    "a row of activations": lambda n: f"input 2x2x2\n[TANH]*{n}\nFC 3",
    "a row that learns": lambda n: f"input 2x2x2\nCONV 2 1x1\n[TANH]*{n}\nFC 3",
    "a row of many kinds": lambda n: f"input 2x2x2\n[GELU - SILU - ELU - HARD SWISH]*{n // 4}\nFC 3",
    "doubled and doubled again": lambda n: f"input 2x2x2\nCONV 2 1x1\n[ADD[SKIP | SKIP]]*{n}\nFC 3",
    "squared again and again": lambda n: f"input 2x2x2\n[MULTIPLY[SKIP | SKIP]]*{n}\nFC 3",
    "gate upon gate": lambda n: f"input 2x2x2\nCONV 2 1x1\n[MULTIPLY[SKIP | SIGMOID]]*{n}\nFC 3",
    "residuals": lambda n: f"input 2x2x2\n[ADD[CONV 2 1x1 - BN - RELU | SKIP]]*{n // 6}\nFC 3",
    "one volume that all read": lambda n: f"input 2x2x2\na: CONV 2 1x1\n[ADD[SKIP | @a]]*{n}\nFC 3",
    "joins in joins": lambda n: f"input 2x2x2\n{'ADD[ SKIP | ' * 60}TANH{' ]' * 60}\nFC 3",
    "deep and plain": lambda n: f"input 4\n[FC 4 - TANH]*{n // 3}\nFC 3",
}


def plan_of(text: str) -> Plan:
    plan, findings = load_plan(text)
    assert plan is not None, findings
    return plan


def programs(plan: Plan) -> list[Program]:
    loss = losses()["cross-entropy"]
    training = training_program(plan, 2, loss=loss, optimizer=Sgd(momentum=0.9, decay=1e-4))
    return [training, inference_program(plan, 2, loss=loss)]


def kernels(program: Program) -> set[str]:
    return {launch.kernel.name for launch in lay_out(program).launches}


@pytest.mark.parametrize("name", NETWORKS)
def test_formulas_and_kernels_do_not_grow(name: str) -> None:
    """More than 32 times 32 terms are a sum of sums of sums; of all else 420 layers show what more would."""
    size = 512 if name == "many pieces" else 1050 if name.startswith("a sum of") else 420
    for program in programs(plan_of(NETWORKS[name](size))):
        for operation in program.operations:
            if isinstance(operation, Elementwise | Reduction):
                assert operation.expression.calls <= MOST_CALLS
                assert len(operation.inputs) <= MOST_SUMMED
        assert len(kernels(program)) < 40


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_kept_is_what_the_program_keeps(name: str) -> None:
    from test_kept_tensors import check

    check(plan_of(NETWORKS[name](100 if name != "many pieces" else 128)))


@pytest.mark.parametrize(
    "name", ["a sum that learns", "gates", "many pieces", "a row of many kinds", "powers"]
)
def test_compiled_and_interpreted_agree(name: str) -> None:
    """On sizes that make two groups, or two formulas of a row."""
    sizes = {"a sum that learns": 120, "gates": 36, "a row of many kinds": 60}
    program, _ = programs(plan_of(NETWORKS[name](sizes.get(name, 12))))
    weights = np.random.default_rng(1)
    store = {kept.name: weights.normal(0, 0.3, kept.shape).astype(np.float32) for kept in program.stored}
    if name == "gates":
        store = {key: np.float32(1.0) + array for key, array in store.items()}
    found = []
    for kind in ("numpy", "numba"):
        own = {key: np.ascontiguousarray(array.copy()) for key, array in store.items()}
        session = backend(kind).bind(program, own, 2)
        given = np.random.default_rng(2)
        session.inputs["x"][...] = given.normal(size=session.inputs["x"].shape)
        session.inputs["target"][...] = np.eye(3, dtype=np.float32)[:2]
        session.inputs["rate"][...] = 0.1
        session.run()
        found.append(own)
    assert any(np.abs(found[0][key] - store[key]).max() > 1e-4 for key in store)
    for key in store:
        np.testing.assert_allclose(found[1][key], found[0][key], rtol=2e-4, atol=1e-5, err_msg=key)


def test_a_step_of_each_kind_of_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands, with the backend that compiles nothing; ADD is what ended with an internal error."""
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", x=np.random.default_rng(0).random((16, 2, 2, 2), np.float32), y=np.arange(16) % 3)
    for number, name in enumerate(("a sum of the input", "squared again and again", "a row of activations")):
        Path("x.net").write_text(NETWORKS[name](1050))
        arguments = ["--data", "x.npz", "--epochs", "1", "--batch", "4", "--out", f"run-{number}"]
        assert run(["train", "x.net", *arguments, "--backend", "numpy"]) in (0, 1), name
        assert run(["compile", "x.net", "--emit", "--batch", "2"]) == 0, name


# --- formulas ------------------------------------------------------------------------------------


def row(length: int) -> Expression:
    whole = operand(0)
    for _ in range(length):
        whole = relu(whole)
    return whole


def test_formulas_of_any_depth() -> None:
    deep = row(50_000)
    assert len(deep.walk()) == 50_001
    assert deep == row(50_000)
    assert deep != row(49_999)
    assert deep.calls == 50_000
    assert deep.substitute({0: operand(1)}).operands() == {1}
    assert len(repr(deep)) < 2000


def test_formulas_that_share_their_parts() -> None:
    """Few calls, and 2^200 ways through them."""

    def doubled() -> Expression:
        whole = tanh(operand(0))
        for _ in range(200):
            whole = whole + whole
        return whole

    assert doubled() == doubled()
    assert doubled() != doubled() + operand(0)
    assert doubled().calls == 201
    assert len(repr(doubled())) < 5000


def test_arguments_come_before_calls_in_the_order_in_which_they_stand() -> None:
    a, b = operand(0), operand(1)
    formula = tanh(b) * (a + relu(b))
    assert [repr(node) for node in formula.walk()] == [
        "#1",
        "tanh(#1)",
        "#0",
        "relu(#1)",
        "add(#0, relu(#1))",
        repr(formula),
    ]


def test_groups_keep_the_order() -> None:
    for count in (1, 2, 7, 8, 9, 15, 16, 1000):
        names = [f"{number}" for number in range(count)]
        assert in_groups(names, "+".join, MOST_DERIVED) == "+".join(names)
    assert repr(folded(operator.sub, 3)) == "subtract(subtract(#0, #1), #2)"
    assert repr(folded(maximum, 1)) == "#0"


def test_a_sum_in_groups_has_the_bits_of_one_formula() -> None:
    text = f"input 5\n{branches('ADD', 'FC 3', 100)}"
    program = programs(plan_of(text))[1]
    given = np.random.default_rng(3)
    store = {kept.name: given.normal(0, 1, kept.shape).astype(np.float32) for kept in program.stored}
    session = backend("numpy").bind(program, store, 1)
    session.inputs["x"][...] = given.normal(size=session.inputs["x"].shape)
    session.run()
    x = session.inputs["x"].reshape(2, 5)
    terms = [x @ store[f"FC{n}.weights"].reshape(5, 3) + store[f"FC{n}.bias"] for n in range(1, 101)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    assert session.outputs["scores"].tobytes() == total.tobytes()


# --- memory and time -----------------------------------------------------------------------------


@pytest.mark.parametrize("fitted", [0, 5, 40])
def test_buffers_that_live_at_once_have_memory_of_their_own(
    fitted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arena, "MOST_FITTED", fitted)
    choose = random.Random(fitted)
    tensors = [Tensor(str(number), (1,)) for number in range(200)]
    sizes = {tensor: choose.choice((4, 60, 64, 65, 1000)) for tensor in tensors}
    touched = [choose.sample(tensors, 3) for _ in range(300)]
    plan = plan_memory(touched, sizes, tensors[:2])
    assert len(plan.slots) == len({tensor for moment in touched for tensor in moment})
    slots = list(plan.slots.values())
    for number, one in enumerate(slots):
        assert one.offset_bytes % 64 == 0
        assert one.offset_bytes + one.size_bytes <= plan.arena_bytes
        for other in slots[:number]:
            apart = one.last < other.first or other.last < one.first
            assert apart or (
                one.offset_bytes + one.size_bytes <= other.offset_bytes
                or other.offset_bytes + other.size_bytes <= one.offset_bytes
            )
    assert plan.arena_bytes < plan.unshared_bytes


def calls_of(text: str) -> int:
    plan = plan_of(text)
    profile = cProfile.Profile(subcalls=False, builtins=True)
    gc.disable()
    profile.enable()
    try:
        for program in programs(plan):
            lay_out(program)
        kept_bytes(plan)
    finally:
        profile.disable()
        gc.enable()
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in ("many pieces", "joins in joins")])
def test_work_grows_with_the_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arena, "MOST_FITTED", 20)
    assert calls_of(NETWORKS[name](200)) <= 2.5 * calls_of(NETWORKS[name](100))
