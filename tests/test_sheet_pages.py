"""Tables, lists and prose as pages, papers and course sheets have them: what each means in our words, and
what is not understood."""

from __future__ import annotations

import random
import re

import pytest

from netdsl.diagnostics import Severity, has_errors
from netdsl.graph.sheets import read_line
from netdsl.planning.laying_out import laid_out
from netdsl.planning.pipeline import load_plan
from netdsl.source import Source
from netdsl.text.printer import layer_text

TABLES = {
    "a column of descriptions": (
        """| Layer           | Description                                |
        |:---------------:|:------------------------------------------:|
        | Input           | 20x20x1 grayscale image                    |
        | Convolution 3x3 | 1x1 stride, valid padding, outputs 18x18x4 |
        | Activation: elu |                                            |
        | Max pooling     | 2x2 stride, outputs 9x9x4 |
        | Flatten         | outputs 9x9x4 = 324 |
        | Fully connected | outputs 12 |
        | Output          | 12 |""",
        "CONV 4 3x3 - ELU - MAX POOL 2x2 stride 2 - FLATTEN - FC 12",
    ),
    "columns of options, claims and counts": (
        """| #  | Type    | Output Size | Kernel Size | Stride | Pad | Number of Weights | Role |
        |----|---------|-------------|-------------|--------|-----|------------------:|------|
        | L0 | Input   | 20x20x3     | -           | -      | -   | 0                 | picture |
        | L1 | Conv    | 10x10x8     | 4x4         | 2      | 1   | 392               | edges |
        | L2 | AvgPool | 5x5x8       | 2x2         | 2      | 0   | 0                 | - |
        | L3 | Fully Connected | 7   | –           | –      | n/a | 1,407             | scores |
        | Total |      |             |             |        |     | 1,799             | |""",
        "CONV 8 4x4 stride 2 pad 1 - AVG POOL 2x2 stride 2 pad 0 - FC 7",
    ),
    "two options in a column, padding by the claims": (
        """| Layer Type | Output Size | Filter Size / Stride |
        |------------|-------------|----------------------|
        | Input      | 16x16x1     |                      |
        | Conv1      | 16x16x6     | 5x5 / K = 6          |
        | Act1       | 16x16x6     | TanH                 |
        | Pool1      | 8x8x6       | 2x2 / S = 2          |
        | FC1        | 30          |                      |
        | Act2       | 30          | TanH                 |
        | Softmax    | 10          |                      |""",
        "CONV 6 5x5 pad 2 - TANH - MAX POOL 2x2 stride 2 - FC 30 - TANH - FC 10 - SOFTMAX",
    ),
    "calls and shapes": (
        """input 11x11x3
        | Layer                 | Output Shape | Params |
        |-----------------------|--------------|--------|
        | Conv2D(4, 4×4, ReLU)  | (8, 8, 4)    | 196    |
        | MaxPool2D(2×2)        | (4, 4, 4)    | 0      |
        | Flatten               | (64,)        | 0      |
        | Dense(9, softmax)     | (9)          | **585** |""",
        "CONV 4 4x4 - RELU - MAX POOL 2x2 stride 2 - FLATTEN - FC 9 - SOFTMAX",
    ),
    "what comes in, channels first": (
        """| Stage | Input    | Operation       | Output  | MACs/image |
        |-------|----------|-----------------|---------|-----------:|
        | Conv1 | 3x16x16  | 3x3, 3→8, ReLU  | 8x16x16 | 55,296 |
        | Pool1 | 8x16x16  | 2x2 max pool, stride 2 | 8x8x8 | 0 |
        | GAP   | 8x8x8    | global average pool | 8 | 0 |
        | Linear | 8 | fully connected, 8→5 | 5 logits | 40 |""",
        "CONV 8 3x3 pad 1 - RELU - MAX POOL 2x2 stride 2 - AVG POOL global - FC 5",
    ),
    "several layers in a row": (
        """input 24x24x1
        | Stage | Operation                           | Feature size   | Channels |
        |-------|-------------------------------------|----------------|----------|
        | Conv1 | 3x3 convolution, ReLU, 2x2 max-pool | 24x24 -> 12x12 | 1 -> 6   |
        | Block | BatchNorm + MaxPool                 | 12x12 -> 6x6   | 6        |
        | FC1   | Fully connected                     | 216 -> 4       | 4        |""",
        "CONV 6 3x3 same - RELU - MAX POOL 2x2 - BN - MAX POOL 2x2 stride 2 - FC 4",
    ),
    "layers and types, activations and rates": (
        """   input 16x16x3
           Layer\tLayer Type\tFilters\tKernel Size\tActivation\tDropout
           Convolutional\tConv2D\t8\t(3, 3)\tReLU\t-
           Max Pooling\tMaxPool2D\t-\t(2, 2)\t-\t0.25
           Fully Connected\tLinear\t20\t-\tBatchNorm + Sigmoid\t-
           Output Layer\tLinear\t3\t-\tlinear\t-""",
        "CONV 8 3x3 - RELU - MAX POOL 2x2 - DROPOUT 0.25 - FC 20 - BN - SIGMOID - FC 3",
    ),
    "weights, and TeX": (
        r"""input 12x12x1
        | No. | Type | Details | Activation |
        |-----|------|---------|------------|
        | 1 | Conv2D | kernel = $3 \times 3$, in_ch = 1, out_ch = 4 | ReLU |
        | 2 | Flatten | $10 \times 10 \times 4 = 400$ | _ |
        | 3 | FC (Linear) | 400 --> 6 | Softmax |""",
        "CONV 4 3x3 - RELU - FLATTEN - FC 6 - SOFTMAX",
    ),
    "from the last layer to the first": (
        """| Layer | Type            | Maps | Size  | Kernel size | Stride | Activation |
        |-------|-----------------|------|-------|-------------|--------|------------|
        | Out   | Fully connected | –    | 10    | –           | –      | softmax |
        | S2    | Avg pooling     | 4    | 8x8   | 2x2         | 2      | tanh |
        | C1    | Convolution     | 4    | 16x16 | 5x5         | 1      | tanh |
        | In    | Input           | 1    | 20x20 | –           | –      | – |""",
        "CONV 4 5x5 - TANH - AVG POOL 2x2 stride 2 - TANH - FC 10 - SOFTMAX",
    ),
    "options below the name of a layer": (
        """input 16x16x3
        ### Layer 1: Convolutional Layer 1
        - **Filters**: 6
        - **Filter Size**: $5 \\times 5$
        - **Total Parameters**: $6 \\times 76 = 456$

        2. **S2 - First Pooling Layer (Average Pooling)**:
           - Filter: 2 x 2
           - Output: 6 x 6 x 6

        Fully Connected Layer
        - Number of neurons (N): 9
        - Activation: ReLU""",
        "CONV 6 5x5 - AVG POOL 2x2 - FC 9 - RELU",
    ),
    "a drawing": (
        """Input (18, 18, 3)
           │
           ├──> Conv2D (4 filters, 3x3, ReLU) ──> MaxPooling2D (2x2)
           │
           └──> Flatten (256 features) ──> Dense (7, Sigmoid) + L2 Regularization""",
        "CONV 4 3x3 - RELU - MAX POOL 2x2 - FLATTEN - FC 7 - SIGMOID",
    ),
    "a description": (
        """- **Input**: The model was trained on 14x14 grayscale images of letters.
        - **Network**: The network consists of the following layers:
          - **FC-20**: The first fully connected layer with 20 neurons.
          - **FC-10**: The output layer with 10 neurons, each corresponding to a digit from 0 to 9.
          - **Activation**: Tanh activation for all hidden layers.
          - **Output**: Softmax activation on the final layer to give a distribution over the digits.""",
        "FC 20 - TANH - FC 10 - SOFTMAX",
    ),
    "what comes into the first layer": (
        """- Convolutional Layer 1: 4 filters, kernel size 3x3, ReLU activation, input shape (12, 12, 2)
        - Max Pooling Layer: Pool size 2x2
        - Convolutional Layer 2: 6 filters, kernel size 2x2
        - Max Pooling Layer: Pool size 2x2
        - Dropout (20% for regularization)
        - Fully connected layer: **?** inputs → 8 → 3 outputs""",
        "CONV 4 3x3 - RELU - MAX POOL 2x2 - CONV 6 2x2 - MAX POOL 2x2 - DROPOUT 0.2 - FC 8 - FC 3",
    ),
}


def _text(written: str) -> str:
    return "\n".join(line.strip(" ") for line in written.splitlines())


@pytest.mark.parametrize(("written", "meant"), TABLES.values(), ids=TABLES)
def test_is_read_at_the_first_try(written: str, meant: str) -> None:
    plan, findings = load_plan(_text(written))
    assert plan is not None, [(finding.primary, finding.message) for finding in findings]
    assert not has_errors(findings)
    assert " - ".join(layer_text(planned.node.layer) for planned in plan.layers[1:]) == meant
    assert "ND231" in {finding.code for finding in findings}
    laid = laid_out(Source("x", _text(written))).text
    again = load_plan(laid or "")
    assert again.plan is not None, laid
    assert [planned.output for planned in again.plan.layers] == [planned.output for planned in plan.layers]


LINES = {
    "flatten outputs -> 72": "[72] FLATTEN",
    "fully connected: 8×3×3 → 12": "FC 12",
    "FC with output size 2 x 2 x 6": "FC 24",
    "leaky relu (alpha = 0.3)": "LEAKY RELU 0.3",
    "dense: 7 neurons and softmax <-- the last layer": "FC 7 - SOFTMAX",
    "relu: a nonlinear activation": "RELU",
    "input: CIFAR-10 images, 32x32 in colour": "input 32x32x3",
    "upsample, scale factor 2": "UPSAMPLE 2x2",
    # prose
    "Conv2D Layer: The first layer has 8 filters of size 5x5. It sees the image. Activation: ReLU": (
        "CONV 8 5x5 - RELU"
    ),
    "MaxPooling2D Layer: Downsamples the feature maps, keeping what matters.": "MAX POOL 2x2 stride 2",
    "Flatten Layer: Turns the 2D maps of the pooling layers into one vector for the dense layers": "FLATTEN",
    "Dense layer of 30 units, with ReLU, to learn combinations of features": "FC 30 - RELU",
    "Output layer: 4 neurons (one for each class, 0-9), softmax": "FC 4 - SOFTMAX",
    "Fully Connected Layer (fc1): Maps the vector to a 30-dimensional space": "FC 30",
    "Fully Connected Layer (fc2): Produces a 7-dimensional output for classification.": "FC 7",
    "Max Pooling Layer (pool1): Performs 2x2 max pooling on the output of relu1.": "MAX POOL 2x2",
    "C1 is a convolutional layer having 6 5x5 filters and no zero-padding": "CONV 6 5x5",
    "a 5x5 conv layer with a stride of 2 in both x and y directions and `elu` activation. Depth = 9.": (
        "CONV 9 5x5 stride 2 - ELU"
    ),
    "Subsampling/Max Pooling layer": "MAX POOL 2x2 stride 2",
    # one, and words that count
    "A single output neuron with sigmoid activation": "FC 1 - SIGMOID",
    "Output layer with one neuron": "FC 1",
    "A fully connected layer with 20 units, ReLU activation, and an output layer with ten units": (
        "FC 20 - RELU - FC 10"
    ),
    # options
    "Convolutional layer 1: 8 filters with kernel size = 5, stride = 2 and padding = 0 (valid)": (
        "CONV 8 5x5 stride 2"
    ),
    "Conv: 8 filters, kernel size 3, padding = 1 (same)": "CONV 8 3x3 pad 1",
    "conv with 8 filters of 7x7, weights = 7x7x3x8": "CONV 8 7x7",
    "Convolution: (5x5x3)x16, stride 1, SAME": "CONV 16 5x5 same",
    "16 5x5 filters, stride 2, leaky ReLU (0.2), batch norm": "CONV 16 5x5 stride 2 - LEAKY RELU 0.2 - BN",
    "Upsampling Layer 1: upsampling factor (2, 2)": "UPSAMPLE 2x2",
    # arrows
    "Conv(1->8, 3x3) -> BN -> ReLU -> MaxPool(2)": "CONV 8 3x3 - BN - RELU - MAX POOL 2x2 stride 2",
    "FC(6*5*5 -> 30)": "FC 30",
    "Linear: 150 → 30 → 10": "FC 30 - FC 10",
}


@pytest.mark.parametrize(("line", "meant"), LINES.items(), ids=LINES)
def test_a_line_is_read(line: str, meant: str) -> None:
    reading = read_line(line)
    assert reading is not None
    assert reading.text == meant


UNREAD = [
    "2 Dense Layer: 12 nodes",  # the second, or two of them
    "conv layer with 3x3 kernels and 4 channels, zero padding",
    "Residual block: 64 3x3",
    "Conv1D_1: 32 filters, kernel 5",
    "conv with 8 filters of 3x3, which is followed by a fully connected layer",
    "conv 3x3 with 8 filters and half the stride",
    "conv 3x3x5x5",  # filters in front, or behind
    "Conv: 8 filters, 3x3, padding = 2 (same)",
    "Activation: Tanh (not ReLU)",
    "FC: inputs -> outputs",
    "conv 3x3 with 8 filters to double the channels",
]


@pytest.mark.parametrize("line", UNREAD)
def test_a_line_that_may_say_more_is_not_read(line: str) -> None:
    assert read_line(line) is None


def test_a_row_that_is_not_understood_is_one_finding() -> None:
    table = _text(TABLES["columns of options, claims and counts"][0]).replace("4x4   ", "large ")
    plan, findings = load_plan(table)
    assert plan is None
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert [(finding.code, "`large`" in finding.message) for finding in errors] == [("ND243", True)]
    text, wrong = laid_out(Source("a.net", table))
    assert text is None, "the row would be lost"
    assert [finding.code for finding in wrong] == ["ND243"]


def test_a_column_that_is_not_understood_is_named() -> None:
    plan, findings = load_plan(
        "| Layer | Filters | Kernel | Quux |\n|---|---|---|---|\n| Conv | 8 | 3x3 | 2 |\n" * 2
    )
    assert plan is None
    assert any(finding.code == "ND243" and "`Quux`" in finding.message for finding in findings)


def test_several_words_of_a_line_beside_others_are_one_finding() -> None:
    _, findings = load_plan("input 9x9x1\n- Conv2D(4, (3,3), relu)\n- conv 4 3x3 frobbed by quuxes\n")
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert [finding.code for finding in errors] == ["ND243"]
    assert "`frobbed`" in errors[0].message


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("input 9x9x1\nConv(1->4, 3x3) -> MaxPool(3)\nFC(4*3*3 -> 5)\n", "default CONV same"),
        ("input 9x9x1\nConv(1->4, 3x3, padding=0)\nFC(4*9*9 -> 5)\n", ""),
        (
            "input 9x9x1\n- Conv2D with 4 filters of 3x3 and the ReLU\n- A max pooling layer of size 2x2\n",
            "dialect tensorflow",
        ),
        (
            "input 9x9x1\n- A conv of 4 filters of 3x3\n- A max pooling of 2x2\n- Flatten layer\n",
            "dialect torch",
        ),
        (
            "input 9x9x1\nConv with 4 filters of 4x4, outputs 6x6x4\npool of size 4x4, output 1x1x4\n",
            "dialect torch",
        ),
        ("input 9x9x1\n- Conv with 4 filters of 4x4 and ReLU\n- max pooling of size 4x4\n", ""),
    ],
)
def test_what_a_sheet_leaves_out(text: str, statement: str) -> None:
    """Padding and rounding, where what it says comes in, what it makes or its words tell."""
    _, findings = load_plan(text)
    said = [finding.message for finding in findings if finding.fix and finding.fix.span.end == 0]
    assert [re.findall("`([^`]*)`", message)[-1] for message in said] == ([statement] if statement else [])
    assert has_errors(findings) is not bool(statement)


def test_arrows_of_letters_are_drawn() -> None:
    plan, findings = load_plan("input 9x9x1\n- conv with 4 filters of 3x3\n|\nV\n- dense: 5 units\n")
    assert plan is not None
    assert not has_errors(findings)


def test_zero_padding_is_none_or_zeros_around() -> None:
    line = "conv layer with 3x3 kernels and 4 channels, zero padding\n"
    _, findings = load_plan(f"input 9x9x1\n{line}{line}")
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert [(finding.code, len(finding.help)) for finding in errors] == [("ND230", 2), ("ND230", 2)]


def test_branches_of_our_own_stay_what_they_are() -> None:
    """Bars are those of tables only below the heads of columns."""
    text = "input 9x9x3\nADD[ CONV 3 3x3 pad 1\n| SKIP ]\nRELUU\n"
    assert [finding.code for finding in load_plan(text).diagnostics] == ["ND201"]


WORDS = (
    "padding",
    "3x3",
    "no",
    "|",
    "→",
    "(",
    "?",
    "each",
    "residual",
    "12",
    "1.5",
    "same",
    ":",
    "`",
    "x2",
    "$",
)


@pytest.mark.parametrize("number", range(3))
def test_mutated_sheets_end_in_findings(number: int) -> None:
    chance = random.Random(number)
    for _ in range(40):
        text = _text(chance.choice(list(TABLES.values()))[0])
        for _ in range(chance.randint(1, 4)):
            words = list(re.finditer(r"\S+", text))
            word, other = chance.choice(words), chance.choice(words)
            put = chance.choice(
                ("", other[0], chance.choice(WORDS), re.sub("[0-9]+", str(chance.randint(0, 999)), word[0]))
            )
            text = text[: word.start()] + put + text[word.end() :]
        plan, findings = load_plan(text)
        assert (plan is None) is has_errors(findings)
        for finding in findings:
            assert finding.primary is None or finding.primary.span.end <= len(text)
