"""``netdsl import --from listing`` on Markdown tables, and on pages with several networks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from table_texts import ALEXNET, CASES
from test_import_summaries import codes, convert, planned

NETWORK = """\
[227x227x3] INPUT
[55x55x96] CONV1: 96 11x11 stride 4 pad 0 - RELU
[27x27x96] POOL1: 3x3 stride 2
[27x27x256] CONV2: 256 5x5 stride 1 pad 2 - RELU
[4096] FC1: 4096 - RELU
[4096] DROPOUT: 0.5
[1000] FC2: 1000 - SOFTMAX
"""


def test_a_table_with_all_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, network, findings = convert(
        f"# AlexNet\n\nAs a table:\n\n{ALEXNET}\nThat is all.\n", capsys, tmp_path
    )
    assert (code, findings) == (0, "")
    assert network == NETWORK
    assert planned(network).parameter_count == 769_162_600


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("34,944", "34,949", "CONV1 has 34,944 parameters, not 34,949"),
        ("34,944", "34,848", ""),  # without biases
        ("447,897,600", "447,897,601", "CONV2 has 447,897,600 multiply-accumulates, not 447,897,601"),
        ("769M", "700M", "the network has 769,162,600 parameters, not 700M"),
        ("55×55×96", "54×54×96", "(227 - 11 + 2*0)/4 + 1 = 55"),
        ("Max pooling", "Capsule", "could not be read"),
    ],
)
def test_cells_are_claims(
    before: str, after: str, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, findings = convert(ALEXNET.replace(before, after, 1), capsys, tmp_path)
    assert code == bool(words)
    assert words in findings


@pytest.mark.parametrize(("table", "expected", "parameters"), CASES.values(), ids=CASES.keys())
def test_tables_of_readme_files(
    table: str, expected: str, parameters: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, network, findings = convert(table, capsys, tmp_path)
    assert code == 0, findings
    assert network.replace(",", "") == expected.replace(",", "")
    assert planned(network).parameter_count == parameters


@pytest.mark.parametrize(
    "table",
    [
        "| Model | Params | Accuracy |\n|---|---|---|\n| ResNet | 11M | 70 |\n| VGG | 138M | 71 |\n",
        "| Layer | Time |\n|---|---|\n| Conv1 | 3 ms |\n| Conv2 | 4 ms |\n",
    ],
)
def test_other_tables_are_prose(table: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, network, findings = convert(f"[8x8x3] INPUT\n[10] FC1: 10 neurons\n\n{table}", capsys, tmp_path)
    assert (code, findings) == (0, "")
    assert network == "[8x8x3] INPUT\n[10] FC1: 10 neurons\n"


PAGE = """\
# AlexNet

The input is a picture of [227x227x3].

[227x227x3] INPUT
[55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0
[10] FC: 10 neurons

Its first volume of [55x55x96] holds 290,400 numbers.

## LeNet

INPUT: 32x32x1
[28x28x6] CONV1: 6 5x5 filters
[10] FC: 10 neurons
TOTAL params: 47,206
"""


def test_two_listings_are_two_networks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, networks, findings = convert(PAGE, capsys, tmp_path)
    assert code == 0
    assert codes(findings) == ["ND619"]
    assert re.findall("^# .*", networks, re.M) == ["# 1 of 2: AlexNet", "# 2 of 2: LeNet"]
    assert "page.md:13:1: note ND619: the page has 2 networks: AlexNet, LeNet" in findings
    first, second = re.split(r"^# 2 of 2.*\n", networks, flags=re.M)
    assert [planned(first).input, planned(second).input] == [(227, 227, 3, False), (32, 32, 1, False)]


def test_one_of_several(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, network, findings = convert(PAGE, capsys, tmp_path, "--network", "2")
    assert (code, findings) == (0, "")
    assert network == "INPUT: 32x32x1\n[28x28x6] CONV1: 6 5x5 filters\n[10] FC: 10 neurons\n"
    assert convert(PAGE, capsys, tmp_path, "--network", "3")[0] == 2


def test_files_of_their_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "networks"
    code, printed, told = convert(PAGE + PAGE, capsys, tmp_path, "--out", str(folder))
    assert (code, printed) == (0, "")
    names = ["alexnet-2.net", "alexnet.net", "lenet-2.net", "lenet.net"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert told.count(".net: ") == 4
    assert all(planned(path.read_text()) for path in folder.iterdir())
    (folder / "alexnet.net").write_text("mine")
    assert convert(PAGE, capsys, tmp_path, "--out", str(folder))[0] == 2
    assert (folder / "alexnet.net").read_text() == "mine"


def test_a_mistake_is_shown_in_its_network(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, findings = convert(PAGE.replace("47,206", "47,260"), capsys, tmp_path)
    assert code == 1
    assert "page.md:16:15: error ND315: the network has 47,206 parameters, not 47,260" in findings
