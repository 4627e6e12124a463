"""Summaries as Keras, torchinfo and torchsummary lay them out, for tests that read them.

A row is a name, a class, a shape, a count and, for graphs, the names that it works on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    name: str
    layer: str
    shape: tuple[int, ...]
    count: int = 0
    sources: tuple[str, ...] = ()


def rows(text: str) -> list[Row]:
    """``conv1 Conv2D 112x112x64 9408 conv1_pad`` a line; no sources where a chain is meant."""
    found = []
    for line in text.strip().split("\n"):
        name, layer, shape, count, *sources = line.split()
        found.append(Row(name, layer, tuple(int(n) for n in shape.split("x")), int(count), tuple(sources)))
    return found


def _shape(row: Row) -> str:
    written = f"(None, {', '.join(map(str, row.shape))})"
    return f"[{written}]" if row.layer == "InputLayer" else written


def _totals(all_rows: Sequence[Row], sizes: bool = False) -> list[str]:
    total = sum(row.count for row in all_rows)
    kept = sum(row.count // 2 for row in all_rows if row.layer == "BatchNormalization")
    behind = " (1.00 MB)" if sizes else ""
    return [
        f"Total params: {total:,}{behind}",
        f"Trainable params: {total - kept:,}{behind}",
        f"Non-trainable params: {kept:,}{behind}",
    ]


def keras2(all_rows: Sequence[Row], name: str = "model") -> str:
    """As Keras 2.9 and later print: cells that are too long go on in the next line."""
    graph = any(row.sources for row in all_rows)
    ends = [32, 53, 65, 98] if graph else [29, 55, 65]
    headings = ["Layer (type)", "Output Shape", "Param #", *(["Connected to"] if graph else [])]
    lines = [f'Model: "{name}"', "_" * ends[-1], *_wrapped(headings, ends), "=" * ends[-1]]
    for row in all_rows:
        cells = [f"{row.name} ({row.layer})", _shape(row), str(row.count)]
        if graph:
            cells.append(str([f"{source}[0][0]" for source in row.sources]))
        lines += [*_wrapped(cells, ends), " " * ends[-1]]
    return "\n".join([*lines[:-1], "=" * ends[-1], *_totals(all_rows), "_" * ends[-1], ""])


def _wrapped(cells: Sequence[str], ends: Sequence[int]) -> list[str]:
    left = list(cells)
    lines = []
    while any(left):
        line = " "
        start = 0
        for column, end in enumerate(ends):
            room = end - start - (2 if column < len(ends) - 1 else 0)
            piece = left[column][:room]
            breaks = [piece.find(mark) + len(mark) for mark in ("),", "},", "],", "',") if mark in piece]
            piece = piece[: min(breaks)] if breaks else piece
            left[column] = left[column][len(piece) :].lstrip()
            line = f"{line}{piece}  " if column < len(ends) - 1 else f"{line}{piece}"
            line = line.ljust(end)
            start = end
        lines.append(line)
    return lines


def keras1(all_rows: Sequence[Row], name: str = "model") -> str:
    """As Keras up to 2.8 prints: cells are cut off, rules stand between layers."""
    graph = any(row.sources for row in all_rows)
    ends = [32, 53, 65, 98] if graph else [29, 55, 65]

    def line(cells: Sequence[str]) -> str:
        text = ""
        for cell, end in zip(cells, ends, strict=False):
            text = (f"{text[:-1]} " if text else "") + cell
            text = text[:end].ljust(end)
        return text

    headings = ["Layer (type)", "Output Shape", "Param #", *(["Connected to"] if graph else [])]
    lines = [f'Model: "{name}"', "_" * ends[-1], line(headings), "=" * ends[-1]]
    for row in all_rows:
        first, *others = [f"{source}[0][0]" for source in row.sources] or [""]
        lines.append(line([f"{row.name} ({row.layer})", _shape(row), str(row.count), first]))
        lines += [line(["", "", "", other]) for other in others]
        lines.append("_" * ends[-1])
    lines[-1] = "=" * ends[-1]
    return "\n".join([*lines, *_totals(all_rows), "_" * ends[-1], ""])


def keras3(all_rows: Sequence[Row], name: str = "model") -> str:
    """As Keras 3 prints: boxes, words go on below, words that are too long end in dots."""
    graph = any(row.sources for row in all_rows)
    widths = [19, 17, 10, 17] if graph else [36, 27, 15]
    headings = ["Layer (type)", "Output Shape", "Param #", *(["Connected to"] if graph else [])]

    def rule(left: str, line: str, middle: str, right: str) -> str:
        return left + middle.join(line * (width + 2) for width in widths) + right

    def boxed(cells: Sequence[str], bar: str) -> list[str]:
        columns = [_words(cell, width) for cell, width in zip(cells, widths, strict=True)]
        height = max(map(len, columns))
        return [
            bar
            + bar.join(
                f" {(column[row_index] if row_index < len(column) else ''):<{width}} "
                if column is not columns[2]
                else f" {(column[row_index] if row_index < len(column) else ''):>{width}} "
                for column, width in zip(columns, widths, strict=True)
            )
            + bar
            for row_index in range(height)
        ]

    lines = [f'Model: "{name}"', rule("┏", "━", "┳", "┓"), *boxed(headings, "┃"), rule("┡", "━", "╇", "┩")]
    for row in all_rows:
        cells = [f"{row.name} ({row.layer})", f"(None, {', '.join(map(str, row.shape))})", f"{row.count:,}"]
        if graph:
            cells.append(", ".join(f"{source}[0][0]" for source in row.sources) or "-")
        lines += [*boxed(cells, "│"), rule("├", "─", "┼", "┤")]
    lines[-1] = rule("└", "─", "┴", "┘")
    return "\n".join([*lines, *(f" {line}" for line in _totals(all_rows, sizes=True)), ""])


def _words(cell: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in cell.split():
        cut = word if len(word) <= width else f"{word[: width - 1]}…"
        if lines and len(lines[-1]) + 1 + len(cut) <= width:
            lines[-1] += f" {cut}"
        else:
            lines.append(cut)
    return lines


def torchsummary(all_rows: Sequence[Row], megabytes: float) -> str:
    """As torchsummary prints: rows count on, shapes have -1 for the batch and channels first."""
    lines = ["-" * 64, f"{'Layer (type)':>20}  {'Output Shape':>25} {'Param #':>15}", "=" * 64]
    for number, row in enumerate(all_rows, 1):
        *size, channels = row.shape
        shape = str([-1, channels, *size])
        lines.append(f"{f'{row.layer}-{number}':>20}  {shape:>25} {row.count:>15,}")
    total = sum(row.count for row in all_rows)
    lines += ["=" * 64, f"Total params: {total:,}", f"Trainable params: {total:,}", "Non-trainable params: 0"]
    lines += ["-" * 64, f"Input size (MB): {megabytes:.2f}", "Forward/backward pass size (MB): 1.00"]
    return "\n".join([*lines, "Params size (MB): 1.00", "Estimated Total Size (MB): 1.00", "-" * 64, ""])
