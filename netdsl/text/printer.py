"""Canonical text: one spelling for everything that means the same.

Checkpoints carry it, so a network can be compared and rebuilt without the file it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.names.unique_names import label_key
from netdsl.graph.network import Expectation, Network, Node
from netdsl.layers.dialect import LECTURE
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.layers.registry import kind_named
from netdsl.quantities import Padding, Same, Size, grouped
from netdsl.source import Span
from netdsl.syntax import tree

_NOWHERE = Span(0, 0)


def print_network(network: Network) -> str:
    """The network as a listing, one layer a line, defaults written out.

    Layers that do not work on the one before name what they work on: ``@CONV1 - RELU2``,
    ``ADD1[ @BN2 | @INPUT ]``. Parsing the text gives the same layers, names and expectations;
    printing that again gives the same text.
    """
    lines = [f"net {network.name}"]
    if network.dialect.name != LECTURE.name:
        lines.append(f"dialect {network.dialect.name}")
    shared = {node.owner for node in network.nodes if node.shares is not None}
    models = {node.name: node.layer for node in network.nodes if node.name in shared}
    lines += [_line(node, network, models) for node in network.nodes]
    lines += [_expectation(expectation) for expectation in network.expectations]
    lines += [f"expect pattern {pattern.text}" for pattern in network.patterns]
    return "\n".join(lines) + "\n"


def layer_text(layer: Layer, shares: str = "", model: Layer | None = None) -> str:
    """A layer as a chain has it: ``CONV 96 11x11 stride 4``; the other arguments as in options_text."""
    return f"{layer.keyword} {options_text(layer, shares, model)}".rstrip()


def node_text(node: Node) -> str:
    """A layer of a network with all its options: ``CONV 96 11x11 stride 4 same weights as CONV1``."""
    return layer_text(node.layer, _shares(node))


def _shares(node: Node) -> str:
    return "" if node.shares is None else f"same weights as {label_key(node.owner)}"


def options_text(layer: Layer, shares: str = "", model: Layer | None = None) -> str:
    """The options that differ from their defaults, shortest spelling: ``96 11x11 stride 4``.

    ``shares`` are the words for the weights of another layer, the ``model``: then the options that differ
    from its own.
    """
    options = layer.options()
    if all(name in options for name in ("height", "width", "channels")):
        volume = layer.volume()
        return "" if volume is None else str(volume)
    parts = []
    bare_numbers = True
    for name, option in options.items():
        if option.restates:
            continue
        value = layer.__dict__[name]
        usual = option.default if model is None else model.__dict__[name]
        written = value is not None and value != usual
        if written:
            parts.append(option_text(option, value, bare_numbers))
        elif option.positional and option.type is not OptionType.SIZE:
            bare_numbers = False  # the next bare number would be taken for this option
    return " ".join([*parts, shares] if shares else parts)


def option_text(option: Option[Any], value: Any, bare_numbers: bool = False) -> str:
    """An option as it is written: ``stride 2``; ``bare_numbers`` leaves out the word of a number."""
    word = option.words[0]
    if option.type is OptionType.FLAG:
        return word if value else f"no {word}"
    if option.type is OptionType.SIZE:
        return str(value) if option.positional else f"{word} {_extents(value)}"
    if option.type is OptionType.PADDING:
        return _padding(word, value)
    if option.type is OptionType.WORD:
        return str(value) if option.bare else f"{word} {value}"
    if option.type is OptionType.FACTORS:
        return f"{word} {', '.join(map(number_text, value))}"
    if option.type is OptionType.CHANNELS:
        ranges = ", ".join(_run(first, last) for first, last in value)
        return ranges if option.positional and bare_numbers else f"{word} {ranges}"
    if option.type is OptionType.TABLE:
        return f"{word} {_table(option, value)}"
    text = repr(value) if option.type is OptionType.REAL else str(value)
    return text if option.positional and bare_numbers else f"{word} {text}"


def number_text(value: float) -> str:
    """A real number in as few signs as say it exactly: ``1``, ``-0.5``."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _run(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _extents(size: Size) -> str:
    return str(size.height) if size.height == size.width else str(size)


def _padding(word: str, padding: Padding | Same) -> str:
    if isinstance(padding, Same):
        return str(padding)
    if padding.top == padding.bottom and padding.left == padding.right:
        return f"{word} {_extents(Size(padding.top, padding.left))}"
    sides = zip(Padding._fields, padding, strict=True)
    return f"{word} {' '.join(f'{side} {rows}' for side, rows in sides if rows)}"


def _table(option: Option[Any], rows: tuple[tuple[int, ...], ...]) -> str:
    """The name of a table that has one, else its rows: ``{ 0-2; 1-3; 0 1 3 4 }``."""
    for name, known in option.tables.items():
        if known == rows:
            return name
    return f"{{ {'; '.join(_row(row) for row in rows)} }}"


def _row(row: tuple[int, ...]) -> str:
    run = len(row) > 2 and row[-1] - row[0] == len(row) - 1
    return f"{row[0]}-{row[-1]}" if run else " ".join(str(channel) for channel in row)


def _line(node: Node, network: Network, models: Mapping[str, Layer]) -> str:
    """``CONV1: 6 5x5``; the kind is written out where the name alone does not say it.

    ``models`` are the layers whose weights others work with, by name.
    """
    head = _head(node, models.get(node.owner) if node.shares is not None else None)
    if node.layer.inputs is None:
        branches = " | ".join(_reference(network.nodes[index]) for index in node.inputs)
        return f"{head}[ {branches} ]"
    if node.inputs and node.inputs[0] != node.position - 1:
        return f"{_reference(network.nodes[node.inputs[0]])} - {head}"
    return head


def _reference(node: Node) -> str:
    return f"@{label_key(node.name)}"


def _head(node: Node, model: Layer | None) -> str:
    """The name of a layer with its options, and its kind where the name does not say it."""
    shares = _shares(node)
    options = options_text(node.layer, shares, model)
    if node.layer.inputs == 0 and node.name == node.layer.keyword:
        return f"{node.name} {options}".rstrip()
    words = tuple(tree.Word(word, _NOWHERE) for word in node.name.split())
    labelled = read_head(tree.Layer(None, words, True, (), "", _NOWHERE))
    named = labelled.kind
    if named is not None and named.joining and node.layer.inputs is None:
        named = kind_named(named.joining)
    if named is not type(node.layer) or not labelled.label:
        return f"{node.name}: {layer_text(node.layer, shares, model)}"
    alone = read_head(tree.Layer(None, words, False, (), "", _NOWHERE))
    if not options and alone.kind is labelled.kind and alone.label == node.name:
        return node.name
    return f"{node.name}: {options}" if options else f"{node.name}: {node.layer.keyword}"


def _expectation(expectation: Expectation) -> str:
    value = expectation.value
    if isinstance(value, Size):
        written = _extents(value)
    else:
        written = grouped(value) if isinstance(value, int) else str(value)
    subject = f"{expectation.subject} {expectation.of}".rstrip()
    return f"expect {subject} {expectation.relation} {written}"
