"""The two Darknets, and the average pools of fvcore, which a model can write in several ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.counting import tool_named, tool_names
from netdsl.planning.pipeline import load_plan
from netdsl.resources import zoo_text

DARKNET = Path(__file__).with_name("darknet")


def totals(tool: str, text: str) -> dict[str, int]:
    plan, findings = load_plan(text)
    assert plan is not None, [finding.message for finding in findings]
    return tool_named(tool).totals(plan)


# Logs of the two programs end in `Total BFLOPS 65.864` (before shortcuts counted, which is the sum of
# pjreddie's column) and `Total BFLOPS 65.879` for yolov3.cfg at 416x416, and 5.571 for yolov3-tiny.cfg.
@pytest.mark.parametrize(
    ("name", "tool", "total", "billions"),
    [
        ("yolov3", "darknet", "FLOPs of convolutions", "65.864"),
        ("yolov3", "alexeyab", "total FLOPs", "65.879"),
        ("yolov3-tiny", "darknet", "FLOPs of convolutions", "5.565"),
        ("yolov3-tiny", "alexeyab", "total FLOPs", "5.571"),
    ],
)
def test_yolo(name: str, tool: str, total: str, billions: str) -> None:
    text = (DARKNET / f"{name}.net").read_text(encoding="utf-8")
    assert f"{totals(tool, text)[total] / 1e9:.3f}" == billions


@pytest.mark.parametrize(("name", "size"), [("yolov3", 248_007_048), ("yolov3-tiny", 35_434_956)])
def test_published_weights_files_have_as_many_bytes(name: str, size: int) -> None:
    text = (DARKNET / f"{name}.net").read_text(encoding="utf-8")
    header = 20
    for tool in ("darknet", "alexeyab"):
        assert header + 4 * totals(tool, text)["numbers in the weights file"] == size


@pytest.mark.parametrize(
    ("line", "flops"),
    [
        ("POOL 2x2 stride 2", 2 * 2 * 4 * 4 * 6),
        ("POOL 3x3 stride 1 pad 1", 3 * 3 * 8 * 8 * 6),
        ("AVG POOL 2x2 stride 2", 2 * 2 * 4 * 4 * 6),  # [local_avgpool]
        ("AVG POOL global", 0),  # [avgpool]
        ("ADD[ SKIP | RELU ]", 8 * 8 * 6),
        ("ADD[ SKIP | RELU | TANH ]", 2 * 8 * 8 * 6),
        ("CONCAT[ SKIP | RELU ]", 0),
        ("MULTIPLY[ SKIP | RELU ]", 0),
        ("UPSAMPLE 2x2", 0),
        ("FC 10", 0),
        ("DROPOUT 0.5", 0),
        ("CONV 4 3x3 groups 2", 2 * (3 * 3 * 3 * 4) * 6 * 6),
        ("DEPTHWISE 3x3", 2 * (3 * 3 * 6) * 6 * 6),
    ],
)
def test_alexeyab_by_layer(line: str, flops: int) -> None:
    assert totals("alexeyab", f"input 8x8x6\n{line}")["total FLOPs"] == flops


def test_each_darknet_names_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "lenet", "--like", "darknet", "--like", "alexeyab"]) == 0
    shown = capsys.readouterr().out
    assert "--like alexeyab" in shown
    assert "--like darknet" in shown


def test_help_lists_every_tool(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in tool_names())


MEAN = "total flops, global average pools done as a mean"
ADAPTIVE = "total flops, an adaptive pool of the same size before the classifier"


def test_fvcore_of_published_networks() -> None:
    assert totals("fvcore", zoo_text("vgg16"))[ADAPTIVE] == 15_470_264_320 + 7 * 7 * 512
    assert totals("fvcore", zoo_text("alexnet-torchvision"))[ADAPTIVE] == 714_188_480 + 6 * 6 * 256
    found = totals("fvcore", zoo_text("resnet18"))
    assert found["total flops"] - found[MEAN] == 7 * 7 * 512
    assert ADAPTIVE not in found
    assert MEAN not in totals("fvcore", zoo_text("vgg16"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("pool", "line", "total"),
    [
        ("adaptive", "AVG POOL global", "total flops"),
        ("mean", "AVG POOL global", MEAN),
        ("window", "AVG POOL 8x8", "total flops"),
        ("mean", "AVG POOL 8x8", "total flops"),
        ("same", "RELU", ADAPTIVE),
        ("none", "RELU", "total flops"),
    ],
)
def test_fvcore_agrees_however_the_model_writes_its_pool(pool: str, line: str, total: str) -> None:
    fvcore = pytest.importorskip("fvcore.nn")
    import torch
    from torch import nn

    class Mean(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((2, 3))

    pools = {
        "adaptive": nn.AdaptiveAvgPool2d(1),
        "mean": Mean(),
        "window": nn.AvgPool2d(8),
        "same": nn.AdaptiveAvgPool2d(8),
        "none": nn.Identity(),
    }
    inputs = 8 * 8 * 16 if line == "RELU" else 16
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        pools[pool],
        nn.Flatten(),
        nn.Linear(inputs, 10),
    )
    found = fvcore.FlopCountAnalysis(model.eval(), torch.zeros(1, 3, 8, 8))
    found.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    text = f"dialect torch\ninput 8x8x3\nCONV 16 3x3 pad 1 no bias - BN - {line}\nFC 10"
    assert totals("fvcore", text)[total] == found.total()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "line",
    [
        "BN",
        "BN no scale no shift",
        "LN per position",
        "LN no scale no shift",
        "LN per position no scale no shift",
        "GN 2 no shift",
        "GN 2 no scale no shift",
        "UPSAMPLE to 9x10",
        "UPSAMPLE 2x2 bilinear",
        "UPSAMPLE to 9x10 bilinear align corners",
        "SCALE with shift",
        "SLICE 0-1 - SHUFFLE 2 - MISH",
        "SPACE TO DEPTH 2x2 - REORG 2x2",
        "DROP PATH 0.1",
    ],
)
def test_fvcore_agrees_with_modules_of_layers(line: str) -> None:
    fvcore = pytest.importorskip("fvcore.nn")
    import torch

    from netdsl.backend.torch.translation import module_of

    text = f"dialect torch\ninput 8x8x4\n{line}\nFC 10"
    plan, _ = load_plan(text)
    assert plan is not None
    found = fvcore.FlopCountAnalysis(module_of(plan).eval(), torch.zeros(1, 4, 8, 8))
    found.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    assert totals("fvcore", text)["total flops"] == found.total()
