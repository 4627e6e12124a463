"""The same step in PyTorch, in both of its memory layouts, as opponents of a measurement."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from netdsl.backend.session import Store
from netdsl.diagnostics import Diagnosed, Diagnostic, Severity
from netdsl.measuring.measure import RATE, RivalStep, Task


def require_torch() -> None:
    """Diagnosed (ND541) where PyTorch is not installed; imports nothing."""
    try:
        found = find_spec("torch") is not None
    except ValueError:  # a module of that name without a specification
        found = False
    if not found:
        raise _absent("PyTorch is not installed")


def _absent(message: str) -> Diagnosed:
    cure = "pip install 'netdsl[torch]'"
    return Diagnosed(Diagnostic("ND541", Severity.ERROR, message, help=(cure,)))


def torch_steps(task: Task, store: Store, inputs: dict[str, Any]) -> list[RivalStep]:
    """A step in each layout, with our weights and images; Diagnosed where a layer has no PyTorch form."""
    try:
        from netdsl.backend.torch import training
    except (ImportError, OSError) as error:
        raise _absent(f"PyTorch cannot be imported: {error}") from error
    training.set_threads(task.threads)
    labels = np.argmax(inputs["target"], axis=1).tolist()
    optimizer = task.recipe.optimizer
    steps = []
    for layout in training.LAYOUTS:
        if task.training:
            step: Any = training.training_step(
                task.plan,
                store,
                inputs["x"],
                labels,
                layout,
                rate=RATE,
                momentum=optimizer.values()["momentum"],
                decay=optimizer.values()["decay"],
            )
        else:
            step = training.inference_step(task.plan, store, inputs["x"], layout)
        steps.append(RivalStep(f"torch {layout}", training.VERSION, step))
    return steps
