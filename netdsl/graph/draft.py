"""A network in the making: every layer that could be read, and gaps where one could not."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.graph.network import Claim, Expectation, Network, Node
from netdsl.source import Source, Span


class Gap(NamedTuple):
    """Stands for a layer that could not be resolved; its mistake is already reported."""

    position: int
    name: str
    inputs: tuple[int, ...]
    span: Span
    claim: Claim | None


class Draft(NamedTuple):
    """What the planner walks, so that mistakes behind a gap are found in the same run."""

    name: str
    nodes: tuple[Node | Gap, ...]
    expectations: tuple[Expectation, ...]
    source: Source

    def network(self) -> Network | None:
        """The network, where no layer is missing."""
        nodes = tuple(node for node in self.nodes if isinstance(node, Node))
        if len(nodes) != len(self.nodes):
            return None
        return Network(self.name, nodes, self.expectations, self.source)
