"""The network of a table of layers: as a listing where it says the kernels, else solved as a summary is."""

from __future__ import annotations

import re
from fractions import Fraction

from netdsl.diagnostics import Diagnostic, Label, Severity
from netdsl.formats.listing_entries import Entry, LineRole
from netdsl.formats.listing_rows import TableRow, is_channels_first, repeated, row_entry, row_volume
from netdsl.formats.listing_tables import Counted, Table
from netdsl.formats.summary import Row, Summary
from netdsl.formats.summary_input import possible_inputs
from netdsl.planning.plan import PlannedLayer
from netdsl.quantities import Size, Volume, grouped
from netdsl.source import Source, Span

_CLASSES = {
    "CONV": "Conv2d",
    "DEPTHWISE": "DepthwiseConv2D",
    "DECONV": "ConvTranspose2d",
    "FC": "Linear",
    "MAX POOL": "MaxPool2d",
    "AVG POOL": "AvgPool2d",
    "BN": "BatchNorm2d",
    "LRN": "LocalResponseNorm",
    "INPUT": "InputLayer",
    "PAD": "ZeroPad2d",
    "GN": "GroupNorm",
}


def table_entries(table: Table, summary: Summary) -> list[Entry]:
    """The rows as lines of a listing, after an input where the table states none but its first layer
    says which it was."""
    first = is_channels_first(table.rows)
    entries: list[Entry] = []
    before = ""
    if table.rows[0].kind.inputs != 0:
        stated = row_volume(table.rows[0].values.get("input", ""), "", first)
        possible = [] if stated else possible_inputs(summary)
        before = stated or (str(possible[0]) if possible else "")
        entries += [Entry(table.rows[0].number, f"[{before}] INPUT")] if before else []
    for row in (one for several in table.rows for one in repeated(several)):
        entries.append(row_entry(row, first, before))
        depth = row.values.get("filters", "") or before.rpartition("x")[2]
        before = row_volume(row.values.get("output", ""), depth, first) or before
    entries += [Entry(number, "# could not be read", role=LineRole.UNREAD) for number in table.unread]
    return sorted(entries, key=lambda entry: entry.number)


def table_summary(table: Table, title: str) -> Summary:
    """The rows as those of a summary."""
    first = is_channels_first(table.rows)
    rows = []
    before = ""
    for row in (one for several in table.rows for one in repeated(several)):
        depth = row.values.get("filters", "") or before.rpartition("x")[2]
        written = row_volume(row.values.get("output", ""), depth, first)
        before = written or before
        rows += _rows(row, written, table.counts.get(row.number, ()))
    given = _volume(row_volume(table.rows[0].values.get("input", ""), "", first))
    if given is not None:
        rows[0] = rows[0]._replace(input=given)
    return Summary("table", title, table.first, table.last, tuple(rows))


def _volume(written: str) -> Volume | None:
    extents = [int(part) for part in written.split("x") if part and len(part) < 10 and int(part)]
    if len(extents) == 3:
        return Volume(extents[0], extents[1], extents[2])
    return Volume(1, 1, extents[0], vector=True) if len(extents) == 1 else None


def _rows(row: TableRow, written: str, counts: tuple[Counted, ...]) -> list[Row]:
    volume = _volume(written)
    count = next((stated.figure for stated in counts if stated.subject == "parameters"), None)
    exact = int(count.value) if count is not None and count.tolerance == 0 else None
    plain = (
        "AdaptiveAvgPool2d" if row.options == "global" else _CLASSES.get(row.kind.keyword, row.kind.keyword)
    )
    behind = [Row(row.number, _CLASSES.get(name, name), output=volume) for name in row.activations]
    size = re.search(
        r"(?<![\dx])(\d{1,2})x(\d{1,2})(?![\dx])", f"{row.options} {row.values.get('kernel', '')}"
    )
    kernel = Size(int(size[1]), int(size[2])) if size and int(size[1]) and int(size[2]) else None
    return [Row(row.number, plain, output=volume, kernel=kernel, parameters=exact), *behind]


def check_counts(
    table: Table, layers_of_line: dict[int, list[PlannedLayer]], source: Source
) -> list[Diagnostic]:
    """The counts that do not hold; ``layers_of_line`` are by their line. Biases may be counted or not."""
    every = [layer for layers in layers_of_line.values() for layer in layers]
    claims = [(number, layers_of_line.get(number, []), counts) for number, counts in table.counts.items()]
    claims += [(number, every, counts) for number, counts in table.totals.items()]
    found = []
    for number, layers, counts in claims:
        for stated in counts if layers else ():
            possible = _possible(stated.subject, layers)
            if layers is not every:
                possible += _possible(stated.subject, layers[:1])
            if not any(stated.figure.allows(Fraction(count)) for count in possible):
                noun = "parameters" if stated.subject == "parameters" else "multiply-accumulates"
                name = "the network" if layers is every else layers[0].node.name
                message = f"{name} has {grouped(possible[0])} {noun}, not {stated.written}"
                found.append(
                    Diagnostic("ND315", Severity.ERROR, message, source, _label(stated, number, source))
                )
    return found


def _possible(subject: str, layers: list[PlannedLayer]) -> list[int]:
    if subject == "macs":
        macs = sum(layer.macs for layer in layers)
        return [macs, 2 * macs, macs + sum(layer.output.values for layer in layers if layer.parameters)]
    weights = sum(parameter.values for layer in layers for parameter in layer.parameters if parameter.fan_in)
    kept = sum(statistic.values for layer in layers for statistic in layer.statistics)
    counted = sum(layer.parameter_count for layer in layers)
    return [counted, weights, counted + kept]


def _label(stated: Counted, number: int, source: Source) -> Label:
    line, start = source.line(number), source.line_start(number)
    offset = line.rfind(stated.written)
    if offset < 0:
        return Label(Span(start, start + len(line)))
    return Label(Span(start + offset, start + offset + len(stated.written)))
