"""Proof that training gives the same bits for any number of threads, and what its price is.

    python benchmarks/determinism.py [NETWORK ...] [--steps N] [--batch N] [--threads N ...] [--exact]
                                     [--precision bf16] [--json FILE]

Every network is trained from the same first weights on the same random images, once per number of
threads. The first run is the measure: every array of the others, weights, statistics and what the
optimizer keeps, must equal its bits, and so must the loss of every step. The runs take turns, a few
steps each, so that the noise of the machine meets all of them; the time of a run is the median of its
steps. More threads than cores are allowed. Exits with 1 where a bit differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from machine import command_line, machine

from netdsl.backend.numba.backend import open_backend
from netdsl.backend.numba.runtime.session import NumbaSession
from netdsl.backend.numba.target import host
from netdsl.backend.session import Store
from netdsl.planning.pipeline import load_plan
from netdsl.program.lower import training_program
from netdsl.program.program import Numerics
from netdsl.quantities import PRECISIONS
from netdsl.recipe.recipe import Recipe
from netdsl.resources import zoo_text
from netdsl.training.session_pool import first_values
from netdsl.writing import write_file

NETWORKS = {"lenet": 32, "resnet20-cifar": 32, "densenet40-cifar": 32}
"""The networks that are trained unless others are named, with the images of a step."""

TURN = 5
"""Steps before the next run has its turn."""


class Training:
    """One run: a store of its own, and a session on some threads."""

    def __init__(self, name: str, batch: int, threads: int, *, exact: bool, precision: str) -> None:
        plan = load_plan(zoo_text(name), name).plan
        assert plan is not None
        recipe = Recipe(batch=batch, seed=7)
        program = training_program(
            plan,
            batch,
            loss=recipe.loss,
            optimizer=recipe.optimizer,
            numerics=Numerics(exact, precision),
        )
        self.threads = threads
        self.store: Store = first_values(plan, recipe, program.stored)
        self.losses: list[float] = []
        self.seconds: list[float] = []
        self._rate = recipe.optimizer.rate
        self._session: NumbaSession = open_backend().bind(program, self.store, threads)
        # The same images for all runs, for each draws from a generator of its own.
        self._generator = np.random.default_rng(3)

    def step(self) -> None:
        inputs = self._session.inputs
        inputs["x"][...] = self._generator.standard_normal(inputs["x"].shape, np.float32)
        batch, classes = inputs["target"].shape
        inputs["target"][...] = np.eye(classes)[self._generator.integers(classes, size=batch)]
        inputs["rate"][...] = self._rate
        if "seed" in inputs:
            inputs["seed"][...] = len(self.losses) + 1
        start = time.perf_counter()
        self._session.run()
        self.seconds.append(time.perf_counter() - start)
        self.losses.append(float(self._session.outputs["loss"]))

    def digest(self) -> str:
        """Of every bit of every array."""
        found = hashlib.sha256()
        for name, array in sorted(self.store.items()):
            found.update(name.encode())
            found.update(array.tobytes())
        return found.hexdigest()[:16]

    def differences(self, other: Training) -> list[str]:
        """What is not the same, bit for bit."""
        found = [name for name in self.store if self.store[name].tobytes() != other.store[name].tobytes()]
        return found if self.losses == other.losses else [*found, "the losses"]


def compare(
    name: str, batch: int, steps: int, threads: list[int], *, exact: bool, precision: str
) -> dict[str, Any]:
    """Train for ``steps`` steps on each number of threads; print a line a run."""
    runs = [Training(name, batch, count, exact=exact, precision=precision) for count in threads]
    for start in range(0, steps, TURN):
        for run in runs:
            for _ in range(min(TURN, steps - start)):
                run.step()
    rows = []
    for run in runs:
        different = run.differences(runs[0])
        row = {
            "threads": run.threads,
            "digest": run.digest(),
            "same": not different,
            "milliseconds": 1000 * median(run.seconds),
            "speed": median(runs[0].seconds) / median(run.seconds),
            "last_loss": run.losses[-1],
        }
        rows.append(row)
        verdict = "the same" if row["same"] else f"DIFFERS in {', '.join(different[:5])}"
        print(
            f"{name:18} batch {batch:3}  {steps} steps  {run.threads} threads  {row['digest']}"
            f"  {row['milliseconds']:8.2f} ms  {row['speed']:5.2f}x  loss {row['last_loss']:.6f}  {verdict}",
            flush=True,
        )
    settings = {"batch": batch, "steps": steps, "exact": exact, "precision": precision}
    return {"network": name, **settings, "runs": rows}


def main() -> int:
    parser = argparse.ArgumentParser(description="The same bits for any number of threads.")
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of the zoo; {', '.join(NETWORKS)}")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, help="images per step, 32 unless given")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2, 4], metavar="N")
    parser.add_argument("--exact", action="store_true", help="only direct convolutions")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON")
    options = parser.parse_args()
    print("command:", command_line())
    print("machine:", machine(), f"({host().target.width} floats a vector)")
    rows = [
        compare(
            name,
            options.batch or NETWORKS.get(name, 32),
            options.steps,
            options.threads,
            exact=options.exact,
            precision=options.precision,
        )
        for name in options.networks or NETWORKS
    ]
    if options.json:
        result = {"machine": machine(), "vector_width": host().target.width, "rows": rows}
        write_file(Path(options.json), [(json.dumps(result, indent=2) + "\n").encode()])
    return 0 if all(run["same"] for row in rows for run in row["runs"]) else 1


if __name__ == "__main__":
    sys.exit(main())
