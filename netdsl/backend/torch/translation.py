"""From a plan to a PyTorch module, with weights in and out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from netdsl.backend.torch import activations, linear, normalization, pooling, shape_ops
from netdsl.backend.torch.lowered import lowered
from netdsl.backend.torch.translated_layer import Floats, Maker, TranslatedLayer, Untranslatable
from netdsl.diagnostics import Diagnosed, Findings
from netdsl.layers.layer import Layer
from netdsl.planning.plan import Plan

MAKERS: dict[type[Layer], Maker] = {
    **linear.MAKERS,
    **pooling.MAKERS,
    **normalization.MAKERS,
    **activations.MAKERS,
    **shape_ops.MAKERS,
}
"""How each kind of layer is translated for which PyTorch has modules; all others as their primitives."""


class PlanModule(nn.Module):  # type: ignore[misc]
    """A network as one module: a part per layer, in the order of the plan.

    Takes and gives (batch, channels, height, width), in either memory format.
    """

    def __init__(self, plan: Plan, parts: list[TranslatedLayer]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(part.module for part in parts)
        self._array_maps = [part.arrays for part in parts]
        self._plan = plan
        self._example = plan.example
        self._sources = [layer.node.inputs for layer in plan.layers]
        last_read = {source: reader for reader, sources in enumerate(self._sources) for source in sources}
        self._done = [[s for s in sources if last_read[s] == n] for n, sources in enumerate(self._sources)]
        closing = plan.layers[-1].node
        closes = closing.layer.yields_probabilities or closing.layer.is_hard_decision
        self._scores = closing.inputs[0] if closes else len(parts) - 1
        self._activate_in_place()

    def _activate_in_place(self) -> None:
        """Let a RELU overwrite what nothing else reads, as networks written for PyTorch do."""
        readers = Counter(source for sources in self._sources for source in sources)
        for layer, module in zip(self._plan.layers, self.parts, strict=True):
            if isinstance(module, nn.ReLU) and layer.node.inputs:
                source = layer.node.inputs[0]
                below = self._plan.layers[source].node.layer
                module.inplace = readers[source] == 1 and (below.has_weights or below.normalises)

    def forward(self, x: Any) -> Any:
        """The output of the last layer."""
        return self._value(x, len(self.parts) - 1)

    def scores(self, x: Any) -> Any:
        """The class scores (batch, classes): what goes into a closing SOFTMAX or STEP, or the output."""
        return self._value(x, self._scores).permute(0, 2, 3, 1).flatten(1)

    def _value(self, x: Any, wanted: int) -> Any:
        values: dict[int, Any] = {}
        for number, module in enumerate(self.parts):
            sources = self._sources[number]
            given = [values[source] for source in sources] if sources else [self._given(x, number)]
            values[number] = module(*given)
            if number == wanted:
                break
            for source in self._done[number]:
                del values[source]
        return values[wanted]

    def _given(self, x: Any, number: int) -> Any:
        """What an input takes of the examples."""
        if not self._example.several:
            return x
        name = self._plan.layers[number].node.name
        part = next(part for part in self._example.parts if part.name == name)
        height, width, channels = part.volume.shape
        if self._example.stacked:
            return x[:, part.first : part.first + channels]
        numbers = x[:, part.first : part.first + part.volume.values]
        return numbers.reshape(-1, height, width, channels).permute(0, 3, 1, 2)

    def load(self, store: Mapping[str, Floats]) -> None:
        """Take parameters and statistics from arrays in our names and shapes."""
        with torch.no_grad():
            for name, array_map, tensor in self._arrays():
                array = np.ascontiguousarray(array_map.to_torch(store[name]))
                tensor.copy_(torch.from_numpy(array).reshape(tensor.shape))

    def store(self) -> dict[str, Floats]:
        """Parameters and statistics in our names and shapes, copied."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in self._plan.layers:
            own = layer.node.name
            shapes |= {f"{own}.{parameter.name}": parameter.shape for parameter in layer.parameters}
            shapes |= {f"{own}.{statistic.name}": statistic.shape for statistic in layer.statistics}
        return {
            name: array_map.from_torch(tensor.detach().contiguous().numpy(), shapes[name]).copy()
            for name, array_map, tensor in self._arrays()
        }

    def learned(self, *, decays: bool) -> list[Any]:
        """The parameters to which weight decay applies, or those to which it does not."""
        wanted = {
            f"{layer.node.name}.{parameter.name}"
            for layer in self._plan.layers
            for parameter in layer.parameters
            if parameter.decays == decays
        }
        return [tensor for name, _, tensor in self._arrays() if name in wanted]

    def _arrays(self) -> list[tuple[str, Any, Any]]:
        """(our name, how it is held, tensor) of every array."""
        found = []
        for layer, arrays, module in zip(self._plan.layers, self._array_maps, self.parts, strict=True):
            if layer.node.shares is not None:
                continue
            held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
            found += [
                (f"{layer.node.name}.{name}", array_map, held[array_map.name])
                for name, array_map in arrays.items()
            ]
        return found


def _share(part: TranslatedLayer, owner: TranslatedLayer) -> None:
    """Put the arrays of another module instead of those that a module was made with."""
    if part.arrays != owner.arrays:
        raise Untranslatable("PyTorch has the weights that it shares in another order")
    for array_map in part.arrays.values():
        path, _, name = array_map.name.rpartition(".")
        module, other = part.module.get_submodule(path), owner.module.get_submodule(path)
        for arrays in ("_parameters", "_buffers"):
            if name in getattr(module, arrays):
                getattr(module, arrays)[name] = getattr(other, arrays)[name]


def module_of(plan: Plan) -> PlanModule:
    """The same network in PyTorch; Diagnosed (ND540) with every layer that it cannot express."""
    findings = Findings(plan.network.source)
    parts: list[TranslatedLayer] = []
    owned: dict[str, TranslatedLayer] = {}
    for layer in plan.layers:
        node = layer.node
        maker = MAKERS.get(type(node.layer), lowered)
        try:
            parts.append(maker(layer))
            if node.shares is not None and node.owner in owned:
                _share(parts[-1], owned[node.owner])
            owned[node.name] = parts[-1]
        except Untranslatable as reason:
            message = f"{node.name} cannot be translated to PyTorch: {reason}"
            findings.add("ND540", message, node.span, help=("leave out --against torch",))
    if findings.found:
        raise Diagnosed(*findings.found)
    return PlanModule(plan, parts)
