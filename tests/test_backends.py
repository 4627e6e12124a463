"""Compiled code equals the NumPy specification, for every layer, in training and inference."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import LAYERS, conv, image, network_of
from one_operation import trained

from netdsl.backend import backend
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.target import host
from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.dropout import Dropout
from netdsl.layers.fc import FullyConnected
from netdsl.layers.flatten import Flatten
from netdsl.layers.input import Input
from netdsl.layers.layer import Layer
from netdsl.layers.max_pool import MaxPool
from netdsl.layers.relu import Relu
from netdsl.layers.softmax import Softmax
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program.lower import inference_program, training_program
from netdsl.quantities import Padding, Size

BATCHES = (5, 32)
"""The second fills vectors with images, which layers of few channels then work on."""

OTHER_SIZES = (
    "conv-1x1-stride",
    "conv-deep-pad",
    "conv-dilated-stride",
    "conv-floor",
    "conv-same-stride",
    "conv-stride-wide",
    "deconv-overlap",
    "depth-to-space",
    "lrn-power",
    "lrn-within-caffe",
    "ln-position-wide",
    "local-wide",
    "max-pool-ceil-beside",
    "max-pool-rest",
    "pixel-shuffle",
    "reorg-oblong",
)
"""Layers that have another of the same kind beside them: with vectors of images CI tries them all."""

NAMES_AND_BATCHES = [
    pytest.param(name, batch, marks=pytest.mark.ci if batch == BATCHES[1] and name in OTHER_SIZES else ())
    for batch in BATCHES
    for name in LAYERS
]


def compare(program, steps: int) -> None:
    ours, numpys = (trained(program, kind, steps=steps, seeds=(3, 5)) for kind in ("numba", "numpy"))
    for mine, theirs in zip(ours[1], numpys[1], strict=True):
        for key, value in theirs.items():
            np.testing.assert_allclose(mine[key], value, rtol=2e-4, atol=2e-5, err_msg=key)
    for key, value in numpys[0].items():
        np.testing.assert_allclose(ours[0][key], value, rtol=2e-4, atol=2e-5, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "batch"), NAMES_AND_BATCHES)
def test_training(name: str, batch: int) -> None:
    plan = planned(*network_of(name))
    compare(training_program(plan, batch, loss=losses()["cross-entropy"], optimizer=Sgd(decay=0.01)), steps=3)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "batch"), NAMES_AND_BATCHES)
def test_inference(name: str, batch: int) -> None:
    plan = planned(*network_of(name))
    compare(inference_program(plan, batch, loss=losses()["l2"]), steps=1)


@pytest.mark.slow
def test_gradients_that_go_straight_into_the_update() -> None:
    """Large matrices: the gradient is never stored, whatever the rest of rows and columns."""
    layers = (
        Input(height=1, width=1, channels=203),
        FullyConnected(neurons=117),
        Relu(),
        FullyConnected(neurons=4),
    )
    program = training_program(
        planned(*layers), 37, loss=losses()["cross-entropy"], optimizer=Sgd(decay=0.01)
    )
    launches = lay_out(program).launches
    assert any(launch.kernel.name.startswith("product_update") for launch in launches)
    assert not any(tensor.name == "L1.weights.gradient" for launch in launches for tensor in launch.tensors)
    compare(program, steps=3)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", ["bias", "normalisation", "whole-image"])
def test_one_vector_of_images_with_a_single_position(kind: str, threads: int) -> None:
    """A channel has WIDTH numbers of the volume and one of the bias, also where these are all."""
    pooled = {
        "bias": (conv(6, (1, 1)), Relu()),
        "normalisation": (BatchNorm(epsilon=1e-5, momentum=0.1), Relu()),
        "whole-image": (Relu(),),
    }[kind]
    kernel = Size(4, 4)
    pool = MaxPool(kernel=kernel, stride=kernel, padding=Padding(0, 0, 0, 0))
    layers = (image(4, 4, 1), conv(6, (3, 3), pad=1), pool, *pooled, FullyConnected(neurons=4))
    plan, loss = planned(*layers), losses()["cross-entropy"]
    program = training_program(plan, host().target.width, loss=loss, optimizer=Sgd(decay=0.0))
    found = {}
    for name in ("numpy", "numba"):
        store = filled_store(program, seed=1)
        session = backend(name).bind(program, store, threads)
        generator = np.random.default_rng(2)
        session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
        session.inputs["target"][...] = np.eye(4)[generator.integers(4, size=program.batch)]
        session.inputs["rate"][...] = 0.1
        session.run()
        found[name] = store
    for array, wanted in found["numpy"].items():
        np.testing.assert_allclose(found["numba"][array], wanted, rtol=2e-4, atol=2e-5, err_msg=array)


@pytest.mark.parametrize("layers", [(Flatten(),), (Softmax(),), (Dropout(rate=0.5),), (Flatten(), Softmax())])
def test_scores_that_no_layer_computes(layers: tuple[Layer, ...]) -> None:
    """A network of shapes alone scores the numbers of its input."""
    program = inference_program(planned(image(1, 1, 5), *layers), 3, loss=losses()["cross-entropy"])
    (_, ours), (_, numpys) = (trained(program, kind, steps=2, seeds=(3, 5)) for kind in ("numba", "numpy"))
    for mine, theirs in zip(ours, numpys, strict=True):
        for name, value in theirs.items():
            np.testing.assert_allclose(mine[name], value, rtol=1e-6, err_msg=name)
    assert not np.array_equal(ours[0]["scores"], ours[1]["scores"])
