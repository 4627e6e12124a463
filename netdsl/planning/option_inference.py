"""Finds the option that a claimed volume decides: a padding, a stride, a kernel, a number of filters.

Asks the layer itself which values give the claimed volume, so whatever holds for its volume holds
here. One value that fits is taken and shown; several are listed; where none fits, the arithmetic
says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from netdsl.diagnostics import Edit, Findings, Mistake, Severity
from netdsl.graph.draft.entries import Gap, Open
from netdsl.graph.network import Node
from netdsl.layers.alike import layer_like
from netdsl.layers.dialect import Dialect
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import Padding, Size, Volume

_WIDEST = {1: 64, 2: 32, 3: 12}
"""The largest kernel, stride or padding that is tried, by how many of them are unknown."""

_SHOWN = 6

_TRIED = 40_000
"""Layers that are tried in one text: enough for forty claims that nothing makes true."""


class _Question(NamedTuple):
    """A layer with some options, the volumes it is given and the one it is claimed to make."""

    kind: type[Layer]
    values: dict[str, Any]
    inputs: tuple[Volume, ...]
    claimed: Volume


class Solver:
    """Solves for options; the same question is answered once."""

    def __init__(self, dialect: Dialect, findings: Findings) -> None:
        self.dialect = dialect
        self.findings = findings
        self._answers: dict[Any, list[Layer]] = {}
        self._tried = 0

    def complete(self, entry: Open, inputs: tuple[Volume, ...] | None) -> Node | Gap:
        """The layer with the options that it lacks; a gap, with a finding, where they stay open."""
        gap = Gap(entry.position, entry.name, entry.inputs, entry.span, entry.claim)
        options = [entry.kind.options()[name] for name in entry.lacking]
        if inputs is None or len(inputs) != 1:
            self._report_lacking(entry, options, "")
            return gap
        question = _Question(entry.kind, entry.values, inputs, entry.claim.volume)
        fitting = self._fitting(question, entry.lacking)
        if len(fitting) != 1:
            if fitting:
                self._report_several(entry, question, fitting)
            else:
                self._report_lacking(entry, options, f"no value turns {inputs[0]} into {entry.claim.volume}")
            return gap
        self._report_solution(entry.name, entry.span, question, fitting[0])
        return Node(
            entry.position,
            entry.name,
            fitting[0],
            entry.inputs,
            entry.span,
            entry.option_spans,
            entry.claim,
            shares=entry.shares,
        )

    def adjust(self, node: Node, inputs: tuple[Volume, ...]) -> Node:
        """The node with another padding or stride where none is written and one makes the claim true;
        the same node where the claim is wrong, whatever they are."""
        if node.claim is None or len(inputs) != 1:
            return node
        values = {name: node.layer.__dict__[name] for name in node.option_spans}
        question = _Question(type(node.layer), values, inputs, node.claim.volume)
        fitting = self._fitting(question, ())
        if len(fitting) > 1:
            self._report_several(node, question, fitting)
        if not fitting:
            return node
        if len(fitting) == 1:
            self._report_solution(node.name, node.span, question, fitting[0])
        return node._replace(layer=fitting[0])

    def solutions(self, entry: Open | Node, inputs: tuple[Volume, ...]) -> list[str]:
        """What could be written after a layer so that it makes what it claims; empty where nothing does."""
        if entry.claim is None or len(inputs) != 1:
            return []
        if isinstance(entry, Open):
            question = _Question(entry.kind, entry.values, inputs, entry.claim.volume)
            return [_solved(question, layer) for layer in self._fitting(question, entry.lacking)]
        values = {name: entry.layer.__dict__[name] for name in entry.option_spans}
        question = _Question(type(entry.layer), values, inputs, entry.claim.volume)
        return [_solved(question, layer) for layer in self._fitting(question, ())]

    def _fitting(self, question: _Question, lacking: tuple[str, ...]) -> list[Layer]:
        """The layers that make the claimed volume: with a padding first, then with a stride as well."""
        key = (question.kind, *sorted(question.values.items()), question.inputs, question.claimed, lacking)
        known = self._answers.get(key)
        if known is None:
            known = self._answers[key] = self._search(question, lacking)
        return known

    def _search(self, question: _Question, lacking: tuple[str, ...]) -> list[Layer]:
        options = question.kind.options()
        free = [
            name
            for name, option in options.items()
            if name not in question.values
            and (option.type is OptionType.PADDING or (name == "stride" and option.type is OptionType.SIZE))
        ]
        free = [name for name in free if name not in lacking]
        paddings = tuple(name for name in free if options[name].type is OptionType.PADDING)
        for unknown in dict.fromkeys(((*lacking, *paddings), (*lacking, *free))):
            fitting = list(self._layers(question, unknown)) if unknown else []
            if fitting:
                return fitting
        return []

    def _layers(self, question: _Question, unknown: tuple[str, ...]) -> Iterator[Layer]:
        """The layers with some values of the unknown options that make the claimed volume."""
        options = question.kind.options()
        widest = _WIDEST.get(sum(options[name].type is not OptionType.COUNT for name in unknown), 1)
        for values in product(*(_candidates(options[name], question, widest) for name in unknown)):
            self._tried += 1
            if self._tried > _TRIED:
                return
            chosen = dict(zip(unknown, values, strict=True))
            padding = max((max(value) for value in values if isinstance(value, Padding)), default=0)
            kernel = {**question.values, **chosen}.get("kernel")
            if padding and isinstance(kernel, Size) and padding >= min(kernel):
                continue  # a window of nothing but padding is what nobody means
            layer = self._layer(question, chosen)
            if layer is not None:
                yield self._plainest(question, chosen) or layer

    def _layer(self, question: _Question, chosen: dict[str, Any]) -> Layer | None:
        """The layer with these options, where it makes the claimed volume."""
        layer = layer_like(question.kind, self.dialect, {**question.values, **chosen})
        if layer.problems(*question.inputs):
            return None
        made = layer.volume(*question.inputs)
        return layer if not isinstance(made, Mistake) and made.agrees(question.claimed) else None

    def _plainest(self, question: _Question, chosen: dict[str, Any]) -> Layer | None:
        """The layer without a padding of zero that is the same as none written."""
        options = question.kind.options()
        none = Padding(0, 0, 0, 0)
        kept = {name: value for name, value in chosen.items() if value != none or options[name].required}
        return self._layer(question, kept) if len(kept) < len(chosen) else None

    def _report_solution(self, name: str, span: Any, question: _Question, layer: Layer) -> None:
        if self.findings.heard("ND313", span):
            return
        found = _solved(question, layer)
        self.findings.add(
            "ND313",
            f"{name}: {found} follows from the claimed {question.claimed}",
            span,
            "; ".join(layer.arithmetic(*question.inputs)),
            severity=Severity.NOTE,
            fix=Edit.behind(span, found, safe=True),
            about=name,
            proposal=found,
        )

    def _report_several(self, entry: Open | Node, question: _Question, fitting: list[Layer]) -> None:
        assert entry.claim is not None
        if self.findings.heard("ND314", entry.span):
            return
        shown = [_solved(question, layer) for layer in fitting[:_SHOWN]]
        more = f" and {len(fitting) - _SHOWN} more" if len(fitting) > _SHOWN else ""
        self.findings.add(
            "ND314",
            f"{entry.name}: several options make the claimed {question.claimed}",
            entry.span,
            help=(f"write one of them: {'; '.join(shown)}{more}",),
            about=entry.name,
            cause=type(fitting[0]).keyword,
        )

    def _report_lacking(self, entry: Open, options: list[Option[Any]], label: str) -> None:
        wanted = " and ".join(option.words[0] for option in options)
        wanted += f" ({options[0].doc})" if len(options) == 1 else ""
        label = "" if self._tried > _TRIED else label  # then nobody has looked for one
        self.findings.add("ND204", f"{entry.name} lacks {wanted}", entry.span, label, about=entry.name)


def _candidates(option: Option[Any], question: _Question, widest: int) -> Iterator[Any]:
    """The values of an option that people write, smallest first."""
    if option.type is OptionType.COUNT:
        yield question.claimed.channels
    elif option.type is OptionType.PADDING:
        for extent in range(widest):
            yield Padding.even(Size(extent, extent))
    else:
        for extent in range(1, widest + 1):
            yield Size(extent, extent)


def _solved(question: _Question, layer: Layer) -> str:
    """``pad 1``: the options that were not written, as they would be."""
    from netdsl.text.printer import option_text

    options = layer.options()
    plain = question.kind.options()
    found = [name for name in options if name not in question.values and _differs(layer, plain[name])]
    return " ".join(option_text(options[name], layer.__dict__[name]) for name in found)


def _differs(layer: Layer, option: Option[Any]) -> bool:
    value = layer.__dict__[option.name]
    return bool(value is not None and (value != option.default or option.required))
