"""Exponential functions of vectors, from polynomials; errors are in units in the last place.

After the Cephes library's expf and logf (S. Moshier, 1989): reduce the argument by a power of 2,
evaluate a minimax polynomial, put the power back.
"""

from __future__ import annotations

from typing import Any

from netdsl.backend.numba.isa.arithmetic import (
    equal,
    exponent_of,
    fraction_of,
    greater,
    maximum,
    multiply_add,
    nearest,
    scale_by_power_of_two,
    select,
)
from netdsl.backend.numba.isa.inline import subroutine
from netdsl.backend.numba.isa.vectors import number


@subroutine
def exponential(x: Any) -> Any:
    """e^x: within 2 ulp from -87.3 to 88.3; 0 below, infinite above 88.72, NaN for NaN."""
    bounded = select(greater(x, number(88.72)), number(88.72), x)
    bounded = select(greater(number(-87.33), bounded), number(-87.33), bounded)
    power = nearest(bounded * number(1.44269504088896341))
    # ln 2 in two parts, so that the remainder keeps its low bits.
    rest = multiply_add(power, number(-0.693359375), bounded)
    rest = multiply_add(power, number(2.12194440e-4), rest)
    series = number(1.9875691500e-4)
    series = multiply_add(series, rest, number(1.3981999507e-3))
    series = multiply_add(series, rest, number(8.3334519073e-3))
    series = multiply_add(series, rest, number(4.1665795894e-2))
    series = multiply_add(series, rest, number(1.6666665459e-1))
    series = multiply_add(series, rest, number(5.0000001201e-1))
    series = multiply_add(series, rest * rest, rest + number(1.0))
    # 2^128 is out of range: two steps reach the largest results.
    half = nearest(power * number(0.5))
    scaled = scale_by_power_of_two(scale_by_power_of_two(series, half), power - half)
    scaled = select(greater(x, number(88.722839)), number(float("inf")), scaled)
    scaled = select(greater(number(-87.33), x), number(0.0), scaled)
    return select(equal(x, x), scaled, x)


@subroutine
def logarithm(x: Any) -> Any:
    """ln x: within 2 ulp for positive normal x; -infinity at 0, NaN below."""
    exponent = exponent_of(x)
    fraction = fraction_of(x)
    low = greater(number(0.70710678118654752), fraction)
    exponent = exponent - low
    rest = fraction + select(low, fraction, number(0.0)) - number(1.0)
    square = rest * rest
    series = number(7.0376836292e-2)
    series = multiply_add(series, rest, number(-1.1514610310e-1))
    series = multiply_add(series, rest, number(1.1676998740e-1))
    series = multiply_add(series, rest, number(-1.2420140846e-1))
    series = multiply_add(series, rest, number(1.4249322787e-1))
    series = multiply_add(series, rest, number(-1.6668057665e-1))
    series = multiply_add(series, rest, number(2.0000714765e-1))
    series = multiply_add(series, rest, number(-2.4999993993e-1))
    series = multiply_add(series, rest, number(3.3333331174e-1))
    series = series * rest * square
    series = multiply_add(exponent, number(-2.12194440e-4), series)
    series = multiply_add(square, number(-0.5), series)
    series = multiply_add(exponent, number(0.693359375), rest + series)
    infinite = number(float("inf"))
    series = select(greater(x, number(3.4028235e38)), infinite, series)
    series = select(greater(x, number(0.0)), series, number(0.0) - infinite)
    series = select(greater(number(0.0), x), number(float("nan")), series)
    return select(equal(x, x), series, x)


@subroutine
def hyperbolic_tangent(x: Any) -> Any:
    """tanh x: a polynomial near 0, else 1 - 2/(e^2x + 1); within 3 ulp."""
    size = maximum(x, number(0.0) - x)
    square = x * x
    series = number(-5.70498872745e-3)
    series = multiply_add(series, square, number(2.06390887954e-2))
    series = multiply_add(series, square, number(-5.37397155531e-2))
    series = multiply_add(series, square, number(1.33314422036e-1))
    series = multiply_add(series, square, number(-3.33332819422e-1))
    near = multiply_add(series * square, x, x)
    doubled = exponential(size + size)
    far = number(1.0) - number(2.0) / (doubled + number(1.0))
    far = select(greater(number(0.0), x), number(0.0) - far, far)
    return select(greater(size, number(0.625)), far, near)


@subroutine
def logistic(x: Any) -> Any:
    """1/(1 + e^-x), from the side on which the exponential is at most 1."""
    size = maximum(x, number(0.0) - x)
    small = exponential(number(0.0) - size)
    below = small / (number(1.0) + small)
    return select(greater(number(0.0), x), below, number(1.0) / (number(1.0) + small))


@subroutine
def raised(x: Any, power: Any) -> Any:
    """x^power for positive x."""
    return exponential(power * logarithm(x))


@subroutine
def error_function(x: Any) -> Any:
    """erf x, within 2e-7: Abramowitz and Stegun, 1964, formula 7.1.26."""
    size = maximum(x, number(0.0) - x)
    t = number(1.0) / multiply_add(size, number(0.3275911), number(1.0))
    series = number(1.061405429)
    series = multiply_add(series, t, number(-1.453152027))
    series = multiply_add(series, t, number(1.421413741))
    series = multiply_add(series, t, number(-0.284496736))
    series = multiply_add(series, t, number(0.254829592))
    above = number(1.0) - series * t * exponential(number(0.0) - size * size)
    return select(greater(number(0.0), x), number(0.0) - above, above)
