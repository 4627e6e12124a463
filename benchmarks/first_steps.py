"""From the start of a process to the end of its first training step.

Of netdsl through its command ``netdsl train``, on a file of random images: with no compiled code at
all (cold), with the code of other networks but not of this one (new), and with its own (warm). Of
the peers, and of netdsl once more, in the process of the other parts, whose images are there already.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from comparison import Row, Settings, identity
from implementations import NETDSL, PEERS, Task, is_compiled
from machine import busy_processors
from networks import MAIN, NETWORKS, load
from processes import PATIENCE_SECONDS, Failure, Process, environment

PART = "first-step"
COMMAND = "netdsl train"
DEFAULT = (*MAIN, "resnet18")
STARTS = 5
"""At most so many, of which the median counts; a cold start is one."""

LAUNCHER = Path(__file__).parent / "until_first_step.py"


def measure(settings: Settings) -> Iterator[list[Row]]:
    """The rows of one network after the other, then those of netdsl's command once more with ``new``."""
    names = settings.networks or DEFAULT
    starts = max(1, min(settings.rounds, STARTS))
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        for name in names:
            task = settings.task(name, NETWORKS[name].batch, training=True)
            busy = {"busy_processors": busy_processors()}
            found = {COMMAND: _of_command(name, room, starts, settings.threads)}
            for peer in (NETDSL, *settings.against(PEERS)):
                found[peer] = _of_process(peer, task, room, starts)
            yield [identity(PART, task, key, settings) | row | busy for key, row in found.items()]
            if "failure" not in found[COMMAND]:
                new = {"first_step_seconds_new": _new(name, room, starts, settings.threads)}
                yield [identity(PART, task, COMMAND, settings) | found[COMMAND] | new | busy]


def _of_command(name: str, room: Path, starts: int, threads: int) -> Row:
    try:
        # The first start reads files from the disk that later ones find in memory.
        _command_seconds(name, room, room / "before", threads)
        # It may be there already, filled for what is new to another network.
        shutil.rmtree(room / name, ignore_errors=True)
        cold = _command_seconds(name, room, room / name, threads)
        warm = [_command_seconds(name, room, room / name, threads) for _ in range(starts)]
    except Failure as failure:
        return {"failure": str(failure)}
    return {"first_step_seconds_cold": cold, "first_step_seconds_warm": statistics.median(warm)}


def _of_process(peer: str, task: Task, room: Path, starts: int) -> Row:
    """Cold only of those that keep compiled code; netdsl finds what its command compiled."""
    cache = room / task.network if peer == NETDSL else room / f"{task.network}-{peer}"
    row: Row = {}
    try:
        first = _first_step(peer, task, cache)
        if is_compiled(peer) and peer != NETDSL:
            row["first_step_seconds_cold"] = first["first_step_seconds"]
        warm = [_first_step(peer, task, cache)["first_step_seconds"] for _ in range(starts)]
    except Failure as failure:
        return {"failure": str(failure)}
    return row | {"first_step_seconds_warm": statistics.median(warm), "versions": first["versions"]}


def _first_step(peer: str, task: Task, cache: Path) -> Row:
    process = Process(peer, task, cache)
    process.stop()
    return dict(process.facts)


def _new(name: str, room: Path, starts: int, threads: int) -> float:
    """With the compiled code of all other networks of DEFAULT; the median of some starts."""
    together = room / f"all-but-{name}"
    for other in DEFAULT:
        if other != name:
            if not (room / other).exists():
                _command_seconds(other, room, room / other, threads)
            shutil.copytree(room / other, together, dirs_exist_ok=True)
    seconds = []
    for start in range(starts):
        folder = room / f"new-{name}-{start}"
        shutil.copytree(together, folder)
        seconds.append(_command_seconds(name, room, folder, threads))
    return statistics.median(seconds)


def _command_seconds(name: str, room: Path, cache: Path, threads: int) -> float:
    """Start ``netdsl train`` in an environment of its own; raises Failure."""
    images = room / f"{name}.npz"
    if not images.exists():
        _write_images(images, name)
    network = NETWORKS[name]
    run = tempfile.mkdtemp(dir=room)
    command = [sys.executable, str(LAUNCHER), str(network.path), "--data", str(images), "--epochs", "1"]
    command += ["--batch", str(network.batch), "--threads", str(threads), "--out", f"{run}/run"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(cache),
        start_new_session=True,
    )
    out, told = "", ""
    try:
        out, told = process.communicate(timeout=PATIENCE_SECONDS)
        return float(out.splitlines()[-1])
    except subprocess.TimeoutExpired:
        raise Failure(f"no first step in {PATIENCE_SECONDS:.0f} s") from None
    except (IndexError, ValueError):
        last = (told.strip().splitlines() or ["nothing was said"])[-1]
        raise Failure(f"no first step, ended with code {process.returncode}: {last[:300]}") from None
    finally:
        # What it still compiles for later steps would disturb the next start.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        shutil.rmtree(run, ignore_errors=True)


def _write_images(path: Path, name: str) -> None:
    """Random pictures of the network's size in two classes, enough for a batch of training images."""
    import numpy as np

    plan, generator = load(NETWORKS[name].path), np.random.default_rng(1)
    count = max(40, 2 * NETWORKS[name].batch)
    images = generator.integers(256, size=(count, *plan.input.shape), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(count) % 2)
