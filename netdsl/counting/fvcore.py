"""fvcore's totals: ``flop_count.py`` and ``jit_handles.py``."""

from __future__ import annotations

from netdsl.counting.tool import Tool, Totals
from netdsl.layers.avg_pool import AvgPool
from netdsl.layers.upsample import Upsample
from netdsl.planning.plan import Plan, PlannedLayer


def _totals(plan: Plan) -> Totals:
    others = sum(_other_flops(planned) for planned in plan.layers)
    pools = sum(planned.inputs[0].values for planned in plan.layers if _is_global_average(planned))
    total = plan.macs + others + pools
    totals = {
        "parameters": plan.parameter_count,
        "flops of convolutions and linear layers": plan.macs,
        "flops of normalisations and upsampling": others,
        "flops of global average pools": pools,
        "total flops": total,
    }
    if pools:
        totals["total flops, global average pools done as a mean"] = total - pools
    kept = _flattened_values(plan)
    if kept:
        totals["total flops, an adaptive pool of the same size before the classifier"] = total + kept
    return totals


def _other_flops(planned: PlannedLayer) -> int:
    """In evaluation mode: 2 per value of a batch normalisation, 5 of the others, 1 less without a scale."""
    layer = planned.node.layer
    if layer.normalises:
        scales = any(parameter.name == "scale" for parameter in planned.used_parameters)
        return ((1 if planned.used_statistics else 4) + scales) * planned.output.values
    if isinstance(layer, Upsample):
        return (4 if layer.mode == "bilinear" else 1) * planned.output.values
    return 0


def _is_global_average(planned: PlannedLayer) -> bool:
    layer = planned.node.layer
    return isinstance(layer, AvgPool) and bool(layer.whole)


def _flattened_values(plan: Plan) -> int:
    """What goes into the first layer that puts a height and a width together with weights; 0 without
    one. There AlexNet and VGG have ``AdaptiveAvgPool2d``, which changes nothing at 224x224."""
    for planned in plan.layers:
        if planned.node.layer.has_weights and planned.output.size == (1, 1):
            (x,) = planned.inputs
            return x.values if x.size != (1, 1) else 0
    return 0


TOOL = Tool(
    "fvcore 0.1.5, FlopCountAnalysis in evaluation mode",
    "One multiply-accumulate is one flop, biases are free. Normalisations count 2 (batch) or 5 (others) "
    "flops per value, UPSAMPLE 1 per output value; LRN, activations, MAX POOL and windows of AVG POOL "
    "are skipped. An average counts 1 per input value where the model calls AdaptiveAvgPool2d, and "
    "nothing where it calls AvgPool2d or mean: `AVG POOL global` is taken for the first, as in ResNet "
    "and DenseNet, and `AVG POOL 7x7` for the second. ShuffleNet and MNASNet of torchvision take a mean; "
    "its AlexNet and VGG have an adaptive pool that changes nothing at 224x224 and counts all the same.",
    _totals,
)
