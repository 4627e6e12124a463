"""What AlexeyAB's fork of Darknet prints as ``Total BFLOPS``: ``convolutional_layer.c``, ``maxpool_layer.c``,
``shortcut_layer.c``."""

from __future__ import annotations

from netdsl.counting.darknet import convolution_flops, numbers_in_weights_file
from netdsl.counting.tool import Tool, Totals
from netdsl.layers.add import Add
from netdsl.layers.avg_pool import AvgPool
from netdsl.layers.max_pool import MaxPool
from netdsl.planning.plan import Plan, PlannedLayer


def _totals(plan: Plan) -> Totals:
    convolutions = convolution_flops(plan)
    pools = sum(_pool_flops(planned) for planned in plan.layers)
    shortcuts = sum(_shortcut_flops(planned) for planned in plan.layers)
    return {
        "FLOPs of convolutions": convolutions,
        "FLOPs of pools": pools,
        "FLOPs of shortcuts": shortcuts,
        "total FLOPs": convolutions + pools + shortcuts,
        "numbers in the weights file": numbers_in_weights_file(plan),
    }


def _pool_flops(planned: PlannedLayer) -> int:
    """One for each number of a window: of ``[maxpool]`` and ``[local_avgpool]``, not of ``[avgpool]``."""
    layer = planned.node.layer
    if isinstance(layer, MaxPool) or (isinstance(layer, AvgPool) and not layer.whole):
        kernel = layer.moving(*planned.inputs).kernel
        return kernel.height * kernel.width * planned.output.values
    return 0


def _shortcut_flops(planned: PlannedLayer) -> int:
    """One addition for each volume that is added."""
    added = len(planned.inputs) - 1 if isinstance(planned.node.layer, Add) else 0
    return added * planned.output.values


TOOL = Tool(
    "AlexeyAB's Darknet, Total BFLOPS",
    "A multiply-accumulate of a convolution is two operations. A window of k*k counts k*k per output "
    "value, as MAX POOL (`[maxpool]`) and as AVG POOL (`[local_avgpool]`); an AVG POOL over the whole "
    "image (`[avgpool]`) is free, and so are fully connected layers, biases, normalisations, CONCAT and "
    "UPSAMPLE. ADD (`[shortcut]`) counts 1 per value and volume added; earlier versions left it "
    "out. pjreddie's Darknet counts convolutions alone: `--like darknet`.",
    _totals,
)
