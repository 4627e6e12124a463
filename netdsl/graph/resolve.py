"""From tree to network: one pass that finds out what every layer is."""

from __future__ import annotations

import os
import re
from typing import Any

from netdsl.diagnostics import Findings, Label
from netdsl.graph.activation import put_activations
from netdsl.graph.defaults import Defaults, read_defaults
from netdsl.graph.draft import Draft, Gap
from netdsl.graph.expansion import Expansion, Step
from netdsl.graph.expectations import read_expectation
from netdsl.graph.heads import Head, read_head, report_unknown_kind
from netdsl.graph.missing import Missing
from netdsl.graph.naming import Names
from netdsl.graph.network import Claim, Expectation, Node
from netdsl.graph.options import Written, read_options, volume_options
from netdsl.graph.values import volume
from netdsl.layers.layer import Layer
from netdsl.source import Source, Span
from netdsl.syntax import tree


def resolve(file: tree.File, source: Source, findings: Findings) -> Draft | None:
    """The network that a file describes; None where it describes none at all."""
    return _Resolution(file, source, findings).resolve()


class _Resolution:
    """The state of one pass: what repeated layers share is read once."""

    def __init__(self, file: tree.File, source: Source, findings: Findings) -> None:
        self.file = file
        self.source = source
        self.findings = findings
        self.heads: dict[int, Head] = {}
        self.layers: dict[Any, Layer] = {}
        self.own_options: dict[tuple[int, type[Layer]], dict[str, Written]] = {}
        self.unclear: set[int] = set()
        self.claims: dict[int, Claim | None] = {}
        self.missing = Missing(self.head_of, findings)
        self.nodes: list[Node | Gap] = []

    def resolve(self) -> Draft | None:
        elements = self._statements(tree.Layer, tree.Group, tree.Unreadable)
        name = self._network_name()
        defaults = read_defaults(self._statements(tree.Default), self.findings)
        expectations = self._expectations()
        steps = Expansion(self.head_of, self.findings).expand(elements)
        if not steps:
            if not self.findings.found:
                self.findings.add(
                    "ND215", "there is no layer here", Span(0, len(self.source.text)), help=_FIRST_LINES
                )
            return None
        self._check_labels(elements)
        names = Names(
            {self.head_of(step.layer).label for step in steps if isinstance(step.layer, tree.Layer)}
        )
        for step in steps:
            self._place(step, defaults, names)
        self.missing.report()
        self._check_input(steps)
        if defaults.activation is not None:
            self.nodes = put_activations(self.nodes, defaults.activation, names, self.findings)
        return Draft(name, tuple(self.nodes), expectations, self.source)

    def _statements(self, *types: type[Any]) -> tuple[Any, ...]:
        return tuple(statement for statement in self.file.statements if isinstance(statement, types))

    def head_of(self, layer: tree.Layer) -> Head:
        """The head of a layer, read once however often a group repeats it."""
        head = self.heads.get(id(layer))
        if head is None:
            head = self.heads[id(layer)] = read_head(layer)
        return head

    def _network_name(self) -> str:
        titles = self._statements(tree.NetName)
        for extra in titles[1:]:
            earlier = Label(titles[0].span, "first named here")
            self.findings.add("ND213", "the network is named twice", extra.span, secondary=(earlier,))
        if titles:
            name: str = titles[0].title
            return name
        stem = os.path.splitext(os.path.basename(self.source.name).removeprefix("zoo:"))[0]
        return " ".join(re.sub(r"[^\w.+-]", " ", stem).split()) or "network"

    def _expectations(self) -> tuple[Expectation, ...]:
        read = [read_expectation(statement, self.findings) for statement in self._statements(tree.Expect)]
        return tuple(expectation for expectation in read if expectation is not None)

    def _check_labels(self, elements: tuple[tree.Element, ...]) -> None:
        """Every label once in the text; a repeated group may bring it again."""
        seen: dict[str, Span] = {}
        pending: list[tree.Element] = list(reversed(elements))
        while pending:
            element = pending.pop()
            if isinstance(element, tree.Group):
                pending.extend(reversed(element.elements))
            elif isinstance(element, tree.Layer):
                label = self.head_of(element).label
                span = element.words[0].span.to(element.words[-1].span)
                earlier = seen.setdefault(label, span) if label else span
                if earlier is not span:
                    self.findings.add(
                        "ND203",
                        f"two layers are called `{label}`",
                        span,
                        "the second",
                        secondary=(Label(earlier, "the first"),),
                        help=("give one of them another label",),
                    )

    def _place(self, step: Step, defaults: Defaults, names: Names) -> None:
        index = len(self.nodes)
        inputs = (index - 1,) if index else ()
        written = step.layer
        if isinstance(written, tree.Unreadable):
            self.nodes.append(Gap(index, names.of_kind("LAYER", single=False), inputs, written.span, None))
            return
        head = self.head_of(written)
        claim = self._claim(written)
        kind = step.kind or head.kind
        if kind is None:
            report_unknown_kind(head, self.findings, list_all=True)
            name = names.labelled(head.label) if head.label else names.of_kind("LAYER", single=False)
            self.nodes.append(Gap(index, name, inputs, written.span, claim))
            return
        name = (
            names.labelled(head.label) if head.label else names.of_kind(kind.keyword, single=kind.inputs == 0)
        )
        options = self._options(step, written, kind, head, defaults)
        layer = self._layer(kind, options, step, name)
        if kind.inputs == 0:
            inputs = ()
        if layer is None:
            self.nodes.append(Gap(index, name, inputs, written.span, claim))
            return
        spans = {option: value.span for option, value in options.items()}
        self.nodes.append(Node(index, name, layer, inputs, _place_of(written), spans, claim))

    def _claim(self, written: tree.Layer) -> Claim | None:
        if written.claim is None:
            return None
        if id(written) not in self.claims:
            stated = volume(written.claim.value)
            if stated is None:
                self.findings.add(
                    "ND206",
                    "a volume is a height, a width and channels, each 1 or more, or a plain count",
                    written.claim.span,
                    help=("write `[55x55x96]`, or `[4096]`",),
                )
            self.claims[id(written)] = Claim(stated, written.claim.span) if stated else None
        return self.claims[id(written)]

    def _options(
        self, step: Step, written: tree.Layer, kind: type[Layer], head: Head, defaults: Defaults
    ) -> dict[str, Written]:
        """All options that are written anywhere for a layer: its own win, then where, then default."""
        key = (id(written), kind)
        own = self.own_options.get(key)
        if own is None:
            sound = len(self.findings.found)
            read = read_options(kind, head.rest, self.findings)
            own = {name: values[0] for name, values in read.items()}
            if written.claim is not None and not own:
                own = volume_options(kind, written.claim.value, self.findings)
            if len(self.findings.found) > sound:
                self.unclear.add(id(written))
            self.own_options[key] = own
        common = defaults.options.get(kind)
        if not common and not step.dealt:
            return own
        return {**(common or {}), **step.dealt, **own}

    def _layer(self, kind: type[Layer], options: dict[str, Written], step: Step, name: str) -> Layer | None:
        """The layer with its options, or None where one is missing or did not fit."""
        if id(step.layer) in self.unclear:
            return None  # what is wrong is said; what is missing may only be misspelt
        values = {option: written.value for option, written in options.items()}
        lacking = [option for option in kind.options().values() if option.missing(values)]
        if lacking:
            self.missing.add(step, kind, name, lacking)
        if lacking or None in values.values():
            return None
        key = (kind, *sorted(values.items()))
        layer = self.layers.get(key)
        if layer is None:
            layer = self.layers[key] = kind(**values)
        return layer

    def _check_input(self, steps: list[Step]) -> None:
        """The first layer, and only the first, takes no volume: it is the input."""
        sources = [node for node in self.nodes if isinstance(node, Node) and node.layer.inputs == 0]
        first = steps[0].layer
        first_kind = self.head_of(first).kind if isinstance(first, tree.Layer) else None
        if not sources and first_kind is not None and first_kind.inputs > 0:
            self.findings.add(
                "ND208",
                "the network has no input",
                self.nodes[0].span,
                "the first layer needs a volume to work on",
                help=("begin with `input 32x32x3`: height, width and channels of an image", "or `input 784`"),
            )
        for node in sources:
            if node.position > 0:
                self.findings.add(
                    "ND208",
                    "the input stands first, and once",
                    node.span,
                    secondary=(Label(self.nodes[0].span, "the first layer"),),
                    help=("move it to the beginning, or leave it out",),
                )


_FIRST_LINES = (
    "begin with the input: `input 32x32x1`",
    "then one layer a line, or a chain: `[CONV 6 5x5 - RELU]`",
)


def _place_of(written: tree.Layer) -> Span:
    """The layer without its claim, which has a place of its own."""
    return Span(written.words[0].span.start, written.span.end)
