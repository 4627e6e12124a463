"""Convolutions and their gradients: direct, in Winograd's domain, and PyTorch's, in one run.

    python benchmarks/convolutions.py [--json FILE] [--only WORD] [--rounds N] [--threads N]

The contestants of a layer take turns, so that the noise of the machine meets all of them; the
median over the rounds is reported. GFLOP/s count the multiplications and additions of the direct
convolution whatever is computed, so that Winograd's may lie above the peak, which is measured in
the same run as `netdsl bench` does, with multiply-adds that wait for nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from machine import command_line, machine

from netdsl.backend.numba.backend import open_backend
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.tools.roofline import flops_per_second
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
    Geometry,
)
from netdsl.primitives.operation import Operation
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program.program import Numerics, Program
from netdsl.quantities import Padding, Size
from netdsl.writing import write_file

PAUSE_SECONDS = 0.25
"""Threads of OpenMP look for work that long after their last."""

TURN_SECONDS = 0.15

DIRECTIONS = ("forward", "input gradient", "weight gradient")


class Layer(NamedTuple):
    """A convolution of a square image; without ``padding`` one that keeps its extent at stride 1."""

    name: str
    batch: int
    extent: int
    channels: int
    filters: int
    side: int = 3
    stride: int = 1
    padding: int | None = None

    @property
    def pad(self) -> int:
        return self.side // 2 if self.padding is None else self.padding

    @property
    def outputs(self) -> int:
        """Rows and columns of the result."""
        return (self.extent + 2 * self.pad - self.side) // self.stride + 1

    @property
    def gflop(self) -> float:
        """Of one direction."""
        return 2e-9 * self.batch * self.outputs**2 * self.filters * self.side**2 * self.channels

    @property
    def directions(self) -> tuple[str, ...]:
        """Nothing below the images of a first layer learns."""
        return DIRECTIONS if self.channels > 3 else ("forward", "weight gradient")


LAYERS = (
    Layer("AlexNet CONV1", 32, 227, 3, 96, 11, 4, 0),
    Layer("AlexNet CONV2", 32, 27, 96, 256, 5),
    Layer("AlexNet CONV3", 32, 13, 256, 384),
    Layer("AlexNet CONV4", 32, 13, 384, 384),
    Layer("AlexNet CONV5", 32, 13, 384, 256),
    Layer("VGG first", 2, 224, 3, 64),
    Layer("VGG 224", 2, 224, 64, 64),
    Layer("VGG 112", 4, 112, 128, 128),
    Layer("VGG 56", 8, 56, 256, 256),
    Layer("VGG 28", 8, 28, 512, 512),
    Layer("VGG 14", 8, 14, 512, 512),
    Layer("CIFAR 32", 64, 32, 32, 32),
    Layer("CIFAR 16", 64, 16, 64, 64),
    Layer("CIFAR 8", 64, 8, 128, 128),
)


def operation(layer: Layer, direction: str) -> Operation:
    x = Tensor("x", (layer.extent, layer.extent, layer.channels))
    w = Tensor("w", (layer.side, layer.side, layer.channels, layer.filters), batched=False)
    y = Tensor("y", (layer.outputs, layer.outputs, layer.filters))
    geometry = Geometry(Size(layer.stride, layer.stride), Padding.even(Size(layer.pad, layer.pad)))
    if direction == "forward":
        return Convolution(y, x, w, geometry)
    if direction == "input gradient":
        return ConvolutionInputGradient(x, y, w, geometry)
    return ConvolutionWeightGradient(w, x, y, geometry)


class Ours(NamedTuple):
    """A bound step and the name of what it computes with."""

    run: Callable[[], None]
    form: str


def ours(layer: Layer, direction: str, threads: int, *, exact: bool) -> Ours:
    op = operation(layer, direction)
    for tensor in op.inputs:
        tensor.role = Role.INPUT
    inputs = {tensor.name: tensor for tensor in op.inputs}
    result, numerics = {"result": op.outputs[0]}, Numerics(exact)
    program = Program("benchmark", layer.batch, (op,), inputs, result, (), {}, {}, numerics)
    session = open_backend().bind(program, {}, threads)
    generator = np.random.default_rng(1)
    for array in session.inputs.values():
        array[...] = generator.standard_normal(array.shape, np.float32)
    _, _, form = lay_out(program).launches[0].note.partition("Winograd's ")
    return Ours(session.run, form or "direct")


def torchs(layer: Layer, direction: str, threads: int) -> dict[str, Callable[[], object]]:
    """PyTorch in both memory layouts; nothing where it is not installed."""
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(threads)
    pad, stride = layer.pad, layer.stride
    x = torch.randn(layer.batch, layer.channels, layer.extent, layer.extent)
    w = torch.randn(layer.filters, layer.channels, layer.side, layer.side)
    dy = torch.randn(layer.batch, layer.filters, layer.outputs, layer.outputs)
    mask = [direction == "input gradient", direction == "weight gradient", False]

    def step(form: Any) -> Callable[[], object]:
        a, b, c = (tensor.contiguous(memory_format=form) for tensor in (x, w, dy))
        if direction == "forward":
            return lambda: torch.nn.functional.conv2d(a, b, stride=stride, padding=pad)
        back = torch.ops.aten.convolution_backward
        return lambda: back(c, a, b, None, [stride, stride], [pad, pad], [1, 1], False, [0, 0], 1, mask)

    forms = {"NCHW": torch.contiguous_format, "channels_last": torch.channels_last}
    return {f"torch {name}": step(form) for name, form in forms.items()}


def turn(run: Callable[[], object]) -> float:
    """Seconds of a run: the mean over as many as fill a turn, at least one."""
    start = now = time.perf_counter()
    runs = 0
    while now - start < TURN_SECONDS:
        run()
        runs += 1
        now = time.perf_counter()
    return (now - start) / runs


def measure(layer: Layer, direction: str, threads: int, rounds: int) -> dict[str, Any]:
    """Median milliseconds of every contestant, and the ratios of interleaved rounds."""
    direct = ours(layer, direction, threads, exact=True)
    chosen = ours(layer, direction, threads, exact=False)
    contestants: dict[str, Callable[[], object]] = {"direct": direct.run, "chosen": chosen.run}
    contestants |= torchs(layer, direction, threads)
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, run in contestants.items():
            # The threads of the one before may still be looking for work.
            time.sleep(PAUSE_SECONDS)
            turn(run)
            # The first round warms up.
            if number:
                times[name].append(1000 * turn(run))
    medians = {name: statistics.median(values) for name, values in times.items()}
    peers = [name for name in times if name.startswith("torch")]
    best = min(peers, key=lambda name: medians[name], default=None)

    def ratio(name: str) -> float:
        return statistics.median(a / b for a, b in zip(times[name], times["chosen"], strict=True))

    return {
        **layer._asdict(),
        "direction": direction,
        "form": chosen.form,
        "gflop": layer.gflop,
        "milliseconds": medians,
        "times_direct": ratio("direct"),
        "best_torch": best,
        "times_torch": ratio(best) if best else None,
    }


def show(row: dict[str, Any], peak: float) -> None:
    direct, chosen = (row["milliseconds"][name] for name in ("direct", "chosen"))
    speed = 1000 * row["gflop"] / chosen
    line = (
        f"{row['name']:14} {row['direction']:16} direct {direct:8.2f} ms, {row['form']:12} {chosen:8.2f} ms,"
        f" {row['times_direct']:5.2f}x; {speed:5.0f} GFLOP/s, {100 * speed / peak:4.0f} % of the peak"
    )
    if row["best_torch"]:
        best = row["best_torch"]
        line += f"; {best} {row['milliseconds'][best]:8.2f} ms, {row['times_torch']:5.2f}x"
    print(line, flush=True)


def versions() -> dict[str, str]:
    import llvmlite
    import numba

    import netdsl

    found = {"netdsl": netdsl.__version__, "numba": numba.__version__, "llvmlite": llvmlite.__version__}
    if "torch" in sys.modules:
        found["torch"] = sys.modules["torch"].__version__
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Convolutions: direct, Winograd's, and PyTorch's.")
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON")
    parser.add_argument("--only", metavar="WORD", default="", help="layers whose name has this word")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    print("command:", command_line())
    print("machine:", machine(), f"({options.threads} threads)")
    peak = flops_per_second(open_backend().kernels, options.threads) / 1e9
    print(f"peak: {peak:.0f} GFLOP/s")
    rows = []
    for layer in LAYERS:
        if options.only.lower() in layer.name.lower():
            for direction in layer.directions:
                rows.append(measure(layer, direction, options.threads, options.rounds))
                show(rows[-1], peak)
    print("versions:", ", ".join(f"{name} {version}" for name, version in versions().items()))
    if options.json:
        result = {"machine": machine(), "peak_gflops": peak, "versions": versions(), "rows": rows}
        write_file(Path(options.json), [(json.dumps(result, indent=2) + "\n").encode()])


if __name__ == "__main__":
    main()
