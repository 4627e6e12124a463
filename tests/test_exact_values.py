"""Numbers of a network file stay exact up to the one rounding to a 32- or 64-bit float, if any."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from netdsl.graph.expressions.coercion import MisfitError, convert
from netdsl.graph.expressions.values import ExactNumber, ExactSize, Value, exact_number, without_percent
from netdsl.layers.option import Option, OptionType
from netdsl.planning.pipeline import load_plan
from netdsl.source import Span
from netdsl.syntax import tree

_NOWHERE = Span(0, 1)


@pytest.mark.parametrize(
    ("layer", "exact"),
    [
        ("DROPOUT 33.3333333333333%", "0.333333333333333"),
        ("Dropout(33.3333333333333%)", "0.333333333333333"),
        ("Dropout(12.34567%)", "0.1234567"),
        ("Dropout, keep_prob=0.1234567", "0.8765433"),
        ("DROPOUT 0.7%", "0.007"),
        ("DROPOUT 0.7%*1", "0.007"),
        ("DROPOUT third", "1/3"),
        ("DROPOUT (3*third - 0.5)", "0.5"),
        ("DROPOUT (1/3*3 - 0.75)", "0.25"),
        ("DROPOUT tiny", "1/4611686018427387904"),
        ("LEAKY RELU slope (20000000000000000001/100000000000000000000)", None),
        ("LEAKY RELU slope (2000000000000000001/10000000000000000000)", "0.2000000000000000001"),
    ],
)
def test_a_rate_is_rounded_once(layer: str, exact: str | None) -> None:
    plan, findings = load_plan(
        f"let third = 1/3\nlet tiny = 1/4611686018427387904\ninput 8x8x3\n{layer}\n", "case.net"
    )
    if exact is None:  # beyond 2^64, as all arithmetic
        assert [finding.code for finding in findings] == ["ND105"]
        return
    assert plan is not None
    options = type(plan.network.nodes[1].layer).options()
    values = [getattr(plan.network.nodes[1].layer, name) for name in ("rate", "slope") if name in options]
    assert values == [float(Fraction(exact))]


def _option(type: OptionType, **settings: Any) -> Option[Any]:
    option: Option[Any] = Option(type, "of a test", **settings)
    option.__set_name__(object, "tested")
    return option


@pytest.mark.parametrize(
    "value",
    [
        ExactNumber(1 + Fraction(1, 2**62), _NOWHERE),
        ExactNumber(Fraction(1_000_001, 1_000_000), _NOWHERE),
        tree.Number("1.00000000000000000001", _NOWHERE),
        tree.Number("100.0000001%", _NOWHERE),
    ],
)
def test_bounds_hold_before_rounding(value: Value) -> None:
    with pytest.raises(MisfitError) as misfit:
        convert(_option(OptionType.REAL, maximum=1.0), value)
    assert misfit.value.label != "1 is above it"
    assert misfit.value.label.endswith("is above it")


def test_calculated_values_are_taken_as_they_are() -> None:
    size = ExactSize((3, 5), _NOWHERE)
    assert convert(_option(OptionType.SIZE), size) == (3, 5)
    assert convert(_option(OptionType.COUNT), ExactNumber(Fraction(64), _NOWHERE)) == 64
    long = Fraction(12345678901234567890, 1048576)  # exact in 41 characters, which nobody writes
    assert convert(_option(OptionType.REAL), ExactNumber(long, _NOWHERE)) == float(long)
    for unfit in (Fraction(1, 2), Fraction(-1), Fraction(0)):
        with pytest.raises(MisfitError):
            convert(_option(OptionType.COUNT), ExactNumber(unfit, _NOWHERE))


def test_a_third_extent_that_a_name_stands_for_is_at_the_name() -> None:
    text = "let abcde = 5x5x3\ninput 8x8x4\nCONV 8 abcde pad 2\n"  # as long as what it stands for
    _, (finding,) = load_plan(text, "case.net")
    assert finding.code == "ND317"
    assert finding.primary is not None
    assert text[finding.primary.span.start : finding.primary.span.end] == "abcde"


def test_written_numbers_are_read_exactly() -> None:
    assert exact_number("1.2G") == 1_200_000_000
    assert exact_number("5e-4") == Fraction(1, 2000)
    assert exact_number("1e999999999") is None  # no work for digits that nobody wants
    assert exact_number("1.55K") == 1550
    assert exact_number("1.5555K") is None
    assert without_percent("12.5 %") == "0.125"
    assert without_percent("12.5") == "12.5"
