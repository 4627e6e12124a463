"""What a kind of layer says of its linearity is what it computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import LAYERS, SECOND

from netdsl.backend.numpy.backend import NumpySession
from netdsl.layers.flatten import Flatten
from netdsl.layers.input import Input
from netdsl.layers.layer import Layer, SameVolume
from netdsl.layers.max_pool import MaxPool
from netdsl.losses import losses
from netdsl.program.lower import inference_program
from netdsl.quantities import Size


def bend(given: Input, layer: Layer, second: Layer | None) -> float:
    """How far f(a + b - c) is from f(a) + f(b) - f(c), in evaluation; 0 for a linear layer."""
    if second is None:
        plan = planned(given, layer, Flatten())
    elif isinstance(second, MaxPool):
        plan = planned(given, second, (layer, (1, 0)), Flatten())
    else:
        plan = planned(given, second, (layer, (0, 1)), Flatten())
    program = inference_program(plan, 4, loss=losses()["l2"])
    store = {name: array.astype(np.float64) for name, array in filled_store(program, seed=3).items()}
    session = NumpySession(program, store, float64=True)
    a, b, c = 3 * np.random.default_rng(5).normal(size=(3, *session.inputs["x"].shape[1:]))
    session.inputs["x"][...] = np.stack([a, b, c, a + b - c])
    session.inputs["target"][...] = 0
    session.run()
    of_a, of_b, of_c, of_sum = session.outputs["scores"]
    return float(np.abs(of_a + of_b - of_c - of_sum).max())


@pytest.mark.parametrize("name", LAYERS)
def test_kind_is_as_linear_as_it_says(name: str) -> None:
    given, layer = LAYERS[name]
    second = MaxPool(kernel=Size(2, 2)) if name == "unpool" else SECOND.get(name)
    found = bend(given, layer, second)
    assert found < 1e-9 if layer.linear else found > 1e-3


def test_kind_that_does_not_say_is_an_error() -> None:
    with pytest.raises(TypeError, match="linear"):

        class Silent(SameVolume):
            keyword = "SILENT"

            def lower(self, build: Any, *inputs: Any) -> Any:
                return inputs[0]
