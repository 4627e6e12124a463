"""What a step takes with each optimizer, beside the same step with SGD.

    python benchmarks/optimizers.py [--only NETWORK] [--optimizer NAME]... [--rounds N] [--threads N]

Both steps are there at once and take turns; a row is the median, over the rounds, of the ratio of the two
times of one round. A ratio of 1.10 says that a step takes a tenth longer than with SGD and momentum.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

import numpy as np
from machine import command_line, machine
from networks import NETWORKS, load

from netdsl.backend import backend
from netdsl.optimizers import optimizers
from netdsl.planning.plan import Plan
from netdsl.program.lower import training_program
from netdsl.recipe.recipe import Recipe
from netdsl.training.numbers import step_numbers
from netdsl.training.session_pool import first_values

ROUND_SECONDS = 0.3
"""A round of one optimizer is as many steps as fit, at least one."""


def step_of(plan: Plan, name: str, batch: int, threads: int) -> Callable[[], None]:
    """A step with an optimizer of default settings, but a small rate: one batch is repeated."""
    recipe = Recipe(batch=batch, optimizer=optimizers()[name](rate=1e-5))
    program = training_program(plan, batch, loss=recipe.loss, optimizer=recipe.optimizer)
    session = backend("numba").bind(program, first_values(plan, recipe, program.stored), threads)
    inputs, generator = session.inputs, np.random.default_rng(1)
    inputs["x"][...] = generator.standard_normal(inputs["x"].shape, np.float32)
    classes = inputs["target"].shape[1]
    inputs["target"][np.arange(batch), generator.integers(classes, size=batch)] = 1
    for number, value in step_numbers(recipe, [batch] * 1000, 0, 999, ()).items():
        if number in inputs:
            inputs[number][...] = value
    session.run()
    return session.run


def seconds(step: Callable[[], None], steps: int) -> float:
    """The time of a step, of some in a row."""
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description="Optimizers against SGD.")
    parser.add_argument("--only", choices=list(NETWORKS))
    parser.add_argument("--optimizer", choices=list(optimizers()), action="append")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    names = options.optimizer or [name for name in optimizers() if name != "sgd"]
    print("command:", command_line())
    print("machine:", machine(), f"({options.threads} threads)")
    print(f"{'network':28} {'SGD':>9}  " + "  ".join(f"{name:>10}" for name in names))
    for network in (options.only,) if options.only else NETWORKS:
        title, path, batch = NETWORKS[network]
        plan = load(path)
        plain = step_of(plan, "sgd", batch, options.threads)
        steps = max(1, int(ROUND_SECONDS / seconds(plain, 1)))
        ratios = []
        times = [seconds(plain, steps)]
        for name in names:
            other = step_of(plan, name, batch, options.threads)
            seconds(other, 1)
            pairs = [(seconds(plain, steps), seconds(other, steps)) for _ in range(options.rounds)]
            times += [one for one, _ in pairs]
            ratios.append(statistics.median(its / one for one, its in pairs))
        shown = "  ".join(f"{ratio:10.2f}" for ratio in ratios)
        print(f"{title:28} {statistics.median(times) * 1e3:6.1f} ms  {shown}", flush=True)


if __name__ == "__main__":
    main()
