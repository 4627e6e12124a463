"""``netdsl import --from listing`` on what torchinfo, torchsummary and Keras print."""

from __future__ import annotations

import random
import re
from pathlib import Path

import keras_networks
import pytest
import summary_texts
from table_texts import TABLES

from netdsl.commands import run
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan

SUMMARIES = Path(__file__).parent / "summaries"


def convert(
    text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, *more: str
) -> tuple[int, str, str]:
    """Exit code, networks and findings of a page."""
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    code = run(["import", "--from", "listing", str(path), *more])
    shown = capsys.readouterr()
    return code, shown.out, shown.err.replace(f"{tmp_path}/", "")


def codes(findings: str) -> list[str]:
    return re.findall(r"^page\.md:\d+:\d+: \w+ (ND\d+)", findings, re.M)


def planned(network: str) -> Plan:
    """The plan of a network that nothing is wrong with: its claims hold."""
    plan, found = load_plan(network)
    assert plan is not None, found
    return plan


@pytest.mark.parametrize(
    ("name", "parameters", "expected", "lines"),
    [
        ("columns", 62_006, ["ND617"], ["[14x14x6] MAX POOL1: 2x2 stride 2"]),
        ("functions", 1_199_882, ["ND617"], ["[12x12x64] MAX POOL1: 2x2 stride 2", "[128] FC1: 128"]),
        (
            "resnet18",
            11_689_512,
            ["ND613", "ND617"],
            ["@RELU5 - [28x28x128] CONV8: 128 1x1 stride 2 no bias"],
        ),
        ("ascii", 1_235_496, ["ND613", "ND617"], ["[55x55x128] CONCAT1[ @RELU3 | @RELU4 ]"]),
        (
            "inverted",
            13_304,
            ["ND617"],
            ["[48x48x64] CONV2: 64 1x1 no bias", "[24x24x24] MULTIPLY1[ @ADD1 | @SIGMOID1 ]"],
        ),
        ("unet", 2_058, ["ND617"], ["[64x64x16] CONCAT1[ @DECONV1 | @RELU1 ]"]),
    ],
)
def test_torchinfo(
    name: str,
    parameters: int,
    expected: list[str],
    lines: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    text = (SUMMARIES / f"{name}.txt").read_text(encoding="utf-8")
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == 0, findings
    assert codes(findings) == expected
    assert planned(network).parameter_count == parameters
    assert f"expect params = {parameters:,}" in network
    assert not [line for line in lines if line not in network]


MULT_ADDS = "Total mult-adds (Units.MEGABYTES): 74.40\n"
"""Of inverted.txt: 8 images of 9,300,472 with biases, and 9,287,168 without."""


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("Total mult-adds (Units.MEGABYTES): 74.41", False),
        ("Total mult-adds (M): 74.40", True),
        ("Total mult- adds (M): 74.40", True),
        ("Total mult- adds (M): 74.04", False),
        ("Total mult-\nadds (M): 74.40", True),
        ("Total mult-\nadds (M): 74.39", False),
        ("Total mult-adds (M): 9.30", True),
        ("Total mult-adds (M): 9.2", False),
        ("Total mult-adds (G): 0.07", True),
        ("Total mult-adds (G): 7.44", False),
        ("Total mult-adds: 74,403,776", True),
        ("Total mult-adds: 74,403,777", False),
        ("Total mult-adds (Units.KILOBYTES): 74,403.78", True),
        ("Total mult-adds (M): many", True),
        ("", True),
    ],
)
def test_mult_adds_are_a_claim(
    line: str, holds: bool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = (SUMMARIES / "inverted.txt").read_text(encoding="utf-8")
    assert MULT_ADDS in text
    code, _, findings = convert(text.replace(MULT_ADDS, f"{line}\n"), capsys, tmp_path)
    assert code == int(not holds), findings
    assert ("ND315: torchinfo would count 74,403,776 mult-adds, 9,300,472 an image, not" in findings) != holds
    wrong = text.replace(MULT_ADDS, "Total mult-adds (M): 1\n").replace(
        "Total params: 13", "Total params: 14"
    )
    _, _, findings = convert(wrong, capsys, tmp_path)
    assert findings.count("ND315") == 1, "one mistake, one finding"


def test_mult_adds_without_biases_are_those_of_earlier_versions(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = (SUMMARIES / "resnet18.txt").read_text(encoding="utf-8")
    stated = "Total mult-adds (Units.GIGABYTES): 1.81"
    assert stated in text
    for count, code in ((1_814_083_944, 0), (1_814_078_144, 0), (1_814_078_145, 1)):
        other = text.replace(stated, f"Total mult-adds: {count:,}")
        assert convert(other, capsys, tmp_path)[0] == code


@pytest.mark.parametrize("before", ["# ", "> ", "    ", "// "])
def test_a_summary_in_a_comment(before: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = (SUMMARIES / "resnet18.txt").read_text(encoding="utf-8")
    commented = (
        "Some words\n\n" + "".join(f"{before}{line}\n" for line in text.splitlines()) + "\nMore words.\n"
    )
    code, network, findings = convert(commented, capsys, tmp_path)
    assert code == 0, findings
    assert planned(network).parameter_count == 11_689_512


@pytest.mark.parametrize("layout", [summary_texts.keras1, summary_texts.keras2, summary_texts.keras3])
@pytest.mark.parametrize(
    ("name", "parameters", "lines"),
    [
        ("VGG", 138_357_544, ["[224x224x64] CONV1: 64 3x3 same", "[7x7x512] MAX POOL5: 2x2 stride 2"]),
        (
            "RESNET",
            342_248,
            [
                "[112x112x64] CONV1: 64 7x7 stride 2",
                "[56x56x64] MAX POOL1: 3x3 stride 2",
                "@MAX_POOL1 - [56x56x256] CONV4: 256 1x1",
                "[56x56x256] ADD1[ @BN4 | @BN5 ]",
            ],
        ),
        (
            "MOBILENET",
            11_818,
            [
                "[113x113x64] PAD1: by bottom 1 right 1",
                "[56x56x64] DEPTHWISE2: 3x3 stride 2 no bias",
                "[96] AVG POOL1: global",
            ],
        ),
        (
            "CONCATENATE",
            7_249,
            ["[32x32x16] DECONV1: 16 2x2 stride 2", "[32x32x32] CONCAT1[ @DECONV1 | @CONV1 ]"],
        ),
    ],
)
def test_keras(
    name: str,
    parameters: int,
    lines: list[str],
    layout: object,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert callable(layout)
    text = layout(summary_texts.rows(getattr(keras_networks, name)), "vgg")
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == 0, findings
    assert planned(network).parameter_count == parameters
    assert network.startswith("net vgg\ndialect tensorflow\n")
    assert not [line for line in lines if line not in network]


def test_what_fits_in_several_ways_is_asked_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = summary_texts.keras3(summary_texts.rows(keras_networks.LENET))
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == 1
    assert codes(findings) == ["ND614"]
    assert "[28x28x1] INPUT  # or 32x32x1" in network
    assert planned(network).parameter_count == 61_706


TORCHSUMMARY = """
conv Conv2d 112x112x64 9408
bn BatchNorm2d 112x112x64 128
relu ReLU 112x112x64 0
pool MaxPool2d 56x56x64 0
c1 Conv2d 56x56x64 36864
b1 BatchNorm2d 56x56x64 128
r1 ReLU 56x56x64 0
c2 Conv2d 56x56x64 36864
b2 BatchNorm2d 56x56x64 128
r2 ReLU 56x56x64 0
block BasicBlock 56x56x64 0
c3 Conv2d 28x28x128 73728
b3 BatchNorm2d 28x28x128 256
r3 ReLU 28x28x128 0
c4 Conv2d 28x28x128 147456
b4 BatchNorm2d 28x28x128 256
c5 Conv2d 28x28x128 8192
b5 BatchNorm2d 28x28x128 256
r4 ReLU 28x28x128 0
block2 BasicBlock 28x28x128 0
gap AdaptiveAvgPool2d 1x1x128 0
fc Linear 10 1290
"""


def test_torchsummary(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = summary_texts.torchsummary(summary_texts.rows(TORCHSUMMARY), 0.57)
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == 0, findings
    assert "[224x224x3] INPUT" in network
    assert "[56x56x64] ADD1[ @BN3 | @MAX_POOL1 ]" in network
    assert "[28x28x128] ADD2[ @BN5 | @BN6 ]" in network
    assert "@RELU3 - [28x28x128] CONV6: 128 1x1 stride 2 no bias" in network
    assert planned(network).parameter_count == 9408 + 128 + 2 * 36992 + 73728 + 147456 + 8192 + 3 * 256 + 1290


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (
            ("36,864", "36,865"),
            "ND615",
            "36,865 parameters",
        ),
        (
            ("Total params: 11,689,512", "Total params: 11,689,521"),
            "ND315",
            "11,689,512 parameters, not 11,689,521",
        ),
        (("ReLU: 1-3  ", "Odd: 1-3   "), "", "what `Odd` does (it is left out)"),
        (
            ("9,408", "9,409"),
            "ND615",
            "what the input is",
        ),
    ],
)
def test_claims_of_a_summary(
    change: tuple[str, str], code: str, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = (SUMMARIES / "resnet18.txt").read_text(encoding="utf-8")
    assert change[0] in text
    exit_code, _, findings = convert(text.replace(*change, 1), capsys, tmp_path)
    assert (exit_code, code in findings and words in findings) == (1 if code else 0, True)
    assert len(re.findall(": error ", findings)) == bool(code)


def test_layers_that_are_not_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = (SUMMARIES / "ascii.txt").read_text(encoding="utf-8")
    shallow = "".join(
        line.replace("--", "12,432", 1) if "Fire" in line else line
        for line in text.splitlines(keepends=True)
        if "|    |    + " not in line
    )
    code, network, findings = convert(shallow, capsys, tmp_path)
    assert code == 1
    assert codes(findings) == ["ND612"]
    assert "8 rows are not known layers: `Fire`" in findings
    assert "depth=20" in findings
    assert "# could not be read: [55x55x128]" in network


def test_several_summaries_of_a_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = summary_texts.rows(keras_networks.MOBILENET)
    small, large = summary_texts.keras2(rows), summary_texts.keras3(rows, "big_one")
    text = f"# Small\n\n{small}\n# Large\n\n```\n{large}```\n"
    text += (SUMMARIES / "columns.txt").read_text(encoding="utf-8")
    code, networks, findings = convert(text, capsys, tmp_path)
    assert code == 0
    assert re.findall(r"^# .*", networks, re.M) == ["# 1 of 3: Small", "# 2 of 3: big_one", "# 3 of 3: Tut"]
    assert "the page has 3 networks: Small, big_one, Tut" in findings


@pytest.mark.slow
@pytest.mark.parametrize("columns", [(), ("input_size", "output_size", "num_params", "kernel_size")])
def test_what_torchinfo_prints_today(
    columns: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nn = pytest.importorskip("torch.nn")
    torchinfo = pytest.importorskip("torchinfo")
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, stride=2, padding=2, groups=2),
        nn.Flatten(),
        nn.Linear(1024, 10),
    )
    named = {"col_names": columns} if columns else {}
    text = str(torchinfo.summary(model, (2, 3, 32, 32), verbose=0, device="cpu", **named))
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == 0, findings
    plan = planned(network)
    assert plan.parameter_count == sum(array.numel() for array in model.parameters())
    assert "[8x8x16] CONV2: 16 5x5 stride 2 pad 2 groups 2" in network


def _pages() -> list[str]:
    """Every kind of page that is read."""
    pages = [path.read_text(encoding="utf-8") for path in sorted(SUMMARIES.glob("*.txt"))]
    for name in ("LENET", "RESNET", "CONCATENATE", "MOBILENET"):
        rows = summary_texts.rows(getattr(keras_networks, name))
        pages += [
            layout(rows) for layout in (summary_texts.keras1, summary_texts.keras2, summary_texts.keras3)
        ]
    return [*pages, summary_texts.torchsummary(summary_texts.rows(TORCHSUMMARY), 0.57), *TABLES]


@pytest.mark.parametrize("seed", range(3))
def test_any_page_is_read_without_failing(
    seed: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    chance = random.Random(seed)
    pages = _pages()
    for _ in range(12):
        text = chance.choice(pages)
        lines = text.split("\n")
        for _ in range(chance.randrange(1, 6)):
            number = chance.randrange(len(lines))
            match chance.randrange(5):
                case 0:
                    del lines[number]
                    lines = lines or [""]
                case 1:
                    lines.insert(number, chance.choice(lines))
                case 2:
                    lines[number] = re.sub(
                        r"\d+", lambda _: str(chance.choice([0, 1, 7, 99, 2**31, 10**9])), lines[number]
                    )
                case 3:
                    lines[number] = lines[number][: chance.randrange(len(lines[number]) + 1)]
                case _:
                    lines[number] = chance.choice(chance.choice(pages).split("\n"))
        code, _, findings = convert("\n".join(lines) + "\n", capsys, tmp_path)
        assert code in (0, 1), findings
        assert "internal error" not in findings


CHANNELS_FIRST = """\
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
conv2d_1 (Conv2D)            (None, 32, 28, 28)        320      (3*3+1)*32
_________________________________________________________________
max_pooling2d_1 (MaxPooling2 (None, 32, 14, 14)        0
dense_1 (Dense)              (None, 10)                62730
activation_2 (Activation)    (None, 10)                0
=================================================================
Total params: 63050
"""
ANY_SIZE = """\
 Layer (type)                Output Shape              Param #
=================================================================
 input_1 (InputLayer)        [(None, None, None, 3)]   0
 conv2d (Conv2D)             (None, None, None, 16)    448
 conv2d_1 (Conv2D)           (None, None, None, 16)    2320
"""
TWICE = """\
Layer (type:depth-idx)                   Output Shape              Param #
==========================================================================================
Net                                      [1, 10]                   --
├─Conv2d: 1-1                            [1, 8, 28, 28]            (80)
├─Conv2d: 1-2                            [1, 8, 28, 28]            584
├─Conv2d: 1-3                            [1, 8, 28, 28]            (recursive)
├─Linear: 1-4                            [1, 10]                   62,730
==========================================================================================
Input size (MB): 0.003
"""


@pytest.mark.parametrize(
    ("text", "exit_code", "words"),
    [
        (
            CHANNELS_FIRST,
            0,
            "[28x28x32] CONV1: 32 3x3 same\n[14x14x32] MAX POOL1: 2x2 stride 2\n[10] FC1: 10\n[10] SOFTMAX1",
        ),
        (ANY_SIZE, 1, "the summary is for images of any size"),
        (TWICE, 1, "it reuses the weights of an earlier layer"),
    ],
    ids=["channels first", "any size", "shared weights"],
)
def test_other_summaries(
    text: str, exit_code: int, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, network, findings = convert(text, capsys, tmp_path)
    assert code == exit_code, findings
    assert words in network + findings
    assert len(re.findall(": error ", findings)) == exit_code
