"""``default`` lines: options for a kind, and the activation behind layers with weights."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.diagnostics import Findings, Label
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.names.weight_sharing import layer_head, own_layers_only
from netdsl.graph.options.reader import read_options
from netdsl.graph.options.volumes import Written
from netdsl.layers.layer import Layer
from netdsl.layers.registry import kind_named
from netdsl.source import Span
from netdsl.syntax import tree


class Activation(NamedTuple):
    """What ``default activation`` puts in: a kind with its options, and the line's place."""

    kind: type[Layer]
    options: dict[str, Written]
    span: Span


class Defaults(NamedTuple):
    """All default lines of a file together; where they stand in it does not matter. ``unclear`` are the
    kinds of lines with a mistake: nothing more is said of their layers."""

    options: dict[type[Layer], dict[str, Written]]
    activation: Activation | None
    unclear: frozenset[type[Layer]] = frozenset()


def read_defaults(
    statements: tuple[tree.Default, ...], environment: Environment, findings: Findings
) -> Defaults:
    """Read the default lines; what is wrong in one is reported and left out."""
    options: dict[type[Layer], dict[str, Written]] = {}
    activation: Activation | None = None
    unclear: set[type[Layer]] = set()
    for statement in statements:
        layer = statement.layer
        if not isinstance(layer, tree.Layer):
            unclear |= _kinds_in(findings.source.excerpt(statement.span))
            continue
        first = layer.words[0]
        if first.text.lower() != "activation":
            reports = findings.reports
            kind = _add_options(layer, options, environment, findings)
            if kind is not None and findings.reports > reports:
                unclear.add(kind)
        elif activation is not None:
            earlier = Label(activation.span, "first given here")
            findings.add(
                "ND213", "the default activation is given twice", statement.span, secondary=(earlier,)
            )
        else:
            activation = _activation(layer, statement.span, environment, findings)
    return Defaults(options, activation, frozenset(unclear))


def _kinds_in(line: str) -> set[type[Layer]]:
    """The kind of a default line that could not be parsed."""
    words = re.findall(r"[A-Za-z]\w*", line[:_REACH])[1:3]
    found = (kind_named(" ".join(words[:length])) for length in (2, 1))
    return {kind for kind in found if kind is not None}


_REACH = 100
"""Characters of a default line in which its kind stands."""


def _read(
    layer: tree.Layer, environment: Environment, findings: Findings
) -> tuple[type[Layer], dict[str, Written]] | None:
    head = own_layers_only(layer_head(layer), findings)
    if head.kind is None:
        from netdsl.graph.names.unknown_kinds import report_unknown_kind

        report_unknown_kind(head, findings)
        return None
    read = read_options(head.kind, head.options, findings, environment)
    return head.kind, {name: values[0] for name, values in read.items()}


def _add_options(
    layer: tree.Layer,
    options: dict[type[Layer], dict[str, Written]],
    environment: Environment,
    findings: Findings,
) -> type[Layer] | None:
    """Add what a line says; its kind, where it has one."""
    read = _read(layer, environment, findings)
    if read is None:
        return None
    kind, given = read
    known = options.setdefault(kind, {})
    for name, written in given.items():
        if name in known:
            findings.add(
                "ND205",
                f"the default `{name}` of {kind.keyword} is given twice",
                written.span,
                secondary=(Label(known[name].span, "first given here"),),
                help=("leave one of them out",),
            )
        else:
            known[name] = written
    return kind


def _activation(
    layer: tree.Layer, span: Span, environment: Environment, findings: Findings
) -> Activation | None:
    words = layer.words[1:]
    if not words:
        findings.add(
            "ND212",
            "`default activation` needs a kind of layer",
            span,
            help=("write `default activation relu`",),
        )
        return None
    read = _read(layer._replace(words=words), environment, findings)
    if read is None:
        return None
    kind, options = read
    if not kind.is_activation:
        findings.add(
            "ND212",
            f"{kind.keyword} is not an activation",
            words[0].span.to(words[-1].span),
            help=("write `default activation relu`",),
        )
        return None
    return Activation(kind, options, span)
