"""Receptive fields: known values, and brute force. ``benchmarks/receptive_fields.py`` compares more."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import numpy as np
import pytest
from building import filled_store, planned
from dependence import Marks, needed_numbers
from drawn_networks import drawn_network
from layer_cases import LAYERS, SECOND
from receptive_fields import brute_force, compare
from test_zoo_training import SIBLINGS

from netdsl.backend.numpy.backend import NumpySession
from netdsl.commands import run
from netdsl.layers.leaky_relu import LeakyRelu
from netdsl.layers.max_pool import MaxPool
from netdsl.losses import losses
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.program.lower import inference_program
from netdsl.quantities import Size
from netdsl.reports.as_derivation import derivation_as_text
from netdsl.reports.as_table import plan_as_table
from netdsl.resources import zoo_names, zoo_text

TRIALS = 40
SAMPLE = 16
"""Numbers of the input that are changed, and numbers of the output that are looked at."""


def plan_of(text: str) -> Plan:
    plan, findings = load_plan("dialect torch\n" + text.replace("; ", "\n"))
    assert plan is not None, [finding.message for finding in findings]
    return plan


def fields(text: str) -> dict[str, str]:
    return {layer.node.name: str(layer.receptive_field) for layer in plan_of(text).layers}


HOURGLASS = "input 25x25x1; [CONV 2 3x3 stride 2 pad 1]*3; [DECONV 2 3x3 stride 2 pad 1]*3"
ENLARGED = (
    "input 32x32x1; CONV 4 3x3 pad 1 - RELU - POOL 2x2 stride 2; CONV 4 3x3 pad 1 - RELU; UPSAMPLE 2x2; "
    "CONV 4 3x3 pad 1 - RELU; CONV 4 3x3 pad 1"
)
ROWS = "input 8x8x2; RESHAPE 8x16x1 - MAX POOL 1x1 stride 1x2 - RESHAPE 8x8x1 - CONV 4 3x3 pad 1"
UNITS = (
    "input 33x33x2; block BRANCH(n, s = 1) { CONV n 1x1 - DEPTHWISE 3x3 stride s pad 1 - CONV n 1x1 }; "
    "block UNIT(n) { CONCAT[ SLICE part 1 of 2 | SLICE part 2 of 2 - BRANCH(n) ] - SHUFFLE 2 }; "
    "CONCAT[ CONV 4 5x5 stride 2 pad 2 - DEPTHWISE 3x3 pad 1 | BRANCH(4, 2) ] - SHUFFLE 2; "
    "UNIT(4) - UNIT(4); x: RELU; "
)
GATE = "input 9x9x2; MULTIPLY[ CONV 4 3x3 pad 1 | AVG POOL global - FC 4 - SIGMOID ]"


@pytest.mark.parametrize(
    ("text", "name", "field"),
    [
        (ENLARGED, "UPSAMPLE1", "8x8"),
        (ENLARGED, "CONV3", "10x10"),
        (ENLARGED, "CONV4", "12x12"),
        (HOURGLASS, "DECONV1", "23x23"),
        (HOURGLASS, "DECONV2", "23x23"),
        (HOURGLASS, "DECONV3", "23x23"),
        (ROWS, "CONV1", "3x3"),
        # Branches beside each other see more than either.
        ("input 9x9x1; ADD[ CROP 8x8 top 0 left 0 | CROP 8x8 top 1 left 1 ]", "ADD1", "2x2"),
        ("input 9x9x1; CONCAT[ PAD by top 3 | PAD by bottom 3 ]; CONV 1 3x3", "CONV1", "6x3"),
        # All positions, whatever is between: a gate, a normalisation of the whole volume.
        (GATE, "MULTIPLY1", "10x10"),
        ("input 9x9x2; LN", "LN1", "9x9"),
        ("input 9x9x2; GN 2", "GN1", "9x9"),
        ("input 9x9x2; LCN size 3", "LCN1", "13x13"),
        ("input 9x9x2; AVG POOL global - UPSAMPLE 9x9 - CONV 2 3x3 pad 1", "CONV1", "9x9"),
        ("input 9x9x2; BN", "BN1", "1x1"),
        # Holes are seen past: the field is what lies around all that is read.
        ("input 9x9x1; CONV 1 3x3 dilation 2 - POOL 1x1 stride 2", "MAX POOL1", "5x5"),
        # Outputs of a transposed convolution that no filter reaches, and none but those.
        ("input 9x9x1; DECONV 1 1x1 stride 2", "DECONV1", "1x1"),
        ("input 9x9x1; DECONV 1 1x1 stride 2 - CROP 1x1 top 1 left 0", "CROP1", "0x0"),
        ("input 9x9x1; DECONV 1 1x1 stride 2 - CONV 1 2x2 dilation 2", "CONV1", "2x2"),
        # Channels that are moved see what they saw.
        (UNITS, "SHUFFLE3", "17x17"),
        (UNITS + "@x - SLICE 0", "SLICE5", "9x9"),
        (UNITS + "@x - SLICE 7 - RELU - CONV 1 3x3", "CONV8", "21x21"),
        ("input 8x8x2; SPACE TO DEPTH 2x2 - CONV 2 3x3 pad 1", "CONV1", "6x6"),
        ("input 8x8x4; REORG 2x2 - CONV 2 3x3 pad 1", "CONV1", "None"),
        ("input 8x8x4; REORG 2x2 - FC 2", "FC1", "8x8"),
        ("input 9x9x2; UPSAMPLE to 20x20 bilinear - CONV 2 3x3", "CONV1", "3x3"),
        ("input 9x9x2; LN per position", "LN1", "1x1"),
        ("input 9x9x2; NORM within channel size 3", "NORM1", "3x3"),
        # Back in the old order it is the old view; a row of numbers is one position.
        ("input 8x8x2; FLATTEN - RELU - RESHAPE 8x8x2 - CONV 2 3x3 pad 1", "CONV1", "3x3"),
        ("input 784; RESHAPE 28x28x1 - CONV 2 3x3 pad 1", "CONV1", "1x1"),
        ("input 8x8x2; RESHAPE 4x1x32 - RESHAPE 8x8x2 - CONV 2 3x3 pad 1", "CONV1", "3x3"),
        ("input 8x8x2; RESHAPE 16x8x1 - CONV 2 3x3 pad 1", "CONV1", "None"),
        ("input 8x8x2; CONV 2 3x3; RESHAPE 18x4x1 - CONV 2 3x3 pad 1 - FC 3", "FC1", "8x8"),
        ("input 8x8x2; CONCAT[ SKIP | CONV 2 3x3 pad 1 ] - RESHAPE 8x16x2", "RESHAPE1", "None"),
    ],
)
def test_known_fields(text: str, name: str, field: str) -> None:
    assert fields(text)[name] == field


@pytest.mark.parametrize(
    ("network", "field"),
    [("unet", 204), ("segnet", 404), ("vgg16", 404), ("fcn32s", 436), ("fcn8s", 468), ("lenet", 32)],
)
def test_networks_of_the_zoo(network: str, field: int) -> None:
    plan, _ = load_plan(zoo_text(network))
    assert plan is not None
    assert plan.layers[-1].receptive_field == (field, field)


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        pytest.param([name for name in zoo_names() if name not in SIBLINGS], id="zoo"),
        pytest.param(SIBLINGS, id="siblings", marks=pytest.mark.ci),
    ],
)
def test_the_zoo_by_brute_force(names: Sequence[str]) -> None:
    for name in names:
        plan, _ = load_plan(zoo_text(name))
        assert plan is not None
        if len(plan.layers) > 200:
            continue  # these take seconds each
        last = plan.layers[-1]
        assert last.receptive_field == brute_force(plan, last.node.position, narrow=True), name


@pytest.mark.slow
def test_drawn_networks_by_brute_force() -> None:
    compared = unknown = 0
    for number in range(500, 509):
        text, plan = drawn_network(number)
        found = compare(plan)
        assert not found.differing, text
        compared, unknown = compared + found.agree, unknown + found.unknown
    assert unknown * 10 < compared


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LAYERS if not LAYERS[name][1].is_dropout])
def test_brute_force_knows_what_layers_compute(name: str) -> None:
    """Change a number of the input, and see which numbers of the output change."""
    given, layer = LAYERS[name]
    if name == "unpool":
        layers = ((MaxPool(kernel=Size(2, 2)), (0,)), (layer, (1, 0)))
    elif name in SECOND:
        layers = ((SECOND[name], (0,)), (layer, (0, 1)))
    else:
        layers = (layer,)
    plan = planned(given, *layers, LeakyRelu(slope=0.5))  # scores are those before a closing SOFTMAX
    program = inference_program(plan, TRIALS, loss=losses()["l2"])
    session = NumpySession(program, filled_store(program, seed=1))
    random = np.random.default_rng(2)
    images = random.normal(size=session.inputs["x"].shape).astype(np.float32)
    x, y = plan.input, plan.output
    depths = [planned.output.channels for planned in plan.layers]

    def scores(changed: tuple[int, ...] | None) -> np.ndarray:
        session.inputs["x"][...] = images
        if changed is not None:
            session.inputs["x"].reshape(TRIALS, *x.shape)[(slice(None), *changed)] += 9
        session.run()
        return session.outputs["scores"].reshape(TRIALS, -1).copy()

    before = scores(None)
    looked_at = random.permutation(y.values)[:SAMPLE]
    needed = []
    for number in looked_at:
        row, column, channel = map(int, np.unravel_index(number, y.shape))
        values = np.arange(y.channels).reshape(1, 1, -1) == channel
        needed.append(needed_numbers(plan, len(plan.layers) - 1, Marks(row, column, values), depths))
    for number in random.permutation(x.values)[:SAMPLE]:
        pixel = tuple(map(int, np.unravel_index(number, x.shape)))
        changes = (scores(pixel) != before).any(axis=0)
        for output, marks in zip(looked_at, needed, strict=True):
            assert changes[output] == (marks is not None and _holds(marks, pixel)), (pixel, output)


def _holds(marks: Marks, pixel: tuple[int, ...]) -> bool:
    row, column = pixel[0] - marks.top, pixel[1] - marks.left
    high, wide, _ = marks.values.shape
    return 0 <= row < high and 0 <= column < wide and bool(marks.values[row, column, pixel[2]])


UNKNOWN = "input 8x8x2; RESHAPE 16x8x1; CONV 2 3x3 pad 1"


def test_what_is_not_known_is_said(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    plan = plan_of(UNKNOWN)
    rows = plan_as_table(plan).splitlines()[4:7]
    assert [row.split()[-1] for row in rows] == ["1x1", "unknown", "unknown"]
    path = tmp_path / "unknown.net"
    path.write_text(UNKNOWN.replace("; ", "\n"))
    command = ["check", str(path), "--format", "json", "--columns", "receptive_field"]
    assert run(command) == 0
    (network,) = json.loads(capsys.readouterr().out)["networks"]
    layers = network["plan"]["layers"]
    assert [layer["receptive_field"] for layer in layers] == [[1, 1], None, None]
    assert [layer["columns"]["receptive_field"] for layer in layers] == [[1, 1], None, None]
    assert "RESHAPE1 mixes rows" in derivation_as_text(plan, plan.layers[-1])


@pytest.mark.parametrize("relation", ["=", ">=", "<"])
def test_an_unknown_field_meets_no_expectation(relation: str) -> None:
    _, findings = load_plan(UNKNOWN.replace("; ", "\n") + f"\nexpect receptive_field CONV1 {relation} 3")
    assert [finding.code for finding in findings] == ["ND318"]
    assert "the receptive field of CONV1 is not known" in findings[0].message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("input 8x8x1; [UPSAMPLE 64x64 - CONV 1 3x3 pad 1 - POOL 64x64 stride 64]*6000", None),
        ("input 8x8x1; [UPSAMPLE 2x2 - CONV 1 3x3 pad 1 - POOL 2x2 stride 2]*6000", Size(12001, 12001)),
        ("input 1x1x1; [CONV 1 3x3 pad 1 stride 2]*20000", None),
        ("input 8x8x1; UPSAMPLE 2x2 - UPSAMPLE 3x3 - UPSAMPLE 5x5 - UPSAMPLE 7x7 - UPSAMPLE 11x11", None),
        ("input 8x8x1; UPSAMPLE 99999x1 - CONV 1 3x1 pad 1x0", None),
    ],
)
def test_long_and_various_networks_take_linear_time(text: str, field: Size | None) -> None:
    begin = time.process_time()
    assert plan_of(text).layers[-1].receptive_field == field
    assert time.process_time() - begin < 4


def test_explain_where_positions_see_differently() -> None:
    plan = plan_of(HOURGLASS)
    found = derivation_as_text(plan, plan.layers[-1])
    assert "CONV3    r = 7 + (3 - 1)*4 = 15  j = 4*2 = 8\n" in found
    assert "DECONV1  r = 15 or 23            j = 8/2 = 4\n" in found
    assert "= 23x23, of an image of 25x25" in found


def test_no_cure_that_is_one_of_windows_only() -> None:
    claimed = "input 28x28x4\n[57x57x8] {}1: 8 filters 4x4 at stride 2, pad 1"
    cures = {kind: " ".join(load_plan(claimed.format(kind))[1][0].help) for kind in ("DECONV", "CONV")}
    assert cures["CONV"].startswith("an input of 114x114")
    assert cures["DECONV"] == "claim [56x56x8]"


IN_PYTORCH = [
    ENLARGED.partition("; ")[2].replace("POOL", "AVG POOL"),
    HOURGLASS.partition("; ")[2],
    "CONV 1 3x3 dilation 3 pad 1 - UPSAMPLE 3x2 - CONV 1 2x5 stride 2 - DECONV 1 5x4 stride 3",
    "AVG POOL 3x3 stride 3 - ADD[ CONV 1 3x3 pad 1 | SKIP ] - DECONV 1 7x2 stride 4x2 pad 2x0",
    "enc: CONV 1 3x3 - AVG POOL 2x2 - CONV 1 3x3 pad 1 - DECONV 1 2x2 stride 2; "
    "CONCAT[ SKIP | @enc - PAD by top 2 left 1 - CROP 78x78 top 0 left 1 ] - DEPTHWISE 3x3 - SUBSAMPLE 2x2",
]


@pytest.mark.parametrize("text", IN_PYTORCH)
def test_gradients_in_pytorch(text: str) -> None:
    """All weights 1, on an image so large that outputs in its middle see no padding."""
    torch = pytest.importorskip("torch")
    from torch_networks import forward

    # What a LOCAL in front has as gradient of its weights says on which pixels an output depends.
    plan = plan_of(f"input 80x80x1; pixels: LOCAL 1 1x1 no bias; {text}")
    weights = {
        f"{layer.node.name}.{part.name}": torch.ones(part.shape, dtype=torch.float64, requires_grad=True)
        for layer in plan.layers
        for part in layer.parameters
    }
    y = plan.output
    scores = forward(plan, weights, np.ones((1, 80, 80, 1)), training=False).reshape(y.shape)
    extents = []
    for step in range(-6, 6):
        output = scores[y.height // 2 + step, y.width // 2 + step].sum()
        (gradient,) = torch.autograd.grad(output, weights["pixels.weights"], retain_graph=True)
        extents.append([np.ptp(places) + 1 for places in gradient.reshape(80, 80).numpy().nonzero()])
    assert plan.layers[-1].receptive_field == tuple(np.max(extents, axis=0))
