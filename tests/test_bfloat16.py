"""Training steps in bfloat16: their error has a bound, threads change no bit, and networks learn."""

from __future__ import annotations

import click
import numpy as np
import one_operation
import pytest
from building import filled_store, planned
from layer_cases import conv, image
from one_operation import NARROWER, computed, doubled, drawn
from one_operation import program_of as one
from test_winograd import GEOMETRIES, operation

from netdsl.backend.numba import backend as numba_backend
from netdsl.backend.numba.schedule import cost_model
from netdsl.backend.numba.schedule.emission import emit
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.target import AVX512, Host, Target, host
from netdsl.backend.numba.tools import roofline
from netdsl.commands.running.options import check_precision, precision_option
from netdsl.diagnostics import Diagnosed
from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.fc import FullyConnected
from netdsl.layers.relu import Relu
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
    Geometry,
)
from netdsl.primitives.matmul import Matmul, MatmulInputGradient
from netdsl.primitives.tensor import Tensor
from netdsl.program.lower import inference_program, training_program
from netdsl.program.program import Numerics
from netdsl.quantities import PRECISIONS, Padding, Size

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not host().bfloat16, reason="this processor multiplies no bfloat16"),
]

BATCH = 5
EPSILON = 2.0**-24
BOUND = 12
"""As of direct convolutions in float32: with inputs rounded beforehand only the sums round."""

WINOGRAD_BOUND = {(2, 3): 2, (4, 3): 8, (2, 5): 4, (3, 5): 8}
"""Of F(m x m, r x r): every error is at most bound * 2^-8 * max(sum |x| |w|), the maximum over all outputs.

It is nearly reached only where tiles lie mostly beyond the border; a quarter of it is usual."""


def rounded(values: np.ndarray) -> np.ndarray:
    """To the nearest bfloat16, ties to even: Python's own arithmetic, not that under test."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


SHAPES = {
    "first-layer": {"side": 11, "size": (39, 41), "depth": 3, "filters": 96, "stride": 4},
    "one-sided": {"side": 3, "size": (8, 7), "depth": 5, "filters": 33, "padding": (1, 0, 2, 1)},
    "groups": {"side": 3, "size": (8, 7), "depth": 8, "filters": 36, "groups": 2, "padding": (1, 1, 1, 1)},
    "one-by-one": {"side": 1, "size": (7, 7), "depth": 65, "filters": 130},
    "unread": {"side": 1, "size": (9, 7), "depth": 64, "filters": 48, "stride": 2},
    "stride": {"side": 3, "size": (11, 9), "depth": 16, "filters": 20, "stride": 2, "padding": (1, 1, 1, 1)},
    "dilation": {"side": 3, "size": (11, 9), "depth": 16, "filters": 20, "dilation": 2, "padding": (2,) * 4},
    "whole-image": {"side": 6, "size": (6, 6), "depth": 15, "filters": 70},
}
KINDS = [Convolution, ConvolutionInputGradient, ConvolutionWeightGradient]


def convolution(
    kind, side, size, depth, filters, stride=1, padding=(0, 0, 0, 0), groups=1, dilation=1
):  # the shapes above
    pads = Padding(*padding)
    covered = (side - 1) * dilation + 1
    x = Tensor("x", (*size, depth))
    w = Tensor("w", (side, side, depth // groups, filters), batched=False)
    high = (size[0] + pads.top + pads.bottom - covered) // stride + 1
    wide = (size[1] + pads.left + pads.right - covered) // stride + 1
    y = Tensor("y", (high, wide, filters))
    geometry = Geometry(Size(stride, stride), pads, groups, Size(dilation, dilation))
    order = {
        Convolution: (y, x, w),
        ConvolutionInputGradient: (x, y, w),
        ConvolutionWeightGradient: (w, x, y),
    }
    return kind(*order[kind], geometry)


def ran(op, values, batch: int, threads: int, *, exact: bool, target: Target | None = None) -> np.ndarray:
    return computed(one(op, batch, exact=exact, precision="bf16"), values, threads, target=target)


def check(op, batch: int, monkeypatch: pytest.MonkeyPatch, target: Target | None = None) -> None:
    """Within rounding of the products of rounded numbers, whatever the number of threads."""
    monkeypatch.setattr(cost_model, "LEAST_PAIRED_WEIGHTS", 1)
    monkeypatch.setattr(cost_model, "LEAST_PAIRED_SIDE", 1)
    assert (
        "bfloat16" in emit(op, batch, target or host().target, Numerics(exact=True, precision="bf16"))[0].note
    )
    values = drawn(op, batch)
    near = {name: rounded(value) for name, value in values.items()}
    wanted = doubled(op, near, batch)
    scale = EPSILON * doubled(op, {name: abs(value) for name, value in near.items()}, batch).max()
    found = ran(op, values, batch, 2, exact=True, target=target)
    assert abs(found - wanted).max() <= BOUND * scale
    for threads in (1, 4):
        assert ran(op, values, batch, threads, exact=True, target=target).tobytes() == found.tobytes()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("name", SHAPES)
def test_convolutions_multiply_rounded_numbers(name: str, kind, monkeypatch: pytest.MonkeyPatch) -> None:
    check(convolution(kind, **SHAPES[name]), BATCH, monkeypatch)


PRODUCTS = [(5, 70, 130), (32, 1200, 333), (70, 129, 517)]


@pytest.mark.parametrize(("batch", "inputs", "outputs"), PRODUCTS)
def test_matrix_products_multiply_rounded_numbers(
    batch: int, inputs: int, outputs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_products(batch, inputs, outputs, monkeypatch)


def check_products(
    batch: int, inputs: int, outputs: int, monkeypatch: pytest.MonkeyPatch, target: Target | None = None
) -> None:
    w = Tensor("w", (inputs, outputs), batched=False)
    for kind in (Matmul, MatmulInputGradient):
        x, y = Tensor("x", (inputs,)), Tensor("y", (outputs,))
        op = Matmul(y, x, w) if kind is Matmul else MatmulInputGradient(x, y, w)
        check(op, batch, monkeypatch, target)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("outputs_wide", [2, 3, 4])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_winograd_in_bfloat16_has_a_bound(
    name: str, outputs_wide: int, kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = GEOMETRIES[name][0]
    if outputs_wide not in cost_model.PAIRED_CANDIDATES[side]:
        pytest.skip("this form is not computed in bfloat16")
    monkeypatch.setattr(cost_model, "CANDIDATES", {side: ()})
    monkeypatch.setattr(cost_model, "PAIRED_CANDIDATES", {side: (outputs_wide,)})
    monkeypatch.setattr(cost_model, "WORTH", float("inf"))
    monkeypatch.setattr(cost_model, "LEAST_PAIRED_WEIGHTS", 1)
    op = operation(name, kind)
    assert "in bfloat16" in emit(op, BATCH, host().target, Numerics(precision="bf16"))[0].note
    values = drawn(op, BATCH)
    wanted = doubled(op, values, BATCH)
    scale = 2.0**-8 * doubled(op, {name: abs(value) for name, value in values.items()}, BATCH).max()
    found = ran(op, values, BATCH, 2, exact=False)
    assert abs(found - wanted).max() <= WINOGRAD_BOUND[outputs_wide, side] * scale
    for threads in (1, 4):
        assert ran(op, values, BATCH, threads, exact=False).tobytes() == found.tobytes()


NETWORK = (
    image(12, 12, 32),
    conv(48, (3, 3), pad=1),
    BatchNorm(epsilon=1e-5, momentum=0.1),
    Relu(),
    conv(32, (3, 3)),
    Relu(),
    FullyConnected(neurons=10),
)


def trained(precision: str, threads: int) -> dict[str, np.ndarray]:
    plan, optimizer = planned(*NETWORK), Sgd(decay=1e-3)
    program = training_program(
        plan, 24, loss=losses()["cross-entropy"], optimizer=optimizer, numerics=Numerics(precision=precision)
    )
    return one_operation.trained(program, threads=threads, steps=5, rate=0.02)[0]


def test_training_is_near_to_float32_and_the_same_for_any_number_of_threads() -> None:
    near = trained("bf16", 2)
    for threads in (1, 4):
        assert all(near[n].tobytes() == array.tobytes() for n, array in trained("bf16", threads).items())
    for name, array in trained("float32", 2).items():
        if name.endswith("weights"):
            change = np.linalg.norm(near[name] - array)
            assert 0 < change <= 0.01 * np.linalg.norm(array), name


def test_weights_and_sums_stay_float32() -> None:
    program = training_program(
        planned(*NETWORK),
        4,
        loss=losses()["cross-entropy"],
        optimizer=Sgd(decay=0.0),
        numerics=Numerics(precision="bf16"),
    )
    assert all(array.dtype == np.float32 for array in filled_store(program, seed=1).values())
    notes = [launch.note for launch in lay_out(program).launches]
    assert any("bfloat16" in note for note in notes)
    plain = inference_program(planned(*NETWORK), 4, loss=losses()["cross-entropy"])
    assert not any("bfloat16" in launch.note for launch in lay_out(plain).launches)


def test_precisions_of_the_command_are_those_of_programs() -> None:
    (option,) = click.command()(precision_option(lambda precision: None)).params
    assert tuple(option.type.choices) == PRECISIONS


@pytest.mark.parametrize(("speed", "told"), [(0.5, True), (1.4, True), (1.9, False)])
def test_a_processor_that_is_no_faster_with_it_is_told(
    speed: float, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(roofline, "speed_of_pairs", lambda kernels: speed)
    check_precision("bf16")
    assert (f"bfloat16 at {speed} times the speed" in capsys.readouterr().err) is told


def test_the_speed_of_pairs_is_measured() -> None:
    """Known processors multiply them between a quarter and four times as fast."""
    assert 0.2 < roofline.speed_of_pairs(numba_backend.open_backend().kernels) < 5


def test_a_processor_without_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netdsl.measuring.precision.host", lambda: Host("skylake", (AVX512,), False))
    check_precision("float32")
    with pytest.raises(Diagnosed, match="skylake"):
        check_precision("bf16")


@pytest.mark.ci
@pytest.mark.parametrize("target", NARROWER)
def test_narrower_vectors(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one-sided", "stride"):
        for kind in KINDS:
            check(convolution(kind, **SHAPES[name]), BATCH, monkeypatch, target)
    for batch, inputs, outputs in PRODUCTS[:2]:
        check_products(batch, inputs, outputs, monkeypatch, target)
