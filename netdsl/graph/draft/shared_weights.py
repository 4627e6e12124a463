"""What a layer takes over from the one whose weights it works with."""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.draft.entries import Counted, Entry, Gap, Open, Projection
from netdsl.graph.expanded_layers import ExpandedLayer
from netdsl.graph.network import Node, Shares
from netdsl.graph.options.volumes import Written
from netdsl.layers.layer import Layer
from netdsl.source import Span


def alike(expanded: ExpandedLayer, kind: type[Layer], name: str, owner: Entry, findings: Findings) -> bool:
    """Whether the layer with the weights is of the same kind; reported where it is not."""
    if isinstance(owner, Gap):
        return False  # what is wrong with it is said
    assert expanded.shares is not None
    other = _kind_of(owner)
    if other is kind:
        return True
    what = other.keyword if other is not None else "PROJECT"
    owned = owner.name if not isinstance(owner, Projection) else "it"
    message = f"{name} is {kind.keyword} and {owned} is {what}: their weights do not match"
    cures = [f"name a layer that is {kind.keyword} too"]
    if other is not None and not other.has_weights:
        cures.append("the label of a group is that of its last layer: label the layer itself")
    findings.add("ND248", message, expanded.shares.span, help=tuple(cures))
    return False


def shares_of(expanded: ExpandedLayer, owner: Entry | None) -> Shares | None:
    """Which layer has the weights of another; that one may work with those of another itself."""
    if expanded.shares is None or owner is None or isinstance(owner, Gap | Projection):
        return None
    name = owner.shares.owner if owner.shares is not None else owner.name
    return Shares(name, expanded.shares.span, expanded.shares.whole)


def _kind_of(entry: Entry) -> type[Layer] | None:
    return (
        entry.kind
        if isinstance(entry, Open | Counted)
        else type(entry.layer)
        if isinstance(entry, Node)
        else None
    )


def model_key(model: Entry | None) -> Layer | int | None:
    """What the options that a layer takes over follow from."""
    return model.layer if isinstance(model, Node) else None if model is None else model.position


def options_of(model: Entry | Layer, kind: type[Layer], span: Span) -> dict[str, Written]:
    """The options of a layer, for another that works with its weights and does not say them again."""
    layer = model.layer if isinstance(model, Node) else model
    values = layer.values if isinstance(layer, Open | Counted) else layer.__dict__
    options = (option for option in kind.options().values() if not option.restates)
    known = ((option.name, values.get(option.name)) for option in options)
    return {name: Written(value, span) for name, value in known if value is not None}
