"""Every function of formulas: its slope is that of its values, and compiled code computes the same."""

from __future__ import annotations

import pkgutil

import numpy as np
import pytest
from one_operation import computed, doubled, program_of

import netdsl.primitives.functions
from netdsl.backend.numpy.formulas import compute
from netdsl.primitives.derivative import derivative
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.expression import operand
from netdsl.primitives.functions.function import for_vectors, function_named
from netdsl.primitives.tensor import Tensor

NAMES = [one.name for one in pkgutil.iter_modules(netdsl.primitives.functions.__path__)]
NAMES.remove("function")

POSITIVE = np.linspace(0.05, 9.0, 101)
"""Where every function is smooth and finite."""

FAR = np.linspace(-87, 87, 350).astype(np.float32).astype(np.float64)
"""As far as the exponential function goes in single precision."""


@pytest.mark.parametrize("name", NAMES)
def test_slope(name: str) -> None:
    called = function_named(name)(operand(0))
    step = 1e-6
    above, below = (compute(called, [POSITIVE + move], np.float64) for move in (step, -step))
    slope = np.broadcast_to(compute(derivative(called, 0), [POSITIVE], np.float64), POSITIVE.shape)
    np.testing.assert_allclose(slope, (above - below) / (2 * step), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_numpy_keeps_the_type(name: str) -> None:
    for kind in (np.float32, np.float64):
        assert compute(function_named(name)(operand(0)), [POSITIVE.astype(kind)], kind).dtype == kind


@pytest.mark.parametrize("name", NAMES)
def test_formula_of_compiled_code(name: str) -> None:
    """In single precision and far from 0, before any code is made of it."""
    called = function_named(name)(operand(0))
    given = FAR[FAR > 0] if name == "log" else FAR
    single = compute(for_vectors(called), [given.astype(np.float32)], np.float32)
    whole = compute(called, [given], np.float64)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, whole, rtol=2e-6, atol=2e-7)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_compiled_code(name: str) -> None:
    given = FAR[FAR > 0] if name == "log" else FAR
    x, y = (Tensor(letter, (1, 1, len(given))) for letter in "xy")
    formula = Elementwise(y, function_named(name)(operand(0)), (x,))
    values = {"x": given.reshape(1, 1, 1, -1).astype(np.float32)}
    result = computed(program_of(formula, 1), values, 1)
    np.testing.assert_allclose(result, doubled(formula, values, 1), rtol=2e-6, atol=3e-7)


def test_a_file_that_defines_no_function_of_its_name_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"functions\.function does not define the function function"):
        function_named("function")
