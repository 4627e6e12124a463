"""What augmentation adds to a training step: the step with and without it, in turns.

    python benchmarks/augmentation.py [--network NAME] [--threads N] [--rounds N]

A step prepares the next batch, so its time holds everything that augmentation costs: drawing the random
numbers in Python, and moving and colouring the pictures in compiled code. A ratio is the median over the
rounds of the two times that stand side by side in a round.
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
from netdsl.backend.session import Batch, Images
from netdsl.data.preparation import measure
from netdsl.recipe.entries import entries
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import entry_from_text
from netdsl.training.augmenting import augmenting
from netdsl.training.programs import Programs
from netdsl.training.session_pool import SessionPool, first_values

RECIPES = (
    "flip, crop 4",
    "flip, crop 4, rotate 10, color 0.2",
    "flip, crop 4, rotate 10, color 0.2 hue 0.1",
    "distort 0.1",
    "cutout 8",
    "flip, crop 4, mixup 0.2",
    "flip, crop 4, rotate 10, scale 0.9, shear 5, distort 0.1, color 0.2 hue 0.1, cutout 8, mixup 0.2",
)
"""The first two are those that a step must hardly notice."""

_IMAGES = 1024


def random_images(shape: tuple[int, int, int], scores: int) -> Images:
    generator = np.random.default_rng(1)
    pixels = generator.integers(0, 256, (_IMAGES, *shape), dtype=np.uint8)
    preparation = measure(pixels, np.arange(_IMAGES))
    targets = np.eye(scores, dtype=np.float32)
    labels = generator.integers(0, scores, _IMAGES)
    return Images(pixels, labels, *preparation.scale_and_shift(shape), targets, 0.0, 255.0)


def stepper(name: str, text: str, threads: int) -> tuple[Callable[[], float], Callable[[], float]]:
    """Two functions that do a step and return its seconds: as it is, and augmented."""
    plan, size = load(NETWORKS[name].path), NETWORKS[name].batch
    recipe = Recipe(augment=entry_from_text(entries()["augment"], text))
    programs = Programs(plan, recipe, backend("numba"), threads)
    made = SessionPool(programs, first_values(plan, recipe, programs.stored("train", size)))
    session = made.training(size)
    session.inputs["rate"][...] = 1e-6
    images = random_images(plan.input.shape, plan.output.values)
    changing = augmenting(recipe.augment, images, np.arange(_IMAGES), 1)
    generator = np.random.default_rng(2)

    def step(changes: bool) -> float:
        chosen = generator.integers(0, _IMAGES, size)
        begin = time.perf_counter()
        batch = Batch(images, chosen, changing.changes(1, chosen) if changes else None)
        session.run((session, batch))
        return time.perf_counter() - begin

    for changes in (False, True, False, True):
        step(changes)
    return lambda: step(False), lambda: step(True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A training step with and without augmentation.")
    parser.add_argument("--network", choices=list(NETWORKS), default="cifar6")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    print("command:", command_line())
    print("machine:", machine(), f"({options.threads} threads)")
    print(f"{NETWORKS[options.network].title}, {NETWORKS[options.network].batch} images a step")
    for text in RECIPES:
        plain, augmented = stepper(options.network, text, options.threads)
        pairs = [(plain(), augmented()) for _ in range(options.rounds)]
        ratio = statistics.median(other / one for one, other in pairs)
        times = " and ".join(f"{statistics.median(times) * 1e3:.1f}" for times in zip(*pairs, strict=True))
        print(f"{ratio:5.3f} times, {times} ms  {text}", flush=True)


if __name__ == "__main__":
    main()
