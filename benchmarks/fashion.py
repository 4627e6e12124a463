"""Whole trainings of the recipes of docs/recipes: `netdsl train` beside a PyTorch script, with both curves.

    python benchmarks/fashion.py [--recipe NAME ...] [--rounds N] [--epochs N] [--threads N] [--workers N]
                                 [--data FOLDER] [--mnist FOLDER] [--csv FILE] [--picture FILE.png]

Of each recipe: the wall time of both commands, each a process of its own, from its start to its end, in
turns; the ratio is the median over the rounds. Beforehand netdsl trains one epoch twice, with nothing
compiled and again, which says how much longer the very first run takes. The PyTorch script is
benchmarks/fashion_torch.py. The curves are those of the first round; the random numbers of the two are not
the same.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from lines import BUSY, heading
from machine import busy_seconds, command_line
from PIL import Image, ImageDraw

FOLDER = Path(__file__).parent
RECIPES = FOLDER.parent / "docs" / "recipes"
FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's `dataset-fashion-mnist` puts the files."""

NETDSL, TORCH = "netdsl", "PyTorch"
COLOURS = {NETDSL: "#1f5fbf", TORCH: "#d9541e"}


class Training(NamedTuple):
    """A finished command: its wall time, the processors that others took, and what it reached, in %."""

    seconds: float
    others: float
    curve: list[float]
    test: float


class Setting(NamedTuple):
    """What both commands are told; ``scratch`` is for what they write.

    ``cache`` is for compiled code; None for where users have theirs.
    """

    data: Path
    epochs: int | None
    threads: int
    workers: int
    scratch: Path
    cache: Path | None

    def command(self, who: str, recipe: str, run: Path) -> list[str]:
        """Of netdsl or of the PyTorch script, which writes to ``run``."""
        own = {
            NETDSL: ["-m", "netdsl.commands", "train", str(RECIPES / f"{recipe}.net")],
            TORCH: [str(FOLDER / "fashion_torch.py"), recipe, "--workers", str(self.workers)],
        }
        epochs = [] if self.epochs is None else ["--epochs", str(self.epochs)]
        common = ["--data", str(self.data), "--threads", str(self.threads), "--out", str(run), *epochs]
        return [sys.executable, *own[who], *common]


def children_seconds() -> float:
    """What processes that this one waited for have worked, those that they waited for included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def trained(who: str, recipe: str, setting: Setting) -> Training:
    """One command, from its start to its end; SystemExit with its errors where it fails."""
    paths = [str(FOLDER.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if setting.cache is not None:
        environment["NETDSL_CACHE"] = str(setting.cache)
    with tempfile.TemporaryDirectory(dir=setting.scratch) as folder:
        command = setting.command(who, recipe, Path(folder, "run"))
        busy, own, start = busy_seconds() or 0.0, children_seconds(), time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        if done.returncode:
            raise SystemExit(f"{who} failed on {recipe}:\n{done.stderr}")
        with Path(folder, "run", "metrics.csv").open(encoding="utf-8", newline="") as metrics:
            curve = [100 * float(line["validation_accuracy"]) for line in csv.DictReader(metrics)]
    others = (busy_seconds() or 0.0) - busy - (children_seconds() - own)
    test = re.findall(r"^test accuracy (\S+) %", done.stdout, re.MULTILINE)
    return Training(seconds, max(others / seconds, 0.0), curve, float(test[-1]))


def measure(recipe: str, setting: Setting, rounds: int) -> dict[str, list[Training]]:
    """The trainings of both, and what is said of them, printed."""
    short = setting._replace(epochs=1)
    cold, warm = (trained(NETDSL, recipe, short).seconds for _ in range(2))
    print(f"\n{recipe}: the first run compiles for {max(cold - warm, 0.0):.1f} s more", flush=True)
    found: dict[str, list[Training]] = {NETDSL: [], TORCH: []}
    for number in range(rounds):
        # Each is first in turn.
        for who in (NETDSL, TORCH) if number % 2 == 0 else (TORCH, NETDSL):
            found[who].append(trained(who, recipe, setting))
            last = found[who][-1]
            print(f"  {who:8} {last.seconds:8.1f} s  test accuracy {last.test:.2f} %", flush=True)
    print(*table(found), sep="\n", flush=True)
    return found


def table(found: dict[str, list[Training]]) -> list[str]:
    """The ratio, and both curves side by side."""
    pairs = list(zip(found[NETDSL], found[TORCH], strict=True))
    ratio = statistics.median(theirs.seconds / ours.seconds for ours, theirs in pairs)
    times = {who: statistics.median(one.seconds for one in runs) for who, runs in found.items()}
    lines = [
        f"  wall time: netdsl {times[NETDSL]:.1f} s, PyTorch {times[TORCH]:.1f} s, "
        f"ratio {ratio:.2f} (median of {len(pairs)})"
    ]
    others = max(one.others for runs in found.values() for one in runs)
    if others > BUSY:
        lines.append(f"  other programs kept {others:.1f} processors busy: measure again when they are done")
    lines.append("  validation accuracy after each epoch, in %:")
    lines.append(f"    {'epoch':>5} {NETDSL:>8} {TORCH:>8}")
    ours, theirs = (found[who][0].curve for who in (NETDSL, TORCH))
    for epoch, (mine, other) in enumerate(zip_longest(ours, theirs, fillvalue=float("nan")), 1):
        lines.append(f"    {epoch:5} {mine:8.2f} {other:8.2f}")
    return lines


def write_csv(path: Path, results: dict[str, dict[str, list[Training]]]) -> None:
    """A line for each epoch of each training."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["recipe", "by", "round", "epoch", "validation_accuracy", "seconds", "test_accuracy"])
        for recipe, found in results.items():
            for who, runs in found.items():
                for number, run in enumerate(runs, 1):
                    for epoch, value in enumerate(run.curve, 1):
                        line = [recipe, who, number, epoch, f"{value:.2f}", f"{run.seconds:.1f}", run.test]
                        writer.writerow(line)


WIDTH, HEIGHT, BORDER = 480, 300, 45
"""Of the picture of one recipe, in pixels."""


def picture(results: dict[str, dict[str, list[Training]]]) -> Image.Image:
    """The curves of the first round, a recipe below the other: epochs to the right, accuracy upwards."""
    image = Image.new("RGB", (WIDTH, HEIGHT * len(results)), "white")
    draw = ImageDraw.Draw(image)
    for column, (recipe, found) in enumerate(results.items()):
        curves = {who: runs[0].curve for who, runs in found.items()}
        draw_curves(draw, column * HEIGHT, recipe, curves)
    return image


def draw_curves(draw: ImageDraw.ImageDraw, top: int, title: str, curves: dict[str, list[float]]) -> None:
    values = [value for curve in curves.values() for value in curve]
    low, high = min(values), max(values)
    room = max((high - low) * 0.05, 0.1)
    low, high = low - room, high + room
    epochs = max(map(len, curves.values()))

    def at(epoch: int, value: float) -> tuple[float, float]:
        right = (epoch - 1) / max(epochs - 1, 1) * (WIDTH - 2 * BORDER)
        return BORDER + right, top + HEIGHT - BORDER - (value - low) / (high - low) * (HEIGHT - 2 * BORDER)

    draw.rectangle((BORDER, top + BORDER, WIDTH - BORDER, top + HEIGHT - BORDER), outline="#999999")
    draw.text((BORDER, top + 10), f"{title}: validation accuracy in %", fill="black")
    for part in range(5):
        value = low + (high - low) * part / 4
        draw.text((5, at(1, value)[1] - 6), f"{value:.1f}", fill="black")
    for epoch in sorted({1, (epochs + 1) // 2, epochs}):
        draw.text((at(epoch, low)[0] - 4, top + HEIGHT - BORDER + 6), str(epoch), fill="black")
    for column, (who, curve) in enumerate(curves.items()):
        points = [at(epoch, value) for epoch, value in enumerate(curve, 1)]
        draw.line(points, fill=COLOURS[who], width=2)
        for x, y in points:
            draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=COLOURS[who])
        draw.text((WIDTH - BORDER - 70, top + HEIGHT - BORDER - 34 + 14 * column), who, fill=COLOURS[who])


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    names = sorted(path.stem for path in RECIPES.glob("*.net"))
    fashion = [name for name in names if name.startswith("fashion")]
    parser = argparse.ArgumentParser(description="Whole trainings of netdsl against PyTorch.")
    parser.add_argument(
        "--recipe", nargs="+", choices=names, default=fashion, metavar="NAME", help=", ".join(names)
    )
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="instead of the recipe's, for a short try")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--workers", type=int, default=2, help="processes of PyTorch's DataLoader")
    parser.add_argument("--data", type=Path, default=FASHION, metavar="FOLDER", help="Fashion-MNIST")
    parser.add_argument("--mnist", type=Path, metavar="FOLDER", help="MNIST, for mnist-lenet")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the curves")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the curves")
    options = parser.parse_args(arguments)
    if options.mnist is None and any(name.startswith("mnist") for name in options.recipe):
        parser.error("mnist-lenet needs --mnist FOLDER")
    return options


def main() -> None:
    options = parsed()
    print(heading(command_line(), options.threads))
    print("versions:", ", ".join(f"{name} {version(name)}" for name in ("netdsl", "numba", "torch")))
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        for recipe in options.recipe:
            data = options.mnist if recipe.startswith("mnist") else options.data
            # Of this recipe alone, so that how long the first run compiles does not hang on the others.
            cache = Path(scratch, recipe)
            setting = Setting(data, options.epochs, options.threads, options.workers, Path(scratch), cache)
            results[recipe] = measure(recipe, setting, options.rounds)
            if options.csv:
                write_csv(options.csv, results)
            if options.picture:
                picture(results).save(options.picture)


if __name__ == "__main__":
    main()
