"""Layers as Keras and PyTorch write them, and those that netdsl does not have: what is said, and the fix."""

from __future__ import annotations

import pytest

from netdsl.edits import mended
from netdsl.planning.pipeline import load_plan, plan_source
from netdsl.source import Source
from netdsl.syntax.class_calls import _ACTIVATIONS, _CLASSES, calls_in, layer_of_call

MEANT = {
    "Flatten()": "FLATTEN",
    "ReLU()": "RELU",
    "nn.ReLU(inplace=True)": "RELU",
    "Conv2D(64, 3)": "CONV 64 3x3",
    "Conv2D(64, (3, 5), strides=(2, 1))": "CONV 64 3x5 stride 2x1",
    'Conv2D(8, (3, 3), activation="relu", padding="same", use_bias=False)': "CONV 8 3x3 same no bias - RELU",
    "Conv2d(8, 64, 3)": "CONV 64 3x3",
    "nn.Conv2d(8, 8, kernel_size=3, padding=1, bias=False)": "CONV 8 3x3 pad 1 no bias",
    "CONV(64, 3x3)": "CONV 64 3x3",
    "Conv2DTranspose(8, 2, strides=2)": "DECONV 8 2x2 stride 2",
    "ConvTranspose2d(8, 4, 2, 2)": "DECONV 4 2x2 stride 2",
    "Dense(128)": "FC 128",
    "Dense(10, activation='softmax')": "FC 10 - SOFTMAX",
    "Linear(in_features=6728, out_features=10)": "FC 10",
    "nn.Linear(6728, 10, bias=False)": "FC 10 no bias",
    "MaxPool2d(2)": "MAX POOL 2x2 stride 2",
    "MaxPooling2D((2, 2))": "MAX POOL 2x2 stride 2",
    "MaxPool2d(3, 1, 1)": "MAX POOL 3x3 stride 1 pad 1",
    "AveragePooling2D()": "AVG POOL 2x2 stride 2",
    "GlobalMaxPooling2D()": "MAX POOL global",
    "GlobalAveragePooling2D()": "AVG POOL global",
    "AdaptiveAvgPool2d((1, 1))": "AVG POOL global",
    "BatchNormalization()": "BN",
    "BatchNorm2d(64)": "BN",
    "Dropout(0.5)": "DROPOUT 0.5",
    "StochasticDepth(0.1, mode='row')": "STOCHASTIC DEPTH 0.1",
    "DropPath(drop_prob=0.1)": "STOCHASTIC DEPTH 0.1",
    "nn.Mish()": "MISH",
    "nn.ChannelShuffle(4)": "SHUFFLE 4",
    "Upsample(scale_factor=2, mode='bilinear')": "UPSAMPLE 2x2 bilinear",
    "nn.Upsample(size=(8, 8), mode='bilinear', align_corners=True)": "UPSAMPLE to 8x8 bilinear align corners",
    "UpSampling2D((2, 2), interpolation='bilinear')": "UPSAMPLE 2x2 bilinear",
    "nn.BatchNorm2d(8, affine=False)": "BN no scale no shift",
    "BatchNormalization(center=False, scale=True)": "BN no shift",
    "LeakyReLU(0.1)": "LEAKY RELU 0.1",
    "ZeroPadding2D(1)": "PAD pad 1",
    "UpSampling2D((2, 2))": "UPSAMPLE 2x2",
    "Softmax(dim=1)": "SOFTMAX",
    'Activation("relu")': "RELU",
    "Activation(relu)": "RELU",
    "Activation relu": "RELU",
    "Activation leaky relu": "LEAKY RELU",
}
UNSUITED = {
    f"{name}(2)"
    for name in ("dropout", "droppath", "stochasticdepth", "channelshuffle", "pixelshuffle", "pixelunshuffle")
}
"""Calls that are read rightly, and whose layers do not suit the volume."""

WRITTEN = [f"{name}({inside})" for name in _CLASSES for inside in ("", "0.5", "2", "4, 3")]


def network(*lines: str) -> str:
    return "\n".join(["dialect torch", "input 31x31x3", *lines, "FC 10", ""])


@pytest.mark.parametrize("before", ["", "name: "])
@pytest.mark.parametrize("call", MEANT)
def test_a_call_is_mended(call: str, before: str) -> None:
    text = network("CONV 8 3x3 - RELU", before + call)
    finding, *others = (found for found in plan_source(Source("x", text)).diagnostics)
    assert not others
    assert finding.fix is not None
    assert finding.code == "ND231"
    assert finding.fix.replacement == before + MEANT[call]
    better, changes = mended(Source("x", text), lambda source: plan_source(source).diagnostics, unsafe=False)
    assert (better.text, changes) == (network("CONV 8 3x3 - RELU", before + MEANT[call]), 1)
    assert plan_source(better).plan is not None


@pytest.mark.parametrize("call", WRITTEN)
def test_what_is_said_can_be_written(call: str) -> None:
    (found,) = calls_in(call)
    plan, findings = load_plan(network(found.meant or "RELU"))
    if call not in UNSUITED:
        assert plan is not None, findings


def test_activations_are_layers() -> None:
    for kind in filter(None, _ACTIVATIONS.values()):
        assert load_plan(network(kind)).plan is not None, kind


@pytest.mark.parametrize(
    "call",
    [
        "Conv2D(64, 3, groups=2)",
        "Conv2D(64, 3, activation=mine)",
        "Conv2D()",
        "Conv2D(64, kernel)",
        "AdaptiveAvgPool2d(7)",
        "Dense(1, 2, 3)",
        "Mine(3)",
        "MaxPool2d(2, ceil_mode=True)",
    ],
)
def test_nothing_is_said_of_what_is_not_known(call: str) -> None:
    (found,) = calls_in(call)
    assert found.meant == ""


def test_calls_in_a_line() -> None:
    line = "a: Conv2D(8, (3, 3)) - nn.ReLU() - Dense(10"
    assert [line[call.start : call.end] for call in calls_in(line)] == ["Conv2D(8, (3, 3))", "nn.ReLU()"]
    assert layer_of_call("Dense", "units = 10") == "FC 10"


@pytest.mark.parametrize(
    ("line", "shown", "column"),
    [
        ("soft plus", "soft plus", 1),
        ("softplus", "softplus", 1),
        ("Soft-Plus", "Soft-Plus", 1),
        ("soft sign", "soft sign", 1),
        ("celu", "celu", 1),
        ("act: Softplus", "Softplus", 6),
        ("[RELU - hard tanh]*2", "hard tanh", 9),
        ("LSTM 64", "LSTM", 1),
    ],
)
def test_what_netdsl_does_not_have_has_no_near_miss(line: str, shown: str, column: int) -> None:
    source = Source("x", network(line))
    (finding,) = plan_source(source).diagnostics
    assert finding.message == f"there is no kind of layer called `{shown}`"
    assert finding.fix is None
    assert finding.help[0].startswith("netdsl has no such layer")
    assert finding.primary is not None
    assert source.position(finding.primary.span.start) == (3, column)


def test_a_word_that_would_be_left_over_is_no_fix() -> None:
    for line, fixed in (
        ("soft sine", False),
        ("KONV fliters 6 kernel 3x3", True),
        ("KONV no bias 6 3x3", True),
    ):
        finding = plan_source(Source("x", network(line))).diagnostics[0]
        assert (finding.fix is not None) == fixed, line


def test_a_repeated_call_stands_in_brackets() -> None:
    (finding,) = plan_source(Source("x", network("ReLU()*2"))).diagnostics
    assert finding.fix is None
    assert "`[RELU]*n`" in finding.help[0]
