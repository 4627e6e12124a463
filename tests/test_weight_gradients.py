"""Gradients of convolutions' weights where the bands of few images are shared out."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from building import check_output
from one_operation import NARROWER

from netdsl.backend.numba.codegen.gemm.packing import ITEMS
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.target import Target, host
from netdsl.primitives.convolution import ConvolutionWeightGradient, Geometry
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.program import Numerics, Program
from netdsl.quantities import Padding, Size

pytestmark = pytest.mark.slow


class Case(NamedTuple):
    """A convolution without its batch."""

    extent: tuple[int, int]
    channels: int
    filters: int
    kernel: tuple[int, int]
    stride: int = 1
    padding: int = 0
    groups: int = 1


CASES = {
    "first layer": Case((37, 24), 3, 64, (3, 3), padding=1),
    "strided first layer": Case((61, 63), 3, 33, (7, 7), 2, 3),
    "one channel": Case((50, 33), 1, 6, (5, 5)),
    "groups": Case((33, 30), 8, 36, (3, 3), padding=1, groups=2),
    "1x1 with a stride": Case((65, 61), 40, 24, (1, 1), 2),
}
MANY_WEIGHTS = {
    "a border": Case((12, 11), 19, 504, (5, 5), 2, 2),
    "no border": Case((15, 13), 300, 500, (1, 1), 2),
    "groups": Case((11, 10), 32, 1100, (3, 3), 2, 1, groups=2),
}
BATCHES = (1, 2, 5)
PRECISIONS = [
    "float32",
    pytest.param("bf16", marks=pytest.mark.skipif(not host().bfloat16, reason="no bfloat16 here")),
]
ROUGHLY = {"float32": 1e-4, "bf16": 3e-2}


def program_of(case: Case, batch: int, precision: str = "float32") -> Program:
    out_high, out_wide = (
        (extent + 2 * case.padding - kernel) // case.stride + 1
        for extent, kernel in zip(case.extent, case.kernel, strict=True)
    )
    x = Tensor("x", (*case.extent, case.channels), role=Role.INPUT)
    dy = Tensor("dy", (out_high, out_wide, case.filters), role=Role.INPUT)
    dw = Tensor("dw", (*case.kernel, case.channels // case.groups, case.filters), batched=False)
    geometry = Geometry(
        Size(case.stride, case.stride), Padding.even(Size(case.padding, case.padding)), case.groups
    )
    op = ConvolutionWeightGradient(dw, x, dy, geometry)
    inputs, outputs = {"x": x, "dy": dy}, {"dw": dw}
    return Program("gradient", batch, (op,), inputs, outputs, (), {}, {}, Numerics(precision=precision))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", CASES)
def test_equals_the_specification(name: str, batch: int, precision: str) -> None:
    program = program_of(CASES[name], batch, precision)
    parts = [tensor for launch in lay_out(program).launches for tensor in launch.tensors]
    assert any(tensor.name == "dw.parts" and tensor.shape[0] > batch for tensor in parts)
    check_output(program, ROUGHLY[precision])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", MANY_WEIGHTS)
def test_panels_share_a_band(name: str, precision: str) -> None:
    program = program_of(MANY_WEIGHTS[name], 3, precision)
    last = lay_out(program).launches[-1]
    assert ITEMS // 2 <= last.items < 2 * ITEMS
    check_output(program, ROUGHLY[precision])


@pytest.mark.parametrize("target", NARROWER)
@pytest.mark.parametrize("name", [*CASES, *(f"many weights, {name}" for name in MANY_WEIGHTS)])
def test_narrower_vectors(name: str, target: Target) -> None:
    many = name.removeprefix("many weights, ")
    for batch in BATCHES if many == name else (3,):
        case = CASES[name] if many == name else MANY_WEIGHTS[many]
        check_output(program_of(case, batch), ROUGHLY["float32"], target)
