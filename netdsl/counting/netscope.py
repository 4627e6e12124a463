"""The totals of dgschwend's Netscope CNN Analyzer: ``src/analyzer.coffee``."""

from __future__ import annotations

from netdsl.counting.tool import Tool, Totals, weight_values
from netdsl.layers.deconv import Deconv
from netdsl.layers.lrn import LocalResponseNorm
from netdsl.layers.multiply import Multiply
from netdsl.layers.prelu import Prelu
from netdsl.planning.plan import Plan, PlannedLayer


def _totals(plan: Plan) -> Totals:
    return {
        "MACC": sum(_macc(planned) for planned in plan.layers),
        "param": sum(_parameters(planned) for planned in plan.layers),
        "activation": plan.activation_values,
    }


def _macc(planned: PlannedLayer) -> int:
    layer, values = planned.node.layer, planned.output.values
    if isinstance(layer, LocalResponseNorm):
        return values * layer.size
    if isinstance(layer, Multiply) or planned.statistics:
        return values  # of batch normalisation, its Scale
    return planned.macs


def _parameters(planned: PlannedLayer) -> int:
    layer = planned.node.layer
    if isinstance(layer, Prelu):
        return 0
    if isinstance(layer, LocalResponseNorm):
        return 2
    return weight_values(planned) if isinstance(layer, Deconv) else planned.parameter_count


TOOL = Tool(
    "Netscope CNN Analyzer (dgschwend), batch 1",
    "MACC adds one per value for the Scale of batch normalisation and for products, and the window's "
    "size per value for LRN. PReLU counts as 0 parameters, LRN as 2, deconvolutions without biases; "
    "BatchNorm counts 2C and Scale none, which comes to the same. It always rounds pools up, so where "
    "`ceil` makes another volume its figures differ.",
    _totals,
)
