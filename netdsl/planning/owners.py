"""Which layers have the weights that others work with, and whether they fit there."""

from __future__ import annotations

from typing import Any

from netdsl.diagnostics import Findings, Label
from netdsl.graph.network import Node
from netdsl.layers.layer import Layer, Parameter, Statistic
from netdsl.layers.option import OptionType
from netdsl.quantities import Volume


class Owners:
    """The layers so far by name, with their inputs."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._known: dict[str, tuple[Node, tuple[Volume, ...]]] = {}

    def keep(self, node: Node, inputs: tuple[Volume, ...]) -> None:
        """Take up a layer that works with its own weights."""
        self._known[node.name] = node, inputs

    def settled(self, node: Node, inputs: tuple[Volume, ...]) -> Node:
        """The layer, compared with the one whose weights it works with; a mistake is reported."""
        if node.shares is None:
            self.keep(node, inputs)
            return node
        own = node.layer.parameters(*inputs)
        if not own and node.shares.whole:
            return node._replace(shares=None)
        owner = self._known.get(node.shares.owner)
        if not own:
            message = f"{node.layer.keyword} has no weights, so {node.name} shares none"
            self._findings.add("ND325", message, node.shares.span, help=("leave it out",))
        elif owner is not None:
            self._compare(node, inputs, *owner)
        return node

    def _compare(
        self, node: Node, inputs: tuple[Volume, ...], owner: Node, owned_inputs: tuple[Volume, ...]
    ) -> None:
        assert node.shares is not None
        arrays, owned = _arrays(node.layer, inputs), _arrays(owner.layer, owned_inputs)
        span, label = node.shares.span, Label(owner.span, f"given {_volumes(owned_inputs)}")
        if arrays != owned:
            name = next(name for name in {**arrays, **owned} if arrays.get(name) != owned.get(name))
            here, there = (_shape(of.get(name)) for of in (arrays, owned))
            message = f"the {name} of {node.name} would be {here}, and those of {owner.name} are {there}"
            cure = "layers that share weights need the same channels, filters and kernel"
            self._findings.add(
                "ND325", message, span, f"given {_volumes(inputs)}", secondary=(label,), help=(cure,)
            )
        elif _tables(node.layer) != _tables(owner.layer):
            message = f"{node.name} and {owner.name} have different tables of connections"
            self._findings.add("ND325", message, span, secondary=(label,), help=("give both the same",))


def _arrays(layer: Layer, inputs: tuple[Volume, ...]) -> dict[str, tuple[int, ...]]:
    parts: tuple[Parameter | Statistic, ...] = (*layer.parameters(*inputs), *layer.statistics(*inputs))
    return {part.name: part.shape for part in parts}


def _tables(layer: Layer) -> list[Any]:
    options = layer.options().values()
    return [layer.__dict__[option.name] for option in options if option.type is OptionType.TABLE]


def _shape(shape: tuple[int, ...] | None) -> str:
    return "x".join(map(str, shape)) if shape else "none"


def _volumes(inputs: tuple[Volume, ...]) -> str:
    return " and ".join(map(str, inputs))
