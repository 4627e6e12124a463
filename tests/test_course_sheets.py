"""What course sheets and tables write, each line beside what it means in our words."""

from __future__ import annotations

import pytest

from netdsl.diagnostics import Severity
from netdsl.planning.pipeline import load_plan
from netdsl.rules import advise
from netdsl.text.printer import layer_text

SHEETS = {
    "letters in parentheses, numbered layers": (
        """Input Size: 30x30x2
        Convolution Layer 1: Kernel Size (F): 3x3, Number of Kernels (K): 4, Stride (S): 1, Padding (P): 1
        Pooling Layer 1: Pool Size: 2x2, Stride (S): 2
        FC Layer 2: number of neurons: 5""",
        "CONV 4 3x3 pad 1 - MAX POOL 2x2 stride 2 - FC 5",
    ),
    "sentences": (
        """Input: 30x30x2.
        Conv layer with ReLU: 4 filters of size 3x3x2, applied with zero-padding of P=1 and stride S=1
        3 x 3 conv. 8 ReLU
        fc3: 7 neurons, using the sigmoid activation function.
        Fully connected: 5 outputs""",
        "CONV 4 3x3 pad 1 - RELU - CONV 8 3x3 - RELU - FC 7 - SIGMOID - FC 5",
    ),
    "numbers behind hyphens and dashes": (
        """INPUT 30x30x2
        CONV-7-16
        CONV-16-3 pad 1
        POOL-2
        FC – 8 neurons
        FC (output), 5 neurons""",
        "CONV 16 7x7 - CONV 16 3x3 pad 1 - MAX POOL 2x2 stride 2 - FC 8 - FC 5",
    ),
    "values before their words, between commas": (
        """input (30, 30, 2)
        Conv 4x4, 2 stride, 16 kernels
        Max pool 2x2, 2 stride / ReLU
        conv 8, 3x3, 1 pad / relu
        Fully connected (output), activation: softmax, neurons: 10""",
        "CONV 16 4x4 stride 2 - MAX POOL 2x2 stride 2 - RELU - CONV 8 3x3 pad 1 - RELU - FC 10 - SOFTMAX",
    ),
    "values in the remark": (
        """input: (14, 14, 2)
        CONV1: 6 filters (f=5, s=1)
        CONV2: 4 filters (f=3)
        Convolutional layer: 3 filters, 3x3""",
        "CONV 6 5x5 - CONV 4 3x3 - CONV 3 3x3",
    ),
}


@pytest.mark.parametrize(("sheet", "meant"), SHEETS.values(), ids=SHEETS)
def test_is_read_at_the_first_try(sheet: str, meant: str) -> None:
    text = "\n".join(line.strip() for line in sheet.splitlines())
    plan, findings = load_plan(text)
    assert plan is not None, [(finding.primary, finding.message) for finding in findings]
    assert not [finding for finding in findings if finding.severity is Severity.ERROR]
    assert " - ".join(layer_text(planned.node.layer) for planned in plan.layers[1:]) == meant


CURES = [
    ("784-100-10", "write `input 784 - FC 100 - FC 10`"),
    ("784 -> 100 -> 10", "write `input 784 - FC 100 - FC 10`"),
    ("input 9\n100-10", "write `FC 100 - FC 10`"),
    ("28x28x1\nFC 10", "write `input 28x28x1`"),
    ("input 9x9x3\nC(64,3,1)", "write `CONV 64 3x3 stride 1`"),
    ("input 9x9x3\nP(3,2)", "write `MAX POOL 3x3 stride 2`"),
    ("input 9x9x3\nCONV-3-5", "write `CONV 5 3x3`"),
    ("input 9\nFC-10-3", "write `FC 10 - FC 3`"),
    ("input 9x9x3\nCONV 8\nRELU\nCONV 4", "`default CONV 3x3 pad 1`"),
]


@pytest.mark.parametrize(("text", "cure"), CURES)
def test_one_finding_names_the_cure(text: str, cure: str) -> None:
    plan, findings = load_plan(text)
    assert plan is None
    assert len({finding.message.replace("CONV2", "CONV1") for finding in findings}) == 1
    assert cure in "\n".join(findings[0].help)


@pytest.mark.parametrize("written", ["fc te", "fc tha", "CONV 8 3x3 teh"])
def test_fillers_are_no_cure(written: str) -> None:
    _, findings = load_plan(f"input 9x9x3\n{written}\n")
    assert not any("did you mean" in cure for finding in findings for cure in finding.help)


def test_names_of_numbers_are_no_fillers() -> None:
    plan, _ = load_plan("let number = 3\nlet each = 8\ninput 9x9x3\nCONV each 3x3 stride number\n")
    assert plan is not None
    assert layer_text(plan.layers[1].node.layer) == "CONV 8 3x3 stride 3"


@pytest.mark.parametrize(("neurons", "warned"), [(10, False), (84, True)])
def test_the_classes_in_the_remark_of_a_softmax(neurons: int, warned: bool) -> None:
    plan, _ = load_plan(f"input 9\nFC {neurons}\nSoftmax (10)\n")
    assert plan is not None
    found = [finding for finding in advise(plan) if finding.code == "ND236"]
    assert bool(found) is warned
    assert all("FC 10 - SOFTMAX" in finding.help[0] for finding in found)
