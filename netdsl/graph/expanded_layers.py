"""A network in its order, before anything is known of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.evaluate import Environment, LayerOutput
from netdsl.graph.options.volumes import Written
from netdsl.layers.layer import Layer
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.uses import Use


class Role(Enum):
    """What a layer's words stand for."""

    LAYER = "a layer"
    JOIN = "a layer that joins branches"
    SKIP = "the input of the join, unchanged"
    PROJECT = "the input of the join, converted to the volume of the other branches"
    BLOCK = "a block without arguments"

    @staticmethod
    def named(word: str) -> Role:
        return {"skip": Role.SKIP, "project": Role.PROJECT}.get(word.lower(), Role.LAYER)


class WeightOwner(NamedTuple):
    """The step whose weights another works with; ``whole`` where a use of a block shares all of its own.

    ``span`` is where that is written.
    """

    step: int
    span: Span
    whole: bool = False


class ExpandedLayer(NamedTuple):
    """One layer of the expanded network: what is written, and what a where block adds.

    ``inputs`` are indices of earlier steps; ``kind`` is what a where entry makes of the kind
    (``POOL: avg 2x2``), else None; ``group`` is the outermost group around the layer; ``span`` is
    given where more than the layer itself belongs to it. ``references`` are the inputs, by their number, that
    a label names; ``use`` is that of the block whose text the layer stands in.
    """

    layer: tree.Layer | tree.Unreadable
    environment: Environment
    inputs: tuple[int, ...]
    label: str = ""
    claim: tree.Claim | None = None
    where_values: Mapping[str, Written] = MappingProxyType({})
    kind: type[Layer] | None = None
    group: tree.Group | None = None
    role: Role = Role.LAYER
    span: Span | None = None
    references: tuple[tuple[int, LayerOutput], ...] = ()
    use: Use | None = None
    shares: WeightOwner | None = None


def report_nothing(span: Span, findings: Findings) -> None:
    """Report a layer or a branch that has nothing to work on, beside inputs that others begin with."""
    help = ("begin the branch with its own input, or with `@` and a label",)
    findings.add("ND208", "this branch has no input", span, "there is no input before the join", help=help)
