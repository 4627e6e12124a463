"""Canonical text: one spelling for everything that means the same.

Checkpoints carry it, so a network can be compared and rebuilt without the file it came from.
"""

from __future__ import annotations

from typing import Any

from netdsl.graph.heads import read_head
from netdsl.graph.network import Expectation, Network, Node
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import Padding, Size, grouped
from netdsl.source import Span
from netdsl.syntax import tree

_NOWHERE = Span(0, 0)


def print_network(network: Network) -> str:
    """The network as a listing, one layer a line, defaults written out.

    Parsing the text gives the same layers, names and expectations; printing that again gives the
    same text.
    """
    lines = [f"net {network.name}", *(_line(node) for node in network.nodes)]
    lines += [_expectation(expectation) for expectation in network.expectations]
    return "\n".join(lines) + "\n"


def layer_text(layer: Layer) -> str:
    """A layer as a chain has it: ``CONV 96 11x11 stride 4``."""
    return f"{layer.keyword} {options_text(layer)}".rstrip()


def options_text(layer: Layer) -> str:
    """The options that differ from their defaults, shortest spelling: ``96 11x11 stride 4``."""
    options = layer.options()
    if all(name in options for name in ("height", "width", "channels")):
        volume = layer.volume()
        return "" if volume is None else str(volume)
    parts = []
    bare_numbers = True
    for name, option in options.items():
        value = layer.__dict__[name]
        written = value is not None and value != option.default
        if written:
            parts.append(_option_text(option, value, bare_numbers))
        elif option.positional and option.type is not OptionType.SIZE:
            bare_numbers = False  # the next bare number would be taken for this option
    return " ".join(parts)


def _option_text(option: Option[Any], value: Any, bare_numbers: bool) -> str:
    word = option.words[0]
    if option.type is OptionType.FLAG:
        return word if value else f"no {word}"
    if option.type is OptionType.SIZE:
        return str(value) if option.positional else f"{word} {_extents(value)}"
    if option.type is OptionType.PADDING:
        return f"{word} {_padding(value)}"
    text = repr(value) if option.type is OptionType.REAL else str(value)
    return text if option.positional and bare_numbers else f"{word} {text}"


def _extents(size: Size) -> str:
    return str(size.height) if size.height == size.width else str(size)


def _padding(padding: Padding) -> str:
    return str(padding)


def _line(node: Node) -> str:
    """``CONV1: 6 5x5``; the kind is written out where the name alone does not say it."""
    options = options_text(node.layer)
    if node.name == node.layer.keyword:
        return f"{node.name} {options}".rstrip()
    words = tuple(tree.Word(word, _NOWHERE) for word in node.name.split())
    head = read_head(tree.Layer(None, words, True, (), "", _NOWHERE))
    if head.kind is not type(node.layer):
        return f"{node.name}: {layer_text(node.layer)}"
    return f"{node.name}: {options}" if options else node.name


def _expectation(expectation: Expectation) -> str:
    value = expectation.value
    written = grouped(value) if isinstance(value, int) else str(value)
    return f"expect {expectation.subject} {expectation.relation} {written}"
