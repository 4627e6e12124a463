"""One training step of a network file, by netdsl and by PyTorch, ready to be timed.

Every implementation is a class with ``setup()``, which returns after the first step, and
``step()``. Data are random and stay the same: the step is what is measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

RATE, MOMENTUM, DECAY = 0.001, 0.9, 5e-4


class Implementation(Protocol):
    def setup(self) -> None: ...
    def step(self) -> None: ...
    def versions(self) -> dict[str, str]: ...


def load(path: Path) -> Any:
    """The plan of a network file."""
    from netdsl.plan.load import load_plan

    checked = load_plan(path.read_text(encoding="utf-8"), str(path))
    assert checked.plan is not None, checked.diagnostics
    return checked.plan


class Netdsl:
    """The compiled backend of this repository."""

    def __init__(self, path: Path, batch: int, threads: int) -> None:
        self._path, self._batch, self._threads = path, batch, threads

    def setup(self) -> None:
        import numpy as np

        from netdsl.backend import backend
        from netdsl.losses import losses
        from netdsl.optimizers.sgd import Sgd
        from netdsl.program.lower import training_program

        plan = load(self._path)
        optimizer = Sgd(momentum=MOMENTUM, decay=DECAY)
        program = training_program(plan, self._batch, loss=losses()["cross-entropy"], optimizer=optimizer)
        generator = np.random.default_rng(1)
        store = {}
        fans = {f"{layer.node.name}.{p.name}": p.fan_in for layer in plan.layers for p in layer.parameters}
        for name, shape, _ in program.stored:
            spread = (2 / fans[name]) ** 0.5 if fans.get(name) else 0.0
            store[name] = generator.standard_normal(shape, np.float32) * np.float32(spread)
        self._session = backend("numba").bind(program, store, self._threads)
        inputs = self._session.inputs
        inputs["x"][...] = generator.standard_normal(inputs["x"].shape, np.float32)
        classes = inputs["target"].shape[1]
        inputs["target"][...] = np.eye(classes, dtype=np.float32)[
            generator.integers(classes, size=self._batch)
        ]
        inputs["rate"][...] = RATE
        self.step()

    def step(self) -> None:
        self._session.run()
        float(self._session.outputs["loss"])

    def versions(self) -> dict[str, str]:
        import llvmlite
        import numba

        import netdsl

        return {"netdsl": netdsl.__version__, "numba": numba.__version__, "llvmlite": llvmlite.__version__}


class Torch:
    """PyTorch in one memory layout, "nchw" or "channels_last", eager or compiled."""

    def __init__(self, path: Path, batch: int, threads: int, layout: str, *, compiled: bool) -> None:
        self._path, self._batch, self._threads, self._layout = path, batch, threads, layout
        self._compiled = compiled

    def setup(self) -> None:
        import torch

        torch.set_num_threads(self._threads)
        torch.manual_seed(1)
        plan = load(self._path)
        form = torch.channels_last if self._layout == "channels_last" else torch.contiguous_format
        self._network = module_of(plan).to(memory_format=form)
        volume = plan.input
        x = torch.randn(self._batch, volume.channels, volume.height, volume.width)
        self._x = x.contiguous(memory_format=form)
        self._target = torch.randint(plan.output.channels, (self._batch,))
        self._loss = torch.nn.CrossEntropyLoss()
        self._optimizer = torch.optim.SGD(
            self._network.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY
        )
        if self._compiled:
            self._network = torch.compile(self._network)
        self.step()

    def step(self) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        loss = self._loss(self._network(self._x), self._target)
        loss.backward()
        self._optimizer.step()
        float(loss.detach())

    def versions(self) -> dict[str, str]:
        import torch

        return {"torch": torch.__version__}


def module_of(plan: Any) -> Any:
    """The same network as a torch.nn.Sequential, layer by layer."""
    from torch import nn

    modules: list[Any] = []
    for layer in plan.layers:
        node, kind = layer.node.layer, layer.node.layer.keyword
        volume = layer.inputs[0] if layer.inputs else layer.output
        if kind == "CONV":
            moving = node.moving(volume)
            padding = (moving.padding.top, moving.padding.left)
            modules.append(
                nn.Conv2d(
                    volume.channels,
                    node.filters,
                    tuple(node.kernel),
                    tuple(node.stride),
                    padding,
                    groups=node.groups,
                    bias=node.bias,
                )
            )
        elif kind == "MAX POOL":
            moving = node.moving(volume)
            padding = (moving.padding.top, moving.padding.left)
            modules.append(nn.MaxPool2d(tuple(moving.kernel), tuple(moving.stride), padding))
        elif kind == "RELU":
            modules.append(nn.ReLU(inplace=True))
        elif kind == "NORM":
            modules.append(nn.LocalResponseNorm(node.size, node.weight * node.size, node.beta, node.added))
        elif kind == "FC":
            modules += [nn.Flatten(), nn.Linear(volume.values, node.neurons, bias=node.bias)]
        elif kind == "BN":
            modules.append(nn.BatchNorm2d(volume.channels, node.added, node.newest))
        elif kind == "DROPOUT":
            modules.append(nn.Dropout(node.rate))
        elif kind != "INPUT":
            raise ValueError(f"no PyTorch form of {kind} in the benchmark")
    return nn.Sequential(*modules)


def implementation(name: str, path: Path, batch: int, threads: int) -> Implementation:
    """By name: "netdsl", "torch-nchw", "torch-channels_last", or these with "-compiled" behind."""
    if name == "netdsl":
        return Netdsl(path, batch, threads)
    layout = name.removeprefix("torch-")
    plain = layout.removesuffix("-compiled")
    return Torch(path, batch, threads, plain, compiled=layout != plain)
