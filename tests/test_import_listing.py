"""``netdsl import --from listing``: what is found in slides, notes and comments of public code."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.formats.listing import read_listing
from netdsl.plan.load import load_plan
from netdsl.resources import zoo_text

SLIDE = [line for line in zoo_text("alexnet").splitlines() if line.startswith("[")]


def convert(text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> tuple[int, str, str]:
    """Exit code, network and findings of a listing."""
    path = tmp_path / "listing.md"
    path.write_text(text, encoding="utf-8")
    code = run(["import", "--from", "listing", str(path)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err.replace(f"{tmp_path}/", "")


def places(findings: str) -> list[str]:
    return re.findall(r"^listing\.md:(\d+:\d+: \w+ ND\d+)", findings, re.M)


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("", ""),
        ("# ", ""),
        ("    # ", ""),
        ("- ", "  "),
        ("* ", ""),
        ("11. ", ""),
        ("> ", " \\"),
        ("% ", ""),
        ("// ", ""),
        ("| ", " |"),
        ("• ", "<br/>"),
        ("- **", "**"),
        ("`", "`"),
    ],
)
def test_slide_in_every_disguise(
    before: str, behind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "AlexNet\n=======\n\n" + "\n\n".join(f"{before}{line}{behind}" for line in SLIDE)
    code, network, findings = convert(text + "\n\nDetails:\n- first use of ReLU\n", capsys, tmp_path)
    assert (code, findings) == (0, "")
    assert network.splitlines() == SLIDE


@pytest.mark.parametrize(
    ("sign", "replacement"),
    [
        ("x", "×"),
        ("x", " x "),
        ("x", "X"),
        ("x", "&times;"),
        ("[", "\\["),
        (":", " :"),
        (":", "："),
        ("POOL", "POOLING"),
    ],
)
def test_other_signs(sign: str, replacement: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = re.sub(r"(?<=\d)x(?=\d)", replacement, "\n".join(SLIDE)) if sign == "x" else None
    text = text or "\n".join(SLIDE).replace(sign, replacement)
    code, network, findings = convert(text, capsys, tmp_path)
    assert (code, findings) == (0, "")
    plan, _ = load_plan(network)
    assert plan is not None
    assert plan.parameter_count == 62_378_344


WITHOUT_PADS = """
To sum up AlexNet,
- [227x227x3] INPUT
- [55x55x96] CONV1: 96 11x11 filters at stride 4(+Relu)
- [27x27x96] MAX_POOL1: 3x3 filters at stride 2
- [27x27x96] NORM1: Normalization layer
- [27x27x256] CONV2: 256 5x5 filters at stride 1(+Relu)
- [13x13x256] MAX_POOL2: 3x3 filters at stride 2
- [6x6x256] MAX_POOL3: 3x3 filters at stride 2(+Reshape 6x6x256)
- [4096] 4096 neurons(+Relu)
- [1000] 1000 neurons OUTPUT
"""


def test_missing_pads_activations_and_labels(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, network, findings = convert(WITHOUT_PADS, capsys, tmp_path)
    assert code == 0
    assert places(findings) == ["7:15: note ND313"]
    assert (
        network
        == """\
[227x227x3] INPUT
[55x55x96] CONV1: 96 11x11 filters at stride 4 - RELU
[27x27x96] MAX POOL1: 3x3 filters at stride 2
[27x27x96] NORM1: Normalization layer
[27x27x256] CONV2: 256 5x5 filters at stride 1, pad 2 - RELU
[13x13x256] MAX POOL2: 3x3 filters at stride 2
[6x6x256] MAX POOL3: 3x3 filters at stride 2 (+Reshape 6x6x256)
[4096] FC: 4096 neurons - RELU
[1000] FC: 1000 neurons (OUTPUT)
"""
    )
    plan, found = load_plan(network)
    assert plan is not None
    assert not found


def test_classes_of_another_data_set(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = [*SLIDE[:-1], "[1000] FC8: 43 neurons (class scores)"]
    code, network, findings = convert("\n".join(f"    {line}" for line in lines), capsys, tmp_path)
    assert code == 1
    assert places(findings) == ["14:5: error ND310"]
    assert "FC8 makes 43, not the claimed 1000" in findings
    assert "or claim [43]" in findings
    assert network.splitlines() == lines


def test_claim_of_the_line_above(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = [*SLIDE[:-1], "[4096] FC8: 1000 neurons (class scores)"]
    code, _, findings = convert("\n".join(f"- {line}" for line in lines), capsys, tmp_path)
    assert code == 1
    assert places(findings) == ["14:3: error ND310"]
    assert "or claim [1000]" in findings


def test_hybrid_with_the_claim_behind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = """\
INPUT -> CONV -> RELU -> POOL -> FC -> OUTPUT
INPUT[28x28x1]
CONV(stride = 1, spatialExtent = 5, filter = 8, padding = 0)[28x28x10]
RELU[28x28x10]
POOL(stride = 2, spatialExtent = 2)[14x14x10]
FC[10,1,1]
OUTPUT[10,1,1]
"""
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == 1
    assert places(findings) == ["3:61: error ND310"]
    assert "(28 - 5 + 2*0)/1 + 1 = 24; 8 filters give 8 channels" in findings
    assert "`pad 2` gives the claimed 28" in findings
    assert "`filters 10` gives the claimed 10" in findings
    assert (
        network
        == """\
[28x28x1] INPUT
[28x28x10] CONV: stride 1 kernel 5x5 filters 8 pad 0
[28x28x10] RELU
[14x14x10] POOL: stride 2 kernel 2x2
[10] FC: 10 neurons
"""
    )


def test_garbled_normalizations(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "[8x8x4] INPUT\n[8x8x4] NORM1: Normalizat1on lyaer\n[8x8x9] Norm 2\n[10] FC3: 10 neurons\n"
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == 1
    assert places(findings) == ["2:1: note ND661", "3:1: error ND310"]
    assert network.splitlines()[1:3] == ["[8x8x4] NORM1: normalization layer", "[8x8x9] NORM2"]


def test_bare_kinds_list_what_the_volume_allows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "[227x227x3] input layer\n\n[55x55x96] Conv1\n\n[27x27x96] Max Pool 1\n[4096] Fully Connect\n"
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == 1
    assert places(findings)[1:] == ["5:1: error ND314", "6:1: note ND313"]
    assert "filters 96 11x11 stride 4" in findings
    assert "3x3 stride 2; 5x5 stride 2 pad 1" in findings
    assert network.splitlines()[-1] == "[4096] FC: neurons 4096"


VGG_NOTES = """\
- INPUT: [224x224x3] memory: 224 * 224 * 3=150K params: 0
- CONV3-64: [224x224x64] memory: 224 * 224 * 64=3.2M params: (3 * 3 * 3) * 64 = 1,728
CONV3-64: [224x224x64]  memory:  224*224*64=3.2M   weights: (3*3*64)*64 = 36,864
POOL2: [112x112x64]
memory:  112*112*64=800K   weights: 0
FC: [1x1x10]  memory:  10  weights: 112*112*64*10 = 8,028,160

TOTAL memory: 24M * 4 bytes ~= 93MB / image (only forward! ~*2 for bwd)
"""


def test_notes_on_vgg(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, network, findings = convert(VGG_NOTES, capsys, tmp_path)
    assert (code, findings) == (0, "")
    plan, found = load_plan(network)
    assert plan is not None
    assert not found
    assert [str(layer.output) for layer in plan.layers] == [
        "224x224x3",
        "224x224x64",
        "224x224x64",
        "112x112x64",
        "10",
    ]


def test_wrong_notes_are_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, findings = convert(VGG_NOTES.replace("36,864", "36,846"), capsys, tmp_path)
    assert code == 1
    assert places(findings)[0].startswith("3:")
    assert "36,864" in findings


def test_prose_has_no_layers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, network, findings = convert("See [1] and [the notes](x.md), 3x3 filters.\n", capsys, tmp_path)
    assert (code, network) == (1, "")
    assert "ND660" in findings


@pytest.mark.parametrize("arguments", [["import", "x.md"], ["import", "--from", "caffee", "x.md"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "--from" in capsys.readouterr().err


def test_any_text_is_read_without_failing() -> None:
    chance = random.Random(3)
    source = "\n".join(
        [*SLIDE, WITHOUT_PADS, VGG_NOTES, "CONV(filter = )[2,,3]\n[0] FC\n[999999999999x1]POOL:"]
    )
    for _ in range(300):
        pieces = [source[(start := chance.randrange(len(source))) : start + 40] for _ in range(8)]
        entries = read_listing("".join(pieces))
        load_plan("\n".join(entry.text for entry in entries))
