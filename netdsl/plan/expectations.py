"""Compares a plan with the ``expect`` lines of its file."""

from __future__ import annotations

import operator

from netdsl.diagnostics import Edit, Findings
from netdsl.graph.draft import Draft, Entry, Gap, Projection
from netdsl.graph.naming import label_key
from netdsl.graph.network import Expectation
from netdsl.plan.plan import Plan, PlannedLayer
from netdsl.quantities import FLOAT_BYTES, Size, Volume, bytes_text, grouped
from netdsl.spelling import did_you_mean

_RELATIONS = {"=": operator.eq, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_WORDS = {"=": "", "<": "less than ", ">": "more than ", "<=": "at most ", ">=": "at least "}
_NOUNS = {"params": "parameters", "macs": "multiply-accumulates", "connections": "connections"}


def check_expectations(plan: Plan, findings: Findings) -> None:
    """Report every expectation that the plan does not meet."""
    for expectation in plan.network.expectations:
        _check(plan, expectation, findings)
    for pattern in plan.network.patterns:
        from netdsl.plan.patterns import check_pattern  # few networks have one

        check_pattern(plan, pattern, findings)


def _check(plan: Plan, expectation: Expectation, findings: Findings) -> None:
    value = expectation.value
    layer = _layer(plan, expectation, findings) if expectation.of else plan.layers[-1]
    if layer is None:
        return
    if isinstance(value, Volume):
        _check_volume(layer, expectation, value, findings)
    elif isinstance(value, Size):
        _check_receptive_field(layer, expectation, value, findings)
    elif expectation.subject == "memory":
        _check_memory(plan, expectation, value, findings)
    else:
        _check_count(plan, expectation, value, findings)


def check_named_layers(draft: Draft, findings: Findings) -> None:
    """Report expectations of layers that a network without a plan does not have either."""
    if any(isinstance(entry, Projection) or _is_unreadable(entry) for entry in draft.entries):
        return  # which layers those stand for is not known
    names = [entry.name for entry in draft.entries if not isinstance(entry, Projection)]
    for expectation in draft.expectations:
        if expectation.of:
            _place(names, expectation, findings)


def _is_unreadable(entry: Entry) -> bool:
    return isinstance(entry, Gap) and label_key(entry.name).startswith("LAYER")


def _layer(plan: Plan, expectation: Expectation, findings: Findings) -> PlannedLayer | None:
    place = _place([layer.node.name for layer in plan.layers], expectation, findings)
    return None if place is None else plan.layers[place]


def _place(written: list[str], expectation: Expectation, findings: Findings) -> int | None:
    """The layer that an expectation names: ``POOL2`` is also a MAX POOL2 where that is the only one."""
    key = label_key(expectation.of)
    names = [label_key(name) for name in written]
    if key in names:
        return names.index(key)
    ending = [place for place, name in enumerate(names) if name.endswith(f"_{key.upper()}")]
    if len(ending) == 1:
        return ending[0]
    near = did_you_mean(expectation.of, written)
    cures = (f"did you mean `{near}`?", "names are those that the table shows")
    message = f"there is no layer called `{expectation.of[:60]}`"
    findings.add("ND214", message, expectation.span, help=cures if near else cures[1:])
    return None


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
        fix=_restated(expectation, str(layer.output)),
    )


def _check_receptive_field(
    layer: PlannedLayer, expectation: Expectation, expected: Size, findings: Findings
) -> None:
    seen = layer.receptive_field
    if seen is None:
        findings.add(
            "ND318",
            f"what {layer.node.name} sees of the image is not known",
            expectation.span,
            notes=(f"`netdsl explain` of {layer.node.name} says behind which layer it is lost",),
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


def _check_memory(plan: Plan, expectation: Expectation, expected: int, findings: Findings) -> None:
    activations = FLOAT_BYTES * plan.activation_values
    received = plan.parameter_bytes + activations
    if _RELATIONS[expectation.relation](received, expected):
        return
    findings.add(
        "ND311",
        f"expected {_WORDS[expectation.relation]}{bytes_text(expected)}, found {bytes_text(received)}",
        expectation.value_span,
        f"{grouped(abs(received - expected))} bytes {'too many' if received > expected else 'too few'}",
        notes=(
            f"parameters take {bytes_text(plan.parameter_bytes)}, "
            f"the activations of one image {bytes_text(activations)}",
        ),
    )


def _check_count(plan: Plan, expectation: Expectation, expected: int, findings: Findings) -> None:
    counts = [_count(layer, expectation.subject) for layer in plan.layers]
    received = sum(counts)
    if _RELATIONS[expectation.relation](received, expected):
        return
    noun = _NOUNS[expectation.subject]
    largest = sorted(zip(counts, plan.layers, strict=True), key=lambda pair: -pair[0])[:3]
    shares = ", ".join(f"{layer.node.name} {grouped(count)}" for count, layer in largest if count)
    findings.add(
        "ND311",
        f"expected {_WORDS[expectation.relation]}{grouped(expected)} {noun}, found {grouped(received)}",
        expectation.value_span,
        f"{grouped(abs(received - expected))} {'too many' if received > expected else 'too few'}",
        notes=(f"most are in {shares}",) if shares else (),
        fix=_restated(expectation, grouped(received)),
    )


def _restated(expectation: Expectation, received: str) -> Edit | None:
    """The expectation with what was found; of one that names a bound, only its author knows another."""
    return Edit(expectation.value_span, received) if expectation.relation == "=" else None


def _count(layer: PlannedLayer, subject: str) -> int:
    if subject == "params":
        return layer.parameter_count
    return layer.macs if subject == "macs" else layer.node.layer.connections(*layer.inputs)
