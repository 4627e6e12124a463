"""Columns and the totals of other tools: published figures, and the tools themselves where they are."""

from __future__ import annotations

import json

import pytest

from netdsl.commands import run
from netdsl.counting import tool_named, tool_names
from netdsl.counting.columns import COLUMNS, column_names, total
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.reports.as_likeness import likeness_as_text
from netdsl.resources import zoo_text

LENET_1989 = """
input 28x28x1
CONV 4 5x5 - TANH - SUBSAMPLE 2x2 - TANH
CONV 12 5x5 table { 0; 0 1; 0 1; 1; 0 1; 0 1; 2; 2 3; 2 3; 3; 2 3; 2 3 } - TANH - SUBSAMPLE 2x2 - TANH
FC 10
"""

BASIC_NETWORK = """
dialect torch
input 32x32x3
CONV 16 3x3 pad 1 stride 2 no bias - BN - RELU
DEPTHWISE 3x3 pad 1 - GN 4 - PRELU
ADD[ CONV 16 3x3 pad 1 no bias - BN - RELU - CONV 16 3x3 pad 1 groups 2 | SKIP ]
POOL 2x2 stride 2 - UPSAMPLE 2x2 - DECONV 8 3x3 stride 2 pad 1
NORM - AVG POOL global - DROPOUT 0.3 - FC 100 - RELU - FC 10
"""


def planned(text: str) -> Plan:
    plan, findings = load_plan(text)
    assert plan is not None, [finding.message for finding in findings]
    return plan


def totals(tool: str, text: str) -> dict[str, int]:
    return tool_named(tool).totals(planned(text))


def counts(text: str) -> dict[str, int]:
    plan = planned(text)
    return {name: total(name, plan) for name in COLUMNS}


# --- columns -----------------------------------------------------------------------------------


def test_the_lectures_linear_classifier() -> None:
    found = counts("input 32x32x3\nFC 10")
    assert (found["weights"], found["biases"]) == (30_720, 10)


@pytest.mark.parametrize(
    ("line", "weights"),
    [("FC 3 no bias", 21), ("LOCAL 1 1x3 stride 2 no bias", 9), ("CONV 1 1x3 stride 2 no bias", 3)],
)
def test_the_lectures_row_of_seven(line: str, weights: int) -> None:
    assert counts(f"input 1x7x1\n{line}")["weights"] == weights


def test_the_lectures_filters() -> None:
    assert counts("input 32x32x3\nCONV 1 5x5")["parameters"] == 76
    assert counts("input 32x32x3\nCONV 6 5x5")["parameters"] == 456
    assert counts("input 227x227x3\nCONV 96 11x11 stride 4")["weights"] == 34_848


def test_vgg16_of_the_slide() -> None:
    found = counts(zoo_text("vgg16").replace("default activation relu\n", ""))
    assert found["weights"] == 138_344_128
    assert found["activations"] == 15_237_608
    assert found["macs"] == 15_470_264_320


def test_lenet_1989() -> None:
    found = counts(LENET_1989)
    assert found["parameters"] == 2_578
    assert found["connections"] == 98_442


def test_lenet_1998() -> None:
    assert counts(zoo_text("lenet"))["connections"] == 122_304 + 241_600 + 48_120 + 10_164 + 850
    sparse = (
        "input 32x32x1\nCONV 6 5x5 - SUBSAMPLE 2x2 - CONV 16 5x5 table lenet5 - SUBSAMPLE 2x2 - CONV 120 5x5"
    )
    found = counts(f"{sparse} - FC 84 - RBF 10")
    assert found["parameters"] == 60_000
    assert found["connections"] == 340_908


def test_parts_add_up_to_the_parameters() -> None:
    found = counts(BASIC_NETWORK)
    assert found["weights"] + found["biases"] + found["bn_affine"] == found["parameters"]
    assert found["bn_affine"] == 2 * (16 + 16 + 16)
    assert found["bn_statistics"] == 2 * (16 + 16)
    assert found["parameter_bytes"] == 4 * found["parameters"]


def test_flops_are_two_per_mac_and_one_per_bias() -> None:
    found = counts("input 8x8x2\nCONV 4 3x3 - RELU - CONV 4 3x3 no bias")
    assert found["flops"] == 2 * found["macs"] + 6 * 6 * 4


# --- tools -------------------------------------------------------------------------------------


def test_tools_count_alexnet() -> None:
    text = zoo_text("alexnet")
    assert totals("keras", text)["Total params"] == 62_378_344
    assert totals("caffe", text)["numbers in all blobs"] == 62_378_344
    assert totals("paper", text)["multiply-adds"] == 1_135_256_096
    convolutions = 1_135_256_096 - 6 * 6 * 256 * 4096 - 4096 * 4096 - 4096 * 1000
    assert totals("darknet", text)["FLOPs of convolutions"] == 2 * convolutions
    assert totals("netscope", text)["MACC"] == 1_135_256_096 + 5 * 27 * 27 * 96 + 5 * 13 * 13 * 256


def test_batch_normalisation_by_tool() -> None:
    text = "input 8x8x3\nCONV 10 3x3 no bias - BN - RELU"
    weights = 3 * 3 * 3 * 10
    assert totals("keras", text) == {
        "Total params": weights + 40,
        "Trainable params": weights + 20,
        "Non-trainable params": 20,
    }
    assert totals("caffe", text)["numbers in all blobs"] == weights + 20 + 21
    assert totals("darknet", text)["numbers in the weights file"] == weights + 40
    assert totals("netscope", text)["param"] == weights + 20
    assert totals("torchinfo", text)["Total mult-adds"] == weights * 36 + 20
    assert totals("fvcore", text)["total flops"] == weights * 36 + 2 * 360


NETWORKS = {
    "lenet": zoo_text("lenet"),
    "parts": BASIC_NETWORK,
    "cifar": "input 32x32x3\n[CONV 8 3x3 pad 1 - BN - RELU]*3 - POOL 2x2 stride 2 - FC 10",
}


@pytest.mark.parametrize("name", NETWORKS)
def test_torchinfo_agrees(name: str) -> None:
    torchinfo = pytest.importorskip("torchinfo")
    from torch_modules import PlanModule

    plan = planned(NETWORKS[name])
    height, width, channels = plan.input.shape
    found = torchinfo.summary(PlanModule(plan), (1, channels, height, width), verbose=0, device="cpu")
    assert tool_named("torchinfo").totals(plan) == {
        "Total params": found.total_params,
        "Trainable params": found.trainable_params,
        "Non-trainable params": found.total_params - found.trainable_params,
        "Total mult-adds": found.total_mult_adds,
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NETWORKS)
def test_fvcore_agrees(name: str) -> None:
    fvcore = pytest.importorskip("fvcore.nn")
    import torch
    from torch_modules import PlanModule

    plan = planned(NETWORKS[name])
    height, width, channels = plan.input.shape
    module = PlanModule(plan).eval()
    found = fvcore.FlopCountAnalysis(module, torch.zeros(1, channels, height, width))
    found.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    expected = tool_named("fvcore").totals(plan)
    assert expected["total flops"] == found.total()
    assert expected["parameters"] == fvcore.parameter_count(module)[""]


# --- the command -------------------------------------------------------------------------------


def test_columns_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "lenet", "--columns", "weights, biases,receptive-field"]) == 0
    shown = capsys.readouterr().out
    heading = next(line for line in shown.splitlines() if line.startswith("layer"))
    assert heading.split() == ["layer", "is", "output", "weights", "biases", "sees"]
    total_row = next(line for line in shown.splitlines() if line.startswith("total"))
    assert total_row.split() == ["total", "61,470", "236"]
    assert "biases: learned numbers that are added" in shown


@pytest.mark.parametrize("name", column_names())
def test_every_column_in_text_and_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "lenet", "--columns", name, "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)["networks"][0]["plan"]
    assert all(list(layer["columns"]) == [name] for layer in plan["layers"])
    assert run(["check", "lenet", "--columns", name]) == 0
    assert "total" in capsys.readouterr().out


@pytest.mark.parametrize("name", tool_names())
def test_every_tool_in_text_and_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "lenet", "--like", name]) == 0
    shown = capsys.readouterr().out
    assert f"as counted by {tool_named(name).title}" in shown
    assert run(["check", "lenet", "--like", name, "--format", "json"]) == 0
    like = json.loads(capsys.readouterr().out)["networks"][0]["plan"]["like"][name]
    assert like["totals"] == totals(name, zoo_text("lenet"))
    for line in likeness_as_text(tool_named(name), planned(zoo_text("lenet"))).splitlines():
        assert len(line) <= 100
        assert line in shown


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--columns", "weigths"], "did you mean weights?"),
        (["--columns", ""], "choose from parameters"),
        (["--like", "torchinf"], "did you mean torchinfo?"),
        (["--like", "xyz"], "choose from alexeyab, caffe, darknet"),
    ],
)
def test_unknown_names_are_usage_errors(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "lenet", *arguments]) == 2
    assert hint in capsys.readouterr().err
