"""Compares a layer with the memory and the weights that notes state of it."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.diagnostics import Findings
from netdsl.graph.network import Noted
from netdsl.layers.layer import Parameter
from netdsl.quantities import Volume, grouped


def check_notes(
    name: str,
    noted: tuple[Noted, ...],
    output: Volume,
    possible: Sequence[tuple[Parameter, ...]],
    findings: Findings,
) -> None:
    """Report every figure that is wrong by more than its rounding.

    ``possible`` are the parameters that the layer can have: several where a volume before it is in
    doubt. Then a figure is wrong that agrees with none of them.
    """
    for figure in noted:
        weighs = figure.subject == "weights"
        received = [_weights(parameters) for parameters in possible] if weighs else [output.values]
        if not any(abs(count - figure.value) <= figure.tolerance for count in received):
            findings.add(
                "ND315",
                f"{name} has {grouped(received[0])} {_NOUNS[figure.subject]}, not {grouped(figure.value)}",
                figure.span,
                _derivation(possible[0]) if weighs else f"the volume is {output}",
                about=name,
            )


_NOUNS = {"weights": "weights, not counting biases", "memory": "activations"}


def _weights(parameters: tuple[Parameter, ...]) -> int:
    """Learned numbers without biases, as the notes count them."""
    return sum(parameter.values for parameter in parameters if parameter.fan_in)


def _derivation(parameters: tuple[Parameter, ...]) -> str:
    """``3*3*3*64 = 1,728``."""
    shapes = [parameter.shape for parameter in parameters if parameter.fan_in]
    products = ["*".join(str(extent) for extent in shape) for shape in shapes]
    return f"{' + '.join(products)} = {grouped(_weights(parameters))}" if products else "it has no weights"
