"""The words and classes of PyTorch, Keras and Caffe, row by row: one finding each, and what it says works."""

from __future__ import annotations

import re

import pytest

from netdsl.diagnostics import Diagnostic, Findings
from netdsl.edits import edited
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.names.foreign_kinds import FOREIGN_KINDS
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.options.reader import read_options
from netdsl.layers.layer import Layer
from netdsl.layers.registry import all_kinds, kind_named
from netdsl.planning.pipeline import load_plan
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.foreign_words import FOREIGN_WORDS, Needless, Renamed, Switched, Told
from netdsl.syntax.parser import parse

VALUES = {"rate": "0.5", "slope": "0.1", "epsilon": "1e-3", "mode": "bilinear", "extent": "8x8"}


def found(kind: type[Layer], options: str) -> tuple[list[Diagnostic], Source]:
    """What is said of options beside a kind."""
    source = Source("x", f"{kind.keyword} {options}")
    parsed = parse(source)
    assert not parsed.diagnostics, options
    assert parsed.file is not None
    (layer,) = parsed.file.statements
    assert isinstance(layer, tree.Layer)
    findings = Findings(source)
    head = read_head(layer)
    assert head.kind is kind, source.text
    read_options(kind, head.rest, findings, Environment({}))
    return findings.found, source


def taken(answer: object) -> list[type[Layer]]:
    """The kinds that a row speaks of."""
    if isinstance(answer, Renamed):
        return [kind for kind in all_kinds() if set(answer.options) & kind.options().keys()]
    option = answer.option if isinstance(answer, Switched | Told) else ""
    return [kind for kind in all_kinds() if not option or option in kind.options()]


@pytest.mark.parametrize("word", FOREIGN_WORDS)
def test_a_word_of_another_program_is_answered_in_ours(word: str) -> None:
    for answer in FOREIGN_WORDS[word]:
        speaks = taken(answer)
        assert speaks, "no kind has such an option"
        kind = next((kind for kind in speaks if kind.keyword in ("CONV", "AVG POOL", "FC")), speaks[0])
        known = {name.lower() for option in kind.options().values() for name in option.words}
        if answer is not FOREIGN_WORDS[word][0] or word in known:
            continue  # another row speaks first, or it is our own word as well
        value = "2"
        if isinstance(answer, Renamed):
            name = next(name for name in answer.options if name in kind.options())
            value = VALUES.get(name, "2")
        switch = isinstance(answer, Switched)
        for written in ("True", "False") if switch else (value,):
            (finding,), source = found(kind, f"{word} = {written}")
            assert finding.code == "ND202"
            assert word in finding.message
            assert finding.help
            if isinstance(answer, Needless | Told):
                said = answer.why if isinstance(answer, Needless) else answer.cure
                assert said in finding.help[0]
            if not isinstance(answer, Told):
                assert finding.fix is not None
                text, _ = edited(source.text, [finding.fix])
                assert not found(kind, text.removeprefix(kind.keyword).strip())[0], text


def test_all_foreign_words_of_a_layer_are_one_finding() -> None:
    text = (
        "CONV in_channels=3, out_channels=8, kernel_size=3, padding=1, use_bias=False, data_format=x\nFC 3\n"
    )
    _, (finding, *_) = load_plan(f"input 8x8x3\n{text}")
    assert finding.message.endswith("no options `in_channels`, `out_channels`, `kernel_size` and 2 more")
    assert finding.help == (
        "write `filters=8, kernel=3, padding=1, no bias`",
        "leave `in_channels` out: what comes in is known",
        "leave `data_format` out: volumes are height, width, channels",
    )
    assert finding.fix is not None
    mended, _ = edited(f"input 8x8x3\n{text}", [finding.fix])
    plan = load_plan(mended).plan
    assert plan is not None
    assert plan.layers[1].output.shape == (8, 8, 8)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CONV 8 3x3 bias=False", "CONV 8 3x3 no bias"),
        ("CONV 8 3x3 bias True", "CONV 8 3x3"),
        ("CONV 8 3x3, activation=None", "CONV 8 3x3"),
        ("CONV 8 kernel_size=(3, 3), padding=(1,1)", "CONV 8 3x3 pad 1"),
        ('CONV 8 3x3 padding="same", activation="relu"', "CONV 8 3x3 padding=same - RELU"),
        ("CONV 8 3x3, activation='tanh'", "CONV 8 3x3 - TANH"),
        ("CONV 3 -> 8 3x3", "CONV 8 3x3"),
        ("FC 192 → 10", "FC 10"),
        ("CONV 3, 8, 3x3", "CONV 8, 3x3"),
        ("FC 192 10", "FC 10"),
        ("BatchNorm2d 3", "BatchNorm2d"),
        ("DROPOUT p = 0.5, inplace = True", "DROPOUT p = 0.5"),
    ],
)
def test_the_fix_is_what_was_meant(text: str, meant: str) -> None:
    source = f"input 8x8x3\n{text}\n"
    findings = load_plan(source).diagnostics
    (finding,) = [
        finding for finding in findings if finding.severity.value == "error" or finding.code == "ND231"
    ]
    assert finding.fix is not None
    mended, _ = edited(source, [finding.fix])
    assert mended == f"input 8x8x3\n{meant}\n"
    assert load_plan(mended).plan is not None


NUMBERS = {
    "FC": "3",
    "UPSAMPLE": "2x2",
    "DECONV": "3 2x2",
    "CONV": "3 3x3",
    "DEPTHWISE": "3x3",
    "AVG POOL": "2x2",
    "MAX POOL": "2x2",
}
"""What kinds need that a cure names alone."""


@pytest.mark.parametrize("name", FOREIGN_KINDS)
def test_a_class_of_another_program_is_answered_in_ours(name: str) -> None:
    written = name if kind_named(name) is None else f"{name}2d"  # `Dropout2d` is no DROPOUT
    finding = next(found for found in load_plan(f"input 8x8x4\n{written}\n").diagnostics)
    row = FOREIGN_KINDS[name]
    if finding.code == "ND231":
        return  # as sheets have it, it is read
    assert finding.code == "ND201"
    assert finding.help == (row.cure,)
    assert (finding.fix is not None) == bool(row.meant)
    for cure in re.findall("`([^`]+)`", row.cure):
        if not cure.startswith(("train", "@")) and "..." not in cure:
            numbers = NUMBERS.get(cure, "")
            assert load_plan(f"dialect torch\ninput 32x32x64\n{cure} {numbers}\n").plan is not None, cure


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("AdaptiveAvgPool2d 7x7", "`AVG POOL 2x2` turns 14x14 into 7x7; where 7x7 comes in, leave it out"),
        ("AdaptiveMaxPool2d 3", "`MAX POOL 2x2` turns 6x6 into 3x3"),
        ("AdaptiveAvgPool2d", "write `AVG POOL global`"),
        ("AdaptiveAvgPool2d 1", "did you mean `AVG POOL global`?"),
        ("Conv3d 8 3x3", "volumes have a height, a width and channels, and no depth"),
        ("Dropout2d 0.5", "DROPOUT leaves out single numbers, not whole channels"),
    ],
)
def test_classes_that_depend_on_their_numbers(layer: str, words: str) -> None:
    (finding,) = load_plan(f"input 14x14x4\n{layer}\n").diagnostics
    assert words in finding.help[0]


def test_the_dimensions_of_a_class_are_no_label() -> None:
    checked = load_plan("input 16x16x3\n[Conv2d 8 3x3 pad 1 - BatchNorm2d - ReLU - MaxPool2d 2x2]*2\nFC 3\n")
    assert checked.plan is not None
    assert not checked.diagnostics
    assert checked.plan.layers[2].node.name == "BN1"


@pytest.mark.parametrize(
    ("layer", "cure"),
    [
        ("STOCHASTIC DEPTH, survival probability 0.8", "1 less what is kept"),
        ("UPSAMPLE scale 2", "write `factor 2`"),
        ("PIXEL SHUFFLE upscale_factor 2", "write `block 2`"),
        ("SPACE TO DEPTH block_size 2", "write `block 2`"),
        ("instance norm", "`GN` with as many groups as channels"),
        ("LAYER SCALE 1e-6", "write `SCALE initial 1e-6`"),
        ("SUBTRACT[ SKIP | RELU ]", "`ADD factors 1, -1["),
    ],
)
def test_words_of_newer_networks_are_answered_once(layer: str, cure: str) -> None:
    (finding,) = load_plan(f"input 8x8x8\n{layer}\nFC 3\n").diagnostics
    assert any(cure in help for help in finding.help), finding.help
    assert not any("rate 0.8" in help for help in finding.help)
