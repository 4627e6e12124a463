"""Renders a measurement as an aligned table: time and work layer by layer, under the two roofs."""

from __future__ import annotations

from netdsl.measuring.measurement import Figures, Measurement, Roofline, total
from netdsl.primitives.operation import Phase
from netdsl.quantities import bytes_text, counted
from netdsl.reports.display import columns, padded, visible
from netdsl.reports.wrapping import Shape, fitted, shortened, wrapped

_NAME_LIMIT = 40

BUSY_RATIO = 1.3
"""How much longer than its launches a step takes where threads wait for cores."""


_RANKS = {"moved": 6, "GB/s": 5, "of memory": 4, "of peak": 3, "GFLOP/s": 2, "limit": 1}
"""Which columns are left out first where a terminal is narrow."""


def measurement_as_table(found: Measurement, *, colour: bool = False, width: int | None = None) -> str:
    """A row per layer in the order of the network, then the loss and the total; ends in a line break. With a
    ``width`` names are shortened and columns left out until no line is wider."""
    phases = [phase for phase in Phase if found.training or phase is Phase.FORWARD]
    whole = total([row.whole for row in found.rows])
    headings = ("layer", *(f"{phase.value} ms" for phase in phases), "of step", "GFLOP/s", "of peak")
    rows = [(*headings, "moved", "GB/s", "of memory", "limit")]
    rows += [_row(row.name, row.phases, row.whole, phases, whole, found.roofline) for row in found.rows]
    summed = {phase: found.phase(phase) for phase in phases}
    rows.append(_row("total", summed, whole, phases, whole, found.roofline))
    natural = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    shapes = [Shape(10), *(Shape(rank=_RANKS.get(heading, 0)) for heading in rows[0][1:])]
    widths = fitted(natural, shapes, width)
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    rule = "-" * max(map(columns, lines))
    table = [lines[0], rule, *lines[1:-1], rule, lines[-1]]
    name, *head = _head(found)
    missing = [heading for heading, left in zip(rows[0], widths, strict=True) if not left]
    foot = _foot(found)
    if missing:
        foot.append(
            f"left out for lack of room: {', '.join(missing)}; a wider terminal or --format json has all"
        )
    title = [f"\x1b[1m{line}\x1b[0m" if colour else line for line in wrapped(name, width, "")]
    around = [[line for text in texts for line in wrapped(text, width)] for texts in (head, foot)]
    return "\n".join([*title, *around[0], "", *table, "", *around[1]]) + "\n"


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    name, *middle, limit = zip(row, widths, strict=True)
    cells = [text.rjust(width) for text, width in middle if width]
    return [padded(shortened(*name), name[1]), *cells, *([limit[0]] if limit[1] else [])]


def _row(
    name: str,
    parts: dict[Phase, Figures],
    all_parts: Figures,
    phases: list[Phase],
    whole: Figures,
    roofline: Roofline,
) -> tuple[str, ...]:
    times = [_milliseconds(parts[phase].seconds) if phase in parts else "-" for phase in phases]
    share = all_parts.seconds / whole.seconds if whole.seconds else 0.0
    cells = [_share(share) if all_parts.seconds else "-"]
    if all_parts.flops and all_parts.seconds:
        speed = all_parts.flops_per_second
        cells += [f"{speed / 1e9:.1f}", _share(speed / roofline.flops_per_second)]
    else:
        cells += ["-", "-"]
    if all_parts.bytes and all_parts.seconds:
        speed = all_parts.bytes_per_second
        cells += [
            bytes_text(all_parts.bytes),
            f"{speed / 1e9:.1f}",
            _share(speed / roofline.bytes_per_second),
        ]
    else:
        cells += ["-", "-", "-"]
    shown = shortened(visible(name), _NAME_LIMIT)
    return (shown, *times, *cells, all_parts.limit(roofline) if all_parts.seconds else "-")


def _milliseconds(seconds: float) -> str:
    milliseconds = seconds * 1e3
    return f"{milliseconds:.{3 if milliseconds < 10 else 2 if milliseconds < 100 else 1}f}"


def _share(share: float) -> str:
    return f"{share * 100:.0f} %"


def _head(found: Measurement) -> list[str]:
    what = "training step" if found.training else "forward pass"
    if found.precision != "float32":
        what += f" in {found.precision}"
    size = f"{counted(found.batch, 'image')} on {counted(found.threads, 'thread')}"
    return [
        visible(found.plan.network.name),
        f"one {what} of {size}, median of {counted(found.rounds, 'round')}",
        f"this machine ({found.cpu}): {found.roofline.flops_per_second / 1e9:.1f} GFLOP/s of multiply-adds, "
        f"{found.roofline.bytes_per_second / 1e9:.1f} GB/s of memory, both measured",
    ]


def _foot(found: Measurement) -> list[str]:
    apart = sum(row.whole.seconds for row in found.rows)
    lines = [
        f"step: {_milliseconds(found.seconds)} ms, {found.images_per_second:,.0f} images/s "
        f"({_milliseconds(found.timed_seconds)} ms with a clock between the launches)",
        f"memory: {bytes_text(found.held_bytes)} for parameters and step"
        + (f", {bytes_text(found.peak_bytes)} at most in the process" if found.peak_bytes else ""),
    ]
    if found.seconds > BUSY_RATIO * apart:
        lines.append(
            f"its launches by themselves take {_milliseconds(apart)} ms: something else uses this machine"
        )
    for rank, rival in enumerate(found.rivals):
        fastest = ", the faster" if rank == 0 and len(found.rivals) > 1 else ""
        lines.append(
            f"{rival.name} ({rival.version}): {_milliseconds(rival.seconds)} ms, "
            f"{rival.ratio:.2f}x our time{fastest}"
        )
    return lines
