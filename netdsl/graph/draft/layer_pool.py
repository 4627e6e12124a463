"""One object for all layers of a network that are alike, and the limit of their tables."""

from __future__ import annotations

from typing import Any

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.coercion import TABLE_LIMIT, TOO_MANY_CONNECTIONS
from netdsl.layers.alike import layer_like
from netdsl.layers.dialect import Dialect
from netdsl.layers.layer import Layer
from netdsl.layers.option import OptionType
from netdsl.source import Span


class LayerPool:
    """Makes the layers of one network."""

    def __init__(self, dialect: Dialect, findings: Findings) -> None:
        self._dialect = dialect
        self._findings = findings
        self._layers: dict[tuple[Any, ...], Layer] = {}
        self._tables: dict[type[Layer], tuple[str, ...]] = {}
        self._connections: dict[Layer, int] = {}

    def layer(self, kind: type[Layer], values: dict[str, Any]) -> Layer:
        """The layer of a kind with these options."""
        key = (kind, *sorted(values.items()))
        layer = self._layers.get(key)
        if layer is None:
            layer = self._layers[key] = layer_like(kind, self._dialect, values)
        return layer

    def has_table(self, layer: Layer) -> bool:
        """Whether a table of connections is among the options of a layer."""
        return any(layer.__dict__[name] is not None for name in self._table_options(type(layer)))

    def too_many_connections(self, layer: Layer, span: Span) -> bool:
        """Whether the tables of the layers so far have more connections than a network may have; they
        are printed with every layer."""
        if layer not in self._connections:
            tables = [layer.__dict__[name] or () for name in self._table_options(type(layer))]
            self._connections[layer] = sum(len(row) for table in tables for row in table)
        excessive = self._findings.spend("connections", self._connections[layer]) > TABLE_LIMIT
        if excessive and not self._findings.heard("ND109", span):
            self._findings.add("ND109", TOO_MANY_CONNECTIONS, span)
        return excessive

    def _table_options(self, kind: type[Layer]) -> tuple[str, ...]:
        names = self._tables.get(kind)
        if names is None:
            options = kind.options().values()
            names = tuple(option.name for option in options if option.type is OptionType.TABLE)
            self._tables[kind] = names
        return names
