"""torchvision's models with random weights, and those weights as netdsl's arrays.

    python tests/torchvision_models.py [NAME...]

compares compiled code with them on inputs as published, in single precision, and multiply-accumulates with
what fvcore counts; ends with status 1 where outputs differ by more than 1e-5, or counts at all.

A torchvision that was built for another PyTorch fails to load its compiled operators; the models need none of
them, only that those are declared which it names while it is imported.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

import numpy as np
import torch
from torch import nn

from netdsl.backend import backend
from netdsl.losses import losses
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.program.lower import inference_program
from netdsl.resources import zoo_text

NAMES = (
    "convnext_tiny",
    "deeplabv3_resnet50",
    "efficientnet_b0",
    "inception_v3",
    "mnasnet0_5",
    "mobilenet_v3_large",
    "regnet_y_400mf",
    "resnext50_32x4d",
    "shufflenet_v2_x1_0",
)
"""Shipped networks that torchvision has under the same name."""

LARGE = {"deeplabv3_resnet50": "129x97"}
"""Inputs in place of published ones that take minutes and gigabytes in double precision."""

_DECLARED: list[Any] = []


def models() -> Any:
    """torchvision.models; raises ImportError where torchvision is not installed."""
    while True:
        try:
            return importlib.import_module("torchvision.models")
        except RuntimeError as error:
            missing = re.fullmatch(r"operator torchvision::(\w+) does not exist", str(error))
            if missing is None:
                raise
            _DECLARED.append(torch.library.Library("torchvision", "FRAGMENT"))
            _DECLARED[-1].define(f"{missing[1]}() -> ()")


def plan_of(name: str, size: str | None) -> Plan:
    """A shipped network for an input of another HEIGHTxWIDTH, or for its own."""
    text = zoo_text(name)
    if size is not None:
        text = re.sub(r"^expect .*$", "", text, flags=re.MULTILINE)
        text = re.sub(r"^input .*$", f"input {size}x3", text, flags=re.MULTILINE)
        # DeepLab's last UPSAMPLE is to the extents of the image, the one before to an eighth.
        height, width = (int(extent) for extent in size.split("x"))
        text = text.replace("to 65x65", f"to {-(-height // 8)}x{-(-width // 8)}").replace(
            "to 520x520", f"to {size}"
        )
    plan, findings = load_plan(text, name)
    assert plan is not None, [finding.message for finding in findings]
    return plan


def model(name: str, size: tuple[int, int], seed: int) -> nn.Module:
    """A model for inference in double precision, without auxiliary heads; every array is random.

    Running statistics lie around those of random images of a size, so that outputs depend on all layers and
    are neither tiny nor huge.
    """
    library = models()
    others: dict[str, Any] = {}
    if name == "inception_v3":
        others = {"aux_logits": False, "init_weights": False}
    elif name.startswith("deeplab"):
        others = {"weights_backbone": None, "aux_loss": False}
    # Regnets compute their widths with tensors; the others are spared the numbers that they would start from.
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        found: nn.Module = library.get_model(name, weights=None, **others)
    found = found.to_empty(device="cpu").double().eval()
    generator = torch.Generator().manual_seed(seed)
    normalisations = [module for module in found.modules() if isinstance(module, nn.BatchNorm2d)]
    for normalisation in normalisations:
        normalisation.reset_running_stats()
        normalisation.train()
        normalisation.momentum = None  # take the batch's statistics
    for key, array in found.state_dict().items():
        if array.is_floating_point() and "running" not in key:
            _fill(key, array, generator)
    with torch.no_grad():
        found(torch.randn(2, 3, *size, generator=generator, dtype=torch.float64))
        for normalisation in normalisations:
            normalisation.eval()
            mean, variance = normalisation.running_mean, normalisation.running_var
            mean.add_(0.2 * variance.sqrt() * torch.randn(mean.shape, generator=generator))
            variance.add_(torch.empty_like(variance).uniform_(0.1, 0.4, generator=generator))
    return found


def _fill(key: str, array: torch.Tensor, generator: torch.Generator) -> None:
    """Weights that keep the size of what they multiply, all else around what it starts from."""
    if array.dim() > 1 and not key.endswith("layer_scale"):
        array.normal_(0, array[0].numel() ** -0.5, generator=generator)
    else:
        array.normal_(0.0 if key.endswith("bias") else 1.0, 0.2, generator=generator)


def outputs(found: nn.Module, x: np.ndarray, plan: Plan) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What a model makes of images (batch, height, width, channels), as netdsl orders it, and its arrays by
    netdsl's names.

    Modules are taken in the order in which they are called, as the plan's layers run; shortcuts that
    change the volume, which a plan has behind the other branches, by themselves.
    """
    called: dict[bool, list[nn.Module]] = {False: [], True: []}
    kinds = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.LayerNorm)
    hooks = []
    for name, module in found.named_modules():
        if isinstance(module, kinds) or hasattr(module, "layer_scale"):
            group = called["proj." in name or "downsample" in name]
            hooks.append(module.register_forward_hook(lambda module, *_, group=group: group.append(module)))
    with torch.inference_mode():
        y = found(torch.tensor(x, dtype=torch.float64).permute(0, 3, 1, 2))
    for hook in hooks:
        hook.remove()
    y = y["out"].permute(0, 2, 3, 1) if isinstance(y, dict) else y
    store = {}
    for shortcut, modules in called.items():
        layers = [layer for layer in plan.layers if layer.parameters]
        layers = [layer for layer in layers if layer.node.name.startswith("PROJECT") == shortcut]
        for layer, module in zip(layers, modules, strict=True):
            store.update(_arrays(layer, module))
    return y.flatten(1).numpy(), store


def _arrays(layer: PlannedLayer, module: nn.Module) -> dict[str, np.ndarray]:
    theirs = {
        "weights": "weight",
        "scale": "layer_scale" if hasattr(module, "layer_scale") else "weight",
        "bias": "bias",
        "shift": "bias",
        "running_mean": "running_mean",
        "running_variance": "running_var",
    }
    found = {}
    for own in (*layer.parameters, *layer.statistics):
        array = getattr(module, theirs[own.name]).detach().numpy()
        if own.name == "weights":  # PyTorch has filters first, then channels, then the window
            array = array.reshape(*array.shape[:2], -1).transpose(2, 1, 0)
        assert array.size == np.prod(own.shape), (layer.node.name, module)
        found[f"{layer.node.name}.{own.name}"] = np.ascontiguousarray(array).reshape(own.shape)
    return found


def counted(found: nn.Module, plan: Plan) -> int:
    """The multiply-accumulates that fvcore counts in convolutions and linear layers."""
    from fvcore.nn import FlopCountAnalysis

    height, width, channels = plan.input.shape
    count = FlopCountAnalysis(found, torch.zeros(1, channels, height, width, dtype=torch.float64))
    count.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    operators = count.by_operator()
    return int(operators["conv"] + operators["linear"])


def main(names: list[str]) -> int:
    failed = 0
    for name in names or NAMES:
        plan = plan_of(name, LARGE.get(name))
        x = np.random.default_rng(1).normal(size=(1, *plan.input.shape)).astype(np.float32)
        theirs = model(name, tuple(plan.input.size), seed=2)
        expected, arrays = outputs(theirs, x, plan)
        store = {key: array.astype(np.float32) for key, array in arrays.items()}
        program = inference_program(plan, 1, loss=losses()["cross-entropy"])
        session = backend("numba").bind(program, store, 2)
        session.inputs["x"][...] = x
        session.run()
        largest = np.abs(expected).max()
        difference = np.abs(session.outputs["scores"].reshape(1, -1) - expected).max()
        macs = counted(theirs, plan)
        print(f"{name}: largest output {largest:.3g}, largest difference {difference:.1e};", end=" ")
        print(f"{plan.macs:,} multiply-accumulates, fvcore {macs:,}", flush=True)
        failed += difference > 1e-5 or plan.macs != macs
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
