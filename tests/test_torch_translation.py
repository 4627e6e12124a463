"""Plans as PyTorch modules: the same outputs, the same training, weights in and out, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import LAYERS, conv, image, network_of, small_network

from netdsl.backend import backend
from netdsl.diagnostics import Diagnosed
from netdsl.layers.fc import FullyConnected
from netdsl.layers.layer import SameVolume
from netdsl.layers.step import Step
from netdsl.layers.unpool import Unpool
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.program.lower import inference_program, training_program
from netdsl.quantities import Size
from netdsl.resources import zoo_names, zoo_text

torch = pytest.importorskip("torch")

from netdsl.backend.torch.lowered import lowered  # noqa: E402
from netdsl.backend.torch.training import LAYOUTS, inference_step, training_step  # noqa: E402
from netdsl.backend.torch.translated_layer import Untranslatable  # noqa: E402
from netdsl.backend.torch.translation import MAKERS, module_of  # noqa: E402

BATCH = 3


def images(plan: Plan) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((BATCH, *plan.input.shape)).astype(np.float32)


def ours(plan: Plan, x: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The weights and the scores of the executable specification."""
    program = inference_program(plan, BATCH, loss=losses()["cross-entropy"])
    store = filled_store(program, seed=2)
    session = backend("numpy").bind(program, store, 1)
    session.inputs["x"][...] = x
    session.run()
    return store, session.outputs["scores"].reshape(BATCH, -1)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", LAYERS)
def test_forward_agrees_with_numpy(name: str, layout: str) -> None:
    plan = planned(*network_of(name))
    x = images(plan)
    store, scores = ours(plan, x)
    module = module_of(plan).eval()
    module.load(store)
    module.to(memory_format=LAYOUTS[layout])
    theirs = module.scores(torch.tensor(x).permute(0, 3, 1, 2).contiguous(memory_format=LAYOUTS[layout]))
    np.testing.assert_allclose(scores, theirs.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_arrays_come_back_as_they_went(name: str) -> None:
    plan = planned(*network_of(name))
    store, _ = ours(plan, images(plan))
    module = module_of(plan)
    module.load(store)
    back = module.store()
    assert set(back) == set(store)
    for key, array in store.items():
        np.testing.assert_array_equal(back[key], array, err_msg=key)


def test_layers_agree_with_the_primitives_that_they_write() -> None:
    """Layers that PyTorch has modules for: of many the primitives are known as well, and say the same."""
    known = 0
    for name, (_, layer) in LAYERS.items():
        plan = planned(*network_of(name))
        planned_layer = plan.layers[-2]
        assert planned_layer.node.layer is layer
        try:
            written = lowered(planned_layer)
        except Untranslatable:
            continue
        known += 1
        part = MAKERS[type(layer)](planned_layer)
        inputs = [
            torch.tensor(np.random.default_rng(n).standard_normal((2, *volume.shape)), dtype=torch.float32)
            .permute(0, 3, 1, 2)
            .requires_grad_()
            for n, volume in enumerate(planned_layer.inputs)
        ]
        with torch.no_grad():
            for key, place in written.arrays.items():
                given = place.to_torch(np.random.default_rng(7).random(_shape(planned_layer, key)))
                getattr(written.module, place.name).copy_(torch.from_numpy(given))
                theirs = getattr(part.module, part.arrays[key].name)
                placed = np.ascontiguousarray(part.arrays[key].to_torch(given))
                theirs.copy_(torch.from_numpy(placed).reshape(theirs.shape))
        outputs = [one.module.train()(*inputs) for one in (written, part)]
        torch.testing.assert_close(*outputs, rtol=1e-4, atol=1e-5, msg=name)
        if outputs[1].requires_grad:
            slopes = [torch.autograd.grad((y * y).sum(), inputs, retain_graph=True) for y in outputs]
            torch.testing.assert_close(*slopes, rtol=1e-3, atol=1e-4, msg=name)
    assert known > 35


def _shape(layer: PlannedLayer, key: str) -> tuple[int, ...]:
    return next(one.shape for one in layer.used_parameters if one.name == key)


@pytest.mark.parametrize("name", zoo_names())
def test_every_shipped_network_has_a_module(name: str) -> None:
    plan = load_plan(zoo_text(name), name).plan
    assert plan is not None
    with torch.device("meta"):
        module = module_of(plan)
    learned = module.learned(decays=True) + module.learned(decays=False)
    arrays = sum(parameter.values for layer in plan.layers for parameter in layer.parameters)
    absent = sum(parameter.absent for layer in plan.layers for parameter in layer.parameters)
    assert sum(tensor.numel() for tensor in learned) == arrays + absent


def test_training_step_agrees_with_numpy() -> None:
    plan = planned(*small_network())
    program = training_program(
        plan, BATCH, loss=losses()["cross-entropy"], optimizer=Sgd(momentum=0.9, decay=0.01)
    )
    store = filled_store(program, seed=4)
    x, labels = images(plan), [0, 3, 1]
    step = training_step(plan, store, x, labels, "channels_last", rate=0.1, momentum=0.9, decay=0.01)
    session = backend("numpy").bind(program, store, 1)
    session.inputs["x"][...] = x
    session.inputs["target"][...] = np.eye(5)[labels]
    session.inputs["rate"][...] = 0.1
    for _ in range(3):
        session.run()
        assert step() == pytest.approx(float(session.outputs["loss"]), rel=1e-4)


def test_steps_run_where_nothing_learns() -> None:
    plan = planned(image(1, 1, 4), conv(3, (1, 1)), Step(), FullyConnected(neurons=2), Step())
    x = images(plan)
    store, scores = ours(plan, x)
    probabilities = inference_step(plan, store, x, "nchw")()
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities.numpy(), expected, rtol=1e-5)
    unlearned = planned(image(1, 1, 4), Step())
    assert training_step(unlearned, {}, x, [0, 1, 2], "nchw", rate=0.1, momentum=0.9, decay=0.0)() > 0


class Unheard(SameVolume):
    keyword = "UNHEARD"
    linear = True

    def lower(self, build, *inputs):
        return build.transpose(inputs[0], inputs[0].shape, (0, 1, 2), inputs[0].shape)


def test_what_pytorch_cannot_express_is_refused_by_name() -> None:
    overlapping = Unpool(kernel=Size(3, 3), stride=Size(2, 2))
    plan = planned(
        image(7, 7, 4), (conv(4, (3, 3), stride=2), (0,)), (overlapping, (1, 0)), Unheard(), Unheard()
    )
    with pytest.raises(Diagnosed) as refused:
        module_of(plan)
    findings = refused.value.diagnostics
    assert {finding.code for finding in findings} == {"ND540"}
    # L4 is what L3 is, at the same place: one finding.
    assert [finding.message.split()[0] for finding in findings] == ["L2", "L3"]
    assert "overlap" in findings[0].message
    assert "UNHEARD is known, nor of its primitive `transposition`" in findings[1].message
