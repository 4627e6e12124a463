"""Advice: each rule fires where its fault is, once, and keeps quiet where there is none."""

from __future__ import annotations

import cProfile
import re
from typing import Any

import pytest

from netdsl.planning.pipeline import load_plan
from netdsl.reports.as_text import diagnostic_as_text
from netdsl.reports.folded_findings import folded, other_places
from netdsl.resources import explanation_text
from netdsl.rules import advise, rules


def advice(text: str) -> dict[str, str]:
    """The findings of a network that checks, as text by code."""
    plan, findings = load_plan(text)
    assert plan is not None, [finding.message for finding in findings]
    found = advise(plan)
    groups = folded(found)
    assert len({group.first.code for group in groups}) == len(groups), "a fault is told once"
    return {group.first.code: diagnostic_as_text(group.first, other_places(group)) for group in groups}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_page_of_a_rule_has_its_fault_and_the_cure(rule: Any) -> None:
    failing, mended = re.findall(r"```net\n(.*?)```", explanation_text(rule.code), re.S)
    assert list(advice(failing)) == [rule.code]
    assert not advice(mended)


def test_codes_and_names_are_not_shared() -> None:
    assert len({rule.code for rule in rules()}) == len({rule.name for rule in rules()}) == len(rules())


@pytest.mark.parametrize(
    "text",
    [
        "input 8x8x1\nCONV 8 3x3 - RELU - CONV 16 1x1",  # an activation between
        "input 64\nFC 8 - FC 64 - RELU",  # a bottleneck is meant: one layer would have more weights
        "input 8x8x8\nCONV 64 1x1 - RELU - CONV 8 1x1 - BN - CONV 64 1x1 - RELU",  # MobileNet v2
    ],
)
def test_linear_layers_that_do_not_collapse(text: str) -> None:
    assert "ND401" not in advice(text)


def test_layers_with_only_a_pool_between_are_named_with_it() -> None:
    found = advice("input 28x28x1\nCONV 6 5x5\nAVG POOL 2x2 stride 2\nFC 10")
    assert "only AVG POOL1 is between them" in found["ND401"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("POOL 2x2 stride 2 floor", "never sees the last row and column of its 13x12"),
        ("POOL 4x1 stride 4x1 floor", "never sees the last row of its 13x12"),
        ("POOL 5x12 stride 5 floor", "never sees the last 3 rows of its 13x12"),
    ],
)
def test_rows_and_columns_left_over(line: str, words: str) -> None:
    height = "13x12x1" if "column" not in words else "13x13x1"
    assert words.replace("13x12", height[:-2]) in advice(f"input {height}\n{line}")["ND402"]


@pytest.mark.parametrize(
    "line", ["POOL 1x1 stride 2 floor", "POOL 3x3 stride 2 pad 1 floor", "POOL 2x2 stride 2 ceil"]
)
def test_gaps_and_padding_are_not_left_over(line: str) -> None:
    assert "ND402" not in advice(f"input 12x12x1\n{line}")


def test_bias_counts_all_layers_and_spares_other_normalisations() -> None:
    found = advice("input 8x8x1\n[CONV 4 3x3 pad 1 - BN - RELU]*3")["ND403"]
    assert "and 2 more such layers" in found
    assert "12 parameters without effect" in found
    assert not advice("input 8x8x1\nCONV 4 3x3 pad 1 - GN 2 - RELU")


@pytest.mark.parametrize(
    "text",
    [
        "input 3072\nFC 1000 - RELU - FC 10",  # nothing but fully connected layers
        "input 8x8x1\nCONV 6 3x3 - RELU - FC 10",  # most parameters, but few
        "input 32x32x3\nCONV 1024 3x3 - RELU - CONV 512 3x3 - RELU",  # a convolution
    ],
)
def test_heavy_layers_that_are_no_fault(text: str) -> None:
    assert "ND404" not in advice(text)


def test_softmax_inside_or_at_the_end_is_no_fault() -> None:
    assert not advice("input 10\nFC 10 - SOFTMAX")
    assert not advice("input 10\nFC 10 - SOFTMAX - FC 10")
    assert "ND405" in advice("input 10\nFC 10 - SOFTMAX - SOFTMAX")


def test_closing_softmax_is_noted_where_the_recipe_has_cross_entropy() -> None:
    network = "input 10\nFC 10 - SOFTMAX\ntrain { loss LOSS }"
    assert "note ND405" in advice(network.replace("LOSS", "cross-entropy"))["ND405"]
    assert not advice(network.replace("LOSS", "l2"))


def test_dropout_before_scores_or_in_a_volume_is_no_fault() -> None:
    assert not advice("input 10\nDROPOUT 0.2 - FC 10")
    assert not advice("input 8x8x1\nCONV 4 3x3 - DROPOUT 0.2")
    assert "ND406" in advice("input 10\nFC 10 - DROPOUT 0.2 - SOFTMAX")


def test_stacks_end_at_other_activations_and_normalisations() -> None:
    assert not advice("input 10\n[FC 10 - SIGMOID]*6\nFC 10")
    assert not advice("input 10\n[FC 10 - BN - SIGMOID]*8\nFC 10".replace("FC 10 -", "FC 10 no bias -"))
    assert not advice("input 10\n[[FC 10 - SIGMOID]*4 - FC 10 - RELU]*4\nFC 10")
    assert "9 saturating activations" in advice("input 10\n[FC 10 - TANH]*9\nFC 10")["ND407"]


def test_receptive_field_of_networks_that_see_enough_or_do_not_classify() -> None:
    assert not advice("input 16x16x1\n[CONV 4 3x3 pad 1 - RELU]*4\nFC 10")
    assert not advice("input 64x64x1\n[CONV 4 3x3 pad 1 - RELU]*4")
    assert not advice("input 28x28x1\nCONV 4 3x3 - RELU\nFC 10")
    found = advice("input 64x64x1\n[CONV 4 3x3 pad 1 - RELU]*4\nFC 10")
    assert "sees only 9x9 of the 64x64 image" in found["ND408"]


def test_advice_takes_linear_time() -> None:
    calls = []
    for times in (500, 1000):
        plan, _ = load_plan(f"input 8x8x4\n[CONV 4 3x3 pad 1 - BN - SIGMOID]*{times}\nFC 10 - DROPOUT 0.1")
        assert plan is not None
        profile = cProfile.Profile()
        found = profile.runcall(advise, plan)
        assert [finding.code for finding in found] == ["ND403", "ND406"]
        calls.append(sum(entry.callcount for entry in profile.getstats()))
    assert calls[1] < 2.5 * calls[0]


def test_dialects_that_round_otherwise() -> None:
    found = advice("dialect torch\ninput 112x112x64\nPOOL 3x3 stride 2 pad 1 - POOL 3x3 stride 2 pad 1")[
        "ND409"
    ]
    assert "MAX POOL1 makes 56x56x64 in torch, 57x57x64 in caffe" in found
    assert "1 more place on this line" in found
    assert "write `floor`" in found
    found = advice("dialect caffe\ninput 112x112x64\nPOOL 3x3 stride 2 pad 1")["ND409"]
    assert "makes 57x57x64 in caffe, 56x56x64 in torch and tensorflow and darknet" in found
    assert "write `ceil`" in found


@pytest.mark.parametrize(
    ("text", "others", "words"),
    [
        ("dialect caffe\ninput 8x8x1\nPOOL 3x3 stride 2", "3x3x1 in torch and tensorflow", "pad 0 ceil"),
        ("dialect darknet\ninput 8x8x1\nPOOL 3x3 stride 2", "3x3x1 in torch and tensorflow", "pad 1 floor"),
        ("dialect caffe\ninput 8x8x1\nPOOL 2x2", "4x4x1 in torch and tensorflow", "stride 1 pad 0"),
        ("dialect torch\ninput 8x8x1\nPOOL 2x2", "7x7x1 in caffe, 8x8x1 in darknet", "stride 2"),
    ],
)
def test_what_others_make_is_what_their_dialect_makes(text: str, others: str, words: str) -> None:
    found = advice(text)["ND409"]
    assert others in found
    assert f"write `{words}` to get this volume in every dialect" in found
    own = load_plan(text).plan
    assert own is not None
    for dialect in ("caffe", "torch", "tensorflow", "darknet"):
        written = re.sub("dialect [a-z]+", f"dialect {dialect}", text)
        other, settled = load_plan(written).plan, load_plan(f"{written} {words}").plan
        assert other is not None
        assert settled is not None
        assert other.output == own.output or f"{other.output} in" in found
        assert settled.output == own.output


@pytest.mark.parametrize(
    "text",
    [
        "dialect torch\ninput 112x112x64\nPOOL 3x3 stride 2 pad 1 floor",
        "dialect torch\ninput 112x112x64\nPOOL 2x2 stride 2",  # it comes out even
        "dialect torch\ninput 112x112x64\nAVG POOL global",
        "dialect torch\ninput 224x224x3\nCONV 64 7x7 stride 2 pad 3",  # everyone rounds these down
        "input 112x112x64\nPOOL 2x2 stride 2",
    ],
)
def test_dialects_that_agree(text: str) -> None:
    assert "ND409" not in advice(text)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ("CONV 16 3x3 - SOFTMAX", True),
        ("CONV 16 3x3\noutput: softmax", True),
        ("CONV 16 3x3 - RELU\nMAX POOL 2x2 stride 2\nSoftmax layer", True),
        ("CONV 16 3x3 - BN - RELU - DROPOUT - SOFTMAX", True),
        ("SOFTMAX", True),
        ("CONV 16 3x3\nSoftmax: 10", False),
        ("CONV 10 32x32 - SOFTMAX", False),
        ("CONV 10 3x3 - AVG POOL global - SOFTMAX", False),
        ("CONV 16 3x3 - RELU - CONV 21 1x1 - SOFTMAX", False),
        ("CONV 8 3x3 pad 1 - MAX POOL 2x2 stride 2 - CONV 21 3x3 pad 1 - UPSAMPLE 2 - SOFTMAX", False),
        ("CONV 8 3x3 stride 2 same - RELU - DECONV 21 4x4 stride 2 - SOFTMAX", False),
        ("CONV 21 3x3 pad 1 - SOFTMAX", False),
    ],
)
def test_a_softmax_over_a_volume_lacks_its_scores(layers: str, told: bool) -> None:
    plan, findings = load_plan(f"input 32x32x3\n{layers}")
    assert plan is not None, findings
    assert any(finding.code == "ND418" for finding in advise(plan)) is told
