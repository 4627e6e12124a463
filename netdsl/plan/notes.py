"""Compares a plan with the memory and the weights that notes state of its layers."""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.quantities import grouped


def check_notes(plan: Plan, findings: Findings) -> None:
    """Report every figure that is wrong by more than its rounding."""
    for layer in plan.layers:
        for noted in layer.node.claim.noted if layer.node.claim else ():
            received = _weights(layer) if noted.subject == "weights" else layer.output.values
            if abs(received - noted.value) > noted.tolerance:
                findings.add(
                    "ND315",
                    f"{layer.node.name} has {grouped(received)} {_NOUNS[noted.subject]}, "
                    f"not {grouped(noted.value)}",
                    noted.span,
                    _derivation(layer) if noted.subject == "weights" else f"the volume is {layer.output}",
                )


_NOUNS = {"weights": "weights, biases aside", "memory": "activations"}


def _weights(layer: PlannedLayer) -> int:
    """Learned numbers without biases, as the notes count them."""
    return sum(parameter.values for parameter in layer.parameters if parameter.fan_in)


def _derivation(layer: PlannedLayer) -> str:
    """``3*3*3*64 = 1,728``."""
    shapes = [parameter.shape for parameter in layer.parameters if parameter.fan_in]
    products = ["*".join(str(extent) for extent in shape) for shape in shapes]
    return f"{' + '.join(products)} = {grouped(_weights(layer))}" if products else "it has no weights"
