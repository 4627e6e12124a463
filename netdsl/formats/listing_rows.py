"""Rows of tables as lines of a listing: ``| CONV1 | 55x55x96 | 11x11 | 4 |`` is ``[55x55x96] CONV1: 96 11x11 stride 4``."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.formats.listing import label_and_options, reads
from netdsl.formats.listing_entries import Entry
from netdsl.formats.summary_kinds import activation_in
from netdsl.layers.layer import Layer
from netdsl.layers.registry import kind_named


class TableRow(NamedTuple):
    """A row that names a layer: its label, its kind, the options beside its name, its other cells by
    what their columns say."""

    number: int
    label: str
    kind: type[Layer]
    options: str
    values: dict[str, str]
    activations: tuple[str, ...]


_PLUS = re.compile(r"\s*(?:\+|&|,|\band\b)\s*(?=[A-Za-z])", re.IGNORECASE)
_GLOBAL = re.compile(r"\bglobal (average|avg|max)[ -]?pool(?:ing)?(?:2d)?\b|\bGAP\b", re.IGNORECASE)
_EXTENTS = re.compile(r"\d[\d ]*")


def named_row(number: int, names: list[str], values: dict[str, str]) -> TableRow | None:
    """The row, where one of its names is that of a layer."""
    for name in reversed(names):
        found = _named(name)
        if found is None:
            continue
        label, kind, options, activations = found
        function = activation_in(values.get("activation", ""))
        given = (*activations, *((function,) if function and function not in activations else ()))
        own = next((other for other in names if other != name and re.fullmatch(r"[A-Za-z]\w{0,20}", other)), "")
        named = f"{own}: {label}" if own and kind_named(re.sub(r"[\d_]+\Z", "", own)) is None else label
        return TableRow(number, named, kind, options, values, given)
    return None


def _named(name: str) -> tuple[str, type[Layer], str, tuple[str, ...]] | None:
    whole = _GLOBAL.search(name)
    if whole:
        kind = kind_named("MAX POOL" if (whole[1] or "").lower() == "max" else "AVG POOL")
        return (kind.keyword, kind, "global", ()) if kind else None
    first, *others = [part for part in _PLUS.split(re.sub(r"\(([A-Za-z ]+)\)", r"+ \1", name)) if part]
    parts = label_and_options(first)
    if parts is None:
        return None
    label, options = parts
    kind = kind_named(re.sub(r"[\d_]+[a-z]?\Z", "", label).strip())
    chained = [kind_named(other) for other in others]
    behind = tuple(other.keyword for other in chained if other is not None and (other.activates or other.normalises))
    return (label, kind, options, behind) if kind is not None else None


def row_volume(written: str, filters: str, channels_first: bool) -> str:
    """``55x55x96`` of a cell that states a volume in any of the usual ways; empty where it states none.

    ``filters`` are the channels where the cell states a height and a width only.
    """
    at = re.fullmatch(r"\D*(\d+) ?@ ?(\d+) ?[x,] ?(\d+)\D*", written, re.IGNORECASE)
    if at:  # 6@28x28, as LeCun writes
        return f"{at[2]}x{at[3]}x{at[1]}"
    body = re.sub(r"\b(?:None|batch|N|B)\b\s*,?|(?<=[\[(])\s*-?1,", "", written)
    body = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", body) if "x" in body.lower() else body
    parts = [part.replace(" ", "") for part in _EXTENTS.findall(body)]
    if len(parts) == 2 and parts[1] == "1":
        parts = parts[:1]
    if len(parts) == 3 and channels_first and parts != ["1", "1", parts[2]]:
        parts = [parts[1], parts[2], parts[0]]
    if len(parts) == 2:
        count = _EXTENTS.match(filters)
        return "x".join([*parts, count[0].strip()]) if count else ""
    if len(parts) == 3 and parts[:2] == ["1", "1"]:
        return parts[2]
    return "x".join(parts) if len(parts) in (1, 3) else ""


def is_channels_first(rows: list[TableRow]) -> bool:
    """Whether the first volume of three extents has its channels in front: ``3x224x224``."""
    for row in rows:
        parts = _EXTENTS.findall(row.values.get("output", ""))
        if len(parts) == 3 and "@" not in row.values["output"]:
            return parts[0].strip() in ("1", "3") and parts[1] == parts[2] and parts[2].strip() not in ("1", "3")
    return False


def row_entry(row: TableRow, channels_first: bool, before: str) -> Entry:
    """The line of a listing that a row stands for; ``before`` is the volume of the row above."""
    filters = row.values.get("filters", "")
    depth = filters or (before.rpartition("x")[2] if not row.kind.weighs else "")
    volume = row_volume(row.values.get("output", ""), depth, channels_first)
    claim = f"[{volume}] " if volume else ""
    if row.kind.inputs == 0:
        return Entry(row.number, f"{claim}INPUT" if volume else f"INPUT: {filters}")
    written = " ".join(_options(row, volume)).strip()
    text = f"{claim}{row.label}{f': {written}' if written else ''}" if ":" not in row.label else (
        f"{claim}{row.label} {written}".rstrip()
    )
    return Entry(row.number, text + "".join(f" - {name}" for name in row.activations))


def _options(row: TableRow, volume: str) -> list[str]:
    """The options of all cells, in the order in which layers take them."""
    kernel, pair = _size(row.values.get("kernel", "")), ""
    options = " ".join(part for part in (row.options, row.values.get("options", "")) if part)
    if "options" in row.values and not reads(f"{row.label.rpartition(': ')[2]}: {options}"):
        options = row.options
    weighs = row.kind.weighs
    if weighs and not re.match(r"\d+(?![x\d])", options):
        count = _EXTENTS.match(row.values.get("filters", ""))
        pair = count[0].replace(" ", "") if count else volume.rpartition("x")[2] if volume and (kernel or not options) else ""
    slides = "kernel" in row.kind.options()
    words = [pair, kernel if slides and not re.search(r"\dx\d", options) else "", options]
    if slides and "stride" in row.values and (stride := _size(row.values["stride"])):
        words.append(f"stride {stride}")
    if slides and "pad" in row.values:
        pad = row.values["pad"].lower()
        words.append(pad if pad in ("same", "valid") else f"pad {_size(pad)}")
    return [word for word in words if word]


def _size(written: str) -> str:
    """``3x3`` of ``3``, ``3x3x64``, ``(3, 3)``; a stride of equal extents is one number to the language."""
    found = re.findall(r"\d+", written)
    if not found:
        return ""
    return f"{found[0]}x{found[1]}" if len(found) > 1 else f"{found[0]}x{found[0]}"
