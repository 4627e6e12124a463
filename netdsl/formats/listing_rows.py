"""Rows of tables as lines of a listing.

``| CONV1 | 55x55x96 | 11x11 | 4 |`` is ``[55x55x96] CONV1: 96 11x11 stride 4``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.formats.listing import label_and_options, reads
from netdsl.formats.listing_entries import Entry
from netdsl.formats.summary_kinds import RowRole, activation_in, role_of
from netdsl.layers.layer import Layer
from netdsl.layers.pooling import Pooling
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


_PARTS = re.compile(r"\s*(?:\+|&|\band\b|→|->)\s*(?=[A-Za-z])(?![^()]*\))", re.IGNORECASE)
_MANY = re.compile(r"(?:\d+\s*[:.)]\s+)?(?:(\d{1,3})\s*[xX]\s+(?=[A-Za-z]))?")
_GLOBAL = re.compile(r"\bglobal (average|avg|max)[ -]?pool(?:ing)?(?:2d)?\b|\bGAP\b", re.IGNORECASE)
_EXTENTS = re.compile(r"\d[\d ]*")


def named_row(number: int, kinds: list[str], names: list[str], values: dict[str, str]) -> TableRow | None:
    """The row, where one of ``kinds`` is that of a layer; ``names`` are what it is called."""
    for name in kinds:
        many = _MANY.match(name)
        if many and many[1]:
            values = {**values, "times": many[1]}
        found = _named(name[many.end() :] if many else name)
        if found is None:
            continue
        label, kind, options, activations = found
        function = activation_in(values.get("activation", "")) if kind.inputs else ""
        given = (*activations, *((function,) if function and function not in activations else ()))
        called = _own_label(names, label, kind) if names is not kinds else label
        return TableRow(number, called, kind, options, values, given)
    return None


def _own_label(names: list[str], label: str, kind: type[Layer]) -> str:
    """The name of a row whose kind is in another cell: ``CONV1``, or ``C1: CONV``."""
    own = next((name for name in names if re.fullmatch(r"[A-Za-z]\w{0,20}", name)), "")
    written = kind_named(re.sub(r"[\d_]+\Z", "", own))
    if not own or kind_named(own) is not None:
        return label
    if written is not None:
        return own.upper() if written is kind else label
    return f"{own}: {kind.keyword}"


def _named(name: str) -> tuple[str, type[Layer], str, tuple[str, ...]] | None:
    """Label, kind, options and what is chained after, of ``Conv2D (32 filters, 3x3) + ReLU``."""
    first, *others = [part for part in _PARTS.split(name) if part.strip()] or [""]
    found = _one_named(first)
    if found is None:
        return None
    label, kind, options, behind = found
    for other in others:
        more = _one_named(other)
        if more is None:
            return None
        behind = (*behind, f"{more[1].keyword} {more[2]}".strip(), *more[3])
    return label, kind, options, behind


def _one_named(written: str) -> tuple[str, type[Layer], str, tuple[str, ...]] | None:
    """A layer, with activations among its options: ``Dense (128, ReLU)``, ``conv, 16 kernels of 3x3``."""
    whole = _GLOBAL.search(written)
    if whole:
        kind = kind_named("MAX POOL" if (whole[1] or "").lower() == "max" else "AVG POOL")
        return (kind.keyword, kind, "global", ()) if kind else None
    head, _, inner = written.partition("(")
    pieces = [
        piece.strip() for piece in f"{head},{inner.rpartition(')')[0] or inner}".split(",") if piece.strip()
    ]
    behind: list[str] = []
    options: list[str] = []
    for piece in pieces[1:]:
        word = piece.rpartition("=")[2].strip(" '\"")
        kind = kind_named(word)
        if kind is not None and kind.is_activation:
            behind.append(kind.keyword)
        else:
            options.append(_option(piece))
    found = _kind(pieces[0]) if pieces else None
    if found is None:
        return None
    label, kind, beside = found
    return label, kind, " ".join(part for part in (beside, *options) if part), tuple(behind)


def _kind(written: str) -> tuple[str, type[Layer], str] | None:
    """Label, kind and options of ``Conv1``, ``max pool 2x2``, ``MaxPooling2D``."""
    words = written.split()
    known = role_of(words[0]) if words else None
    if (
        known is not None
        and known[1]
        and not words[0].isupper()
        and (kind := kind_named(known[1])) is not None
    ):
        pooled = "global" if known[0] is RowRole.GLOBAL else ""
        return kind.keyword, kind, " ".join([*([pooled] if pooled else []), *words[1:]])
    parts = label_and_options(written)
    kind = kind_named(re.sub(r"[\d_]+[a-z]?\Z", "", parts[0]).strip()) if parts else None
    if parts is None or kind is None:
        return None
    return (kind.keyword if kind_named(parts[0]) else parts[0]), kind, parts[1]


def _option(piece: str) -> str:
    """``16 3x3`` of ``16x3x3`` and ``3x3x16``; ``stride 2`` of ``stride = 2`` and ``strides 2``."""
    deep = re.fullmatch(r"(\d+)x(\d+)x(\d+)", piece)
    if deep and deep[2] == deep[3] != deep[1]:
        return f"{deep[1]} {deep[2]}x{deep[3]}"
    piece = re.sub(r"\b(\d{1,2})\s?%", lambda share: f"{int(share[1]) / 100:g}", piece)
    piece = re.sub(r"\b(?:strides|s)\b\s*=?\s*(?=\d)", "stride ", piece, flags=re.IGNORECASE)
    piece = re.sub(r"\b(?:padding|p)\b\s*=\s*['\"]?", "pad ", piece, flags=re.IGNORECASE)
    piece = re.sub(r"\bpad (same|valid)['\"]?", r"\1", piece, flags=re.IGNORECASE)
    return re.sub(r"\b(same|valid) padding\b", r"\1", piece, flags=re.IGNORECASE)


def repeated(row: TableRow) -> list[TableRow]:
    """The row as often as it says; those after the first keep their volume."""
    times = row.values.get("times", "")
    if not times.isdigit() or not 1 < int(times) <= _MOST:
        return [row]
    values = {name: value for name, value in row.values.items() if name not in ("input", "stride")}
    plain = re.sub(r"[\d_]+\Z", "", row.label) if ":" not in row.label else row.kind.keyword
    again = row._replace(label=plain, values=values)
    return [row._replace(label=plain), *[again] * (int(times) - 1)]


_MOST = 100
"""Repetitions of a row: more is another column."""


def row_volume(written: str, filters: str, channels_first: bool) -> str:
    """``55x55x96`` of a cell that states a volume in any of the usual ways; empty where it states none.

    ``filters`` are the channels where the cell states a height and a width only.
    """
    at = re.fullmatch(r"\D*(\d+) ?@ ?(\d+) ?[x,] ?(\d+)\D*", written, re.IGNORECASE)
    if at:  # 6@28x28, as LeCun writes
        return f"{at[2]}x{at[3]}x{at[1]}"
    body = re.sub(r"\b(?:None|batch|N|B)\b\s*,?|(?<=[\[(])\s*-?1,", "", written)
    body = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", body) if "x" in body.lower() else body
    body = body.replace(",", "") if re.fullmatch(r"\s*\d{1,3}(,\d{3})+\s*", body) else body
    parts = [part.replace(" ", "") for part in _EXTENTS.findall(body)]
    if len(parts) == 2 and parts[1] == "1":
        parts = parts[:1]
    if len(parts) == 3 and channels_first and parts != ["1", "1", parts[2]]:
        parts = [parts[1], parts[2], parts[0]]
    if len(parts) == 2:
        count = _EXTENTS.match(filters)
        depth = str(count[0]).strip() if count else ""
        return f"{parts[0]}x{parts[1]}x{depth}" if depth else ""
    if len(parts) == 3 and parts[:2] == ["1", "1"]:
        return str(parts[2])
    return "x".join(parts) if len(parts) in (1, 3) else ""


def is_channels_first(rows: list[TableRow]) -> bool:
    """Whether most volumes of three extents have their channels in front: ``3x224x224``."""
    votes = 0
    for row in rows:
        high, *others = _EXTENTS.findall(row.values.get("output", "").replace("None", ""))[-3:] or [""]
        if len(others) == 2 and "@" not in row.values["output"]:
            sizes = [int(extent.replace(" ", "")) for extent in (high, *others)]
            votes += (sizes[1] == sizes[2] != sizes[0]) - (sizes[0] == sizes[1] != sizes[2])
    return votes > 0


def row_entry(row: TableRow, channels_first: bool, before: str) -> Entry:
    """The line of a listing that a row stands for; ``before`` is the volume of the row above."""
    filters = row.values.get("filters", "")
    depth = filters or (before.rpartition("x")[2] if not row.kind.has_weights else "")
    volume = row_volume(row.values.get("output", ""), depth, channels_first)
    claim = f"[{volume}] " if volume else ""
    if row.kind.inputs == 0:
        return Entry(row.number, f"{claim}INPUT" if volume else f"INPUT: {filters}")
    written = " ".join(_options(row, volume)).strip()
    text = (
        f"{claim}{row.label}{f': {written}' if written else ''}"
        if ":" not in row.label
        else (f"{claim}{row.label} {written}".rstrip())
    )
    guess = ""
    if issubclass(row.kind, Pooling) and written in ("", "stride 2") and _halves(before, volume):
        text = text.removesuffix(f": {written}") + ": 2x2 stride 2"
        guess = f"{row.label} states no window: 2x2 at stride 2 makes its volume"
    return Entry(row.number, text + "".join(f" - {name}" for name in row.activations), guess)


def _halves(before: str, volume: str) -> bool:
    given, made = before.split("x"), volume.split("x")
    return len(given) == len(made) == 3 and [int(n) // 2 for n in given[:2]] == [int(n) for n in made[:2]]


def _options(row: TableRow, volume: str) -> list[str]:
    """The options of all cells, in the order in which layers take them."""
    kernel, pair = _size(row.values.get("kernel", "")), ""
    options = " ".join(part for part in (row.options, row.values.get("options", "")) if part)
    if "options" in row.values and not reads(f"{row.label.rpartition(': ')[2]}: {options}"):
        options = row.options
    weighs = row.kind.has_weights
    if weighs and not re.match(r"\d+(?![x\d])", options):
        count = _EXTENTS.match(row.values.get("filters", ""))
        pair = (
            count[0].replace(" ", "")
            if count
            else volume.rpartition("x")[2]
            if volume and (kernel or not options)
            else ""
        )
    slides = "kernel" in row.kind.options()
    words = [pair, kernel if slides and not re.search(r"\dx\d", options) else "", options]
    if slides and "stride" in row.values and (stride := _size(row.values["stride"])):
        high, _, wide = stride.partition("x")
        words.append(f"stride {high if high == wide else stride}")
    if slides and "pad" in row.values:
        pad = row.values["pad"].lower()
        high, _, wide = _size(pad).partition("x")
        words.append(pad if pad in ("same", "valid") else f"pad {high if high == wide else _size(pad)}")
    return [word for word in words if word]


def _size(written: str) -> str:
    """``3x3`` of ``3``, ``3x3x64``, ``(3, 3)``; a stride of equal extents is one number to the language."""
    found = re.findall(r"\d+", written)
    if not found:
        return ""
    return f"{found[0]}x{found[1]}" if len(found) > 1 else f"{found[0]}x{found[0]}"
