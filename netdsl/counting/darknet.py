"""What pjreddie's Darknet prints after each convolution, and what its ``.weights`` files hold."""

from __future__ import annotations

from netdsl.counting.tool import Tool, Totals, convolutions, statistic_values
from netdsl.planning.plan import Plan


def convolution_flops(plan: Plan) -> int:
    """Two operations for each multiply-accumulate of convolutions."""
    return 2 * sum(planned.macs for planned in convolutions(plan))


def numbers_in_weights_file(plan: Plan) -> int:
    """Parameters and running statistics; the header is not among them."""
    return plan.parameter_count + sum(statistic_values(planned) for planned in plan.layers)


def _totals(plan: Plan) -> Totals:
    return {
        "FLOPs of convolutions": convolution_flops(plan),
        "numbers in the weights file": numbers_in_weights_file(plan),
    }


TOOL = Tool(
    "pjreddie's Darknet, sum of the BFLOPs column",
    "A multiply-accumulate is two operations, and only convolutions count: no fully connected layers, "
    "biases, normalisations, pools, shortcuts. Each line is rounded to a thousandth of a BFLOP (1e9). "
    "The weights file has the running mean and variance too. AlexeyAB's Darknet adds pools and "
    "shortcuts: `--like alexeyab`.",
    _totals,
)
