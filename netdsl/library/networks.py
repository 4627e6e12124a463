"""Networks in Python: parse a text, check it, plan it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from netdsl.counting.columns import DEFAULT
from netdsl.diagnostics import Diagnosed, Diagnostic, has_errors
from netdsl.gate.alone import checked_alone
from netdsl.gate.checking import checked
from netdsl.planning.network_files import open_source, planned
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.program.kept_tensors import kept_bytes
from netdsl.quantities import FLOAT_BYTES, Size, Volume
from netdsl.reports.formats import known_to_settings
from netdsl.source import Source, undressed
from netdsl.syntax import tree
from netdsl.text.printer import node_text


class Parsed(NamedTuple):
    """The syntax of a text: its statements as they are written, and the mistakes of syntax.

    ``tree`` is None where brackets left open make the rest meaningless.
    """

    source: Source
    tree: tree.File | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with the syntax."""
        return not has_errors(list(self.diagnostics))

    def __str__(self) -> str:
        return _said(self.diagnostics) or f"{self.source.name}: its syntax is correct"


class Layer(NamedTuple):
    """One layer of a planned network, for one image.

    ``text`` is the layer as netdsl writes it; ``inputs`` are the names of the layers that it reads.
    ``receptive_field`` is in input pixels, padding included, and None where it is not known; ``macs`` are
    multiply-accumulates of weights, without biases.
    """

    name: str
    kind: str
    text: str
    inputs: tuple[str, ...]
    output: Volume
    parameters: int
    macs: int
    receptive_field: Size | None


class Planned:
    """A network that checks: its layers with volumes, counts and costs.

    Iterates over its layers; ``network["CONV1"]`` is the layer of that name; ``print`` shows the table of
    ``netdsl check``.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        """What the planner knows; not part of the stable interface."""
        names = [planned.node.name for planned in plan.layers]
        self.layers: tuple[Layer, ...] = tuple(_layer(one, names) for one in plan.layers)

    @property
    def name(self) -> str:
        return self.plan.network.name

    @property
    def input(self) -> Volume:
        """The volume of an image; of a network with several inputs that of all together."""
        return self.plan.input

    @property
    def output(self) -> Volume:
        return self.plan.output

    @property
    def parameters(self) -> int:
        """Learnable numbers."""
        return self.plan.parameter_count

    @property
    def macs(self) -> int:
        """Multiply-accumulates of weights for one image, without biases."""
        return self.plan.macs

    @property
    def parameter_bytes(self) -> int:
        """Memory of the parameters as 32-bit floats."""
        return self.plan.parameter_bytes

    @property
    def activation_bytes(self) -> int:
        """Memory of every output volume of one image as 32-bit floats, the input included."""
        return FLOAT_BYTES * self.plan.activation_values

    @property
    def kept_bytes(self) -> int:
        """Memory of what a training step keeps of one image for backward."""
        return kept_bytes(self.plan)

    def as_dict(self) -> dict[str, Any]:
        """The plan as ``netdsl check --format json`` writes it."""
        from netdsl.reports.as_json import checks_as_json

        (network,) = json.loads(checks_as_json([(self.name, self.plan, [])]))["networks"]
        return dict(network["plan"])

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, name: str) -> Layer:
        if not isinstance(name, str):
            raise TypeError(
                f"layers are called by name; for one by position use `layers`, not {name!r}"[:200]
            )
        for layer in self.layers:
            if layer.name.lower() == name.lower():
                return layer
        raise KeyError(name)

    def __str__(self) -> str:
        from netdsl.reports.as_table import plan_as_table

        return plan_as_table(self.plan, names=DEFAULT)

    def __repr__(self) -> str:
        return (
            f"<netdsl network {self.name}: {len(self.layers)} layers, {self.input} -> {self.output}, "
            f"{self.parameters:,} parameters, {self.macs:,} MACs>"
        )

    def _repr_html_(self) -> str:
        from netdsl.library.notebook import planned_as_html

        return planned_as_html(self)


class Checked(NamedTuple):
    """What a check finds. ``network`` is None where there are errors, and for a recipe in a separate file.

    Findings have a ``code``, a ``severity``, a ``message`` and ``help``; ``print`` shows them as
    ``netdsl check`` does.
    """

    name: str
    network: Planned | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings and notes may be there."""
        return not has_errors(list(self.diagnostics))

    def __str__(self) -> str:
        return _said(self.diagnostics) or f"{self.name}: nothing to say"

    def _repr_html_(self) -> str:
        from netdsl.library.notebook import checked_as_html

        return checked_as_html(self)


def parse(network: Any) -> Parsed:
    """The syntax of a network: the statements of its text, and every mistake of syntax.

    ``network`` is a file, the name of a shipped network, or a text of several lines. Raises Diagnosed where
    the file cannot be read.
    """
    from netdsl.syntax.parser import parse as parse_source

    source = source_of(network)
    parsed = parse_source(source)
    return Parsed(source, parsed.file, tuple(parsed.diagnostics))


def check(network: Any) -> Checked:
    """Everything that is to say about a network: mistakes, warnings, notes, and its plan where there is one.

    ``network`` is a file, the name of a shipped network, a text of several lines, or a parsed one. The
    settings of a project, `netdsl.toml`, hold for its files, with its baseline; what is wrong with these
    comes first. Never raises for what a network says, nor for a file that cannot be read: both are findings.
    """
    try:
        source = source_of(network)
    except Diagnosed as diagnosed:
        return Checked(str(network), None, tuple(diagnosed.diagnostics))
    if os.path.isfile(source.name):
        plan, told, _ = checked_alone(source, known_to_settings)
    else:
        plan, told = checked(source)
    return Checked(source.name, None if plan is None else Planned(plan), tuple(told))


def plan(network: Any) -> Planned:
    """The plan of a network: volumes, parameters, MACs, memory, receptive fields.

    ``network`` is what ``check`` takes, or a planned one. Raises Diagnosed, which holds all
    ``diagnostics``, where there are errors.
    """
    if isinstance(network, Planned):
        return network
    source = source_of(network)
    found, findings = planned(source)
    if found is None:
        raise Diagnosed(*findings)
    return Planned(found)


def source_of(network: Any) -> Source:
    """The text that something stands for; raises Diagnosed where a file cannot be read, TypeError for what
    stands for no network."""
    if isinstance(network, Parsed):
        return network.source
    if isinstance(network, Planned):
        return network.plan.network.source
    if isinstance(network, str) and "\n" in network:
        text, text_format = undressed(network)
        return Source("<text>", text, os.getcwd(), text_format)
    if isinstance(network, str | os.PathLike):
        name = os.fspath(network)
        if isinstance(name, str) and name != "-":
            return open_source(name)
    raise TypeError(
        "a network is a file, the name of a shipped one, a text of several lines, or what netdsl.parse and "
        f"netdsl.plan return, not {network!r}"[:300]
    )


def _layer(planned: PlannedLayer, names: list[str]) -> Layer:
    node = planned.node
    return Layer(
        node.name,
        node.layer.keyword,
        node_text(node),
        tuple(names[index] for index in node.inputs),
        planned.output,
        planned.parameter_count,
        planned.macs,
        planned.receptive_field,
    )


def _said(findings: tuple[Diagnostic, ...]) -> str:
    from netdsl.reports.as_text import diagnostics_as_text

    return diagnostics_as_text(findings).rstrip("\n")
