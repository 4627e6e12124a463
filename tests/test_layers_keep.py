"""What the documentation of a layer says that it keeps for the backward pass is what its gradient reads."""

from __future__ import annotations

import re

import pytest
from building import planned
from layer_cases import LAYERS, network_of

from netdsl.layers.layer import Parameter
from netdsl.primitives.builder import Builder
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Tensor
from netdsl.program.gradients import Gradients, pass_back


@pytest.mark.parametrize("name", LAYERS)
def test_what_a_layer_says_that_it_keeps_is_what_its_gradient_reads(name: str) -> None:
    network = planned(*network_of(name))
    position = next(n for n, one in enumerate(network.layers) if one.node.layer is LAYERS[name][1])
    layer = network.layers[position]
    build = Builder(1, training=True)
    build.origin = "layer"
    for array in (*layer.parameters, *layer.statistics):
        build.store(f"layer.{array.name}", array.shape, learnable=isinstance(array, Parameter))
    inputs = [Tensor(f"input{n}", volume.shape) for n, volume in enumerate(layer.inputs)]
    for tensor in inputs:
        build.want(tensor)
    output = layer.node.layer.lower(build, *inputs)
    forward = tuple(build.operations)
    gradients = Gradients()
    gradients.add(output, Tensor("upstream", output.shape))
    pass_back(build, forward, gradients)
    owner = {op.outputs[0]: op.inputs[0] for op in forward if isinstance(op, Reshape)}
    made = {tensor for op in forward for tensor in op.outputs}
    read = {owner.get(x, x) for op in build.operations[len(forward) :] for x in op.inputs}
    kept = {tensor for tensor in read & {*made, *inputs} if tensor.batched}
    says = re.search(r"keeps\s+(.*?)\s+for\s+backward", type(layer.node.layer).__doc__ or "", re.DOTALL)
    assert says is not None
    wanted = {"nothing": set(), "its input": {*inputs}, "its inputs": {*inputs}, "its output": {output}}
    if says[1] in wanted and name != "maxout":  # which reads copies of the parts of its input
        assert wanted[says[1]] <= kept
        # Beside it are only numbers of which there are few, such as the mean of a group.
        assert all(tensor.values <= inputs[0].values for tensor in kept - wanted[says[1]])
        assert bool(kept) == bool(wanted[says[1]])
