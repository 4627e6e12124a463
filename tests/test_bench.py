"""netdsl bench: what is counted, what the clock changes, what is printed. Nothing here depends on speed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import LAYERS, conv, image, network_of, small_network

from netdsl.backend.numba.backend import open_backend
from netdsl.backend.numba.isa.clock import nanoseconds
from netdsl.backend.numba.runtime.session import NumbaSession
from netdsl.backend.numba.tools.profiler import Stopwatch, seconds_by_part
from netdsl.backend.numba.tools.roofline import measure_roofline
from netdsl.commands import run
from netdsl.layers.fc import FullyConnected
from netdsl.layers.relu import Relu
from netdsl.losses import losses
from netdsl.measuring import rounds
from netdsl.measuring.measurement import Figures, Measurement, Rival, Roofline, Row
from netdsl.measuring.rows import rows_of
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.primitives.operation import Phase
from netdsl.primitives.tensor import Role
from netdsl.program.lower import inference_program, training_program
from netdsl.program.program import Program
from netdsl.program.roofline_counts import LayerPhase, Traffic, macs, traffic
from netdsl.reports.as_measurement_json import measurement_as_json
from netdsl.reports.as_measurement_table import measurement_as_table
from netdsl.resources import zoo_names, zoo_text

BATCH = 4
FORWARD, BACKWARD, UPDATE = Phase
LENET = ["INPUT", "CONV1", "RELU1", "MAX POOL1", "CONV2", "RELU2", "MAX POOL2", "CONV3", "RELU3", "FC1"]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step a turn."""
    monkeypatch.setattr(rounds, "TURN_SECONDS", 0)
    monkeypatch.setattr(rounds, "REST_SECONDS", 0)


def training(plan: Plan, momentum: float = 0.9) -> Program:
    return training_program(
        plan, BATCH, loss=losses()["cross-entropy"], optimizer=Sgd(momentum=momentum, decay=0.01)
    )


def shipped(name: str) -> Plan:
    plan = load_plan(zoo_text(name), name).plan
    assert plan is not None
    return plan


# --- phases --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
def test_phases_follow_each_other_and_only_the_last_changes_parameters(name: str) -> None:
    plan = planned(*network_of(name))
    program = training(plan)
    order = [operation.phase for operation in program.operations]
    assert order == sorted(order, key=list(Phase).index)
    assert set(order) == set(Phase)
    parameters = {stored.name for stored in program.stored if stored.kind != "statistic"}
    for operation in program.operations:
        for tensor in operation.outputs:
            if tensor.role is Role.STORED and tensor.name in parameters:
                assert operation.phase is Phase.UPDATE


def test_inference_is_all_forward() -> None:
    program = inference_program(shipped("lenet"), BATCH, loss=losses()["cross-entropy"])
    assert {operation.phase for operation in program.operations} == {Phase.FORWARD}


# --- work ----------------------------------------------------------------------------------------


def test_traffic_of_a_small_network_by_hand() -> None:
    plan = planned(image(5, 5, 2), conv(3, (3, 3)), Relu(), FullyConnected(neurons=4))
    found = traffic(training(plan))
    floats = {
        "x": BATCH * 5 * 5 * 2,
        "volume": BATCH * 3 * 3 * 3,
        "weights": 3 * 3 * 2 * 3,
        "fc": 27 * 4,
        "scores": BATCH * 4,
    }
    # The bias is added by the formula of the activation that follows.
    assert found[LayerPhase("L1", FORWARD)] == Traffic(
        4 * (floats["x"] + floats["weights"]), 4 * floats["volume"]
    )
    assert found[LayerPhase("L2", FORWARD)] == Traffic(4 * (floats["volume"] + 3), 4 * floats["volume"])
    taken = floats["volume"] + floats["fc"] + 4
    assert found[LayerPhase("L3", FORWARD)] == Traffic(4 * taken, 4 * floats["scores"])
    # Weights, velocity and gradient of both arrays, and the rate; weights and velocity go back.
    updated = floats["fc"] + 4
    assert found[LayerPhase("L3", UPDATE)] == Traffic(4 * (3 * updated + 1), 4 * 2 * updated)


@pytest.mark.parametrize("name", LAYERS)
def test_whatever_is_launched_has_traffic(name: str) -> None:
    program = training(planned(*network_of(name)))
    session = open_backend().bind(program, filled_store(program), 1)
    parts = {LayerPhase(launch.origin, launch.phase) for launch in session.launches}
    found = traffic(program)
    # An activation at the end of the product before it has no launch of its own.
    at_the_end = set(found) - parts
    assert parts <= set(found)
    assert all(part.phase is FORWARD for part in at_the_end)
    assert len(at_the_end) <= sum("_formula_" in launch.kernel.name for launch in session.launches)
    assert all(moved.written_bytes > 0 for moved in found.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo_names())
def test_forward_macs_are_those_of_check(name: str) -> None:
    plan = shipped(name)
    program = inference_program(plan, 2, loss=losses()["cross-entropy"])
    found = macs(plan, program)
    assert sum(found.values()) == 2 * plan.macs
    assert {part.phase for part in found} <= {Phase.FORWARD}


def test_backward_has_two_gradients_but_the_first_layer_one() -> None:
    plan = shipped("lenet")
    found = macs(plan, training(plan))
    for layer in plan.layers:
        if layer.macs:
            forward, backward = (found[LayerPhase(layer.node.name, phase)] for phase in (FORWARD, BACKWARD))
            assert forward == BATCH * layer.macs
            assert backward == (1 if layer.node.name == "CONV1" else 2) * forward


# --- the clock -----------------------------------------------------------------------------------


def bound(plan: Plan, threads: int) -> tuple[NumbaSession, dict[str, np.ndarray]]:
    program = training(plan)
    store = filled_store(program, seed=3)
    session = open_backend().bind(program, store, threads)
    x = session.inputs["x"]
    x[...] = np.random.default_rng(1).standard_normal(x.shape)
    session.inputs["target"][:, 1] = 1
    session.inputs["rate"][...] = 0.1
    return session, store


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_timed_step_is_the_same_step(threads: int) -> None:
    plan = planned(*small_network())
    plain, stored = bound(plan, threads)
    timed, stored_timed = bound(plan, threads)
    table = timed.table.copy()
    stopwatch = Stopwatch(timed, open_backend().kernels)
    for _ in range(3):
        plain.run()
        seconds = stopwatch.run()
        assert seconds.shape == (len(timed.launches),)
        assert (seconds >= 0).all()
        assert seconds.sum() > 0
    for name, array in stored.items():
        np.testing.assert_array_equal(array, stored_timed[name], err_msg=name)
    np.testing.assert_array_equal(timed.table, table)
    by_part = seconds_by_part(timed.launches, seconds)
    assert sum(by_part.values()) == pytest.approx(seconds.sum())
    assert next(iter(by_part)) == LayerPhase("L1", Phase.FORWARD)


def test_readings_become_nanoseconds_across_a_second() -> None:
    readings = np.array([[7, 999_999_900], [8, 100], [8, 1_000]], np.int64)
    if sys.platform != "win32":
        np.testing.assert_array_equal(nanoseconds(readings), [0, 200, 1_100])


def test_roofs_are_measured_within_the_memory_allowed() -> None:
    flops_per_second, bytes_per_second = measure_roofline(open_backend().kernels, 2, 2**22)
    assert flops_per_second > 1e8
    assert bytes_per_second > 1e8


# --- rounds and rows -----------------------------------------------------------------------------


def test_implementations_take_turns() -> None:
    taken: list[str] = []
    steps = {"a": lambda: taken.append("a"), "b": lambda: taken.append("b")}
    found = list(rounds.take_turns(steps, 3))
    assert len(found) == 3
    assert all(set(round) == {"a", "b"} and min(round.values()) > 0 for round in found)
    assert "".join(taken[-6:]) == "ababab"


def test_every_layer_has_a_row_and_nothing_is_lost() -> None:
    plan = planned(*small_network())
    program = training(plan)
    seconds = dict.fromkeys(traffic(program), 0.5)
    rows = rows_of(plan, program, seconds)
    assert [row.name for row in rows] == [layer.node.name for layer in plan.layers] + ["loss"]
    assert rows[0].phases == {}
    assert sum(row.whole.seconds for row in rows) == 0.5 * len(seconds)
    assert sum(row.whole.macs for row in rows) == sum(macs(plan, program).values())
    moved = sum(found.read_bytes + found.written_bytes for found in traffic(program).values())
    assert sum(row.whole.bytes for row in rows) == moved
    assert {row.kind for row in rows[:-1]} == {layer.node.layer.keyword for layer in plan.layers}
    assert rows[-1].kind == ""


# --- reports -------------------------------------------------------------------------------------


def measured(*, seconds: float = 0.011, rivals: tuple[Rival, ...] = ()) -> Measurement:
    plan = planned(image(1, 1, 4), FullyConnected(neurons=2))
    rows = (
        Row("L0", "INPUT", {}),
        Row(
            "L1",
            "FC",
            {
                FORWARD: Figures(0.002, 2_000_000, 500_000, 500_000),
                BACKWARD: Figures(0.006, 4_000_000, 1_500_000, 500_000),
                UPDATE: Figures(0.001, 0, 3_000_000, 2_000_000),
            },
        ),
        Row("loss", "", {FORWARD: Figures(0.0005, 0, 8, 4), BACKWARD: Figures(0.0005, 0, 8, 4)}),
    )
    roofline = Roofline(4e9, 1e9)
    versions = {"netdsl": "1"}
    return Measurement(
        plan, 32, 2, 5, True, "float32", "cpu", versions, roofline, seconds, 0.012, rows, 2**21, 2**27, rivals
    )


def test_the_table_of_a_measurement() -> None:
    rivals = (Rival("torch nchw", "2.0", 0.022, 2.0), Rival("torch channels_last", "2.0", 0.033, 3.0))
    assert measurement_as_table(measured(rivals=rivals)) == (
        "test\n"
        "one training step of 32 images on 2 threads, median of 5 rounds\n"
        "this machine (cpu): 4.0 GFLOP/s of multiply-adds, 1.0 GB/s of memory, both measured\n"
        "\n"
        "layer  forward ms  backward ms  update ms  of step  GFLOP/s  of peak    moved  GB/s  of memory"
        "  limit\n"
        "----------------------------------------------------------------------------------------------"
        "--------\n"
        "L0              -            -          -        -        -        -        -     -          -"
        "  -\n"
        "L1          2.000        6.000      1.000     90 %      1.3     33 %  7.6 MiB   0.9       89 %"
        "  memory\n"
        "loss        0.500        0.500          -     10 %        -        -     24 B   0.0        0 %"
        "  memory\n"
        "----------------------------------------------------------------------------------------------"
        "--------\n"
        "total       2.500        6.500      1.000    100 %      1.2     30 %  7.6 MiB   0.8       80 %"
        "  memory\n"
        "\n"
        "step: 11.00 ms, 2,909 images/s (12.00 ms with a clock between the launches)\n"
        "memory: 2.0 MiB for parameters and step, 128 MiB at most in the process\n"
        "torch nchw (2.0): 22.00 ms, 2.00x our time, the faster\n"
        "torch channels_last (2.0): 33.00 ms, 3.00x our time\n"
    )


def test_the_table_says_when_the_machine_is_busy() -> None:
    assert "something else uses this machine" in measurement_as_table(measured(seconds=0.02))


@pytest.mark.parametrize(
    ("figures", "limit"),
    [
        (Figures(1.0, 10, 1, 0), "compute"),
        (Figures(1.0, 10, 100, 0), "memory"),
        (Figures(1.0, 0, 1, 1), "memory"),
        (Figures(), ""),
    ],
)
def test_the_roof_that_is_met_first(figures: Figures, limit: str) -> None:
    assert figures.limit(Roofline(4.0, 1.0)) == limit


def test_the_json_of_a_measurement() -> None:
    text = measurement_as_json(measured(rivals=(Rival("torch nchw", "2.0", 0.022, 2.0),)))
    pytest.importorskip("schemas").validate("bench", text)
    found = json.loads(text)
    assert found["schema"] == "netdsl-bench-1"
    assert found["roofs"] == {"flops_per_second": 4e9, "bytes_per_second": 1e9}
    assert [row["name"] for row in found["rows"]] == ["L0", "L1", "loss"]
    assert found["rows"][1]["backward"] == {
        "seconds": 0.006,
        "macs": 4_000_000,
        "flops_per_second": pytest.approx(8e6 / 0.006),
        "share_of_peak": pytest.approx(1 / 3),
        "read_bytes": 1_500_000,
        "written_bytes": 500_000,
        "bytes_per_second": pytest.approx(2e6 / 0.006),
        "share_of_bandwidth": pytest.approx(1 / 3),
        "limit": "compute",
    }
    assert found["rows"][0] == {"name": "L0", "kind": "INPUT", "all": found["rows"][0]["all"]}
    assert found["rows"][0]["all"]["limit"] is None
    assert found["total"]["forward"]["seconds"] == pytest.approx(0.0025)
    assert found["rivals"] == [{"name": "torch nchw", "version": "2.0", "seconds": 0.022, "ratio": 2.0}]


# --- the command ---------------------------------------------------------------------------------


def bench(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["bench", *arguments, "--rounds", "2"]) == 0
    return capsys.readouterr().out


def test_json_of_a_training_step(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(bench(capsys, "lenet", "--batch", "8", "--threads", "1", "--json"))
    names = [row["name"] for row in found["rows"]]
    assert names == [*LENET, "RELU4", "FC2", "loss"]
    assert (found["network"], found["step"]) == ("LeNet-5", "training")
    assert (found["batch"], found["threads"], found["rounds"]) == (8, 1, 2)
    assert found["images_per_second"] == pytest.approx(8 / found["seconds"])
    assert list(found["total"]) == ["forward", "backward", "update"]
    for phase, whole in found["total"].items():
        parts = [row[phase] for row in found["rows"] if phase in row]
        for figure in ("seconds", "macs", "read_bytes", "written_bytes"):
            assert whole[figure] == pytest.approx(sum(part[figure] for part in parts))
    assert found["total"]["forward"]["macs"] == 8 * 416_520
    assert found["peak_bytes"] is None or found["peak_bytes"] > found["held_bytes"] > 0
    assert found["rivals"] == []


@pytest.mark.slow
def test_inference_is_forward_alone(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(bench(capsys, "lenet", "--batch", "3", "--inference", "--format", "json"))
    assert found["step"] == "inference"
    assert list(found["total"]) == ["forward"]
    assert all({"backward", "update"}.isdisjoint(row) for row in found["rows"])
    assert [row["name"] for row in found["rows"]][-2:] == ["loss", "probabilities"]


@pytest.mark.slow
def test_text_has_a_line_per_layer(capsys: pytest.CaptureFixture[str]) -> None:
    lines = bench(capsys, "lenet", "--batch", "2").splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith("---")]
    names = [line.split("  ")[0] for line in lines[rules[0] + 1 : rules[1]]]
    assert names == [*LENET, "RELU4", "FC2", "loss"]
    assert lines[rules[1] + 1].startswith("total ")


def test_a_network_without_weights_can_be_timed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "pools.net").write_text("input 8x8x2\nMAX POOL 2x2\n")
    found = json.loads(bench(capsys, str(tmp_path / "pools.net"), "--json"))
    assert found["total"]["backward"]["seconds"] == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["lenet", "--rounds", "0"], 2),
        (["lenet", "--batch", "0"], 2),
        (["lenet", "--against", "numpy"], 2),
        (["lenet", "--format", "xml"], 2),
        (["no-such-network"], 1),
        ([], 2),
    ],
)
def test_mistakes_of_usage(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert "internal error" not in captured.err


def test_too_large_a_step_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "huge.net").write_text("input 30000x30000x3\nFC1: 100\n")
    assert run(["bench", str(tmp_path / "huge.net")]) == 1
    assert "ND511" in capsys.readouterr().err
    assert run(["bench", "vgg16", "--batch", "1000000"]) == 1
    assert "ND511" in capsys.readouterr().err


def test_without_torch_the_cure_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(["bench", "lenet", "--against", "torch"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "ND541" in captured.err
    assert "pip install 'netdsl[torch]'" in captured.err


@pytest.mark.slow
@pytest.mark.parametrize("mode", [[], ["--inference"]])
def test_against_torch(mode: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    found = json.loads(bench(capsys, "lenet", "--batch", "2", "--against", "torch", "--json", *mode))
    assert {rival["name"] for rival in found["rivals"]} == {"torch nchw", "torch channels_last"}
    assert found["rivals"] == sorted(found["rivals"], key=lambda rival: rival["seconds"])
    assert all(rival["ratio"] > 0 for rival in found["rivals"])


def test_what_torch_cannot_do_is_refused_by_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text = "input 7x7x1\ndefault UNPOOL 3x3 /2\nCONV1: 2 1x1\nPOOL 3x3 /2\nUNPOOL[ SKIP | @CONV1 ]\nFC 4\n"
    (tmp_path / "overlapping.net").write_text(text)
    assert run(["bench", str(tmp_path / "overlapping.net"), "--batch", "2", "--against", "torch"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "overlapping.net:5:" in captured.err
    assert "ND540" in captured.err
