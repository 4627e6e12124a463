"""Renders an evaluation as JSON for other programs, as `netdsl/schemas/eval.json` describes it.

The schema only grows; its number says when it broke.
"""

from __future__ import annotations

import json
from typing import Any

from netdsl.data.origins import Origin
from netdsl.training.metrics import CONFIDENCE, Mistake
from netdsl.training.trained_model import Examined, TrainedModel

SCHEMA = "netdsl-eval-1"


def evaluation_as_json(model: TrainedModel, examined: Examined) -> str:
    """One object; accuracies and probabilities are shares of 1."""
    classes, evaluation = examined.classes, examined.evaluation
    low, high = evaluation.interval
    top5 = {} if evaluation.top5 is None else {"top5_accuracy": evaluation.top5_accuracy}
    written = {
        "schema": SCHEMA,
        "run": str(model.path),
        "network": model.checkpoint.network_name,
        "epoch": model.checkpoint.progress.epoch,
        "data": examined.data,
        "part": examined.part,
        "images": evaluation.images,
        "loss": evaluation.loss,
        "accuracy": evaluation.accuracy,
        "accuracy_interval": {"low": low, "high": high, "confidence": CONFIDENCE},
        **top5,
        "classes": list(classes),
        "class_accuracy": evaluation.class_accuracy(len(classes)),
        "confusion": evaluation.confusion(len(classes)).tolist(),
        "mistakes": [_mistake(origin, mistake, classes) for origin, mistake in examined.mistakes],
    }
    return json.dumps(written, indent=2, allow_nan=False) + "\n"


def _mistake(origin: Origin, mistake: Mistake, classes: tuple[str, ...]) -> dict[str, Any]:
    known = {key: value for key, value in origin._asdict().items() if value is not None}
    return {
        **known,
        "class": classes[mistake.label],
        "answer": classes[mistake.predicted],
        "probability": mistake.probability,
        "class_probability": mistake.class_probability,
    }
