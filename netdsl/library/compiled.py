"""Compiled networks in Python: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.backend import backend as open_backend
from netdsl.cores import thread_count
from netdsl.library.arrays import images_as_batch
from netdsl.library.networks import Planned, plan
from netdsl.recipe.recipe import Recipe
from netdsl.training.batches import batch_sizes
from netdsl.training.programs import Programs
from netdsl.training.session_pool import SessionPool, first_values

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Compiled:
    """A network as native code.

    ``compiled(x)`` gives the scores of images, (images, classes); ``arrays`` are its parameters and running
    statistics by name, ``"CONV1.weights"``, as 32-bit floats that may be written to: weights lie as (height,
    width, channels in, filters), those of FC as (numbers in, neurons). The first call with another number
    of images compiles for it; the code is kept for the next process.
    """

    def __init__(self, network: Planned, sessions: SessionPool, batch: int) -> None:
        self.network = network
        self.batch = batch
        self._sessions = sessions
        self._lock = Lock()

    @property
    def arrays(self) -> Mapping[str, NDArray[np.float32]]:
        """Parameters and statistics by name; change what is in them, ``arrays[name][...] = values``."""
        return dict(self._sessions.store)

    def __call__(self, x: Any) -> NDArray[np.float32]:
        """The scores, (images, classes): what comes into a closing SOFTMAX, or what the last layer makes.

        ``x``: images of (height, width, channels), computed ``batch`` at a time. Raises ValueError for an
        array that holds no images of the network's input.
        """
        return self._outputs(x, "scores")

    def probabilities(self, x: Any) -> NDArray[np.float32]:
        """The softmax of the scores, (images, classes)."""
        return self._outputs(x, "probabilities")

    def predict(self, x: Any) -> NDArray[np.int64]:
        """The number of the class with the highest score, (images,)."""
        scores = self(x)
        found: NDArray[np.int64] = np.argmax(scores.reshape(len(scores), -1), axis=1)
        return found

    def _outputs(self, x: Any, name: str) -> NDArray[np.float32]:
        images = images_as_batch(x, self.network.plan)
        found, done = [], 0
        for size in batch_sizes(len(images), self.batch):
            with self._lock:  # a session is not for several threads at once
                session = self._sessions.inference(size)
                session.inputs["x"][...] = images[done : done + size]
                session.inputs["target"][...] = 0
                session.run()
                found.append(session.outputs[name].copy())
            done += size
        if not found:
            return np.zeros((0, *self.network.output.shape), np.float32)
        return np.concatenate(found)

    def __repr__(self) -> str:
        return f"<compiled {self.network!r:.200}>"


def compile(
    network: Any,
    *,
    batch: int = 1,
    seed: int = 1,
    threads: int | None = None,
    backend: str = "numba",
    exact: bool = False,
) -> Compiled:
    """Compile a network for this machine; its first weights are drawn as training draws them.

    ``batch``: images of one step. ``threads``: as many as this process may run on by default. ``backend``:
    "numba", or "numpy" for the slow executable specification. ``exact``: add in the order of the
    specification, for bits that are those of every machine. Raises Diagnosed where the network has
    mistakes, or does not fit in memory.
    """
    if isinstance(batch, bool) or not isinstance(batch, int):
        raise TypeError(f"batch is a number of images, not {batch!r}"[:300])
    if batch < 1:
        raise ValueError(f"batch is 1 or more, not {batch}")
    planned = plan(network)
    if planned.plan.example.several:
        raise TypeError("a network with several inputs is evaluated with netdsl.load(run).evaluate(data)")
    recipe = Recipe(seed=seed, exact=exact)
    programs = Programs(planned.plan, recipe, open_backend(backend), threads_or_all(threads))
    sessions = SessionPool(programs, first_values(planned.plan, recipe, programs.stored("infer", batch)))
    sessions.inference(batch)
    return Compiled(planned, sessions, batch)


def threads_or_all(asked: int | None) -> int:
    """Threads to use: no more than this process may run on. Raises ValueError for less than one."""
    if asked is not None and asked < 1:
        raise ValueError(f"threads are 1 or more, not {asked}")
    return thread_count(asked)
