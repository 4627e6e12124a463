"""fvcore's totals: ``flop_count.py`` and ``jit_handles.py``."""

from __future__ import annotations

from netdsl.counting.tool import Tool, Totals
from netdsl.layers.avg_pool import AvgPool
from netdsl.layers.upsample import Upsample
from netdsl.plan.plan import Plan, PlannedLayer


def _totals(plan: Plan) -> Totals:
    others = sum(_other_flops(planned) for planned in plan.layers)
    return {
        "parameters": plan.parameter_count,
        "flops of convolutions and linear layers": plan.macs,
        "flops of normalisations, global average pools, upsampling": others,
        "total flops": plan.macs + others,
    }


def _other_flops(planned: PlannedLayer) -> int:
    """In evaluation mode: 2 per value of a batch normalisation, 5 of the others that are affine."""
    layer = planned.node.layer
    if layer.normalises:
        return (2 if planned.statistics else 5) * planned.output.values
    if isinstance(layer, AvgPool) and layer.whole:
        return planned.inputs[0].values
    return planned.output.values if isinstance(layer, Upsample) else 0


TOOL = Tool(
    "fvcore 0.1.5, FlopCountAnalysis in evaluation mode",
    "One multiply-accumulate is one flop, biases are free. Normalisations count 2 (batch) or 5 (others) "
    "flops per value, a global average pool 1 per input value, UPSAMPLE 1 per output value; other "
    "pools, LRN and activations are skipped.",
    _totals,
)
