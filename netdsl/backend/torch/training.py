"""Steps of a network in PyTorch, eager, on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn

from netdsl.backend.torch.translated_layer import Floats
from netdsl.backend.torch.translation import PlanModule, module_of
from netdsl.planning.plan import Plan

VERSION: str = torch.__version__

LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}
"""PyTorch's two orders of an image batch in memory, by name."""


def set_threads(threads: int) -> None:
    torch.set_num_threads(threads)


def _prepared(plan: Plan, store: Mapping[str, Floats], layout: str) -> PlanModule:
    module = module_of(plan)
    module.load(store)
    module.to(memory_format=LAYOUTS[layout])
    return module


def _images(x: Floats, layout: str) -> torch.Tensor:
    return torch.tensor(x).permute(0, 3, 1, 2).contiguous(memory_format=LAYOUTS[layout])


def training_step(
    plan: Plan,
    store: Mapping[str, Floats],
    x: Floats,
    labels: list[int],
    layout: str,
    *,
    rate: float,
    momentum: float,
    decay: float,
) -> Callable[[], float]:
    """A step of SGD on cross-entropy as a function that gives the loss; images are ours, channels last."""
    module = _prepared(plan, store, layout)
    images, target = _images(x, layout), torch.tensor(labels)
    groups = [
        {"params": module.learned(decays=True), "weight_decay": decay},
        {"params": module.learned(decays=False), "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=rate, momentum=momentum)
    loss_of = nn.CrossEntropyLoss()

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(module.scores(images), target)
        if loss.requires_grad:
            loss.backward()
            optimizer.step()
        return float(loss.detach())

    return step


def inference_step(plan: Plan, store: Mapping[str, Floats], x: Floats, layout: str) -> Callable[[], object]:
    """The forward pass as after training, as a function that gives the probabilities."""
    module = _prepared(plan, store, layout).eval()
    images = _images(x, layout)

    def step() -> object:
        with torch.inference_mode():
            return module.scores(images).softmax(dim=1)

    return step
