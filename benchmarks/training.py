"""Training throughput of netdsl against PyTorch, in one run on one machine.

    python benchmarks/training.py [--json FILE] [--only NETWORK] [--rounds N] [--threads N] [--compiled]

Each implementation trains in a process of its own. The processes take turns, a few steps each, so
that the noise of the machine meets all of them; a round gives one ratio, and the median over the
rounds is reported. Peak memory is the process's largest resident set; what importing the library
alone takes is shown beside it. The time to the first step runs from the start of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent


class Network(NamedTuple):
    path: Path
    batch: int
    steps: int
    """Steps of one turn: long enough to time, short enough that turns meet the same noise."""


NETWORKS = {
    "lenet": Network(HERE.parent / "nets" / "lenet.net", 64, 150),
    "cifar6": Network(HERE / "networks" / "cifar6.net", 64, 3),
    "alexnet": Network(HERE / "networks" / "alexnet.net", 32, 1),
}
PEERS = ("torch-nchw", "torch-channels_last")
COMPILED = ("torch-nchw-compiled", "torch-channels_last-compiled")
"""torch.compile of both; it takes a minute to compile and needs a C++ compiler."""


def peak_bytes() -> int:
    """The largest resident set of this process so far."""
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


def work(name: str, network: Network, threads: int) -> None:
    """A process of one implementation: says what it measured, one JSON line per command."""
    from implementations import implementation

    started = float(os.environ["NETDSL_BENCHMARK_START"])
    chosen = implementation(name, network.path, network.batch, threads)
    versions = chosen.versions()
    imported_bytes = peak_bytes()
    chosen.setup()
    first = time.time() - started
    facts = {"first_step_seconds": first, "versions": versions, "imported_bytes": imported_bytes}
    print(json.dumps(facts), flush=True)
    for line in sys.stdin:
        if line.strip() == "stop":
            break
        count = int(line)
        start = time.perf_counter()
        for _ in range(count):
            chosen.step()
        print(json.dumps((time.perf_counter() - start) / count * 1000), flush=True)
    print(json.dumps(peak_bytes()), flush=True)


class Process:
    """A running implementation."""

    def __init__(self, name: str, key: str, threads: int, cache: str) -> None:
        environment = dict(os.environ, NETDSL_CACHE=cache, NETDSL_BENCHMARK_START=repr(time.time()))
        command = [sys.executable, __file__, "--work", name, "--only", key, "--threads", str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.facts = self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process ended with code {self._process.wait()}")
        return json.loads(line)

    def milliseconds(self, steps: int) -> float:
        self._say(str(steps))
        return float(self._answer())

    def stop(self) -> int:
        """End it; its peak memory in bytes."""
        self._say("stop")
        peak = int(self._answer())
        self._process.wait()
        return peak

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()


def measure(key: str, threads: int, rounds: int, cache: str, peers: tuple[str, ...]) -> list[dict[str, Any]]:
    """One row per implementation of a network."""
    network = NETWORKS[key]
    # The cold start of netdsl compiles into an empty cache; the next one finds it full.
    cold = Process("netdsl", key, threads, cache)
    cold.stop()
    processes = {name: Process(name, key, threads, cache) for name in ("netdsl", *peers)}
    for process in processes.values():
        process.milliseconds(max(1, network.steps // 2))
    times: dict[str, list[float]] = {name: [] for name in processes}
    for _ in range(rounds):
        for name, process in processes.items():
            times[name].append(process.milliseconds(network.steps))
    rows = []
    for name, process in processes.items():
        row = {
            "network": key,
            "batch": network.batch,
            "implementation": name,
            "milliseconds_per_step": statistics.median(times[name]),
            "peak_bytes": process.stop(),
            "imported_bytes": process.facts["imported_bytes"],
            "first_step_seconds_warm": process.facts["first_step_seconds"],
            "versions": process.facts["versions"],
            "rounds_milliseconds": times[name],
        }
        if name == "netdsl":
            row["first_step_seconds_cold"] = cold.facts["first_step_seconds"]
        rows.append(row)
    return rows


def ratio(rows: list[dict[str, Any]]) -> tuple[float, str]:
    """Median over the rounds of the fastest peer's time over netdsl's, and that peer."""
    ours, *peers = rows
    best = min(peers, key=lambda row: row["milliseconds_per_step"])
    pairs = zip(best["rounds_milliseconds"], ours["rounds_milliseconds"], strict=True)
    return statistics.median(theirs / mine for theirs, mine in pairs), best["implementation"]


def show(rows: list[dict[str, Any]]) -> None:
    print(f"\n{rows[0]['network']}, batch {rows[0]['batch']}")
    for row in rows:
        cold = row.get("first_step_seconds_cold")
        print(
            f"  {row['implementation']:28} {row['milliseconds_per_step']:9.2f} ms/step"
            f"  peak {row['peak_bytes'] / 2**20:7.0f} MiB ({row['imported_bytes'] / 2**20:.0f} imported)"
            f"  first step {row['first_step_seconds_warm']:5.2f} s"
            + (f" warm, {cold:.2f} s cold" if cold is not None else "")
        )
    factor, best = ratio(rows)
    print(f"  netdsl is {factor:.2f} times as fast as {best}")


def machine() -> str:
    """This machine's processor, as it calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Training throughput of netdsl against PyTorch.")
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON")
    parser.add_argument("--only", choices=sorted(NETWORKS), help="one network")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--compiled", action="store_true", help="torch.compile too, which takes minutes")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, NETWORKS[options.only], options.threads)
        return
    peers = (*PEERS, *COMPILED) if options.compiled else PEERS
    print("command:", " ".join(["python", *sys.argv]))
    print("machine:", machine(), f"({options.threads} threads)")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as cache:
        for key in [options.only] if options.only else NETWORKS:
            found = measure(key, options.threads, options.rounds, cache, peers)
            show(found)
            rows += found
    versions = {name: version for row in rows for name, version in row["versions"].items()}
    print("\nversions:", ", ".join(f"{name} {version}" for name, version in sorted(versions.items())))
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
