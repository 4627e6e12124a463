"""Products of many rows, whose operands are packed into panels: convolutions of 1x1."""

from __future__ import annotations

import pytest
from building import check_output
from one_operation import NARROWER

from netdsl.backend.numba.codegen.gemm.matmul import row_panel_vectors, tile_shapes
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.target import TARGETS, Target
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
    Geometry,
)
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.program import Program
from netdsl.quantities import Padding, Size

pytestmark = pytest.mark.slow

BATCH = 5
EXTENT = (9, 7)
CHANNELS = [(131, 141), (512, 256), (300, 481), (1031, 129)]
DIRECTIONS = ["forward", "input gradient", "weight gradient"]


def program_of(direction: str, channels: int, filters: int) -> Program:
    def given(name: str, *shape: int, batched: bool = True) -> Tensor:
        return Tensor(name, shape, batched=batched, role=Role.INPUT)

    geometry = Geometry(Size(1, 1), Padding.even(Size(0, 0)))
    x = given("x", *EXTENT, channels)
    dy = given("dy", *EXTENT, filters)
    w = given("w", 1, 1, channels, filters, batched=False)
    if direction == "forward":
        inputs, found = [x, w], Tensor("found", dy.shape)
        op = Convolution(found, x, w, geometry)
    elif direction == "input gradient":
        inputs, found = [dy, w], Tensor("found", x.shape)
        op = ConvolutionInputGradient(found, dy, w, geometry)
    else:
        inputs, found = [x, dy], Tensor("found", w.shape, batched=False)
        op = ConvolutionWeightGradient(found, x, dy, geometry)
    return Program(direction, BATCH, (op,), {t.name: t for t in inputs}, {"found": found}, (), {}, {})


@pytest.mark.parametrize(("channels", "filters"), CHANNELS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_equals_the_specification(direction: str, channels: int, filters: int) -> None:
    program = program_of(direction, channels, filters)
    packs = [launch for launch in lay_out(program).launches if launch.kernel.name == "pack_weights"]
    large = channels * filters > 2**17
    assert len(packs) == (1 if direction != "weight gradient" else 2 if large else 0)
    check_output(program)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_panels_of_rows_hold_whole_tiles(target: Target) -> None:
    panel = row_panel_vectors(target) * target.width
    assert all(panel % tile.rows == 0 for tile in tile_shapes(target))


@pytest.mark.parametrize("target", NARROWER)
@pytest.mark.parametrize(("channels", "filters"), CHANNELS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_narrower_vectors(direction: str, channels: int, filters: int, target: Target) -> None:
    check_output(program_of(direction, channels, filters), target=target)
