"""What a terminal shows while measurements run."""

from __future__ import annotations

from comparison import Row
from implementations import NETDSL, TITLES, is_installed, library
from machine import machine
from networks import NETWORKS

BUSY = 0.2
"""Processors that other programs may take; beyond that, a measurement is not worth much: libraries
whose threads wait for each other lose more than their share."""


def heading(command: str, threads: int) -> str:
    return f"command: {command}\nmachine: {machine()}, {threads} threads used"


def absent(peers: tuple[str, ...]) -> list[str]:
    """A line for every library that is not installed."""
    libraries = dict.fromkeys(library(name) for name in peers if not is_installed(name))
    return [f"{name} is not installed: left out (pip install 'netdsl[benchmark]')" for name in libraries]


def title(row: Row) -> str:
    """An implementation by a name that says its library."""
    name = row["implementation"]
    return f"PyTorch {TITLES[name]}" if library(name) == "torch" else TITLES.get(name, name)


def fastest(rows: list[Row]) -> Row | None:
    """PyTorch's row with the smallest ratio to netdsl, None where no PyTorch was measured."""
    torchs = [row for row in rows if library(row["implementation"]) == "torch" and "ratio" in row]
    return min(torchs, key=lambda row: float(row["ratio"]), default=None)


def show(rows: list[Row]) -> str:
    """One comparison: a line each, and who is how much faster."""
    first = rows[0]
    lines = [
        f"\n{first['part']}: {NETWORKS[first['network']].title}, batch {first['batch']}, "
        f"threads {first['threads']}"
    ]
    busy = max(row.get("busy_processors") or 0.0 for row in rows)
    if busy > BUSY:
        lines.append(f"  other programs kept {busy:.1f} processors busy: measure again when they are done")
    lines += [_line(row) for row in rows]
    best = fastest(rows)
    if best is not None:
        lines.append(f"  netdsl is {best['ratio']:.2f} times as fast as {title(best)}")
    return "\n".join(lines)


def _line(row: Row) -> str:
    line = f"  {title(row):32}"
    if "failure" in row:
        return f"{line} {row['failure']}"
    if "milliseconds_per_step" in row:
        line += f" {row['milliseconds_per_step']:10.3f} ms/step"
    if "ratio" in row:
        line += f" {row['ratio']:6.2f}x"
    elif row["implementation"] == NETDSL:
        line += " " * 8
    if "peak_bytes" in row:
        peak, imported = row["peak_bytes"] / 2**20, row["imported_bytes"] / 2**20
        line += f"  peak {peak:6.0f} MiB ({imported:.0f} imported)"
    found = [(state, row.get(f"first_step_seconds_{state}")) for state in ("warm", "new", "cold")]
    starts = [f"{seconds:.2f} s {state}" for state, seconds in found if seconds is not None]
    return f"{line}  first step {', '.join(starts)}" if starts else line


def versions(rows: list[Row]) -> dict[str, str]:
    """Of all libraries that the rows were measured with."""
    return dict(sorted(pair for row in rows for pair in row.get("versions", {}).items()))


def versions_line(rows: list[Row]) -> str:
    found = ", ".join(f"{name} {version}" for name, version in versions(rows).items())
    return f"\nversions: {found}"
