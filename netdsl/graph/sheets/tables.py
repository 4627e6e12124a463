"""Tables of layers, each row as the line that a sheet would have.

``| Conv1 | 5x5 | 2 | 28x28x6 |`` under ``| Layer | Kernel | Stride | Output |`` is
``Conv1: kernel size 5x5, stride 2, output 28x28x6``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from netdsl.graph.sheets import columns
from netdsl.graph.sheets.items import KIND, UnknownError, items_of
from netdsl.graph.sheets.markup import plain
from netdsl.graph.sheets.vocabulary import ACTIVATIONS
from netdsl.graph.sheets.words import pieces_of

MOST_COLUMNS = 40
_LONGEST_ROW = 1000


class Row(NamedTuple):
    """The number of a line of a table, from 0, and what it says as a line."""

    number: int
    line: str


class Table(NamedTuple):
    """``heads`` are the lines above the rows, ``left`` the names of columns that no layer is made of,
    ``sums`` the lines that add rows up, ``strange`` the names of columns that may say something of layers."""

    heads: tuple[int, ...]
    rows: tuple[Row, ...]
    left: tuple[str, ...]
    sums: tuple[int, ...]
    strange: tuple[str, ...]


_BAR = re.compile(r"(?<!\\)[|│┃]")
_RULE = re.compile(r"[\s|:+=│┃┼─━╪╇┿-]*(?:[-=─━]{2,}|:-:?|-:)[\s|:+=│┃┼─━╪╇┿-]*\Z")
_WIDE = re.compile(r"\t+|[ ]{2,}")
_TEX_ROW = re.compile(
    r"[ \t]*\\\\(?:[ \t]*\\(?:hline|midrule|bottomrule|toprule))*[ \t]*\Z|\A[ \t]*(?:\\hline[ \t]*)+"
)
_SUM = re.compile(r"\b(?:sub)?-?totals?\b|\bsum\b", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+")


def tables_of(lines: Sequence[str]) -> list[Table]:
    """The tables of a text whose heads say that their rows are layers."""
    found: list[Table] = []
    number = 0
    while number < len(lines):
        cut = _cutter(lines, number)
        table = _read(lines, number, cut) if cut is not None else None
        if table is not None:
            found.append(table)
            number = max(table.heads + tuple(row.number for row in table.rows) + table.sums)
        number += 1
    return found


def _cutter(lines: Sequence[str], number: int) -> re.Pattern[str] | None:
    """What parts the cells of a head; None where the line is none."""
    line = lines[number]
    if len(line) > _LONGEST_ROW:
        return None
    for pattern in (_BAR, re.compile(r"(?<!\\)&")):
        if pattern.search(line) and _is_head(_cells(line, pattern)):
            return pattern
    return _WIDE if _WIDE.search(line.strip()) and _is_head(_cells(line, _WIDE)) else None


def _cells(line: str, cut: re.Pattern[str]) -> list[str]:
    line = _TEX_ROW.sub("", line.strip()) if "\\" in line else line.strip()
    parts = [plain(part) for part in cut.split(line)[: MOST_COLUMNS + 2]]
    if cut is _BAR:
        parts = parts[1:] if parts and not parts[0] else parts
        parts = parts[:-1] if parts and not parts[-1] and line.endswith(("|", "│", "┃")) else parts
    return parts


def _is_head(cells: list[str]) -> bool:
    roles = [columns.role_of(cell) for cell in cells if cell]
    known = [role for role in roles if role]
    says = set(known) - {columns.LABEL, columns.LAYER, columns.IDLE, columns.COUNTS}
    return len(known) > 1 and columns.LAYER in known and bool(says) and 2 * len(known) >= len(roles)


def _read(lines: Sequence[str], head: int, cut: re.Pattern[str]) -> Table | None:
    names = _cells(lines[head], cut)
    heads, sums = [head], []
    rows: list[tuple[int, list[str]]] = []
    for number in range(head + 1, len(lines)):
        line = lines[number]
        if len(line) > _LONGEST_ROW:
            break
        if _RULE.match(line) and line.strip():
            heads.append(number)
            continue
        if not line.strip() or not cut.search(line.strip()):
            break
        cells = _cells(line, cut)
        if not any(cells):
            heads.append(number)
            continue
        if cut is _WIDE and abs(len(cells) - len(names)) > 2:
            break
        rows.append((number, [*cells, *[""] * len(names)][: max(len(names), 1)]))
    if len(rows) < 2:
        return None
    roles = [columns.role_of(name) for name in names]
    roles = columns.settled(roles, [[cells[index] for _, cells in rows] for index in range(len(names))])
    first = _channels_first(roles, [cells for _, cells in rows])
    read: list[Row] = []
    for number, cells in rows:
        if any(_SUM.search(cell) for cell, role in zip(cells, roles, strict=True) if role in _NAMING):
            sums.append(number)
        else:
            read.append(Row(number, _line(cells, roles, first)))
    strange = tuple(
        name
        for index, (name, role) in enumerate(zip(names, roles, strict=True))
        if not role and _says(index, rows)
    )
    left = tuple(
        name
        for name, role, index in zip(names, roles, range(len(names)), strict=True)
        if role in (columns.IDLE, columns.COUNTS, "")
        and any(not columns.is_empty(cells[index]) for _, cells in rows)
    )
    return Table(tuple(heads), tuple(read), left, tuple(sums), strange)


_NAMING = (columns.LABEL, columns.LAYER)


def _says(index: int, rows: list[tuple[int, list[str]]]) -> bool:
    """Whether a column of unknown name has numbers, or names layers."""
    return any(re.search("[0-9]", cells[index]) or _kinds(cells[index]) for _, cells in rows)


def _channels_first(roles: list[str], rows: list[list[str]]) -> bool:
    """Whether most volumes have their channels in front: ``3x224x224``."""
    votes, volumes = 0, 0
    for cells in rows:
        for cell, role in zip(cells, roles, strict=True):
            extents = re.findall("[0-9]+", cell) if role in (columns.OUTPUT, columns.INPUT) else []
            if len(extents) == 3 and len(set(extents)) > 1 and "@" not in cell:
                volumes += 1
                votes += (extents[1] == extents[2] != extents[0]) - (extents[0] == extents[1] != extents[2])
    return 2 * votes > volumes


def _line(cells: list[str], roles: list[str], channels_first: bool) -> str:
    kinds = [cell for cell, role in zip(cells, roles, strict=True) if role == columns.LAYER]
    labels = [cell for cell, role in zip(cells, roles, strict=True) if role == columns.LABEL]
    texts = [cell for cell in kinds if _is_text(cell, [*labels, *kinds])]
    name = named([cell for cell in kinds if cell not in texts], labels)
    parts: list[str] = list(texts)
    behind: list[str] = []
    for cell, role in zip(cells, roles, strict=True):
        if columns.is_empty(cell) or role in (*_NAMING, columns.IDLE, columns.COUNTS, ""):
            continue
        said = (
            zip(role.split("/"), re.split(r"[ \t]*/[ \t]*", cell), strict=False)
            if "/" in role
            else [(role, cell)]
        )
        for one, text in said:
            last = one in BEHIND or (one == columns.TEXT and _is_activation(text))
            (behind if last else parts).append(said_of(one, text.strip(), channels_first))
    said_parts = ", ".join(part for part in (*parts, *behind) if part)
    return f"{name}: {said_parts}" if name and said_parts else name or said_parts


_WORDY = re.compile(r",|→|->|=>|[0-9][ \t]*[x×*][ \t]*[0-9]")


def _is_text(cell: str, names: list[str]) -> bool:
    """Whether a cell that should name a layer says more of it: ``3x3, 64 filters`` beside ``Conv1``."""
    if columns.is_empty(cell) or not _WORDY.search(re.sub(r"\([^()]*\)", "", cell)):
        return False
    if "," in re.sub(r"\([^()]*\)", "", cell):
        return True
    return any(name is not cell and _kinds(name) and not _WORDY.search(name) for name in names)


BEHIND = (columns.ACTIVATION, columns.POOL, columns.DROP, columns.NORM)


def _is_activation(text: str) -> bool:
    kinds = _kinds(text)
    return bool(kinds) and all(kind in ACTIVATIONS for kind in kinds) and not re.search("[0-9]", text)


def _kinds(cell: str) -> list[str]:
    try:
        return [item.text for item in items_of(pieces_of(cell), label=True) if item.what == KIND]
    except UnknownError:
        return []


_NUMBER = re.compile(r"(?<=[A-Za-z])[_ -]?[0-9]{1,3}(?:[._-][0-9]{1,2})?[a-z]?(?=[ \t(]|\Z)")


def named(kinds: list[str], labels: list[str]) -> str:
    """What names the layer of a row: the type before the name."""
    told = [cell for cell in reversed(kinds) if not columns.is_empty(cell)]
    name = next((cell for cell in (*told, *labels) if _kinds(cell)), next(iter(told), ""))
    short = _NUMBER.sub("", name) if not re.search(r"[0-9][x×*]|[0-9]-[0-9]", name) else name
    return short if _kinds(short) == _kinds(name) else name


_FROM_TO = re.compile(r"(?P<coming>[0-9]+)[ \t]*(?:→|-+>|=>)[ \t]*(?P<out>[0-9]+)")
_PLAIN_SIZE = re.compile(
    r"[(\[]?[ \t]*[0-9]+(?:[ \t]*(?:[x×*,]|by)[ \t]*[0-9]+){0,2}[ \t]*[)\]]?\Z", re.IGNORECASE
)


def said_of(role: str, cell: str, channels_first: bool = False) -> str:
    """A cell as a sheet would have it beside the other options of its line."""
    if role == columns.TEXT:
        return cell
    if role in (columns.OUTPUT, columns.INPUT):
        return _volume(role, cell, channels_first)
    if role == columns.DROP:
        return f"dropout {cell}" if re.search("[0-9]", cell) else ""
    if role == columns.NORM:
        return "batch norm" if re.fullmatch(r"yes|true|✓|✔|x|1|bn|batch.*", cell, re.IGNORECASE) else cell
    if role == columns.ACTIVATION:
        return "" if re.fullmatch(r"linear|no|identity", cell, re.IGNORECASE) else cell
    if role == columns.TIMES:
        return f"x{cell}" if cell.isdecimal() and cell != "1" else ""
    if role == columns.FILTERS and (arrow := _FROM_TO.fullmatch(cell)):
        return f"input channels {arrow['coming']}, channels {arrow['out']}"
    if role == columns.FILTERS:
        return f"channels {cell}" if _BARE_NUMBER.fullmatch(cell) else cell
    if role == columns.COMING:
        return f"input channels {cell}" if _BARE_NUMBER.fullmatch(cell) else cell
    if role == columns.PADDING and re.fullmatch(r"same|valid", cell, re.IGNORECASE):
        return cell
    if role == columns.PADDING and re.fullmatch(r"no", cell, re.IGNORECASE):
        return "valid"
    if role not in _NOUNS:
        return cell
    sized = re.sub(r"[ \t]*\([^()]*[A-Za-z][^()]*\)\Z", "", cell)
    if _PLAIN_SIZE.match(sized):
        return f"{_NOUNS[role]} {sized}"
    return cell if re.search("[0-9]", cell) or _kinds(cell) else f"{_NOUNS[role]} = {cell}"


_NOUNS = {
    columns.KERNEL: "kernel size",
    columns.STRIDE: "stride",
    columns.PADDING: "padding",
    columns.DILATION: "dilation",
    columns.GROUPS: "groups",
}


def _volume(role: str, cell: str, channels_first: bool) -> str:
    noun = "input size" if role == columns.INPUT else "output"
    cell = re.split(r"→|-+>|=>", cell)[0 if role == columns.INPUT else -1].strip()
    if re.fullmatch(r"same(?:[ \t]+(?:as|size).*)?|unchanged|as input|\"|″|\\.\\.\\.", cell, re.IGNORECASE):
        return ""
    body = re.sub(r"[ \t]*=[ \t]*[0-9,]+\Z", "", cell)
    if re.fullmatch(r"[(\[][ \t]*[0-9]{1,3}(?:,[0-9]{3})+[ \t]*,?[)\]]", body) and len(body) < 12:
        body = body.strip("()[] ,") if not re.search(r",[ \t]", body) and body.count(",") == 1 else body
    if re.fullmatch(r"[(\[][ \t]*[0-9]+[ \t]*,?[ \t]*[)\]]", body):
        body = body.strip("()[] ,")
    extents = re.findall("[0-9]+", body)
    if channels_first and len(extents) == 3 and "@" not in body and re.search(r"[x×*,]", body):
        body = f"{extents[1]}x{extents[2]}x{extents[0]}"
    return f"{noun} {body}" if re.search("[0-9]", body) else body
