"""Advice that a teacher would give: activations on the scores, layers that repeat the one before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import LAYERS

from netdsl.backend.numpy.backend import NumpySession
from netdsl.diagnostics import Severity
from netdsl.layers.flatten import Flatten
from netdsl.losses import losses
from netdsl.planning.pipeline import load_plan
from netdsl.program.lower import inference_program
from netdsl.reports.as_text import diagnostic_as_text
from netdsl.reports.folded_findings import folded
from netdsl.resources import zoo_names, zoo_text
from netdsl.rules import advise

TAUGHT = ("ND414", "ND415", "ND416", "ND417")
CROSS = "\ntrain { loss cross-entropy }"


def taught(text: str) -> list[str]:
    plan, findings = load_plan(text)
    assert plan is not None, findings
    return [diagnostic_as_text(finding) for finding in advise(plan) if finding.code in TAUGHT]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ("FC 10 - RELU - SOFTMAX", "warning ND414: RELU1 follows the class scores of FC1"),
        (f"FC 10 - RELU{CROSS}", "warning ND414: RELU1"),
        ("FC 10 - RELU", "note ND414: RELU1"),
        ("FC 10 - SIGMOID - SOFTMAX", "of 10 classes none gets more than 23.2 %"),
        ("FC 2 - SIGMOID - SOFTMAX", "of 2 classes none gets more than 73.1 %"),
        ("FC 10 - TANH - SOFTMAX", "large scores saturate"),
        ("FC 10 - LEAKY RELU - SOFTMAX", "distorts the scores"),
        ("FC 10 no bias - BN - RELU - SOFTMAX", "leave RELU1 out: SOFTMAX1 takes scores of any size"),
        (f"FC 10 - RELU - DROPOUT 0.5{CROSS}", "ND414: RELU1"),
        ("CONV 10 8x8 - RELU - FLATTEN - SOFTMAX", "ND414: RELU1 follows the class scores of CONV1"),
        ("CONV 10 1x1 - RELU - SOFTMAX", "ND414: RELU1"),
        ("CONV 4 3x3 no bias - BN - BN - RELU", "ND415: BN2 normalises what BN1 has normalised"),
        ("CONV 4 3x3 - LN - LN - RELU", "ND415: LN2"),
        ("[CONV 4 3x3 no bias - BN - BN - RELU]*2", "and 1 more such layer"),
        ("CONV 4 3x3 - RELU - RELU", "RELU2 changes nothing after RELU1"),
        ("CONV 4 3x3 - SIGMOID - RELU", "RELU1 changes nothing after SIGMOID1"),
        ("CONV 4 3x3 - RELU - LEAKY RELU", "LEAKY RELU1 changes nothing after RELU1"),
        ("CONV 4 3x3 - RELU - DROPOUT 0.5 - RELU", "RELU2 changes nothing after RELU1"),
        ("FC 9 - RELU - RESHAPE 3 3 1 - RELU", "RELU2 changes nothing after RELU1"),
        ("CONV 4 3x3 - SIGMOID - SIGMOID", "SIGMOID2 follows SIGMOID1 with no weights between them"),
        ("CONV 4 3x3 - TANH - RELU", "ND416: RELU1 follows TANH1"),
        ("CONV 4 3x3 - SOFTMAX - RELU - CONV 4 3x3", "RELU1 changes nothing after SOFTMAX1"),
        ("CONV 4 3x3 - SOFTMAX - SOFTMAX - CONV 4 3x3", "SOFTMAX2 follows SOFTMAX1"),
        ("DROPOUT 0.5 - DROPOUT 0.5 - FC 10", "together they leave out 75 %"),
        ("DROPOUT 0.5 - FLATTEN - DROPOUT 0.2 - FC 10", "or write `DROPOUT 0.6`"),
    ],
)
def test_what_a_teacher_would_mark(layers: str, words: str) -> None:
    (found,) = taught(f"input 8x8x3\n{layers}")
    assert words in found


@pytest.mark.parametrize(
    "layers",
    [
        "FC 10 - SOFTMAX",
        "FC 10 - SIGMOID\ntrain { loss l2 }",
        "FC 10 - TANH\ntrain { loss hinge }",
        "FC 10 - STEP",
        "FC 1 - SIGMOID",
        "CONV 10 1x1 - RELU - AVG POOL global - SOFTMAX",  # Network in Network
        "CONV 10 1x1 - RELU",  # no list of scores
        "FC 10 - RELU - FC 10",
        "ADD[ CONV 3 3x3 pad 1 - RELU | SKIP ] - RELU",
        "CONV 4 3x3 no bias - BN - RELU - CONV 4 3x3 no bias - BN - RELU",
        "CONV 4 3x3 - GN 2 - RELU - LN - FC 10",
        "CONV 4 3x3 - SIGMOID - STEP",
        "CONV 4 3x3 - TANH - POOL 2x2 - TANH - FC 10",
        "CONV 4 3x3 - RELU - SOFTMAX - CONV 4 3x3",
        "CONV 4 3x3 - RELU - POOL 2x2 - CONV 4 3x3",
        "DROPOUT 0.5 - FC 10 - DROPOUT 0.5 - FC 10",
        "CONCAT[ RELU | CONV 4 3x3 pad 1 - RELU ] - FC 10",
    ],
)
def test_what_is_meant(layers: str) -> None:
    assert not taught(f"input 8x8x3\n{layers}")


def test_probabilities_that_are_handed_on_are_one_mistake() -> None:
    plan, _ = load_plan("input 8\nFC 10 - SOFTMAX - RELU")
    assert plan is not None
    assert [finding.code for finding in advise(plan)] == ["ND405"]


def computed(given: Any, layer: Any) -> tuple[np.ndarray, np.ndarray]:
    """Numbers on both sides of 0, and what the layer makes of them."""
    program = inference_program(planned(given, layer, Flatten()), 2, loss=losses()["l2"])
    session = NumpySession(program, filled_store(program, seed=3))
    x = 4 * np.random.default_rng(5).normal(size=session.inputs["x"].shape)
    session.inputs["x"][...] = x
    session.inputs["target"][...] = 0
    session.run()
    return session.inputs["x"].reshape(-1), session.outputs["scores"].reshape(-1)


@pytest.mark.parametrize("name", [name for name, (_, layer) in LAYERS.items() if layer.is_activation])
def test_kind_says_what_it_makes_of_positive_and_negative_numbers(name: str) -> None:
    given, layer = LAYERS[name]
    x, y = computed(given, layer)
    same = x.shape == y.shape and np.array_equal(y[x >= 0], x[x >= 0])
    assert layer.keeps_positive == same
    assert layer.never_negative == bool((y >= 0).all())


@pytest.mark.parametrize("name", zoo_names())
def test_published_network_gives_no_warning_and_few_notes(name: str) -> None:
    plan, findings = load_plan(zoo_text(name))
    assert plan is not None, [finding.message for finding in findings]
    found = [group.first for group in folded([*findings, *advise(plan)])]
    assert all(finding.severity is Severity.NOTE for finding in found)
    assert len(found) <= 3, [finding.message for finding in found]
