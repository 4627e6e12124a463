"""Checkpoints: everything that evaluating, predicting or training on needs, in one file.

A checkpoint holds no time and no path of this machine: the same network, data and recipe give the
same bytes. Nothing in it is ever executed; every value is checked when it is read, because
checkpoints come from strangers.
"""

from __future__ import annotations

import os
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.data.preparation import Preparation
from netdsl.diagnostics import Diagnosed, Diagnostic, Severity, file_error
from netdsl.planning.plan import Plan
from netdsl.program.learning import evaluated_arrays
from netdsl.recipe.line import LARGEST_COUNT
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import recipe_as_json, recipe_from_json
from netdsl.text.printer import node_text
from netdsl.training import tensor_file
from netdsl.training.records import EpochRecord, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.program.program import Stored

_FORMAT = 1
_MOST_DIFFERENCES = 20
_LONGEST_SHOWN = 200


class Checkpoint(NamedTuple):
    """A state of training with all that it depends on.

    ``network_text`` is the network's canonical text, ``layers`` its layers one by one, to compare;
    ``variants``
    are those of Program, of a run that was tuned; ``classes`` name the first scores in order, ``labels``
    are what the data calls them where that has names for them;
    ``data_digest`` is ``Dataset.digest``; ``arrays`` maps names such as ``CONV1.weights`` to float32
    arrays.
    """

    network_name: str
    network_text: str
    layers: tuple[tuple[str, str], ...]
    recipe: Recipe
    variants: dict[str, str]
    classes: tuple[str, ...]
    preparation: Preparation
    data_digest: str
    progress: Progress
    arrays: dict[str, NDArray[np.float32]]
    labels: tuple[str, ...] = ()

    @property
    def evaluated(self) -> Checkpoint:
        """The state with the weights that evaluating takes: running averages, where there are any yet."""
        updates = self.progress.epoch or self.progress.step // self.recipe.accumulate
        return self._replace(arrays=evaluated_arrays(self.arrays)) if updates else self


def layer_lines(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Name and description of each layer: its volume, kind and options."""
    return tuple(
        (planned.node.name, f"[{planned.output}] {node_text(planned.node)}") for planned in plan.layers
    )


def save(checkpoint: Checkpoint, path: Path, *, keep: Path | None = None) -> None:
    """Write atomically; the checkpoint before stays readable until then, and as ``keep`` after.

    Raises Diagnosed (ND515) where the system does not let us.
    """
    progress = checkpoint.progress
    content = {
        "format": _FORMAT,
        "network_name": checkpoint.network_name,
        "network": checkpoint.network_text,
        "layers": checkpoint.layers,
        "recipe": recipe_as_json(checkpoint.recipe),
        "forms": checkpoint.variants,
        "classes": checkpoint.classes,
        "preparation": _preparation_json(checkpoint.preparation),
        "data_digest": checkpoint.data_digest,
        "progress": {
            "epoch": progress.epoch,
            "step": progress.step,
            "loss_sum": progress.loss_sum,
            "correct": progress.correct,
            "history": progress.history,
        },
    }
    if checkpoint.labels:
        content["labels"] = checkpoint.labels
    tensor_file.write(path, content, checkpoint.arrays, keep=keep)


def load(path: Path) -> Checkpoint:
    """Read and check a checkpoint.

    Raises Diagnosed: ND650 for a file that is no whole checkpoint, ND517 for none, ND511 for one
    larger than memory.
    """
    if not os.path.isfile(path):
        what = "this folder is not a checkpoint" if os.path.isdir(path) else "there is no such checkpoint"
        raise Diagnosed(file_error("ND517", str(path), what, "name a run folder, such as runs/lenet-1"))
    try:
        content, arrays = tensor_file.read(path)
        return _checkpoint(content, arrays)
    except OSError as error:
        raise Diagnosed(damaged(path, error.strerror or "it cannot be read")) from error
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        why = f"its description lacks {error}" if isinstance(error, KeyError) else str(error)
        raise Diagnosed(damaged(path, why)) from error


def shortened(text: str) -> str:
    """The beginning of a text from a stranger, who may have written a million characters."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def damaged(path: Path, why: str) -> Diagnostic:
    """The finding for a file that is no whole checkpoint."""
    return file_error(
        "ND650",
        str(path),
        f"cannot read this checkpoint: {why[:300]}",
        "use another checkpoint of the run folder: best, last or previous.safetensors",
    )


def _checkpoint(content: dict[str, Any], arrays: dict[str, NDArray[np.float32]]) -> Checkpoint:
    """Check every value. Raises KeyError, TypeError, ValueError for what ``save`` never writes."""
    if content["format"] != _FORMAT:
        raise ValueError(f"it has format {content['format']!r}; this version of netdsl reads {_FORMAT}")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name!r} holds numbers that are not finite")
    return Checkpoint(
        _text(content["network_name"]),
        _text(content["network"]),
        tuple((_text(name), _text(line)) for name, line in content["layers"]),
        recipe_from_json(content["recipe"]),
        _variants(content.get("forms", {})),
        tuple(_text(name) for name in content["classes"]),
        _preparation(content["preparation"]),
        _text(content["data_digest"]),
        _progress(content["progress"]),
        arrays,
        tuple(_text(name) for name in content.get("labels", ())),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a value of its description is not text")
    value.encode("utf-8", "surrogateescape")  # raises ValueError for what no name of a file is, either
    return value


def _number(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not isfinite(value):
        raise TypeError("a value of its description is not a number")
    return float(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_COUNT:
        raise TypeError("a value of its description is not a count")
    return value


def _variants(values: object) -> dict[str, str]:
    if not isinstance(values, dict):
        raise TypeError("its kernel variants are not names by operation")
    return {_text(key): _text(variant) for key, variant in values.items()}


def _preparation(values: dict[str, Any]) -> Preparation:
    black, white = (None if values[key] is None else _number(values[key]) for key in ("black", "white"))
    mean = tuple(_number(value) for value in values["mean"])
    deviation = tuple(_number(value) for value in values["deviation"])
    if len(mean) != len(deviation) or not mean or min(deviation) <= 0:
        raise ValueError("its normalisation is not one mean and one deviation per channel")
    planes = values.get("planes", False)
    if not isinstance(planes, bool):
        raise TypeError("a value of its description is neither true nor false")
    return Preparation(black, white, mean, deviation, planes)


def _preparation_json(preparation: Preparation) -> dict[str, Any]:
    """Without ``planes`` where they are not, as in the checkpoints before there were any."""
    values = preparation._asdict()
    return values if preparation.planes else {key: values[key] for key in values if key != "planes"}


def _epoch_record(epoch: object, *figures: object) -> EpochRecord:
    always, since = figures[:4], figures[4:]
    return EpochRecord(
        _count(epoch), *map(_number, always), *(None if value is None else _number(value) for value in since)
    )


def _progress(values: dict[str, Any]) -> Progress:
    history = [_epoch_record(*row) for row in values["history"]]
    progress = Progress(
        _count(values["epoch"]),
        _count(values["step"]),
        _number(values["loss_sum"]),
        _count(values["correct"]),
        history,
    )
    if [record.epoch for record in history] != list(range(1, progress.epoch + 1)):
        raise ValueError("its history does not list its epochs")
    return progress


def check_network(checkpoint: Checkpoint, plan: Plan, path: Path) -> None:
    """Raise Diagnosed where the plan and the checkpoint do not belong together.

    ND651, naming the layers that differ, for another network; ND650 for classes or a normalisation
    that this network cannot have.
    """
    differences = list(_differences(dict(checkpoint.layers), dict(layer_lines(plan))))
    if differences:
        shown = [shortened(line) for line in differences[:_MOST_DIFFERENCES]]
        if len(differences) > len(shown):
            shown.append(f"and {len(differences) - len(shown)} more")
        raise Diagnosed(
            Diagnostic(
                "ND651",
                Severity.ERROR,
                f"this checkpoint belongs to a different network from {plan.network.source.name}",
                notes=tuple(shown),
                help=("leave the network out: the checkpoint carries its own",),
                path=str(path),
            )
        )
    if len(checkpoint.preparation.mean) != plan.input.channels:
        raise Diagnosed(damaged(path, "its normalisation does not match the network's channels"))
    if not 2 <= len(set(checkpoint.classes)) == len(checkpoint.classes) <= plan.output.values:
        raise Diagnosed(damaged(path, "its classes do not match the network's scores"))
    if checkpoint.labels and not len(set(checkpoint.labels)) == len(checkpoint.labels) == len(
        checkpoint.classes
    ):
        raise Diagnosed(damaged(path, "its labels do not match its classes"))


def _differences(saved: dict[str, str], planned: dict[str, str]) -> list[str]:
    lines = []
    for name in [*planned, *(name for name in saved if name not in planned)]:
        if name not in saved:
            lines.append(f"{name} exists only in the network: {planned[name]}")
        elif name not in planned:
            lines.append(f"{name} exists only in the checkpoint: {saved[name]}")
        elif saved[name] != planned[name]:
            lines.append(f"{name} is {saved[name]} in the checkpoint and {planned[name]} in the network")
    if not lines and list(saved) != list(planned):
        lines.append("the layers are in a different order")
    return lines


def take_arrays(
    checkpoint: Checkpoint, stored: tuple[Stored, ...], path: Path
) -> dict[str, NDArray[np.float32]]:
    """The arrays of a program, in its order.

    The checkpoint may hold more, what the optimizer keeps is not needed to predict, but nothing
    of a layer that the network does not have. Raises Diagnosed (ND651) for arrays that are
    missing, too many or of another shape.
    """
    layers = {name for name, _ in checkpoint.layers}
    wrong = [
        f"{name} is in the checkpoint, but the network has no such layer"
        for name in sorted(checkpoint.arrays)
        if name.partition(".")[0] not in layers
    ]
    for name, shape, _ in stored:
        array = checkpoint.arrays.get(name)
        if array is None or array.shape != shape:
            found = "is missing" if array is None else f"has shape {array.shape}"
            wrong.append(f"{name} {found} in the checkpoint; the network needs {shape}")
    if wrong:
        raise Diagnosed(
            Diagnostic(
                "ND651",
                Severity.ERROR,
                "the arrays of this checkpoint do not match its network",
                notes=tuple(shortened(line) for line in wrong[:_MOST_DIFFERENCES]),
                help=("use another checkpoint of the run folder",),
                path=str(path),
            )
        )
    return {name: checkpoint.arrays[name] for name, _, _ in stored}
