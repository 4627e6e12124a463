"""The totals under a Keras ``model.summary()``."""

from __future__ import annotations

from netdsl.counting.tool import Tool, Totals, statistic_values
from netdsl.layers.prelu import Prelu
from netdsl.planning.plan import Plan


def _totals(plan: Plan) -> Totals:
    trainable = plan.parameter_count
    for planned in plan.layers:
        if isinstance(planned.node.layer, Prelu):
            trainable += planned.output.values - planned.parameter_count
    statistics = sum(statistic_values(planned) for planned in plan.layers)
    return {
        "Total params": trainable + statistics,
        "Trainable params": trainable,
        "Non-trainable params": statistics,
    }


TOOL = Tool(
    "Keras, model.summary()",
    "Total params include the running mean and variance of batch normalisation: 4 numbers per channel, "
    "of which 2 are trainable. PReLU has a slope for every value of its volume, not for every channel. "
    "keras.applications' ResNets also keep the biases before batch normalisation: another network, not "
    "another count.",
    _totals,
)
