"""What the columns of a table of images mean: which is the label, which are pixels.

Tables come from many hands: with names of columns or without, with an index that pandas wrote, with
the label first or last, with all pixels in one cell.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.data.dataset import PART_WORDS, TEST, VALIDATION

_LABELS = ("label", "labels", "class", "classes", "target", "targets", "y", "emotion", "category", "digit")
_PARTS = ("usage", "split", "part", "partition", "subset", "set")
_INDICES = ("", "unnamed: 0", "index", "id", "idx")

# FER2013 validates on the first of its two test parts.
_PART_VALUES = {**PART_WORDS, "dev": VALIDATION, "publictest": VALIDATION, "privatetest": TEST}

_NUMBER = re.compile(
    r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+|nan|inf|infinity)(?:e[+-]?[0-9]+)?\s*", re.ASCII | re.I
)
_HIGHEST_LEVEL = 255


class Columns(NamedTuple):
    """Indices of the columns in each line of so many ``cells``.

    ``named``: whether the first line names them. ``list`` is the column that holds all pixels in one
    cell, and then ``pixels`` is empty. ``reading`` says what was assumed.
    """

    cells: int
    named: bool
    label: int
    pixels: list[int]
    list: int | None
    part: int | None
    decimal_comma: bool
    reading: tuple[str, ...]


def delimiter_of(line: str) -> str:
    """What separates the cells of a line: a tab, a semicolon or else a comma, outside of quotes."""
    bare = re.sub(r'"[^"]*"', "", line)
    return next((mark for mark in "\t;" if mark in bare), ",")


def number_of(cell: str, *, decimal_comma: bool) -> float | None:
    """The number that a cell is, perhaps with a decimal comma; None for anything else."""
    if decimal_comma and "." not in cell:
        cell = cell.replace(",", ".", 1)
    return float(cell) if _NUMBER.fullmatch(cell) else None


def part_of(cell: str) -> int | None:
    """The part that ``Training`` or ``PublicTest`` means."""
    return _PART_VALUES.get("".join(letter for letter in cell.lower() if letter.isalnum()))


def list_of(cell: str) -> list[str]:
    """The numbers of a cell that holds all pixels: ``70 80 82``, ``[70, 80, 82]``."""
    return cell.strip("[]() \n").replace(",", " ").split()


def columns_of(first: list[str], second: list[str] | None, delimiter: str) -> Columns:
    """What the columns mean, by the first two lines. Raises ValueError for a table without pixels."""
    first = [cell.strip() for cell in first]
    second = [cell.strip() for cell in second] if second else None
    if len(first) > 2 and not first[-1] and (second is None or len(second) < len(first) or not second[-1]):
        first = first[:-1]  # every line ends with a separator
    comma = delimiter != ","
    named = _names_columns(first, comma)
    names = [cell.lower() for cell in first] if named else []
    row = (second or []) if named else first
    row = (row + [""] * len(first))[: len(first)]
    part = _part_column(row, names, comma)
    label = next((names.index(name) for name in _LABELS if name in names), None)
    left_out = _indices(names, label, part)
    reading = []
    if label is None:
        taken = left_out | ({part} if part is not None else set())
        label = _unnamed_label(row, second if not named else None, comma, taken)
        reading.append(f"no column is called `label`: the labels are those in column {label + 1}")
    pixels = [
        column for column in range(len(first)) if column not in left_out and column not in (label, part)
    ]
    if not pixels:
        raise ValueError("it has one column, but a label and pixels need at least two")
    if left_out:
        shown = [
            f"`{first[column]}`" if first[column] else "the unnamed first one" for column in sorted(left_out)
        ]
        reading.append(f"columns left out: {', '.join(shown)}")
    if part is not None:
        reading.append(f"parts by column {part + 1}" + (f", `{first[part]}`" if named else ""))
    whole = pixels[0] if len(pixels) == 1 and _is_list(row[pixels[0]], comma) else None
    listed = [] if whole is not None else pixels
    return Columns(len(first), named, label, listed, whole, part, comma, tuple(reading))


def _is_list(cell: str, comma: bool) -> bool:
    """Whether a cell holds several numbers, and not one with a decimal comma."""
    return len(list_of(cell)) > 1 and (not comma or " " in cell or "[" in cell)


def _part_column(row: list[str], names: list[str], comma: bool) -> int | None:
    """The column that says the part: one of a known name, or the word behind a label and a list."""
    parts = [column for column in _texts(row, comma) if part_of(row[column]) is not None]
    if names:
        return next((column for column in parts if names[column] in _PARTS), None)
    return parts[0] if len(row) == 3 and len(parts) == 1 and parts != [0] else None


def _indices(names: list[str], label: int | None, part: int | None) -> set[int]:
    """Columns that only number the lines: the unnamed first one, and, beside a label, one called so."""
    return {
        column
        for column, name in enumerate(names)
        if name in _INDICES and column not in (label, part) and (label is not None if name else column == 0)
    }


def _texts(row: list[str], comma: bool) -> list[int]:
    """The cells that are neither empty, nor numbers, nor lists of numbers."""
    return [
        column
        for column, cell in enumerate(row)
        if cell
        and number_of(cell, decimal_comma=comma) is None
        and not all(number_of(item, decimal_comma=False) is not None for item in list_of(cell))
    ]


def _names_columns(first: list[str], comma: bool) -> bool:
    """Whether the first line names the columns: every cell of it is a name, or they are numbered.

    One cell that is no number among numbers is a mistake, not a name.
    """
    texts = _texts(first, comma)
    filled = [column for column, cell in enumerate(first) if cell]
    if len(texts) == len(filled):
        return bool(texts)
    others = [first[column] for column in filled if column not in texts]
    if not all(cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in others):
        return False
    numbers = [int(cell) for cell in others]
    if len(numbers) < 2 or numbers != list(range(numbers[0], numbers[0] + len(numbers))) or numbers[0] > 1:
        return False
    if texts:
        return all(first[column].lower() in (*_LABELS, *_PARTS, *_INDICES) for column in texts)
    return not first[0] or numbers[-1] > _HIGHEST_LEVEL


def _unnamed_label(row: list[str], other: list[str] | None, comma: bool, taken: set[int]) -> int:
    """The column of the labels where no name says so: the one of names at either end, else the first."""
    free = [column for column in range(len(row)) if column not in taken]
    if not free:
        return 0
    texts = set(_texts(row, comma))
    if other is not None and len(other) >= len(row):
        texts &= set(_texts(other, comma))
    return next((column for column in (free[0], free[-1]) if column in texts), free[0])
