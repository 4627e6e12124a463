"""``netdsl import --from listing``: what is found in slides, notes and comments of public code."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.formats.listing import read_listings
from netdsl.planning.pipeline import load_plan
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

TOTAL memory: 7.4M * 4 bytes ~= 28MB / image (only forward! ~*2 for bwd)
TOTAL params: 8.1M parameters
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


def test_remark_behind_the_notes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = VGG_NOTES.replace("params: 0", "params: 0   (not counting biases)", 1)
    code, network, findings = convert(text, capsys, tmp_path)
    assert (code, findings) == (0, "")
    assert (
        network.splitlines()[0] == "INPUT: [224x224x3] memory: 224*224*3=150K params: 0 (not counting biases)"
    )


def _vgg16() -> str:
    """The table of the notes, one line for each layer."""
    lines = ["INPUT: [224x224x3]  memory: 224*224*3=150K  weights: 0"]
    depth, extent = 3, 224
    for filters, layers in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(layers):
            weights = f"(3*3*{depth})*{filters} = {9 * depth * filters:,}"
            lines.append(f"CONV3-{filters}: [{extent}x{extent}x{filters}]  weights: {weights}")
            depth = filters
        extent //= 2
        lines.append(f"POOL2: [{extent}x{extent}x{depth}]  memory: {extent}*{extent}*{depth}  weights: 0")
    lines += ["FC: [1x1x4096]", "FC: [1x1x4096]", "FC: [1x1x1000]  weights: 4096*1000 = 4,096,000"]
    return "\n".join(lines) + "\n"


VGG16 = _vgg16()
TOTALS = (
    "TOTAL memory: 24M * 4 bytes ~= 93MB / image (only forward! ~*2 for bwd)\nTOTAL params: 138M parameters\n"
)


def test_totals_of_the_notes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, network, findings = convert(VGG16 + "\n" + TOTALS, capsys, tmp_path)
    assert code == 1
    assert places(findings) == ["24:15: error ND315"]
    assert "the network has 15,237,608 activations, not 24M * 4 bytes ~= 93MB" in findings
    assert "58.1 MiB" in findings
    assert "TOTAL" not in network


@pytest.mark.parametrize(
    ("total", "right"),
    [
        ("TOTAL memory: 15M * 4 bytes ~= 60MB / image", True),
        ("> TOTAL memory: 15.2M \\* 4 bytes \\~= 61 MB", True),
        ("- total memory: 15,237,608", True),
        ("TOTAL memory: 58.1MiB", True),
        ("TOTAL memory: 15.3M * 4 bytes", True),
        ("TOTAL memory: 15.6M * 4 bytes", False),
        ("TOTAL memory: 15M * 4 bytes ~= 70MB", False),
        ("Total params: 138,357,544", True),
        ("Total number of parameters: 138,344,128", True),
        ("TOTAL params: 140M", False),
        ("TOTAL params: 138,000,000", False),
        ("TOTAL weights: lots", True),
    ],
)
def test_totals_may_be_rounded(
    total: str, right: bool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, findings = convert(f"{VGG16}{total}\n", capsys, tmp_path)
    assert (code, places(findings)) == ((0, []) if right else (1, [places(findings)[0]]))
    assert right or "ND315" in findings


def test_wrong_notes_hide_no_total(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, _, findings = convert(VGG16.replace("36,864", "36,846") + TOTALS, capsys, tmp_path)
    assert [place.partition(":")[0] for place in places(findings)] == ["3", "23"]


def test_totals_say_nothing_of_a_network_with_wrong_volumes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, _, findings = convert(VGG16.replace("[56x56x128]", "[60x60x128]") + TOTALS, capsys, tmp_path)
    assert [place[-5:] for place in places(findings)] == ["ND310"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "[28x28x6] CONV-1: 6 3x3 filters at stride 1, pad 1",
            "[28x28x6] CONV1: 6 3x3 filters at stride 1, pad 1",
        ),
        ("[28x28x64] CONV1-1: 64 3x3 filters pad 1", "[28x28x64] CONV1_1: 64 3x3 filters pad 1"),
        ("[14x14x3] MAX-POOL-1: 2x2 filters", "[14x14x3] MAX POOL1: 2x2 filters"),
        ("MAX-POOL1: 2x2 filters at stride 2", "MAX POOL1: 2x2 filters at stride 2"),
        ("Max pooling 2x2 filters at stride 2", "MAX POOL: 2x2 filters at stride 2"),
        ("- ReLU", "RELU"),
        ("CONV1 [28x28x6]: 6 3x3 filters, pad 1", "[28x28x6] CONV1: 6 3x3 filters, pad 1"),
        ("CONV1: [28x28x6] 6 3x3 filters, pad 1", "[28x28x6] CONV1: 6 3x3 filters, pad 1"),
        ("CONV1: 6 3x3 filters, pad 1 -> [28x28x6]", "[28x28x6] CONV1: 6 3x3 filters, pad 1"),
        ("-- [28x28x3] NORM1: Normalization layer", "[28x28x3] NORM1: Normalization layer"),
        ("2: [28x28x3] NORM1", "[28x28x3] NORM1"),
        ("(2) [28 * 28 * 3]NORM1", "[28x28x3] NORM1"),
        ("Layer 2: [28×28×3] NORM1", "[28x28x3] NORM1"),
        ("\t【28x28x3】\tNORM1", "[28x28x3] NORM1"),
        ("$[28 \\times 28 \\times 3]$ NORM1", "[28x28x3] NORM1"),
        ("<li>[28x28x3] NORM1</li>", "[28x28x3] NORM1"),
        ('"[28x28x3] NORM1",', "[28x28x3] NORM1"),
        ("-> [28x28x3] - NORM1", "[28x28x3] NORM1"),
        ("| [28x28x6] | CONV1 | 6 3x3 filters, pad 1 |", "[28x28x6] CONV1: 6 3x3 filters, pad 1"),
        ("[28x28x6] CONV1 6 3x3x3 filters, S=1, P=1", "[28x28x6] CONV1: 6 3x3x3 filters, stride 1, pad 1"),
        ("[28x28x6] Conv layer 1: 6 3x3 filters pad: 1", "[28x28x6] CONV1: 6 3x3 filters pad: 1"),
        ("[28x28x6] CONV 6 3x3 filters, pad 1", "[28x28x6] CONV: 6 3x3 filters, pad 1"),
        ("[14x14x3] POOL1 Layer: 2x2 filters", "[14x14x3] POOL1: 2x2 filters"),
        ("[14x14x3] MAX POOL 1 2x2 filters", "[14x14x3] MAX POOL1: 2x2 filters"),
        ("[28x28x6] CONV1: 6 3x3 filters, pad 1 (ReLU)", "[28x28x6] CONV1: 6 3x3 filters, pad 1 - RELU"),
        ("[28x28x6] CONV1: 6 3x3 filters, pad 1, + ReLU", "[28x28x6] CONV1: 6 3x3 filters, pad 1 - RELU"),
        ("[28x28x64] conv3-64", "[28x28x64] CONV: 64 3x3 filters, pad 1"),
        ("[4,096] Fully-connected layer 1: 4,096 neurons", "[4096] FC1: 4,096 neurons"),
        ("[4096] 4,096 units", "[4096] FC: 4,096 neurons"),
    ],
)
def test_a_line_among_layers_is_read(
    line: str, expected: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, network, findings = convert(f"[28x28x3] INPUT\n{line}\n[10] FC2: 10 neurons\n", capsys, tmp_path)
    assert network.splitlines() == ["[28x28x3] INPUT", expected, "[10] FC2: 10 neurons"]
    assert code == 0, findings
    assert "error" not in findings


@pytest.mark.parametrize(
    "line",
    [
        "[26x26x6] C0NV?? 1 6 3x3",
        "CONV? [26x26x6]",
        "CONV layer [26x26x6] has six filters",
        "[26x26x6]",
        "[26, 26, 6] ???",
        "[26x26x6] CONV1: 6 3x3 filters [13x13x6] P??L",
    ],
)
def test_what_cannot_be_read_is_reported(
    line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = f"[28x28x3] INPUT\n  - {line}\n[9x9x5] CONV2: 5 5x5 filters\n[10] FC3: 10 neurons\n"
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == 1
    assert places(findings) == ["2:3: error ND662"]
    assert len(network.splitlines()) == 4
    assert network.splitlines()[1].startswith("# could not be read: ")


@pytest.mark.parametrize(
    "line",
    [
        "[1] Krizhevsky et al, 2012",
        "[2] Hinton: ImageNet",
        "see [the paper][3]",
        "x = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], shape=[28, 28, 3])",
        "![volume](volume.png) and [28x28x3](https://example.org)",
        "[28x28x3](volume.png)",
        "Details: the next layers",
        "The volume is [26x26x6] behind the first layer.",
        "Hinter der ersten Schicht hat das Volumen [26x26x6] sechs Lagen.",
        "[26x26x6] is what comes out of it in the end",
        "So we get [26x26x6].",
        "Step 2",
        "Add: 3 things",
    ],
)
def test_prose_among_layers_is_left_out(
    line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, network, findings = convert(f"[28x28x3] INPUT\n{line}\n[10] FC2: 10 neurons\n", capsys, tmp_path)
    assert (code, findings) == (0, "")
    assert network.splitlines() == ["[28x28x3] INPUT", "[10] FC2: 10 neurons"]


def test_lists_below_a_listing_are_no_layers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "[28x28x3] INPUT\n[10] FC1: 10 neurons\n\nDetails:\n- Dropout: 0.5\n- Softmax\n"
    code, network, findings = convert(text, capsys, tmp_path)
    assert (code, findings) == (0, "")
    assert network == "[28x28x3] INPUT\n[10] FC1: 10 neurons\n"


def test_input_and_last_layer_without_brackets(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "CNN\nINPUT: 28x28x3\n[28x28x3] RELU1\n[10] FC1: 10 neurons\nSOFTMAX\n"
    code, network, findings = convert(text, capsys, tmp_path)
    assert (code, findings) == (0, "")
    assert network == "INPUT: 28x28x3\n[28x28x3] RELU1\n[10] FC1: 10 neurons\nSOFTMAX\n"


def test_output_that_restates_no_layer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "[28x28x3] INPUT\n[10] FC1: 10 neurons\n[9] OUTPUT\n"
    code, _, findings = convert(text, capsys, tmp_path)
    assert code == 1
    assert places(findings) == ["3:1: error ND662"]


def test_volumes_on_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "INPUT [32x32x3] -> RELU [32x32x3] → POOL [16x16x3]\n[16x16x3] RELU, [10] FC: 10 neurons\n"
    code, network, _ = convert(text, capsys, tmp_path)
    assert code == 0
    assert network.splitlines() == [
        "[32x32x3] INPUT",
        "[32x32x3] RELU",
        "[16x16x3] POOL: 2x2",
        "[16x16x3] RELU",
        "[10] FC: 10 neurons",
    ]


def test_prose_has_no_layers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, network, findings = convert("See [1] and [the notes](x.md), 3x3 filters.\n", capsys, tmp_path)
    assert (code, network) == (1, "")
    assert "ND660" in findings


@pytest.mark.parametrize("arguments", [["import", "x.md"], ["import", "--from", "caffee", "x.md"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "--from" in capsys.readouterr().err


@pytest.mark.slow
def test_any_text_is_read_without_failing() -> None:
    chance = random.Random(3)
    source = "\n".join(
        [*SLIDE, WITHOUT_PADS, VGG_NOTES, "CONV(filter = )[2,,3]\n[0] FC\n[999999999999x1]POOL:"]
    )
    for _ in range(300):
        pieces = [source[(start := chance.randrange(len(source))) : start + 40] for _ in range(8)]
        entries = [entry for listing in read_listings("".join(pieces)) for entry in listing.entries]
        load_plan("\n".join(entry.text for entry in entries))
