"""The networks that are measured, and on how many images a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from netdsl.planning.plan import Plan

HERE = Path(__file__).parent
ZOO = HERE.parent / "nets"


class Network(NamedTuple):
    """A network file under the name that a table shows; ``batch`` is in images."""

    title: str
    path: Path
    batch: int


NETWORKS = {
    "lenet": Network("LeNet-5", ZOO / "lenet.net", 64),
    "cifar6": Network("6 convolutions, 32x32x3", HERE / "networks" / "cifar6.net", 64),
    "alexnet": Network("AlexNet, one tower", ZOO / "alexnet.net", 32),
    "alexnet-grouped": Network("AlexNet, grouped", ZOO / "alexnet-grouped.net", 32),
    "vgg16": Network("VGG-16", ZOO / "vgg16.net", 4),
    "resnet18": Network("ResNet-18, 64x64x3", HERE / "networks" / "resnet18-64.net", 32),
    "resnet50": Network("ResNet-50", ZOO / "resnet50.net", 8),
    "densenet121": Network("DenseNet-121", ZOO / "densenet121.net", 8),
    "mobilenet": Network("MobileNet v1", ZOO / "mobilenet.net", 8),
}
"""By the name that ``--only`` takes."""

MAIN = ("lenet", "cifar6", "alexnet")
"""Those of ``--quick``."""


def load(path: Path) -> Plan:
    """The plan of a network file; SystemExit with its findings where it does not check."""
    from netdsl.planning.pipeline import load_plan

    checked = load_plan(path.read_text(encoding="utf-8"), str(path))
    if checked.plan is None:
        raise SystemExit("\n".join(f"{path}: {finding.message}" for finding in checked.diagnostics))
    return checked.plan
