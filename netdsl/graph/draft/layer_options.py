"""The options that hold for a layer, wherever they are written."""

from __future__ import annotations

from typing import TypeAlias

from netdsl.diagnostics import Findings
from netdsl.graph.draft.entries import Entry
from netdsl.graph.draft.shared_weights import options_of
from netdsl.graph.expanded_layers import ExpandedLayer, LayerEntry
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.options.cache import known_options
from netdsl.graph.options.volumes import Written, volume_options
from netdsl.graph.statements.defaults import Defaults
from netdsl.layers.layer import Layer

_Key: TypeAlias = tuple[LayerEntry, type[Layer], Environment]


class LayerOptions:
    """Merges what is written at a layer with ``where`` blocks and ``default`` lines; each is read once."""

    def __init__(self, defaults: Defaults, findings: Findings) -> None:
        self._defaults = defaults
        self._findings = findings
        self._own: dict[_Key, dict[str, Written]] = {}
        self._unclear: set[_Key] = set()

    def of(
        self,
        expanded: ExpandedLayer,
        entry: LayerEntry,
        kind: type[Layer],
        model: Entry | Layer | None = None,
    ) -> dict[str, Written]:
        """All options of a layer: its own win, then where, then those of the ``model`` whose weights it works
        with, or else default."""
        own = self._own_options(entry, kind, expanded.environment)
        common = self._defaults.options.get(kind)
        if model is not None:
            common = options_of(model, kind, entry.head.span)
        if not common and not expanded.where_values:
            return own
        return {**(common or {}), **expanded.where_values, **own}

    def is_unclear(self, expanded: ExpandedLayer, entry: LayerEntry, kind: type[Layer]) -> bool:
        """Whether the options at the layer itself have a mistake: what is missing may only be misspelt."""
        return (entry, kind, expanded.environment) in self._unclear

    def _own_options(
        self, entry: LayerEntry, kind: type[Layer], environment: Environment
    ) -> dict[str, Written]:
        key = (entry, kind, environment)
        own = self._own.get(key)
        if own is None:
            reports = self._findings.reports
            own = known_options(kind, entry.head.options, self._findings, environment)
            claim = entry.written.claim
            if claim is not None and not own:
                own = volume_options(kind, claim.value, self._findings)
            if self._findings.reports > reports:
                self._unclear.add(key)
            self._own[key] = own
        return own
