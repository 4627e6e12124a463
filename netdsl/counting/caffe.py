"""What a ``.caffemodel`` holds: every number of every blob."""

from __future__ import annotations

from netdsl.counting.tool import Tool, Totals, statistic_values
from netdsl.planning.plan import Plan


def _totals(plan: Plan) -> Totals:
    learned = plan.parameter_count
    normalising = [planned for planned in plan.layers if planned.statistics]
    kept = sum(statistic_values(planned) + 1 for planned in normalising)
    return {"learned numbers": learned, "numbers of BatchNorm": kept, "numbers in all blobs": learned + kept}


TOOL = Tool(
    "BVLC Caffe, numbers in a .caffemodel",
    "Batch normalisation is two layers: BatchNorm with 2C + 1 numbers (mean, variance, and the factor "
    "both are to be divided by) and Scale with the 2C learned ones. Caffe counts no operations.",
    _totals,
)
