"""What tells one network from another: layers, what they come to, and whose weights still fit."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from netdsl.layers.option import OptionType
from netdsl.planning.alignment import Pairs, aligned
from netdsl.planning.plan import Plan, PlannedLayer

Shape = tuple[int, ...]


class Change(Enum):
    """What became of a layer."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    """Its options, or what it works on."""
    RENAMED = "renamed"
    """The same layer under another name, as an unlabelled one is when another is put in before it."""
    FOLLOWS = "follows"
    """The same layer; its volume, costs or receptive field are others because of layers before it."""
    SAME = "same"


class LayerDifference(NamedTuple):
    """A layer of the one network and its like in the other; None where it has none. ``reads`` are the names
    of what it works on, before and after, where that is something else."""

    change: Change
    before: PlannedLayer | None
    after: PlannedLayer | None
    reads: tuple[str, str] = ("", "")


class Array(NamedTuple):
    """An array of weights or statistics: its shape in the old network, or in a checkpoint, and in the new
    one; None where it is not. ``belongs`` is the layer of the new network that it would belong to, where
    its name is that of another one now: it would be loaded, and make nonsense."""

    name: str
    before: Shape | None
    after: Shape | None
    belongs: str = ""

    @property
    def fits(self) -> bool:
        return self.before is not None and self.before == self.after and not self.belongs


class Difference(NamedTuple):
    """``layers`` has every layer of both networks, in the order of the new one, those removed where they
    stood; ``arrays`` every array."""

    before: Plan
    after: Plan
    layers: tuple[LayerDifference, ...]
    arrays: tuple[Array, ...]

    @property
    def differs(self) -> bool:
        return any(layer.change is not Change.SAME for layer in self.layers)

    @property
    def breaking(self) -> bool:
        """Whether the weights of the old network no longer make the new one."""
        return not all(array.fits for array in self.arrays)


def difference(before: Plan, after: Plan) -> Difference:
    """Compares two networks. Equal layers are paired so that as many as possible keep their order, then,
    between those, layers of the same kind."""
    pairs = _paired(before, after)
    like = {other: one for one, other in pairs}
    layers = tuple(_layers(before, after, pairs, like))
    found = Difference(before, after, layers, ())
    return found._replace(arrays=compared_arrays(found, arrays_of(before)))


def arrays_of(plan: Plan) -> dict[str, Shape]:
    """The arrays of a checkpoint of a network by name: what is learned, and what training keeps."""
    found: dict[str, Shape] = {}
    for layer in plan.layers:
        found |= {f"{layer.node.name}.{one.name}": one.shape for one in layer.parameters}
        found |= {f"{layer.node.name}.{one.name}": one.shape for one in layer.statistics}
    return found


def compared_arrays(found: Difference, stored: Mapping[str, Shape]) -> tuple[Array, ...]:
    """The arrays of the new network in its order, then those that are ``stored`` alone."""
    wanted = arrays_of(found.after)
    moved = _moved(found.layers)
    arrays = [
        Array(name, stored.get(name), shape, moved.get(name.rpartition(".")[0], "") if name in stored else "")
        for name, shape in wanted.items()
    ]
    arrays += [Array(name, shape, None) for name, shape in stored.items() if name not in wanted]
    return tuple(arrays)


def _moved(layers: tuple[LayerDifference, ...]) -> dict[str, str]:
    """Names that mean another layer now, and what the layer that had them is called; "no layer" for one
    that was removed."""
    now = {layer.after.node.name for layer in layers if layer.after}
    moved = {}
    for _, before, after, _ in layers:
        if before and before.node.name in now and (not after or after.node.name != before.node.name):
            moved[before.node.name] = after.node.name if after else "no layer"
    return moved


def _paired(before: Plan, after: Plan) -> Pairs:
    equal = aligned(*([identity(layer) for layer in plan.layers] for plan in (before, after)))
    kinds = [[layer.node.layer.keyword for layer in plan.layers] for plan in (before, after)]
    pairs: Pairs = []
    start, other_start = 0, 0
    for one, other in [*equal, (len(before.layers), len(after.layers))]:
        gap = aligned(kinds[0][start:one], kinds[1][other_start:other])
        pairs += [(start + position, other_start + other_position) for position, other_position in gap]
        pairs.append((one, other))
        start, other_start = one + 1, other + 1
    return pairs[:-1]


def _layers(before: Plan, after: Plan, pairs: Pairs, like: Mapping[int, int]) -> Iterator[LayerDifference]:
    start, other_start = 0, 0
    for one, other in [*pairs, (len(before.layers), len(after.layers))]:
        for layer in before.layers[start:one]:
            yield LayerDifference(Change.REMOVED, layer, None)
        for layer in after.layers[other_start:other]:
            yield LayerDifference(Change.ADDED, None, layer)
        if one < len(before.layers):
            yield _pair(before, after, before.layers[one], after.layers[other], like)
        start, other_start = one + 1, other + 1


def _pair(
    before: Plan, after: Plan, one: PlannedLayer, other: PlannedLayer, like: Mapping[int, int]
) -> LayerDifference:
    reads = _reads(before, after, one, other, like)
    if identity(one) != identity(other) or any(reads):
        return LayerDifference(Change.CHANGED, one, other, reads)
    if one.node.name != other.node.name:
        return LayerDifference(Change.RENAMED, one, other)
    same = measures(one) == measures(other)
    return LayerDifference(Change.SAME if same else Change.FOLLOWS, one, other)


def _reads(
    before: Plan, after: Plan, one: PlannedLayer, other: PlannedLayer, like: Mapping[int, int]
) -> tuple[str, str]:
    """What a pair works on, where it is not the like; a layer put in right before it is no other one."""
    if len(one.inputs) == len(other.inputs) == 1:
        chained = all(layer.node.inputs == (layer.node.position - 1,) for layer in (one, other))
        if chained:
            return "", ""
    if [like.get(position) for position in other.node.inputs] == list(one.node.inputs):
        return "", ""
    return _names(before, one), _names(after, other)


def _names(plan: Plan, layer: PlannedLayer) -> str:
    return ", ".join(plan.layers[position].node.name for position in layer.node.inputs)


def identity(layer: PlannedLayer) -> Hashable:
    """What makes two layers the same one, wherever they stand: kind and options. A window whose stride or
    padding is left out is that of one which writes them."""
    kind = layer.node.layer
    options = kind.options()
    follows = {
        name
        for name, option in options.items()
        if option.restates or ("kernel" in options and option.derived and option.type in _OF_WINDOWS)
    }
    values = tuple(kind.__dict__[name] for name in options if name not in follows)
    window = kind.window(*layer.inputs) if any(not options[name].restates for name in follows) else None
    return kind.keyword, values, window


_OF_WINDOWS = (OptionType.SIZE, OptionType.PADDING)


def measures(layer: PlannedLayer) -> tuple[object, ...]:
    """What a layer comes to: output volume, parameters, MACs, receptive field."""
    return layer.output, layer.parameter_count, layer.macs, layer.receptive_field
