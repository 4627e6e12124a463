"""What a layer is while the network is still expanded, for whoever asks how many channels come in."""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.draft.default_activation import activation_layer
from netdsl.graph.draft.entries import counted_in_front, third_extent
from netdsl.graph.draft.layer_options import LayerOptions
from netdsl.graph.draft.layer_pool import LayerPool
from netdsl.graph.expanded_layers import ExpandedLayer, LayerEntry, kind_of
from netdsl.graph.macros.incoming_channels import VolumesAhead
from netdsl.graph.statements.claims import Claims
from netdsl.graph.statements.defaults import Activation
from netdsl.layers.dialect import Dialect
from netdsl.layers.layer import Layer
from netdsl.quantities import Volume


class LayersAhead(VolumesAhead):
    """Layers and their volumes before anything is placed; what is wrong is reported later, if at all."""

    def __init__(
        self,
        options: LayerOptions,
        pool: LayerPool,
        claims: Claims,
        activation: Activation | None,
        dialect: Dialect,
        findings: Findings,
    ) -> None:
        """``activation`` is the default one."""
        super().__init__()
        self._options = options
        self._pool = pool
        self._claims = claims
        self._activation = activation
        self._dialect = dialect
        self._findings = findings
        self._read: dict[tuple[object, ...], Layer] = {}

    def volume_behind(self, layers: list[ExpandedLayer], position: int) -> Volume | None:
        """The volume that a layer makes; None, perhaps with a finding, where it is not known."""
        volume = self.behind(layers, position)
        default = self._activation
        layer = activation_layer(default, self._dialect, self._findings) if default and volume else None
        if default is None or volume is None or layer is None or layer.volume(volume) == volume:
            return volume
        message = f"`channels` is not known where {layer.keyword} is the default activation"
        cure = f"write {layer.keyword} after the layers"
        self._findings.add("ND246", message, default.span, "changes how many there are", help=(cure,))
        return None

    def claimed(self, expanded: ExpandedLayer) -> Volume | None:
        claim = self._claims.of(expanded)
        return claim.volume if claim is not None else None

    def layer_of(
        self, expanded: ExpandedLayer, layers: list[ExpandedLayer], inputs: tuple[Volume, ...]
    ) -> Layer | None:
        """The layer for these inputs; None where it is not complete."""
        entry = expanded.entry
        if not isinstance(entry, LayerEntry):
            return None
        key = expanded.key if expanded.shares is None else None
        known = self._read.get(key) if key is not None else None
        if known is not None:
            return known
        kind = kind_of(expanded)
        if kind is None or entry.hidden:
            return None
        model = None
        if expanded.shares is not None and not expanded.shares.whole:
            model = self.layer_of(layers[expanded.shares.position], layers, inputs)
        options = self._options.of(expanded, entry, kind, model)
        values = {name: written.value for name, written in options.items()}
        lacking = kind.lacking(values)
        third = third_extent(kind, values, lacking)
        turned = bool(third) and counted_in_front(values["kernel"], values[third])
        if third and not turned and inputs and inputs[0].channels != values[third]:
            values[lacking[0].name] = values.pop(third)
        lacks = bool(kind.lacking(values)) or None in values.values()
        if lacks or self._options.is_unclear(expanded, entry, kind):
            return None
        layer = self._pool.layer(kind, values)
        if key is not None and not third:
            self._read[key] = layer
        return layer
