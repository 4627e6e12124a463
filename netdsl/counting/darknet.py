"""What Darknet prints behind each convolution, and what its ``.weights`` files hold."""

from __future__ import annotations

from netdsl.counting.tool import Tool, Totals, convolutions, statistic_values
from netdsl.plan.plan import Plan


def _totals(plan: Plan) -> Totals:
    flops = 2 * sum(planned.macs for planned in convolutions(plan))
    numbers = plan.parameter_count + sum(statistic_values(planned) for planned in plan.layers)
    return {"FLOPs of convolutions": flops, "numbers in the weights file": numbers}


TOOL = Tool(
    "Darknet, sum of the BFLOPs column",
    "A multiply-accumulate is two operations, and only convolutions count: no fully connected layers, "
    "biases, normalisations. Each line is rounded to a thousandth of a BFLOP (1e9). The weights file "
    "has the running mean and variance too.",
    _totals,
)
