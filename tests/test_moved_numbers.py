"""Orders, weights and masks of layers that move numbers, worked out here and not by the layers' formulas."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import image

from netdsl.backend import backend
from netdsl.layers.dialect import DIALECTS
from netdsl.layers.fc import FullyConnected
from netdsl.layers.layer import Layer
from netdsl.layers.mish import Mish
from netdsl.layers.pixel_unshuffle import PixelUnshuffle
from netdsl.layers.reorg import Reorg
from netdsl.layers.shuffle import Shuffle
from netdsl.layers.slice import Slice
from netdsl.layers.space_to_depth import SpaceToDepth
from netdsl.layers.stochastic_depth import StochasticDepth
from netdsl.layers.upsample import Upsample
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program.lower import inference_program, training_program
from netdsl.quantities import Size


def output(layer: Layer, x: np.ndarray, kind: str = "numpy") -> np.ndarray:
    """What a layer makes of one image (height, width, channels), in evaluation."""
    plan = planned(image(*x.shape), layer)
    session = backend(kind).bind(inference_program(plan, 1, loss=losses()["l2"]), {}, 1)
    session.inputs["x"][...] = x
    session.run()
    return session.outputs["scores"].reshape(plan.output.shape).copy()


def test_space_to_depth_of_tensorflows_documentation() -> None:
    x = np.array([[1, 2, 5, 6], [3, 4, 7, 8], [9, 10, 13, 14], [11, 12, 15, 16]])[:, :, None]
    wanted = [[[1, 2, 3, 4], [5, 6, 7, 8]], [[9, 10, 11, 12], [13, 14, 15, 16]]]
    np.testing.assert_array_equal(output(SpaceToDepth(stride=Size(2, 2)), x), wanted)


def test_orders_of_two_channels() -> None:
    """Tens say the channel, ones the place in the block."""
    x = np.array([[[11, 21], [12, 22]], [[13, 23], [14, 24]]])
    by_span = output(SpaceToDepth(stride=Size(2, 2)), x).ravel()
    by_channel = output(PixelUnshuffle(stride=Size(2, 2)), x).ravel()
    np.testing.assert_array_equal(by_span, [11, 21, 12, 22, 13, 23, 14, 24])
    np.testing.assert_array_equal(by_channel, [11, 12, 13, 14, 21, 22, 23, 24])


def test_reorganisation_of_darknets_memory() -> None:
    """Four channels of 2x2 are one of 4x4 to Darknet, and its four blocks of 2x2 become 1x1."""
    memory = np.arange(16).reshape(4, 2, 2)  # channels first
    larger = memory.reshape(4, 4)
    wanted = np.stack([larger[a::2, b::2] for a in range(2) for b in range(2)]).ravel()
    found = output(Reorg(stride=Size(2, 2)), memory.transpose(1, 2, 0))
    np.testing.assert_array_equal(found.ravel(), wanted)  # 16 channels of 1x1


def test_channels_in_the_order_in_which_they_are_written() -> None:
    x = np.arange(12).reshape(1, 2, 6)
    np.testing.assert_array_equal(output(Shuffle(groups=2), x)[0, 0], [0, 3, 1, 4, 2, 5])
    np.testing.assert_array_equal(output(Shuffle(groups=3), x)[0, 0], [0, 2, 4, 1, 3, 5])
    np.testing.assert_array_equal(output(Slice(taken=((4, 5), (0, 0))), x)[0, 1], [10, 11, 6])
    np.testing.assert_array_equal(output(Slice(part=2, parts=3), x)[0, 0], [2, 3])


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"mode": "bilinear"}, [0, 0.25, 0.75, 1]),
        ({"mode": "bilinear", "align": "corners"}, [0, 1 / 3, 2 / 3, 1]),
        ({"mode": "bilinear", "dialect": DIALECTS["caffe"]}, [0, 1 / 3, 2 / 3, 1]),
        ({"mode": "bilinear", "dialect": DIALECTS["caffe"], "align": "centers"}, [0, 0.25, 0.75, 1]),
        ({"mode": "bilinear", "dialect": DIALECTS["tensorflow"]}, [0, 0.25, 0.75, 1]),
        ({}, [0, 0, 1, 1]),
    ],
)
@pytest.mark.parametrize("kind", ["numpy", "numba"])
def test_two_numbers_become_four(kind: str, options: dict, wanted: list[float]) -> None:
    x = np.array([[[0.0], [1.0]]])
    for size in ({"extent": Size(1, 4)}, {"factor": Size(1, 2)}):
        found = output(Upsample(**size, **options), x, kind)
        np.testing.assert_allclose(found.ravel(), wanted, atol=1e-7)


def test_the_nearest_pixel_by_its_corner_or_its_middle() -> None:
    x = np.arange(5.0).reshape(1, 5, 1)
    wanted = {"torch": [0, 1, 3], "tensorflow": [0, 2, 4]}
    for name, numbers in wanted.items():
        found = output(Upsample(extent=Size(1, 3), dialect=DIALECTS[name]), x)
        np.testing.assert_array_equal(found.ravel(), numbers)


@pytest.mark.parametrize("kind", ["numpy", "numba"])
def test_stochastic_depth_leaves_out_whole_images(kind: str) -> None:
    plan = planned(image(2, 2, 3), StochasticDepth(rate=0.25))
    program = training_program(plan, 400, loss=losses()["l2"], optimizer=Sgd(decay=0.0))
    session = backend(kind).bind(program, {}, 2)
    session.inputs["x"][...] = 3.0
    drawn = []
    for seed in (11, 12, 11):
        session.inputs["seed"][...] = seed
        session.run()
        drawn.append(session.outputs["scores"].reshape(400, -1).copy())
    assert all(len(np.unique(row)) == 1 for row in drawn[0])
    np.testing.assert_allclose(np.unique(drawn[0]), [0.0, 4.0])
    assert np.mean(drawn[0] == 0) == pytest.approx(0.25, abs=0.06)
    assert (drawn[0] != drawn[1]).any()
    assert (drawn[0] == drawn[2]).all()


def test_stochastic_depth_is_quiet_after_training() -> None:
    np.testing.assert_array_equal(output(StochasticDepth(rate=0.9), np.ones((2, 2, 3))), np.ones((2, 2, 3)))
    assert StochasticDepth(rate=0.9).without_chance().rate == 0


@pytest.mark.parametrize("kind", ["numpy", "numba"])
def test_mish_of_large_numbers_has_a_gradient(kind: str) -> None:
    """The formula as it is written in the paper overflows at 90."""
    plan = planned(image(1, 1, 4), FullyConnected(neurons=4, bias=False), Mish())
    program = training_program(plan, 1, loss=losses()["l2"], optimizer=Sgd(momentum=0.0, decay=0.0))
    store = filled_store(program)
    store["L1.weights"][...] = np.eye(4)
    session = backend(kind).bind(program, store, 1)
    session.inputs["x"][...] = [-200, -3, 3, 200]
    session.inputs["rate"][...] = 1e-9
    session.run()
    softplus = np.log1p(np.exp([-3.0, 3.0]))
    wanted = [0, -3 * np.tanh(softplus[0]), 3 * np.tanh(softplus[1]), 200]
    np.testing.assert_allclose(session.outputs["scores"].ravel(), wanted, rtol=1e-5, atol=1e-6)
    assert np.isfinite(store["L1.weights"]).all()
