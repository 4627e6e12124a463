"""torchinfo's totals: ``layer_info.py``, calculate_macs."""

from __future__ import annotations

from math import prod

from netdsl.counting.tool import Tool, Totals, convolutions
from netdsl.layers.deconv import Deconv
from netdsl.planning.plan import Plan

_ADDED = ("bias", "shift")
"""Parameters that versions before 1.5 do not count."""


def mult_adds(plan: Plan, *, biases: bool = True) -> int:
    """Mult-adds of one image."""
    sliding = {planned.node.position for planned in convolutions(plan)}
    count = 0
    for planned in plan.layers:
        slides = planned.node.position in sliding or isinstance(planned.node.layer, Deconv)
        # The whole array counts, connections that a table leaves out too: PyTorch has no tables.
        values = sum(
            prod(parameter.shape)
            for parameter in planned.used_parameters
            if biases or parameter.name not in _ADDED
        )
        count += values * (planned.output.height * planned.output.width if slides else 1)
    return count


def _totals(plan: Plan) -> Totals:
    learned = plan.parameter_count
    return {
        "Total params": learned,
        "Trainable params": learned,
        "Non-trainable params": 0,
        "Total mult-adds": mult_adds(plan),
    }


TOOL = Tool(
    "torchinfo 1.8.0, batch 1",
    "Mult-adds count the biases too, one per output value, and the scale and shift of a normalisation "
    "once per channel instead of once per value; transposed convolutions count at the size of their "
    "output. Running statistics are buffers and not counted. With a larger batch it multiplies "
    "mult-adds by the batch.",
    _totals,
)
