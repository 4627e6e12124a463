"""One step of a network by netdsl, by PyTorch and by JAX, ready to be timed.

Every implementation is a class with ``setup()``, which returns after the first step, and
``step()``, which returns when the step is done. Images are random and stay the same: the step is
what is measured.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple, Protocol

from networks import NETWORKS, load

RATE, MOMENTUM, DECAY = 0.001, 0.9, 5e-4
"""SGD; the rate is small, so that repeating one batch goes nowhere."""

NETDSL = "netdsl"
EAGER = ("torch-nchw", "torch-channels_last")
COMPILED = ("torch-nchw-compiled", "torch-channels_last-compiled")
"""torch.compile of both; it takes a minute to compile and needs a C++ compiler."""
JAX = "jax"
PEERS = (*EAGER, *COMPILED, JAX)

TITLES = {
    NETDSL: "netdsl",
    "torch-nchw": "NCHW",
    "torch-channels_last": "channels_last",
    "torch-nchw-compiled": "compiled, NCHW",
    "torch-channels_last-compiled": "compiled, channels_last",
    JAX: "JAX",
}
"""What the tables call them; the first four of the peers are PyTorch's."""


class Task(NamedTuple):
    """What is measured: steps of ``batch`` images, forward alone unless ``training``.

    ``fused``: whether PyTorch's SGD is the fused one, which its users must ask for: on networks with
    many parameters it is several times as fast as the default.
    """

    network: str
    batch: int
    threads: int
    training: bool
    fused: bool = True


class Implementation(Protocol):
    """One library with one task."""

    def setup(self) -> None: ...
    def step(self) -> None: ...
    def versions(self) -> dict[str, str]: ...


class Netdsl:
    """The compiled backend of this repository."""

    def __init__(self, task: Task, precision: str = "float32") -> None:
        self._task, self._precision = task, precision

    def setup(self) -> None:
        import numpy as np

        from netdsl.backend import backend
        from netdsl.optimizers.sgd import Sgd
        from netdsl.program.lower import inference_program, training_program
        from netdsl.program.program import Numerics
        from netdsl.recipe.recipe import Recipe
        from netdsl.training.session_pool import first_values

        task = self._task
        plan = load(NETWORKS[task.network].path)
        recipe = Recipe(batch=task.batch, optimizer=Sgd(rate=RATE, momentum=MOMENTUM, decay=DECAY))
        if task.training:
            program = training_program(
                plan,
                task.batch,
                loss=recipe.loss,
                optimizer=recipe.optimizer,
                numerics=Numerics(precision=self._precision),
            )
        else:
            program = inference_program(plan, task.batch, loss=recipe.loss)
        store = first_values(plan, recipe, program.stored)
        self._session = backend("numba").bind(program, store, task.threads)
        inputs, generator = self._session.inputs, np.random.default_rng(1)
        inputs["x"][...] = generator.standard_normal(inputs["x"].shape, np.float32)
        classes = inputs["target"].shape[1]
        inputs["target"][np.arange(task.batch), generator.integers(classes, size=task.batch)] = 1
        if task.training:
            inputs["rate"][...] = RATE
        self.step()

    def step(self) -> None:
        self._session.run()

    def versions(self) -> dict[str, str]:
        import llvmlite
        import numba

        import netdsl

        return {"netdsl": netdsl.__version__, "numba": numba.__version__, "llvmlite": llvmlite.__version__}


class Torch:
    """PyTorch in one memory layout, "nchw" or "channels_last", eager or compiled."""

    def __init__(self, task: Task, layout: str, *, compiled: bool) -> None:
        self._task, self._layout, self._compiled = task, layout, compiled

    def setup(self) -> None:
        import torch

        from netdsl.backend.torch.training import LAYOUTS
        from netdsl.backend.torch.translation import module_of

        task, form = self._task, LAYOUTS[self._layout]
        torch.set_num_threads(task.threads)
        torch.manual_seed(1)
        plan = load(NETWORKS[task.network].path)
        module = module_of(plan).to(memory_format=form)
        module.train(task.training)
        volume = plan.input
        x = torch.randn(task.batch, volume.channels, volume.height, volume.width)
        self._x = x.contiguous(memory_format=form)
        self._target = torch.randint(plan.output.channels, (task.batch,))
        self._loss = torch.nn.CrossEntropyLoss()
        groups = [
            {"params": module.learned(decays=True), "weight_decay": DECAY},
            {"params": module.learned(decays=False), "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM, fused=task.fused)
        self._scores = torch.compile(module.scores) if self._compiled else module.scores
        self._no_gradients = torch.inference_mode
        self.step()

    def step(self) -> None:
        if self._task.training:
            self._optimizer.zero_grad(set_to_none=True)
            loss = self._loss(self._scores(self._x), self._target)
            loss.backward()
            self._optimizer.step()
        else:
            with self._no_gradients():
                self._scores(self._x).softmax(dim=1)

    def versions(self) -> dict[str, str]:
        import torch

        return {"torch": torch.__version__}


def implementation(name: str, task: Task) -> Implementation:
    """By name, one of NETDSL and PEERS."""
    if name == NETDSL:
        return Netdsl(task)
    if name == JAX:
        from jax_step import Jax  # the only file that needs JAX

        return Jax(task, rate=RATE, momentum=MOMENTUM, decay=DECAY)
    layout = name.removeprefix("torch-")
    plain = layout.removesuffix("-compiled")
    return Torch(task, plain, compiled=layout != plain)


def library(name: str) -> str:
    """The package that an implementation needs."""
    return name.partition("-")[0]


def is_installed(name: str) -> bool:
    """Whether an implementation's package is there; imports nothing."""
    return find_spec(library(name)) is not None


def is_compiled(name: str) -> bool:
    """Whether an implementation keeps compiled code on disk, so that its second start is faster."""
    return name == NETDSL or name in COMPILED
