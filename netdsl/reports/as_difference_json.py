"""Renders what tells one network from another as JSON. The schema only grows; its number says when it
broke."""

from __future__ import annotations

import json
from typing import Any

from netdsl.planning.difference import Array, Difference, LayerDifference
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.text.printer import layer_text

SCHEMA = "netdsl-diff-1"


def difference_as_json(found: Difference, names: tuple[str, str], weights_of: str) -> str:
    """One object: both networks, their layers side by side, and the arrays of the weights."""
    written = {
        "schema": SCHEMA,
        "before": {"file": names[0], **_totals(found.before)},
        "after": {"file": names[1], **_totals(found.after)},
        "differs": found.differs,
        "breaking": found.breaking,
        "weights_of": weights_of,
        "layers": [_layer(layer) for layer in found.layers],
        "arrays": [_array(array) for array in found.arrays],
    }
    return json.dumps(written, indent=1) + "\n"


def _totals(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.network.name,
        "input": list(plan.input.shape),
        "output": list(plan.output.shape),
        "parameters": plan.parameter_count,
        "macs": plan.macs,
        "activations": plan.activation_values,
    }


def _layer(layer: LayerDifference) -> dict[str, Any]:
    written: dict[str, Any] = {
        "change": layer.change.value,
        "before": _side(layer.before),
        "after": _side(layer.after),
    }
    if any(layer.reads):
        written["reads"] = list(layer.reads)
    return written


def _side(layer: PlannedLayer | None) -> dict[str, Any] | None:
    if layer is None:
        return None
    return {
        "name": layer.node.name,
        "text": layer_text(layer.node.layer),
        "output": list(layer.output.shape),
        "parameters": layer.parameter_count,
        "macs": layer.macs,
        "receptive_field": list(layer.receptive_field) if layer.receptive_field else None,
    }


def _array(array: Array) -> dict[str, Any]:
    return {
        "name": array.name,
        "before": None if array.before is None else list(array.before),
        "after": None if array.after is None else list(array.after),
        "fits": array.fits,
        "belongs": array.belongs or None,
    }
