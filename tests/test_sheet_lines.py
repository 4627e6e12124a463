"""Lines as course sheets and other programs have them: what each means in our words, and what is not read."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from netdsl.diagnostics import Severity, has_errors
from netdsl.graph.sheets import read_line
from netdsl.planning.laying_out import laid_out
from netdsl.planning.pipeline import in_our_words, load_plan
from netdsl.rules import advise
from netdsl.source import Source
from netdsl.text.printer import layer_text

LINES = {
    # calls
    "Conv2D(32, (3,3), relu)": "CONV 32 3x3 - RELU",
    "Conv2D(32, kernel_size=3, padding='same', activation='relu')": "CONV 32 3x3 same - RELU",
    "nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),": (
        "CONV 16 3x3 pad 1 - RELU - MAX POOL 2x2 stride 2"
    ),
    'Convolution2D(32, 2, 2, subsample=(2, 2), border_mode="same")': "CONV 32 2x2 stride 2 same",
    "model.add(Dense(10, activation='softmax'))": "FC 10 - SOFTMAX",
    "Flatten → FC(120) → ReLU": "FLATTEN - FC 120 - RELU",
    "conv(5,5,32)": "CONV 32 5x5",
    "Dense(128, relu)": "FC 128 - RELU",
    # values before their words, claims
    "Convolution 5x5: 1x1 stride, valid padding, outputs 28x28x6": "[28x28x6] CONV 6 5x5 stride 1 valid",
    "Max Pooling: 2x2 stride, outputs 14x14x6": "[14x14x6] MAX POOL 2x2 stride 2",
    "conv 5x5. Output: 28x28x6": "[28x28x6] CONV 6 5x5",
    "C3: 16@10x10, 5x5": "[10x10x16] CONV 16 5x5",
    "Layer C1: 6 feature maps 24x24, 5x5 kernel": "[24x24x6] CONV 6 5x5",
    "Flatten: Output 400": "[400] FLATTEN",
    "Convolution: kernel size 5, 6 output channels, stride 1, no padding": "CONV 6 5x5",
    "conv 8 filters, kernel: 3 by 3": "CONV 8 3x3",
    "A max pooling layer with of size 3x3 and 2x2 strides": "MAX POOL 3x3 stride 2",
    "1st Conv: kernel=6*5*5 pad=2 stride=1 ---> (28+4-5+1)/1=28 output.shape=(batch_size,6,28,28)": (
        "[28x28x6] CONV 6 5x5 stride 1 pad 2"
    ),
    # several layers in one line
    "Convolution + ReLU: CONV 32 3x3": "CONV 32 3x3 - RELU",
    "2D convolution layer of 10 filters of the size 3x3 with stride 2 and ReLU activation function": (
        "CONV 10 3x3 stride 2 - RELU"
    ),
    "convolutional layer with the ReLU nonlinear activation function, 100 5×5 filters": "CONV 100 5x5 - RELU",
    "Conv5×5 (6 filters) + ReLU + MaxPool 2×2": "CONV 6 5x5 - RELU - MAX POOL 2x2",
    "Hidden layer with 100 sigmoid neurons": "FC 100 - SIGMOID",
    "Softmax output layer with 10 units": "FC 10 - SOFTMAX",
    "Output: softmax, 10 classes": "FC 10 - SOFTMAX",
    # repeated
    "conv3-64 x2": "[conv3-64]*2",
    "2 x Conv 3x3, 8 filters": "[CONV 8 3x3]*2",
    "two conv layers with 8 3x3 filters": "[CONV 8 3x3]*2",
    # numbers
    "conv1: 24@5*5 kernel, stride 2*2": "CONV 24 5x5 stride 2",
    "k3n64s1": "CONV 64 3x3",
    "pool s2": "MAX POOL 2x2 stride 2",
    "1000-d fc": "FC 1000",
    "output – 10 nodes": "FC 10",
    "Dropout: Keep probability 80%": "DROPOUT 0.2",
    "dropout=0.5": "DROPOUT 0.5",
    "full-connected (dense) layer of two neurons": "FC 2",
    # arrows
    "Conv1: 1 -> 32 5x5": "CONV 32 5x5",
    "Linear 400 -> 120": "FC 120",
    "1st FC: 400*120 (batch_size,120)": "FC 120",
    "Pooling: Average pool (6 × 6 → 1×1 pixels)": "AVG POOL global",
    # inputs
    "input – 128 nodes": "input 128",
    "Input: 1-channel input, size 28×28": "input 28x28x1",
    "An input image of size 64x64x3": "input 64x64x3",
    "Input: [32, 32, 3]": "input 32x32x3",
    "Input:(batch_size,1,28,28)": "input 28x28x1",
    # bullets
    "• ReLU activation function": "RELU",
    "1. conv 6 5x5": "CONV 6 5x5",
    "(b) relu": "RELU",
}


@pytest.mark.parametrize(("line", "meant"), LINES.items(), ids=LINES)
def test_a_line_is_read(line: str, meant: str) -> None:
    reading = read_line(line)
    assert reading is not None
    assert reading.text == meant


PAGE = (Path(__file__).parent.parent / "docs" / "language.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("<!-- sheets -->\n")[2].partition("<!-- end of sheets -->")[0]
ROWS = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", TABLE, re.MULTILINE)


@pytest.mark.parametrize(("written", "meant"), ROWS)
def test_the_table_of_the_page(written: str, meant: str) -> None:
    plan, findings = load_plan(f"dialect torch\ninput 33x33x5\n{written}\n")
    assert plan is not None, findings
    assert {finding.severity for finding in findings} == {Severity.NOTE}
    assert " - ".join(layer_text(planned.node.layer) for planned in plan.layers[1:]) == meant


UNREAD = [
    "CONV 16 3",  # filters, or a kernel
    "CONV 64 3x3 stride 2x2 3 pad",
    "CONV 64 3x3 stride -1",
    "CONV 64 3x3 stride 1 stride 2",
    "conv 6@28x28",  # maps, or filters
    "conv f=64 k=3",
    "MAX POLL1: 2x2",
    "max 2x2",
    "CONV 64 3x3 quux",
    "CONV 64 quux",
    "Dropout2d 0.5",
    "3D convolution 8 3x3",
    "Conv block: max pool 2x2, conv 8 3x3, fc 10, 20",
    "fc (10",
    "block A(k) { CONV k 3x3 }",
    "let k = 3",
    "@enc1 conv 8 3x3",
]


@pytest.mark.parametrize("line", UNREAD)
def test_a_line_with_something_left_over_is_not_read(line: str) -> None:
    assert read_line(line) is None


OPTIONS = ("16 filters", "3x3 kernel", "stride 2", "padding 1")


@pytest.mark.parametrize("order", list(itertools.permutations(OPTIONS)))
@pytest.mark.parametrize("form", ["Layer 1: convolution, {}.", "{} convolutional layer", "convolution ({})"])
def test_all_orders_are_one_layer(order: tuple[str, ...], form: str) -> None:
    """Or none: never another one."""
    turned = [
        " ".join(reversed(option.split())) if number % 2 else option for number, option in enumerate(order)
    ]
    for options in (order, turned):
        reading = read_line(form.format(", ".join(options)))
        assert reading is None or reading.text == "CONV 16 3x3 stride 2 pad 1"


def test_names_of_blocks_and_numbers_mean_no_kind() -> None:
    assert read_line("Dense layer with 10 units", frozenset(("Dense",))) is None


SHEET = """Input: 32x32x3        # the picture
1. Conv2D(32, (3,3), relu)
2. MaxPooling2D(2,2)
Convolution 5x5: 1x1 stride, valid padding   # and where
Output: 11x11x16
Flatten: output 1936
Dropout: Keep probability 80%
Output layer: 10, softmax
Optimizer: Adam, lr = 0.001
Batch size: 32
"""
MEANT = """Input: 32x32x3 # the picture
CONV 32 3x3 - RELU
MAX POOL 2x2 stride 2
[11x11x16] CONV 16 5x5 stride 1 valid # and where

[1936] FLATTEN
DROPOUT 0.2
FC 10 - SOFTMAX

train { optimizer adam rate 0.001; batch 32 }
"""


def test_a_sheet_and_its_canonical_text_are_one_network() -> None:
    sheet = SHEET.replace("padding   #", "padding, outputs 11x11x16   #").replace("Output: 11x11x16\n", "")
    plan, findings = load_plan(sheet)
    assert plan is not None
    assert {finding.code for finding in findings} == {"ND231"}
    text = laid_out(Source("x", sheet)).text
    assert text is not None
    again, left = load_plan(text)
    assert again is not None
    assert not left
    assert laid_out(Source("x", text)).text == text
    layers = [[layer_text(planned.node.layer) for planned in made.layers] for made in (plan, again)]
    assert layers[0] == layers[1]
    assert plan.network.recipe is not None
    assert plan.network.recipe.values == again.network.recipe.values  # type: ignore[union-attr]


def test_an_output_in_a_line_of_its_own_is_a_claim() -> None:
    plan, findings = load_plan("input 9x9x1\nconv 2 3x3, stride: (1,1)\nOutput: 7x7x2\n")
    assert plan is not None
    assert not has_errors(findings)
    plan, findings = load_plan("input 9x9x1\nconv 2 3x3, stride: (1,1)\nOutput: 8x8x2\n")
    assert plan is None
    assert [finding.code for finding in findings if finding.severity is Severity.ERROR] == ["ND310"]


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("input 9\nFC 10\nSoftmax: 10", "FC 10 - SOFTMAX"),
        ("input 9\nFC 84\nSoftmax: 10", "FC 84 - FC 10 - SOFTMAX"),
        ("input 9\n10-way softmax", "FC 10 - SOFTMAX"),
    ],
)
def test_what_comes_in_says_whether_a_softmax_has_weights_before_it(text: str, layers: str) -> None:
    plan, findings = load_plan(text)
    assert plan is not None, findings
    assert " - ".join(layer_text(planned.node.layer) for planned in plan.layers[1:]) == layers


def test_numbers_that_come_in_are_checked() -> None:
    for coming, wrong in ((192, False), (3, False), (200, True)):
        _, findings = load_plan(f"input 8x8x3\nFC1: {coming} -> 10 units\n")
        assert any(finding.code == "ND241" for finding in findings) is wrong


def test_calls_have_the_dialect_of_their_program_where_a_window_does_not_fit() -> None:
    plan, _ = load_plan("input 11x11x3\nMaxPool2d(2, 2)\nnn.Linear(75, 10)\n")
    assert plan is not None
    assert plan.network.dialect.name == "torch"
    assert in_our_words(Source("x", "input 11x11x3\nMaxPooling2D(2)\n"))[0].text == (
        "dialect tensorflow\ninput 11x11x3\nMAX POOL 2x2 stride 2\n"
    )
    plan, _ = load_plan("input 12x12x3\nMaxPool2d(2, 2)\nnn.Linear(108, 10)\n")
    assert plan is not None
    assert plan.network.dialect.name == "lecture"


def test_a_product_of_three_numbers_is_a_volume() -> None:
    plan, findings = load_plan("input 30*30*3\nFC 10\n")
    assert plan is not None
    assert str(plan.input) == "30x30x3"
    assert [finding.code for finding in findings] == ["ND231"]
    assert load_plan("input 2*14\nFC 10\n").plan.input.values == 28  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "warned"),
    [
        ("Softmax: fully connected 10", True),
        ("conv relu: 32 3x3", True),
        ("relu1: CONV 32 3x3 - BN - RELU", False),
        ("conv1: CONV 8 3x3", False),
        ("Dropout: FC 100", True),
        ("Batch norm: FC 100", True),
        ("padded: CONV 8 3x3", True),
        ("conv_bn: CONV 8 3x3", True),
        ("pool1: CONV 8 3x3", True),
        ("conv_bn: CONV 8 3x3 - BN", False),
        ("MAX POOL 3x3\npool_proj: CONV 8 1x1", False),
        ("fc6: CONV 8 3x3", False),
        ("Dilated: CONV 8 3x3", True),
        ("dilated1: CONV 8 3x3 dilation 2", False),
        ("strided_conv: CONV 8 3x3", True),
    ],
)
def test_an_activation_in_a_label_is_not_lost_in_silence(line: str, warned: bool) -> None:
    plan, _ = load_plan(f"input 9x9x3\n{line}\n")
    assert plan is not None
    assert any(finding.code == "ND242" for finding in advise(plan)) is warned


@pytest.mark.parametrize(
    ("line", "warned"),
    [
        ("CONV 8 3x3 (same padding)", True),
        ("CONV 8 3x3 (zero padded)", True),
        ("CONV 8 3x3 (stride of two)", True),
        ("CONV 8 3x3 (without bias)", True),
        ("CONV 8 3x3 (with ReLU)", True),
        ("CONV 8 3x3 (with batch norm)", True),
        ("MAX POOL 3x3 (average)", True),
        ("FC 10 (softmax)", True),
        ("CONV 8 3x3 pad 1 (depthwise)", True),
        ("CONV 8 3x3 pad 1 (transposed conv)", True),
        ("CONV 8 3x3 pad 1 (dilated)", True),
        ("CONV 8 3x3 pad 1 (strided)", True),
        ("CONV 8 3x3 stride 1 pad 1 (strided)", True),
        ("CONV 8 3x3 pad 1 (the dilated one of the paper)", True),
        ("RELU (leaky)", True),
        ("DROPOUT (not used)", True),
        ("CONV 8 3x3 pad 1 (same padding)", False),
        ("CONV 8 1x1 (same padding)", False),
        ("CONV 8 3x3 stride 2 (stride of two)", False),
        ("CONV 8 3x3 (ReLU) - RELU", False),
        ("CONV 8 3x3 (batch norm) - BN - RELU", False),
        ("FC 10 (class scores)", False),
        ("FC 10 (output layer)", False),
        ("FC 10 (the softmax is in the loss)", False),
    ],
)
def test_what_only_a_remark_says_is_not_lost_in_silence(line: str, warned: bool) -> None:
    plan, _ = load_plan(f"input 9x9x3\n{line}\n")
    assert plan is not None
    assert any(finding.code == "ND242" for finding in advise(plan)) is warned


@pytest.mark.parametrize(
    "line",
    [
        "deconv 3x3, 64 filters, stride 2, output padding 1",
        "input 84, output 10",
        "conv with 8 filters of 3x3 and (leaky) ReLU",
        "ReLU is used after each layer",
        "ReLU after every conv layer",
        "Dropout (not used)",
        "Convolution with 16 filters of 5x5 (zero-padded) and ReLU",
        "Convolution with 16 filters of 5x5 (ReLU not applied) and 2x2 max pooling",
        "conv with 8 filters of 3x3 followed by ReLU halving the resolution",
        "The network has two hidden layers",
        "It consists of 3 convolutional layers",
        "Dilated conv: 16 3x3",
        "Strided convolution: 16 filters of 3x3",
        "Grouped conv: 16 3x3",
        "conv layer with 16 3x3 filters, one per channel",
    ],
)
def test_a_line_whose_words_would_be_lost_is_not_read(line: str) -> None:
    assert read_line(line) is None


def test_scores_are_not_made_twice() -> None:
    assert read_line("Output: 10", scores=frozenset(["10"])) is None
    assert read_line("Output: 10 classes", scores=frozenset(["10"])) is None
    assert read_line("Output: 10 neurons", scores=frozenset(["10"])) is not None
    assert read_line("Output: 10", scores=frozenset(["84"])) is not None


def test_a_pool_that_says_its_kind_once_keeps_it() -> None:
    averaging, strided = read_line("averaging pool 2x2"), read_line("a max pooling layer with stride 1")
    assert averaging is not None
    assert averaging.text == "AVG POOL 2x2"
    assert strided is not None
    assert strided.text == "MAX POOL stride 1"  # its window is asked for: 1x1 would be no pool


@pytest.mark.parametrize(
    "text",
    [
        "input 33xx3 pad 1 - RELU - mAx pool 3/2\nCLINEAR3x3 pad 1 - RELU - max pool 4/2\n",
        "input 32x32x1\nFC: 32x32x1 -> 10 units\n",
        "d64] maxpool\n[112x111822x] conv3-128\n[40]96 FC-4096\n[2000] FC-1000\n",
    ],
)
def test_strange_lines_end_in_findings(text: str) -> None:
    """Counts of volumes, divisions within a line that is read, a number before a kind."""
    for finding in load_plan(text).diagnostics:
        assert finding.fix is None or finding.fix.span.start <= finding.fix.span.end <= len(text)
