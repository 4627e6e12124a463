"""Networks that are as their authors meant them pass `--strict`; the same faults in other dress do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl.diagnostics import Severity
from netdsl.planning.pipeline import load_plan
from netdsl.reports.folded_findings import folded
from netdsl.resources import zoo_names, zoo_text
from netdsl.rules import advise

SOUND = sorted(Path(__file__).with_name("sound").glob("*.net"))

EIGHT = "input 16x16x8\n"


def codes(text: str, severity: Severity) -> list[str]:
    plan, findings = load_plan(text)
    assert plan is not None, [finding.message for finding in findings]
    told = [group.first for group in folded([*findings, *advise(plan)])]
    return [finding.code for finding in told if finding.severity is severity]


def warnings(text: str) -> list[str]:
    """The codes of the warnings, on which `--strict` fails."""
    return codes(text, Severity.WARNING)


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_sound_network(path: Path) -> None:
    assert not warnings(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", zoo_names())
def test_published_network(name: str) -> None:
    text = zoo_text(name)
    assert not warnings(text)
    assert len(codes(text, Severity.NOTE)) <= 3


@pytest.mark.parametrize(
    "between",
    [
        "POOL 2x2",
        "LN",
        "GN 2",
        "LCN",
        "NORM",
        "MAXOUT 2",
        "SOFTMAX",
        "STEP",
        "PRELU",
        "MULTIPLY[ BN | RELU ]",
    ],
)
def test_layers_that_bend(between: str) -> None:
    assert not warnings(f"{EIGHT}CONV 8 3x3 pad 1 no bias - {between} - CONV 16 3x3 pad 1 - RELU")


@pytest.mark.parametrize(
    "between",
    [
        "AVG POOL 2x2 stride 2",
        "BN",
        "PAD 1",
        "CROP 8x8",
        "UPSAMPLE 2x2",
        "RESHAPE 8x16x16",
        "DROPOUT 0.5",
        "SUBSAMPLE 2x2",
        "BN - AVG POOL 2x2 stride 2 - DROPOUT 0.1",
    ],
)
def test_layers_that_do_not_bend(between: str) -> None:
    assert warnings(f"{EIGHT}CONV 8 3x3 pad 1 no bias - {between} - CONV 16 3x3 pad 1 - RELU") == ["ND401"]


@pytest.mark.parametrize(
    "text",
    [
        "CONV 8 3x3 - CONV 16 3x3",  # the border that is lost is no bottleneck
        "CONV 8 3x3 pad 1 - FLATTEN - FC 10",
        "FC 100 - FC 10",
        "CONV 16 1x1 - CONV 32 1x1",
        "CONV 16 3x3 pad 1 - CONV 16 3x3 pad 2 dilation 2",  # each filter sees all channels twice
        "DEPTHWISE 3x3 pad 1 - DEPTHWISE 3x3 pad 1 - CONV 8 1x1",
        "DEPTHWISE 3x3 pad 1 - CONV 16 3x3 pad 1",  # the second does what the first does
        "CONV 8 1x3 pad 0x1 - CONV 8 1x3 pad 0x1",
        "CONV 16 3x3 pad 1 - CONV 16 3x3 pad 1 groups 2",
        "CONV 16 3x3 pad 1 - DECONV 16 2x2 stride 2",
        "LOCAL 8 3x3 pad 1 - CONV 16 3x3 pad 1",
        "CONCAT[ CONV 8 1x1 - CONV 12 1x1 | SKIP ]",
    ],
)
def test_layers_that_are_one(text: str) -> None:
    assert warnings(f"{EIGHT}{text} - RELU") == ["ND401"]


@pytest.mark.parametrize(
    "text",
    [
        "CONV 8 1x1 - DEPTHWISE 3x3 pad 1",
        "DEPTHWISE 3x3 pad 1 multiplier 2 - BN - CONV 8 1x1",
        "DEPTHWISE 1x7 pad 0x3 - DEPTHWISE 7x1 pad 3x0",
        "CONV 8 1x7 pad 0x3 - CONV 8 7x1 pad 3x0",
        "CONV 16 3x3 pad 1 groups 4 - CONV 16 1x1",
        "DECONV 8 4x4 stride 2 pad 1 groups 8 - CONV 16 1x1",
        "CONV 2 1x1 - DECONV 2 4x4 stride 2",
        "CONV 4 1x1 - CONV 16 3x3 pad 1",
    ],
)
def test_layers_that_are_a_design(text: str) -> None:
    assert not [code for code in warnings(f"{EIGHT}{text} - RELU") if code == "ND401"]


@pytest.mark.parametrize(
    "text",
    [
        "ADD[ CONV 8 3x3 pad 1 - RELU | SKIP ]",
        "CONCAT[ CONV 8 3x3 pad 1 | CONV 8 1x1 ]",
        "CONV 8 3x3 pad 1 - RELU\nADD[ SKIP | @a ]",
        "CONV 8 3x3 pad 1 - RELU - FC 10\n@a - POOL 2x2 - FC 5",
        "BN - CONV 8 3x3 pad 1 - RELU\nCONCAT[ SKIP | @a ]",
        "POOL 2x2\nUNPOOL[ CONV 8 3x3 pad 1 | @a ]",
    ],
)
def test_layers_that_something_else_reads_too(text: str) -> None:
    assert not warnings(f"default UNPOOL 2x2\n{EIGHT}a: CONV 8 3x3 pad 1\n{text}")


def test_bias_of_a_position_is_not_cancelled() -> None:
    plan, _ = load_plan(f"{EIGHT}LOCAL 8 3x3 - BN - RELU")
    assert plan is not None
    assert not advise(plan)


def test_bias_that_cannot_be_left_out_is_not_named() -> None:
    plan, _ = load_plan(f"{EIGHT}SUBSAMPLE 2x2 - BN - RELU")
    assert plan is not None
    assert not advise(plan)


@pytest.mark.parametrize(("loss", "found"), [("l2", []), ("hinge", []), ("cross-entropy", ["ND405"])])
def test_probabilities_are_wanted_by_other_losses(loss: str, found: list[str]) -> None:
    assert warnings(f"input 8\nFC 10 - SOFTMAX - FLATTEN\ntrain {{ loss {loss} }}") == found


def test_local_normalisations_end_a_stack() -> None:
    assert warnings("input 8x8x4\n[CONV 4 3x3 pad 1 - TANH]*7\nFC 10") == ["ND407"]
    assert not warnings("input 8x8x4\n[CONV 4 3x3 pad 1 - TANH - LCN]*7\nFC 10")
