"""Borders of padded convolutions: copied band by band, or there in memory before.

    python benchmarks/borders.py [--rounds N] [--threads N]

Compares a padded convolution with the same one on an image that has its border already, which is what
buffers with room for a border would give at best. Both take turns; a ratio below 1 says that copying is
faster.
"""

from __future__ import annotations

import argparse
import os
import statistics

from convolutions import Layer, ours, turn
from machine import command_line, machine

LAYERS = [
    Layer("VGG first", 2, 224, 3, 64),
    Layer("VGG 224", 1, 224, 64, 64),
    Layer("VGG 56", 2, 56, 256, 256),
    Layer("AlexNet CONV2", 8, 27, 96, 256, side=5),
    Layer("AlexNet CONV3", 8, 13, 256, 384),
    Layer("CIFAR 32", 32, 32, 32, 32),
]


def ratio(layer: Layer, direction: str, threads: int, rounds: int, *, exact: bool) -> float:
    """The median time of the padded convolution over that of the one on a larger image without padding."""
    border = layer.side // 2
    larger = layer._replace(extent=layer.extent + 2 * border, padding=0)
    steps = [ours(one, direction, threads, exact=exact).run for one in (layer, larger)]
    for step in steps:
        step()
    pairs = [(turn(steps[0]), turn(steps[1])) for _ in range(rounds)]
    return statistics.median(padded / inside for padded, inside in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Padding by copies against borders in memory.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    print("command:", command_line())
    print("machine:", machine(), f"({options.threads} threads)")
    found = []
    for layer in LAYERS:
        for direction in ("forward", "weight gradient"):
            for exact in (True, False):
                found.append(ratio(layer, direction, options.threads, options.rounds, exact=exact))
                form = "direct" if exact else "chosen"
                print(f"{layer.name:14} {direction:16} {form:8} {found[-1]:5.2f}", flush=True)
    print(f"median {statistics.median(found):.2f}, {min(found):.2f} to {max(found):.2f}")


if __name__ == "__main__":
    main()
