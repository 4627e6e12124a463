"""Rows as the tables of docs/performance.md; every figure there comes from a row.

A ratio is a peer's time divided by netdsl's, the median over rounds; the fastest PyTorch is the one
with the smallest ratio, of two memory layouts, eager and compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from comparison import Row
from first_steps import COMMAND
from implementations import JAX, NETDSL, PEERS, TITLES, library
from lines import BUSY, fastest, title, versions
from networks import NETWORKS

NOTHING = "–"
"""The cell of what was not measured, or failed."""

Group = dict[str, Row]
"""The rows of one task by implementation."""


def significant(value: float) -> str:
    """Three digits: 0.0512, 1.23, 45.6, 789, 1,234."""
    if value >= 100:
        return f"{value:,.0f}"
    digits = 1 if value >= 10 else 2
    return f"{value:.{digits}f}" if value >= 1 else f"{value:.3g}"


def cell(row: Row | None, name: str, scale: float = 1.0, unit: str = "") -> str:
    """A figure of a row, where there is one."""
    value = None if row is None else row.get(name)
    return NOTHING if value is None else significant(value * scale) + unit


def mebibytes(row: Row | None) -> str:
    value = None if row is None else row.get("peak_bytes")
    return NOTHING if value is None else f"{value / 2**20:,.0f}"


def times(row: Row | None) -> str:
    value = None if row is None else row.get("ratio")
    return NOTHING if value is None else f"{value:.2f}x"


def groups(rows: Iterable[Row], part: str) -> list[Group]:
    """The rows of a part, task by task: networks in their order, then batches, then threads."""
    found: dict[tuple[int, int, int], Group] = {}
    order = list(NETWORKS)
    for row in rows:
        if row["part"] == part and row["network"] in NETWORKS:
            task = (order.index(row["network"]), row["batch"], row["threads"])
            found.setdefault(task, {})[row["implementation"]] = row
    return [found[task] for task in sorted(found)]


def any_of(group: Group) -> Row:
    return next(iter(group.values()))


def network(group: Group) -> str:
    return NETWORKS[any_of(group)["network"]].title


def batch(group: Group) -> str:
    return str(any_of(group)["batch"])


def least_memory(group: Group) -> int | None:
    """The smallest peak of PyTorch's, in bytes."""
    peaks = [row["peak_bytes"] for row in group.values() if _is_torch(row) and "peak_bytes" in row]
    return min(peaks, default=None)


def _is_torch(row: Row) -> bool:
    return library(row["implementation"]) == "torch"


def drawn(head: list[str], lines: list[list[str]]) -> str:
    """A table in Markdown; the first column is text, the others are figures."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *lines])


def training(rows: list[Row]) -> str:
    head = ["network", "batch", "netdsl, ms a step", "fastest PyTorch", "ms a step", "ratio"]
    head += ["netdsl, peak MiB", "PyTorch, least peak MiB", "memory", "JAX"]
    lines = []
    for group in groups(rows, "training"):
        ours, best, least = group.get(NETDSL), fastest(list(group.values())), least_memory(group)
        shares = ours is not None and least is not None and "peak_bytes" in ours
        lines.append(
            [
                network(group),
                batch(group),
                cell(ours, "milliseconds_per_step"),
                TITLES[best["implementation"]] if best else NOTHING,
                cell(best, "milliseconds_per_step"),
                times(best),
                mebibytes(ours),
                f"{least / 2**20:,.0f}" if least is not None else NOTHING,
                f"{ours['peak_bytes'] / least:.2f}x" if ours and least and shares else NOTHING,
                times(group.get(JAX)),
            ]
        )
    return drawn(head, lines)


def _each(rows: list[Row], part: str, figure: Callable[[Row | None], str]) -> str:
    """A column for every implementation."""
    names = (NETDSL, *PEERS)
    lines = [
        [network(group), batch(group), *(figure(group.get(name)) for name in names)]
        for group in groups(rows, part)
    ]
    return drawn(["network", "batch", *(TITLES[name] for name in names)], lines)


def training_times(rows: list[Row]) -> str:
    return _each(rows, "training", lambda row: cell(row, "milliseconds_per_step"))


def memory(rows: list[Row]) -> str:
    return _each(rows, "training", mebibytes)


def inference(rows: list[Row]) -> str:
    head = ["network", "batch", "netdsl, ms", "fastest PyTorch", "ms", "ratio", "JAX"]
    return _against(rows, "inference", head, lambda row: cell(row, "milliseconds_per_step"))


def batches(rows: list[Row]) -> str:
    head = ["network", "batch", "netdsl, images/s", "fastest PyTorch", "images/s", "ratio", "JAX"]
    return _against(rows, "batch", head, images_per_second)


def images_per_second(row: Row | None) -> str:
    value = None if row is None else row.get("milliseconds_per_step")
    return NOTHING if row is None or value is None else significant(row["batch"] / value * 1000)


def _against(rows: list[Row], part: str, head: list[str], figure: Callable[[Row | None], str]) -> str:
    lines = []
    for group in groups(rows, part):
        best = fastest(list(group.values()))
        name = TITLES[best["implementation"]] if best else NOTHING
        ratios = [times(best), times(group.get(JAX))]
        figures = [figure(group.get(NETDSL)), name, figure(best)]
        lines.append([network(group), batch(group), *figures, *ratios])
    return drawn(head, lines)


def threads(rows: list[Row]) -> str:
    """Milliseconds of a step by threads, and how much faster the most are than one."""
    found: dict[tuple[str, str], dict[int, Row]] = {}
    for group in groups(rows, "threads"):
        for row in group.values():
            found.setdefault((network(group), title(row)), {})[row["threads"]] = row
    counts = sorted({count for by_count in found.values() for count in by_count})
    head = ["network, ms a step", *("1 thread" if n == 1 else f"{n} threads" for n in counts), "speed-up"]
    lines = []
    for (name, implementation), by_count in found.items():
        taken = [by_count.get(count, {}).get("milliseconds_per_step") for count in counts]
        first, last = taken[0], taken[-1]
        speed_up = f"{first / last:.2f}x" if first and last else NOTHING
        cells = [cell(by_count.get(count), "milliseconds_per_step") for count in counts]
        lines.append([f"{name}, {implementation}", *cells, speed_up])
    return drawn(head, lines)


def first_steps(rows: list[Row]) -> str:
    head = ["network, seconds", "cold", "new network, warm cache", "warm"]
    lines = []
    for group in groups(rows, "first-step"):
        for name in (COMMAND, NETDSL, *PEERS):
            if (row := group.get(name)) is not None:
                shown = {COMMAND: f"`{COMMAND}`", NETDSL: "netdsl, step alone"}.get(name, title(row))
                states = [cell(row, f"first_step_seconds_{state}") for state in ("cold", "new", "warm")]
                lines.append([f"{network(group)}, {shown}", *states])
    return drawn(head, lines)


TABLES: dict[str, tuple[str, Callable[[list[Row]], str]]] = {
    "training": ("training", training),
    "training-times": ("training", training_times),
    "memory": ("training", memory),
    "inference": ("inference", inference),
    "batch": ("batch", batches),
    "threads": ("threads", threads),
    "first-step": ("first-step", first_steps),
}
"""By the name in the page's markers: the part whose rows a table shows, and how."""


def rendered(name: str, rows: list[Row]) -> str:
    """A table with what it was measured on, and the reasons of what failed."""
    part, table = TABLES[name]
    mine = [row for row in rows if row["part"] == part and row["network"] in NETWORKS]
    if not mine:
        return "Not measured yet."
    notes = [
        f"{NETWORKS[row['network']].title}, batch {row['batch']}, {title(row)}: `{row['failure']}`."
        for row in mine
        if "failure" in row
    ]
    return "\n\n".join([table(mine), *notes, _source(part, mine)])


def _source(part: str, rows: list[Row]) -> str:
    """Command, machines, versions; and whether the machine was quiet."""
    machines = "; ".join(dict.fromkeys(row["machine"] for row in rows))
    found = ", ".join(f"{name} {version}" for name, version in versions(rows).items())
    counts = sorted({len(row["rounds_milliseconds"]) for row in rows if "rounds_milliseconds" in row})
    rounds = f" {' or '.join(map(str, counts))} {'round' if counts == [1] else 'rounds'}." if counts else ""
    text = f"`python benchmarks/report.py --part {part}` on {machines}; {found}.{rounds}"
    if part != "inference" and any(_is_torch(row) and not row.get("fused_sgd", True) for row in rows):
        text += " PyTorch's SGD is the default one, not the fused one."
    busy = max((row.get("busy_processors") or 0.0 for row in rows), default=0.0)
    return f"{text} Other programs took up to {busy:.1f} processors." if busy > BUSY else text


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- table: {name} -->", f"<!-- end of table: {name} -->"


def replaced(page: str, rows: list[Row]) -> str:
    """The page with every table between its markers written anew.

    A page may leave tables out; ValueError where there is one marker without the other, or none at all.
    """
    if not any(_markers(name)[0] in page for name in TABLES):
        raise ValueError(f"the page has no markers like {_markers('training')[0]}")
    for name in TABLES:
        start, end = _markers(name)
        if start not in page and end not in page:
            continue
        before, found, rest = page.partition(start)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the page has no markers {start} and {end}")
        page = f"{before}{start}\n{rendered(name, rows)}\n{end}{after}"
    return page
