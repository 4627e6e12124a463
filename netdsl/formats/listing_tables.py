"""Reads tables of README files and papers, in Markdown, whose rows are layers.

    | Layer | Output    | Kernel | Stride | Params |
    |-------|-----------|--------|--------|--------|
    | CONV1 | 55x55x96  | 11x11  | 4      | 34,944 |

Each row becomes a line of a listing. A column of counts is a claim about its layer, never an option.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.formats.listing_descriptions import described
from netdsl.formats.listing_lines import cleaned
from netdsl.formats.listing_rows import TableRow, named_row
from netdsl.graph.statements.claims import Figure, figure


class Counted(NamedTuple):
    """What a row states of its layer besides the volume: parameters, or multiply-accumulates."""

    subject: str
    figure: Figure
    written: str


class Table(NamedTuple):
    """A table of layers: its lines, what its columns say, its rows, the counts that they state by line,
    those of the rows that add them up, and the lines of rows that name no known layer."""

    first: int
    last: int
    roles: list[str]
    rows: list[TableRow]
    counts: dict[int, tuple[Counted, ...]]
    totals: dict[int, tuple[Counted, ...]]
    unread: list[int]

    @property
    def needs_solving(self) -> bool:
        """Whether counts and volumes have to say what kernels are."""
        silent = (
            not self.unread
            and not {"kernel", "options"} & set(self.roles)
            and not any(row.options for row in self.rows)
        )
        return silent and {"output", "parameters"} <= set(self.roles)


_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*\Z")
_HEADINGS = {
    "layer": "layer, layers, layer name, name",
    "type": "type, layer type, layer/type, operation, operator, op, kind, module, layer (type)",
    "input": "input, input size, input shape, input volume, in",
    "output": (
        "output, output size, output shape, output volume, output dims, output dimensions, out, "
        "volume, shape, volume size, tensor, tensor shape, tensor size, activation shape, "
        "activation size, feature map size, feature map shape, feature map, dimensions, "
        "dimension, output feature map"
    ),
    "filters": (
        "filters, filter count, kernels, output channels, out channels, channels, feature maps, "
        "maps, neurons, neuron, units, nodes, depth, width, hidden units"
    ),
    "kernel": (
        "kernel, kernel size, kernel shape, filter, filter size, filter shape, window, window "
        "size, patch size, size, receptive field size, pool size, f, k"
    ),
    "times": "repeat, repeats, repetitions, times, n, blocks, repeated",
    "stride": "stride, strides, s",
    "pad": "pad, padding, pads, zero padding, p",
    "activation": "activation, activations, activation function, nonlinearity, non-linearity, act",
    "options": (
        "options, details, detail, configuration, config, settings, setting, hyperparameters, "
        "hyper-parameters, description, specification, arguments"
    ),
    "parameters": (
        "param, params, parameters, parameter, parameter count, param count, weights, trainable "
        "params, trainable parameters, learnable parameters, total params"
    ),
    "macs": (
        "mac, macs, mult-adds, mult-add, multi-adds, multadds, madds, m-adds, multiply-adds, "
        "multiply adds, multiply-accumulates, multiply-accumulate, mul-adds"
    ),
}
_ROLES = {heading: role for role, headings in _HEADINGS.items() for heading in headings.split(", ")}
_COUNTING = re.compile(r"\A(?:#|no\. of|num(?:ber)?(?: of)?)\s*|\s*(?:#|count)\Z|\s*\([^()]*\)\Z")


def read_tables(lines: list[str]) -> list[Table]:
    """The tables of a page whose rows are layers; lines count from 1."""
    found = []
    number = 1
    while number < len(lines):
        if "|" in lines[number - 1] and _RULE.match(lines[number]) and (roles := _roles(lines[number - 1])):
            table = _read(lines, number, roles)
            if table is not None:
                found.append(table)
                number = table.last
        number += 1
    return found


def _cells(line: str) -> list[str]:
    parts = [part.strip() for part in _CELL.split(line.strip())]
    if parts and not parts[0]:
        parts = parts[1:]
    return parts[:-1] if parts and not parts[-1] else parts


def _roles(header: str) -> list[str]:
    """What each column says; empty where the table lists no layers."""
    roles = []
    for cell in _cells(header):
        plain = re.sub(r"[*_`.]|<[^<>]*>", "", cell).strip().lower()
        roles.append(_ROLES.get(plain) or _ROLES.get(_COUNTING.sub("", plain).strip(), "ignored"))
    if "kernel" in roles and roles.count("kernel") > 1:  # `Size` beside `Kernel size` is that of the volume
        plains = [re.sub(r"[*_`.]", "", cell).strip().lower() for cell in _cells(header)]
        roles = ["output" if plain == "size" else role for plain, role in zip(plains, roles, strict=True)]
        maps = ("feature map", "feature maps")
        roles = ["filters" if plain in maps else role for plain, role in zip(plains, roles, strict=True)]
    says = {"output", "kernel", "filters", "options", "parameters"} & set(roles)
    if says == {"options"} and len(roles) == _DESCRIBED and _LAYERS.match(_cells(header)[0]):
        return roles  # `| Layer | Description |`
    return roles if {"layer", "type"} & set(roles) and says and ("output" in roles or len(says) > 1) else []


_DESCRIBED = 2
_LAYERS = re.compile(r"[*_` ]*layers?(?: (?:name|type))?[*_` ]*\Z", re.IGNORECASE)


def _read(lines: list[str], header: int, roles: list[str]) -> Table | None:
    rows: list[TableRow] = []
    counts: dict[int, tuple[Counted, ...]] = {}
    totals: dict[int, tuple[Counted, ...]] = {}
    unread: list[int] = []
    units = [_unit(cell) for cell in _cells(lines[header - 1])]
    last = header + 1
    for number in range(header + 2, len(lines) + 1):
        if "|" not in lines[number - 1]:
            break
        last = number
        names: list[str] = []
        kinds: list[str] = []
        values: dict[str, str] = {}
        for role, unit, cell in zip(roles, units, _cells(lines[number - 1]), strict=False):
            text = cleaned(cell)
            text = f"{text}{unit}" if unit and re.fullmatch(r"[\d.,]+", text) else text
            if role == "layer":
                names.append(text)
            elif role == "type" and not _is_nothing(text):
                kinds.append(text)
            elif role != "ignored" and not _is_nothing(text):
                values.setdefault(role, text)
        stated = tuple(
            count for s in _SUBJECTS if s in values and (count := _counted(s, values[s])) is not None
        )
        values = described(values, (kinds or names or [""])[0])
        row = named_row(number, kinds or names, names, values)
        if row is None:
            if any(
                re.search(r"\btotals?\b", text, re.IGNORECASE) for text in (*names, *kinds, *values.values())
            ):
                totals[number] = stated
            elif "output" in values and any((*names, *kinds)):
                unread.append(number)
            continue
        rows.append(row)
        if stated:
            counts[number] = stated
    told = "options" not in roles or len(roles) > _DESCRIBED or any("output" in row.values for row in rows)
    return Table(header, last, roles, rows, counts, totals, unread) if len(rows) > 1 and told else None


_SUBJECTS = ("parameters", "macs")


def _unit(heading: str) -> str:
    """``M`` of ``MACs (M)``."""
    found = re.search(r"\(\s*(?:in )?([kKMGB])[a-zA-Z]{0,9}\s*\)", heading)
    return found[1] if found else ""


def _is_nothing(cell: str) -> bool:
    return not cell or re.fullmatch(r"[-–—−/]+|n/?a|none|null", cell, re.IGNORECASE) is not None


def _counted(subject: str, written: str) -> Counted | None:
    """``34,944``, ``0.6M``, ``(11*11*3+1)*96 = 34,944``; what is no number states nothing."""
    text = written.rpartition("=")[2].strip()
    found = re.match(r"~?\s*(\d[\d, ]*(?:\.\d+)?\s?[kKmMgGbB]?)\b", text)
    read = figure(found[1].replace(" ", "").replace("b", "g").replace("B", "g")) if found else None
    return Counted(subject, read, found[1].strip()) if read is not None and found else None
