"""The network of a table of layers: as a listing where it says the kernels, else solved as a summary is."""

from __future__ import annotations

from fractions import Fraction

from netdsl.diagnostics import Diagnostic, Label, Severity
from netdsl.formats.listing_entries import Entry
from netdsl.formats.listing_rows import TableRow, is_channels_first, row_entry, row_volume
from netdsl.formats.listing_tables import Counted, Table
from netdsl.formats.summary import Row, Summary
from netdsl.plan.plan import PlannedLayer
from netdsl.quantities import Volume, grouped
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


def table_entries(table: Table) -> list[Entry]:
    """The rows as lines of a listing."""
    first = is_channels_first(table.rows)
    entries: list[Entry] = []
    before = ""
    for row in table.rows:
        entries.append(row_entry(row, first, before))
        before = row_volume(row.values.get("output", ""), row.values.get("filters", ""), first) or before
    return entries


def table_summary(table: Table, title: str) -> Summary:
    """The rows as those of a summary."""
    first = is_channels_first(table.rows)
    rows = []
    before = ""
    for row in table.rows:
        written = row_volume(row.values.get("output", ""), before.rpartition("x")[2], first)
        before = written or before
        rows += _rows(row, written, table.counts.get(row.number, ()))
    return Summary("table", title, table.first, table.last, tuple(rows))


def _rows(row: TableRow, written: str, counts: tuple[Counted, ...]) -> list[Row]:
    extents = [int(part) for part in written.split("x") if part]
    volume = Volume(*extents) if len(extents) == 3 else Volume(1, 1, extents[0], vector=True) if extents else None
    count = next((stated.figure for stated in counts if stated.subject == "parameters"), None)
    exact = int(count.value) if count is not None and count.tolerance == 0 else None
    plain = "AdaptiveAvgPool2d" if row.options == "global" else _CLASSES.get(row.kind.keyword, row.kind.keyword)
    behind = [Row(row.number, _CLASSES.get(name, name), output=volume) for name in row.activations]
    return [Row(row.number, plain, output=volume, parameters=exact), *behind]


def check_counts(table: Table, places: dict[int, list[PlannedLayer]], source: Source) -> list[Diagnostic]:
    """The counts that do not hold; ``places`` are the layers of each line. Biases may be counted or not."""
    found = []
    for number, counts in table.counts.items():
        layers = places.get(number, [])
        for stated in counts if layers else ():
            possible = _possible(stated.subject, layers)
            if not any(stated.figure.allows(Fraction(count)) for count in possible):
                noun = "parameters" if stated.subject == "parameters" else "multiply-accumulates"
                message = f"{layers[0].node.name} has {grouped(possible[0])} {noun}, not {stated.written}"
                found.append(Diagnostic("ND315", Severity.ERROR, message, source, _label(stated, number, source)))
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
    place = line.rfind(stated.written)
    if place < 0:
        return Label(Span(start, start + len(line)))
    return Label(Span(start + place, start + place + len(stated.written)))
