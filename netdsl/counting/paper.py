"""What papers state: ResNet's FLOPs, MobileNet's mult-adds, LeNet's connections."""

from __future__ import annotations

from netdsl.counting.tool import Tool, Totals
from netdsl.planning.plan import Plan


def _totals(plan: Plan) -> Totals:
    return {
        "parameters": plan.parameter_count,
        "multiply-adds": plan.macs,
        "connections": sum(planned.node.layer.connections(*planned.inputs) for planned in plan.layers),
    }


TOOL = Tool(
    "the papers",
    "Learned parameters; FLOPs (ResNet) and mult-adds (MobileNet) are multiply-accumulates of "
    "convolutions and fully connected layers, as here, where SqueezeNet's README has twice that. "
    "Connections are LeCun's of 1989 and 1998: one per weight and one per bias, for each output value.",
    _totals,
)
