"""What `netdsl lr-find` answers, beside the rate that trains best: the table of docs/checking-a-run.md.

    python benchmarks/learning_rates.py [--only TEXT] [--fashion FOLDER] [--threads N]

Each row is a test of three trials, then a training from the same first weights at every rate from 0.00001 to
1 in steps of half a decade; the best rate is that of the lowest validation loss after the last epoch. In
brackets: the lowest rate whose loss is at most 1.2 times as high. Rows of Fashion-MNIST are left out where
the folder of the data is missing.
"""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import NamedTuple

from machine import command_line, machine

from netdsl.backend import backend
from netdsl.planning.pipeline import load_plan
from netdsl.recipe.entries import entries, with_setting
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import entry_from_text
from netdsl.resources import zoo_text
from netdsl.training.divergence import Diverged
from netdsl.training.loop import train
from netdsl.training.rate_finder import TRIALS, Found, GrowingRate, found, trial
from netdsl.training.records import EpochRecord
from netdsl.training.run import Run, new_run

RATES = [10 ** (half / 2) for half in range(-10, 1)]
"""From 0.00001 to 1."""

AS_GOOD = 1.2
"""Times the lowest loss: rates up to there are as good as the best."""

NEAR = 4.0
"""A factor between answer and best rate."""

TANH = "input 8x8x1\n" + "FC 64 - TANH\n" * 10 + "FC 10\n"
FASHION = "/usr/share/datasets/fashion-mnist"


COLUMNS = (
    "network, data",
    "optimizer, batch, loss",
    "epochs",
    "steepest",
    "lowest/10",
    "**lowest/√10**",
    "best rate",
)


class Row(NamedTuple):
    """A network of the zoo, or a text, with what the recipe says besides the rate."""

    network: str
    optimizer: str = "sgd"
    batch: int = 32
    epochs: int = 5
    loss: str = "cross-entropy"
    data: str = "digits"

    @property
    def cells(self) -> list[str]:
        name = "10 layers of TANH" if "\n" in self.network else self.network
        data = "digits" if self.data == "digits" else "Fashion-MNIST"
        optimizer = self.optimizer.replace(" momentum 0", " without momentum")
        loss = "" if self.loss == "cross-entropy" else f", {self.loss}"
        return [f"{name}, {data}", f"{optimizer}, {self.batch}{loss}", str(self.epochs)]


ROWS = [
    Row("linear"),
    Row("three-layer"),
    Row("lenet"),
    Row("lenet", epochs=20),
    Row("lenet", batch=8),
    Row("lenet", batch=128),
    Row("lenet", "sgd momentum 0"),
    Row("lenet1"),
    Row("lenet5-1998"),
    Row(TANH, epochs=10),
    Row("linear", loss="hinge"),
    Row("linear", loss="l2"),
    Row("lenet", "adam"),
    Row("three-layer", "adam"),
    Row("lenet", "rmsprop"),
    Row("linear", "adagrad"),
    Row("lenet", batch=64, epochs=1, data=FASHION),
    Row("three-layer", "adam", batch=128, epochs=1, data=FASHION),
]


def run_of(row: Row, rate: float | None, threads: int) -> Run:
    """A run from its beginning, at some rate."""
    text = row.network if "\n" in row.network else zoo_text(row.network)
    plan, findings = load_plan(text, row.cells[0])
    assert plan is not None, findings
    written = {"optimizer": row.optimizer, "loss": row.loss}
    values = {name: entry_from_text(entries()[name], value) for name, value in written.items()}
    recipe = Recipe(data=row.data, batch=row.batch, epochs=row.epochs, **values)
    if rate is not None:
        recipe = with_setting(recipe, "rate", rate)
    return new_run(plan, recipe, backend("numba"), threads)


def answer(row: Row, threads: int) -> Found:
    """What lr-find says."""
    run, schedule = run_of(row, None, threads), GrowingRate()
    trials = [tuple(trial(run, schedule, run.recipe.seed + number, threads)) for number in range(TRIALS)]
    outcome = found(schedule, trials)
    assert outcome is not None
    return outcome


def loss_at(row: Row, rate: float, threads: int) -> float:
    """The validation loss after the last epoch."""
    run = run_of(row, rate, threads)
    run.bind()
    loss = math.inf
    try:
        for record in train(run.sessions, run.images, run.parts, run.recipe, run.progress, "data"):
            if isinstance(record, EpochRecord):
                loss = record.validation_loss
    except Diverged:
        return math.inf
    return loss


def shown(rate: float, digits: int = 2) -> str:
    """Some digits, without an exponent."""
    return f"{rate:.{max(digits - 1 - math.floor(math.log10(rate)), 0)}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="lr-find against training.")
    parser.add_argument("--only", default="", help="rows that have this text")
    parser.add_argument("--fashion", default=FASHION, help="the folder of Fashion-MNIST")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    print(f"{machine()}; {command_line()}\n", flush=True)
    print(f"| {' | '.join(COLUMNS)} |")
    print("|---|---|--:|--:|--:|--:|--:|", flush=True)
    near = rows = 0
    for row in ROWS:
        if row.data == FASHION:
            row = row._replace(data=options.fashion)
        if options.only not in ", ".join(row.cells):
            continue
        if row.data != "digits" and not Path(row.data).is_dir():
            continue
        outcome = answer(row, options.threads)
        losses = {rate: loss_at(row, rate, options.threads) for rate in RATES}
        best = min(losses, key=losses.__getitem__)
        least = min(rate for rate, loss in losses.items() if loss <= AS_GOOD * losses[best])
        also = f" ({shown(least)})" if least < best else ""
        rates = [shown(outcome.steepest, 1), shown(outcome.lowest / 10, 1), f"**{shown(outcome.rate)}**"]
        print("| " + " | ".join([*row.cells, *rates, shown(best) + also]) + " |", flush=True)
        near += 1 / NEAR <= outcome.rate / best <= NEAR
        rows += 1
    print(f"\nthe answer is within a factor of {NEAR:g} of the best rate in {near} of {rows} rows")


if __name__ == "__main__":
    main()
