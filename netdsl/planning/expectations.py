"""Compares a plan with the ``expect`` lines of its file."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import cached_property
from heapq import nlargest
from operator import itemgetter

from netdsl.diagnostics import Findings
from netdsl.graph.draft.entries import Draft, Entry, Gap, Projection
from netdsl.graph.names.unique_names import label_key
from netdsl.graph.network import Expectation
from netdsl.planning.named_layers import NamedLayers
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.quantities import FLOAT_BYTES, Size, Volume, bytes_text, grouped

_RELATIONS = {"=": operator.eq, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_WORDS = {"=": "", "<": "less than ", ">": "more than ", "<=": "at most ", ">=": "at least "}
_NOUNS = {"params": "parameters", "macs": "multiply-accumulates", "connections": "connections"}


def check_expectations(plan: Plan, findings: Findings) -> None:
    """Report every expectation that the plan does not meet."""
    sums = _Sums(plan)
    layers = _layers([layer.node.name for layer in plan.layers], plan.network.expectations)
    for expectation in plan.network.expectations:
        _check(sums, layers, expectation, findings)
    for pattern in plan.network.patterns:
        from netdsl.planning.patterns import check_pattern  # few networks have one

        check_pattern(plan, pattern, findings)


def _check(sums: _Sums, layers: NamedLayers, expectation: Expectation, findings: Findings) -> None:
    value = expectation.value
    position = _position(layers, expectation, findings) if expectation.of else -1
    if position is None:
        return
    layer = sums.plan.layers[position]
    if isinstance(value, Volume):
        _check_volume(layer, expectation, value, findings)
    elif isinstance(value, Size):
        _check_receptive_field(layer, expectation, value, findings)
    elif expectation.subject == "memory":
        _check_memory(sums, expectation, value, findings)
    else:
        _check_count(sums, expectation, value, findings)


def check_named_layers(draft: Draft, findings: Findings) -> None:
    """Report expectations of layers that a network without a plan does not have either."""
    if any(isinstance(entry, Projection) or _is_unreadable(entry) for entry in draft.entries):
        return  # which layers those stand for is not known
    names = [entry.name for entry in draft.entries if not isinstance(entry, Projection)]
    layers = _layers(names, draft.expectations)
    for expectation in draft.expectations:
        if expectation.of:
            _position(layers, expectation, findings)


def _is_unreadable(entry: Entry) -> bool:
    return isinstance(entry, Gap) and label_key(entry.name).startswith("LAYER")


def _layers(names: list[str], expectations: Sequence[Expectation]) -> NamedLayers:
    return NamedLayers(names, [expectation.of for expectation in expectations])


def _position(layers: NamedLayers, expectation: Expectation, findings: Findings) -> int | None:
    """The layer that an expectation names; None, with a finding, for none."""
    position = layers.position(expectation.of)
    if position is None:
        near = findings.near(expectation.of, layers.written, "layers")
        cures = (f"did you mean `{near}`?", "use the names in the table")
        message = f"there is no layer called `{expectation.of[:60]}`"
        findings.add("ND214", message, expectation.span, help=cures if near else cures[1:])
    return position


class _Sums:
    """What is counted over all layers of a plan, each thing once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._counts: dict[str, tuple[int, str]] = {}

    @cached_property
    def memory_bytes(self) -> tuple[int, int]:
        """Of the parameters, and of the activations of one image."""
        return self.plan.parameter_bytes, FLOAT_BYTES * self.plan.activation_values

    def count(self, subject: str) -> tuple[int, str]:
        """The total, and which layers have most of it."""
        if subject not in self._counts:
            counts = [_count(layer, subject) for layer in self.plan.layers]
            largest = nlargest(3, zip(counts, self.plan.layers, strict=True), key=itemgetter(0))
            shares = ", ".join(f"{layer.node.name} {grouped(count)}" for count, layer in largest if count)
            self._counts[subject] = sum(counts), shares
        return self._counts[subject]


def _check_volume(
    layer: PlannedLayer, expectation: Expectation, expected: Volume, findings: Findings
) -> None:
    if layer.output.agrees(expected):
        return
    what = "an output" if expectation.subject == "output" else f"a volume of {layer.node.name}"
    findings.add(
        "ND311",
        f"expected {what} of {expected}, found {layer.output}",
        expectation.value_span,
        f"{layer.node.name} makes {layer.output}",
        notes=layer.node.layer.arithmetic(*layer.inputs),
    )


def _check_receptive_field(
    layer: PlannedLayer, expectation: Expectation, expected: Size, findings: Findings
) -> None:
    seen = layer.receptive_field
    if seen is None:
        findings.add(
            "ND318",
            f"the receptive field of {layer.node.name} is not known",
            expectation.span,
            notes=(f"`netdsl explain` of {layer.node.name} says after which layer it is lost",),
            help=("expect it of a layer before that one",),
        )
        return
    relation = _RELATIONS[expectation.relation]
    if relation(seen.height, expected.height) and relation(seen.width, expected.width):
        return
    findings.add(
        "ND311",
        f"expected {layer.node.name} to see {_WORDS[expectation.relation]}{expected} pixels, found {seen}",
        expectation.value_span,
        help=("kernels, strides and pools before a layer widen what it sees",),
    )


def _check_memory(sums: _Sums, expectation: Expectation, expected: int, findings: Findings) -> None:
    parameters, activations = sums.memory_bytes
    received = parameters + activations
    if _RELATIONS[expectation.relation](received, expected):
        return
    findings.add(
        "ND311",
        f"expected {_WORDS[expectation.relation]}{bytes_text(expected)}, found {bytes_text(received)}",
        expectation.value_span,
        f"{grouped(abs(received - expected))} bytes {'too many' if received > expected else 'too few'}",
        notes=(
            f"parameters take {bytes_text(parameters)}, "
            f"the activations of one image {bytes_text(activations)}",
        ),
    )


def _check_count(sums: _Sums, expectation: Expectation, expected: int, findings: Findings) -> None:
    received, shares = sums.count(expectation.subject)
    if _RELATIONS[expectation.relation](received, expected):
        return
    noun = _NOUNS[expectation.subject]
    findings.add(
        "ND311",
        f"expected {_WORDS[expectation.relation]}{grouped(expected)} {noun}, found {grouped(received)}",
        expectation.value_span,
        f"{grouped(abs(received - expected))} {'too many' if received > expected else 'too few'}",
        notes=(f"most are in {shares}",) if shares else (),
    )


def _count(layer: PlannedLayer, subject: str) -> int:
    if subject == "params":
        return layer.parameter_count
    return layer.macs if subject == "macs" else layer.node.layer.connections(*layer.inputs)
