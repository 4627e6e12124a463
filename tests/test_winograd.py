"""Winograd's convolutions: their error has a bound, threads change no bit, --exact leaves them out."""

from __future__ import annotations

import numpy as np
import one_operation
import pytest
from building import planned
from layer_cases import LAYERS, conv, image, network_of
from one_operation import NARROWER, computed, doubled, drawn
from one_operation import program_of as one

from netdsl.backend.numba.codegen.winograd.tiles import winograd_algorithm
from netdsl.backend.numba.schedule import cost_model
from netdsl.backend.numba.schedule.choice import choose
from netdsl.backend.numba.schedule.emission import emit
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.target import Target, host
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
from netdsl.primitives.tensor import Tensor
from netdsl.program.lower import inference_program, training_program
from netdsl.program.program import Numerics, Program
from netdsl.quantities import Padding, Size

pytestmark = pytest.mark.slow

EPSILON = 2.0**-24
"""Half the distance from 1 to the next 32-bit float."""

BOUND = {(2, 3): 8, (4, 3): 24, (2, 5): 24, (4, 5): 64}
"""Of F(m x m, r x r): every error is at most bound * EPSILON * max(sum |x| |w|), the largest that a
result could be without cancellation. It is the largest because an error in a tile spreads to
all outputs of the tile, also to those at the border that have few terms."""

DIRECT_BOUND = 12
"""The same of direct convolutions."""

GEOMETRIES = {
    "same": (3, (13, 13), (32, 32), (1, 1, 1, 1)),
    "valid": (3, (9, 14), (32, 48), (0, 0, 0, 0)),
    "full": (3, (7, 6), (48, 32), (2, 2, 2, 2)),
    "one-sided": (3, (8, 9), (32, 32), (0, 1, 2, 0)),
    "wide-border": (3, (6, 5), (32, 32), (3, 4, 3, 3)),
    "odd-channels": (3, (11, 10), (33, 47), (1, 1, 1, 1)),
    "two-outputs": (3, (3, 4), (40, 40), (0, 0, 0, 0)),
    "five": (5, (13, 11), (32, 33), (2, 2, 2, 2)),
    "five-valid": (5, (9, 12), (33, 32), (0, 0, 0, 0)),
}
BATCH = 5


def operation(name: str, kind: type):
    """One direction of a convolution of ``GEOMETRIES``."""
    side, (height, width), (depth, filters), padding = GEOMETRIES[name]
    pads = Padding(*padding)
    x = Tensor("x", (height, width, depth))
    w = Tensor("w", (side, side, depth, filters), batched=False)
    out = (height + pads.top + pads.bottom - side + 1, width + pads.left + pads.right - side + 1, filters)
    y = Tensor("y", out)
    geometry = Geometry(Size(1, 1), pads)
    if kind is Convolution:
        return Convolution(y, x, w, geometry)
    if kind is ConvolutionInputGradient:
        return ConvolutionInputGradient(x, y, w, geometry)
    return ConvolutionWeightGradient(w, x, y, geometry)


def check_error(
    name: str,
    kind: type,
    outputs_wide: int,
    monkeypatch: pytest.MonkeyPatch,
    target: Target | None = None,
) -> None:
    side = GEOMETRIES[name][0]
    monkeypatch.setattr(cost_model, "CANDIDATES", {side: (outputs_wide,)})
    monkeypatch.setattr(cost_model, "WORTH", float("inf"))
    op = operation(name, kind)
    assert str(winograd_algorithm(outputs_wide, side)) in emit(op, BATCH, target or host().target)[0].note
    values = drawn(op, BATCH)
    wanted = doubled(op, values, BATCH)
    scale = EPSILON * doubled(op, {key: abs(value) for key, value in values.items()}, BATCH).max()
    found = computed(one(op, BATCH), values, 2, target=target)
    assert abs(found - wanted).max() <= BOUND[outputs_wide, side] * scale
    direct = computed(one(op, BATCH, exact=True), values, 2, target=target)
    assert abs(direct - wanted).max() <= DIRECT_BOUND * scale
    # The same bits for any number of threads.
    for threads in (1, 4):
        assert computed(one(op, BATCH), values, threads, target=target).tobytes() == found.tobytes()


KINDS = [Convolution, ConvolutionInputGradient, ConvolutionWeightGradient]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("outputs_wide", [2, 4])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_error(name: str, kind: type, outputs_wide: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_error(name, kind, outputs_wide, monkeypatch)


@pytest.mark.parametrize("target", NARROWER)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("name", ["one-sided", "odd-channels", "five-valid"])
def test_narrower_vectors(name: str, kind: type, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bounds."""
    check_error(name, kind, 4, monkeypatch, target)


NETWORK = (
    image(11, 13, 32),
    conv(48, (3, 3), pad=1),
    Relu(),
    conv(40, (5, 5), pad=2),
    Relu(),
    conv(40, (3, 3)),
    FullyConnected(neurons=4),
)
"""Three convolutions that Winograd's forms take; the batch of a test is what makes them worth while."""


def program_of(exact: bool, batch: int = 24) -> Program:
    loss, optimizer = losses()["cross-entropy"], Sgd(decay=1e-3)
    return training_program(
        planned(*NETWORK), batch, loss=loss, optimizer=optimizer, numerics=Numerics(exact=exact)
    )


def trained(exact: bool, threads: int) -> dict[str, np.ndarray]:
    return one_operation.trained(program_of(exact), threads=threads, rate=0.02)[0]


def uses_winograd(program: Program) -> bool:
    return any("winograd" in launch.kernel.name for launch in lay_out(program).launches)


def test_training_is_near_to_exact_and_the_same_for_any_number_of_threads() -> None:
    assert uses_winograd(program_of(exact=False))
    fast = trained(exact=False, threads=2)
    for threads in (1, 4):
        for name, array in trained(exact=False, threads=threads).items():
            assert array.tobytes() == fast[name].tobytes(), name
    for name, array in trained(exact=True, threads=2).items():
        np.testing.assert_allclose(fast[name], array, rtol=2e-4, atol=2e-5, err_msg=name)
        assert "velocity" in name or "bias" in name or array.tobytes() != fast[name].tobytes()


def test_exact_is_the_direct_path() -> None:
    program = program_of(exact=True)
    assert not uses_winograd(program)
    for op in program.operations:
        chosen = choose(op, program.batch, host().target, Numerics(exact=True))
        assert not chosen.name.startswith("Winograd"), op


def test_all_three_directions_are_taken() -> None:
    notes = [launch.note for launch in lay_out(program_of(exact=False)).launches]
    for kind in ("= convolution(", "= convolution_input_gradient(", "= convolution_weight_gradient("):
        assert any(kind in note and "F(4x4, 3x3)" in note for note in notes), kind
        assert any(kind in note and "F(4x4, 5x5)" in note for note in notes), kind


@pytest.mark.parametrize("name", LAYERS)
def test_few_channels_stay_direct(name: str) -> None:
    assert not uses_winograd(inference_program(planned(*network_of(name)), 5, loss=losses()["l2"]))
