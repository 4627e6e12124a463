"""Remarks in parentheses: what nothing carries out has a cure, what is true or harmless is quiet."""

from __future__ import annotations

import pytest

from netdsl.diagnostics import Diagnostic, Severity
from netdsl.planning.pipeline import load_plan
from netdsl.rules import advise

TOLD = {
    "FC 100 (with dropout 0.5)": "put ` - DROPOUT 0.5` after the layer if that is what you mean",
    "FC 100 (50% dropout)": "put ` - DROPOUT 0.5` after the layer if that is what you mean",
    "FC 100 - RELU (dropout) - FC 10": "put ` - DROPOUT` after the layer if that is what you mean",
    "FC 100 - RELU - DROPOUT 0.5 (dropout 0.3) - FC 10": "write `DROPOUT 0.3`",
    "FC 100 (L2 regularization)": "write `optimizer sgd decay 5e-4` in a `train` block",
    "FC 100 (100 classes) - FC 10 (100 classes)": "FC2 makes 10: write the number before the remark",
    "CONV 16 3x3 (padding same as before)": "write `same` without parentheses",
    "CONV 16 3x3 (pads by one)": "write `pad 1`, or how much it is, without parentheses",
    "CONV 16 3x3 (2 pixels of padding)": "write `pad 2` without parentheses",
    "CONV 16 3x3 pad 1 (pad 2 here)": "write `pad 2` without parentheses",
    "CONV 16 3x3 pad 1 (not padded)": "write `valid`, or leave the padding out",
    "CONV 16 3x3 (circular padding)": "padding is of zeros here",
    "CONV 16 3x3 (keeps the size)": "write `same`, which keeps the size",
    "CONV 16 3x3 (stride 2 here)": "write `stride 2` without parentheses",
    "CONV 16 3x3 (s=2 here)": "write `stride 2` without parentheses",
    "CONV 16 3x3 (kernel size is 5)": "write `kernel 5` without parentheses",
    "CONV 16 3x3 (filters 32)": "CONV1 makes 30x30x16: write the number before the remark",
    "DROPOUT 0.5 (rate 0.3)": "write `rate 0.3` without parentheses",
    "CONV 16 3x3 (strided)": "write `stride 2`, or how much it is, without parentheses",
    "CONV 16 3x3 (halves the resolution)": "write `stride 2`, which halves the size",
    "CONV 16 3x3 pad 1 (upsampled)": "write `UPSAMPLE 2`, or `DECONV`, which enlarge",
    "CONV 16 5x5 (dilated)": "write `dilation 2`, or how much it is, without parentheses",
    "CONV 16 5x5 (the dilated one)": "write `dilation 2`, or how much it is, without parentheses",
    "CONV 16 5x5 (atrous, rate 2)": "write `dilation 2` without parentheses",
    "CONV 16 5x5 (depthwise)": "write `DEPTHWISE`",
    "CONV 16 5x5 (depthwise separable)": "write `separable conv` before its filters",
    "CONV 16 5x5 (transposed)": "write `DECONV`",
    "CONV 16 5x5 (grouped)": "write `groups 2`, or how many, without parentheses",
    "CONV 16 5x5 (pointwise)": "write its size `1x1`",
    "CONV 16 5x5 (no bias here)": "write `no bias` without parentheses",
    "CONV 16 5x5 (bias-free)": "write `no bias` without parentheses",
    "CONV 16 5x5 no bias (with bias)": "leave `no bias` out",
    "CONV 16 5x5 (BN)": "put ` - BN` after the layer if that is what you mean",
    "CONV 16 5x5 (then LRN)": "put ` - NORM` after the layer if that is what you mean",
    "CONV 16 5x5 (without ReLU) - RELU": "leave RELU out after it",
    "CONV 16 5x5 (no activation) - RELU": "leave RELU out after it",
    "CONV 16 5x5 (x2)": "write `[ ... ]*2` around layers that are repeated",
    "CONV 16 5x5 (repeated three times)": "write `[ ... ]*2` around layers that are repeated",
    "CONV 16 5x5 (weights shared)": "write `same weights as LABEL`, the label of the other layer",
    "CONV 16 5x5 (residual)": "write `ADD[ ... | SKIP ]` around the layers, or `CONCAT[ ... ]`",
    "CONV 16 5x5 (frozen)": "write `freeze LABEL` in a `train` block",
    "CONV 16 5x5 (Adam, learning rate 0.001)": "write it in a `train` block",
    "CONV 16 5x5 (Xavier)": "write `init he` in a `train` block",
    "CONV 16 5x5 (optional)": "leave the layer out if that is not what you mean",
    "CONV 16 5x5 (3x3)": "CONV1 makes 28x28x16 with a window of 5x5",
    "CONV 16 5x5 (1,792 parameters)": "CONV1 has 1,216 parameters",
    "MAX POOL 2x2 stride 2 (overlapping)": "write a stride below the window's size, such as `stride 1`",
    "MAX POOL 2x2 stride 2 (average)": "write `AVG POOL`",
    "AVG POOL 2x2 stride 2 (global)": "write `global` without parentheses",
    "[CONV 16 3x3 pad 1 - RELU]*2 (with batch norm)": "put ` - BN` after the layer if that is what you mean",
    "block B { CONV 8 3x3 pad 1 }; B (with ReLU)": "put ` - RELU` after the layer if that is what you mean",
}

QUIET = [
    "FC 100 - RELU - DROPOUT 0.5 (dropout with p=0.5) - FC 10",
    "FC 100 (dropout 0.5) - RELU - DROPOUT 0.5 - FC 10",
    "FC 100 - RELU - FC 10 (10 classes)",
    "FC 10 (class scores)",
    "FC 10 (no softmax: it is in the loss)",
    "FC 10 (softmax not needed)",
    "FC 10 (flatten first)",
    "CONV 16 3x3 same (keeps the size)",
    "CONV 16 3x3 stride 2 same (stride of 2, halves the resolution)",
    "CONV 16 3x3 pad 1 (padding 1, 3x3, 16 filters)",
    "CONV 16 3x3 (no padding)",
    "CONV 16 3x3 (linear)",
    "CONV 16 3x3 (instead of pooling)",
    "CONV 16 3x3 no bias (bias-free)",
    "CONV 16 3x3 (448 parameters)",
    "CONV 16 3x3 (0.4k weights)",
    "CONV 16 3x3 (output 30x30)",
    "CONV 16 3x3 (receptive field 3x3)",
    "CONV 16 3x3 - RELU (after the conv)",
    "[CONV 16 3x3 pad 1 - RELU]*2 (repeated twice)",
    "ADD[ CONV 3 3x3 pad 1 | SKIP ] (residual connection)",
    "MAX POOL 2x2 stride 2 (non-overlapping)",
    "CONV 16 3x3 (red)",
    "CONV 16 3x3 (see section 3.2)",
    "CONV 16 3x3 (Fig. 3)",
    "CONV 16 3x3 (Simonyan & Zisserman 2014; CVPR'16)",
    "CONV 16 3x3 (C1, week 3, question 2b, 2 points)",
    "CONV 16 3x3 (16 x 30 x 30, 14,400 activations, 390k MACs)",
    "FC 100 (LeakyReLU 0.1) - LEAKY RELU 0.1",
    "CONV 16 3x3 (Krizhevsky et al., 2012)",
    "CONV 16 3x3 (block 3)",
    "conv1: CONV 16 3x3 (conv1)",
    "CONV 16 3x3 (edges, corners)",
]

UNKNOWN = ["(the workhorse)", "(squeeze and excitation)", "(1D)", "(日本語)", "(mit Füllung)"]


def _remarks(line: str) -> list[Diagnostic]:
    plan, findings = load_plan(f"input 32x32x3; {line}\n")
    assert plan is not None, findings
    return [finding for finding in [*findings, *advise(plan)] if finding.code in ("ND242", "ND232")]


@pytest.mark.parametrize(("line", "cure"), TOLD.items(), ids=TOLD)
def test_what_only_a_remark_says_has_a_cure(line: str, cure: str) -> None:
    (finding,) = _remarks(line)
    assert (finding.severity, finding.help) == (Severity.WARNING, (cure,))


@pytest.mark.parametrize("line", QUIET)
def test_what_is_true_or_harmless_is_not_told(line: str) -> None:
    assert _remarks(line) == []


@pytest.mark.parametrize("remark", UNKNOWN)
def test_other_words_are_noted(remark: str) -> None:
    (finding,) = _remarks(f"CONV 16 3x3 {remark}")
    assert finding.severity is Severity.NOTE
    assert remark in finding.message


def test_each_of_several_has_its_cure() -> None:
    (finding,) = _remarks("CONV 16 3x3 (with stride two and padding one, then ReLU)")
    assert finding.help == (
        "put ` - RELU` after the layer if that is what you mean",
        "write `pad 1`, or how much it is, without parentheses",
        "write `stride 2` without parentheses",
    )


def test_options_alone_keep_their_own_finding() -> None:
    for line in ("CONV 16 3x3 (stride 2)", "CONV 16 3x3 (pad=1)", "DROPOUT (0.2)", "CONV 16 3x3 (same)"):
        (finding,) = _remarks(line)
        assert finding.code == "ND232"
    (finding,) = _remarks("CONV 16 3x3 stride 2 same (stride 3)")
    assert finding.help == ("write `stride 3` without parentheses",)
