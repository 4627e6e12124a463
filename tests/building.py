"""Plans made by hand, so that a test of one layer needs no network file."""

from __future__ import annotations

import numpy as np

from netdsl.backend import backend
from netdsl.backend.numba.backend import NumbaBackend
from netdsl.backend.numba.target import Target
from netdsl.graph.network import Network, Node
from netdsl.layers.layer import Layer
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.program.program import Program
from netdsl.quantities import Size, Volume
from netdsl.source import Source, Span


def planned(*layers: Layer | tuple[Layer, tuple[int, ...]]) -> Plan:
    """The plan of some layers, the first an Input; names are L0, L1, ...

    A layer takes the one before it, or those whose places stand beside it in a tuple.
    """
    found: list[PlannedLayer] = []
    for index, entry in enumerate(layers):
        layer, sources = entry if isinstance(entry, tuple) else (entry, (index - 1,) if index else ())
        inputs = tuple(found[source].output for source in sources)
        assert not layer.problems(*inputs), layer.problems(*inputs)
        output = layer.volume(*inputs)
        assert isinstance(output, Volume), output
        node = Node(index, f"L{index}", layer, sources, Span(0, 0), {})
        found.append(
            PlannedLayer(
                node,
                inputs,
                output,
                layer.parameters(*inputs),
                layer.statistics(*inputs),
                layer.macs(*inputs),
                Size(1, 1),
            )
        )
    nodes = tuple(layer.node for layer in found)
    return Plan(Network("test", nodes, (), Source("<test>", "")), tuple(found))


def filled_store(program, seed: int = 0) -> dict[str, np.ndarray]:
    """Random parameters for every stored array of a program; optimizer state starts at 0."""
    generator = np.random.default_rng(seed)
    store = {}
    for name, shape, kind in program.stored:
        if kind == "optimizer":
            store[name] = np.zeros(shape, np.float32)
        elif name.endswith("variance"):
            store[name] = generator.uniform(0.5, 2.0, shape).astype(np.float32)
        else:
            spread = 0.5 / np.sqrt(max(1, np.prod(shape[:-1])))
            centre = 1.0 if name.endswith("scale") else 0.0
            store[name] = (centre + generator.uniform(-2, 2, shape) * spread).astype(np.float32)
    return store


def check_output(program: Program, roughly: float = 1e-4, target: Target | None = None) -> None:
    """The one output of a program that stores nothing is that of the executable specification, and the same
    bit for bit with other numbers of threads."""
    wanted = _output(program, "numpy", 1)
    found = {threads: _output(program, "numba", threads, target) for threads in (1, 2, 4)}
    np.testing.assert_allclose(found[1], wanted, rtol=roughly, atol=roughly * np.abs(wanted).max())
    for threads, array in found.items():
        assert array.tobytes() == found[1].tobytes(), threads


def _output(program: Program, kind: str, threads: int, target: Target | None = None) -> np.ndarray:
    session = (backend(kind) if target is None else NumbaBackend(target)).bind(program, {}, threads)
    generator = np.random.default_rng(3)
    for array in session.inputs.values():
        array[...] = generator.normal(size=array.shape)
    session.run()
    (name,) = session.outputs
    return np.array(session.outputs[name])


def untimed(name: str, content: bytes) -> bytes:
    """A file of a run folder without what differs from run to run: the two last columns of the metrics."""
    if name != "metrics.csv":
        return content
    return b"\n".join(line.rsplit(b",", 2)[0] for line in content.splitlines())
