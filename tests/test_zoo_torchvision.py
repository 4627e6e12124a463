"""Shipped networks of torchvision's names compute what its models do, given the same random weights.

In double precision, on inputs that are small where nothing depends on it; `tests/torchvision_models.py`
compares compiled code on inputs as published.
"""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store

from netdsl.backend.numpy.backend import NumpySession
from netdsl.losses import losses
from netdsl.planning.plan import Plan
from netdsl.program.lower import inference_program
from netdsl.program.program import Program

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")

from torchvision_models import NAMES, model, models, outputs, plan_of  # noqa: E402

from netdsl.backend.torch.translation import module_of  # noqa: E402

try:
    models()
except ImportError:
    pytest.skip("torchvision is not installed", allow_module_level=True)

SMALL = "33x43"
SIZES = {"deeplabv3_resnet50": "41x33", "inception_v3": "75x91"}
"""Inputs that leave every layer something; those of the others are SMALL."""


def images(plan: Plan) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(1, *plan.input.shape)).astype(np.float32)


def scores(program: Program, store: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    session = NumpySession(program, store, float64=True)
    session.inputs["x"][...] = x
    session.run()
    return session.outputs["scores"].reshape(len(x), -1)


@pytest.mark.parametrize("name", NAMES)
def test_outputs(name: str) -> None:
    plan = plan_of(name, SIZES.get(name, SMALL))
    x = images(plan)
    expected, store = outputs(model(name, tuple(plan.input.size), seed=2), x, plan)
    found = scores(inference_program(plan, 1, loss=losses()["cross-entropy"]), store, x)
    assert 0.1 < np.abs(expected).max() < 100
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_outputs_of_a_backbone_that_torchvision_lacks() -> None:
    """CSPDarknet53 against the translation of its layers."""
    plan = plan_of("cspdarknet53", SMALL)
    program = inference_program(plan, 1, loss=losses()["cross-entropy"])
    store, x = filled_store(program, seed=2), images(plan)
    module = module_of(plan).eval()
    module.load(store)
    expected = module.scores(torch.tensor(x).permute(0, 3, 1, 2)).detach().numpy()
    found = scores(program, store, x)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
