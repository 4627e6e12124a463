"""Reads tables of numbers, .csv or .tsv: one image a row, its label and its pixels.

``csv_columns`` finds out what the columns mean. Rows are converted in blocks, so that the text of the
whole file is never in memory.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import chain, islice
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.arrays import RawPart, assemble, check_spread, rounded
from netdsl.data.available_memory import require_memory
from netdsl.data.class_labels import Labels, labels_from_values
from netdsl.data.csv_columns import Columns, columns_of, delimiter_of, list_of, number_of, part_of
from netdsl.data.dataset import TRAIN, Dataset, empty_data
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.opening import open_file, writable
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONGEST_LINE = 1 << 24
"""Characters: an image of 2000x2000 pixels."""

_BLOCK_VALUES = 1 << 18
"""Values that are text or Python's numbers at a time."""

_MOST_FINDINGS = 20
"""Lines with mistakes shown of one file."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,300}(?:\.0*)?", re.ASCII)


class _MistakeError(Exception):
    """What is wrong with a line."""


def recognises(path: Path) -> bool:
    return path.suffix.lower() in (".csv", ".tsv")


def read(path: Path, volume: Volume) -> Dataset:
    """The table as a data set scaled to ``volume``.

    Raises Diagnosed: ND640 for each line that is no row of numbers, ND509 for each without a label,
    ND510 for each with a number that is not finite, and what ``assemble`` raises.
    """
    table = _Table(str(path))
    try:
        with open_file(path) as file:
            size = file.seek(0, 2)
            file.seek(0)
            # A number takes at least two characters, and four bytes.
            require_memory(size * 2, str(path), "the table", "store it as .npz, which is far smaller")
            with TextIOWrapper(file, encoding="utf-8-sig", newline="") as stream:
                table.read(stream)
    except OSError as error:
        raise Diagnosed(_no_table(str(path), error.strerror or str(error))) from error
    except UnicodeError as error:
        raise Diagnosed(_no_table(str(path), "it is not UTF-8 text")) from error
    return table.dataset(volume)


def _no_table(place: str, why: str) -> Diagnostic:
    return file_error(
        "ND640",
        place,
        f"this is not a table of numbers: {why}",
        "each line holds a label and the pixels of one image, separated by commas",
    )


class _Lines:
    """The lines of a text, none of them too long, and the number of the last one."""

    def __init__(self, stream: TextIOWrapper) -> None:
        self._stream = stream
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(_LONGEST_LINE):
            self.number += 1
            if len(line) >= _LONGEST_LINE:
                raise csv.Error(f"it is longer than {_LONGEST_LINE:,} characters")
            if "\0" in line:
                raise csv.Error("it holds a zero byte")
            yield line


class _Table:
    """What has been read so far. ``lines`` are the lines of the file that the rows end at."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.columns: Columns | None = None
        self.findings: list[Diagnostic] = []
        self._blocks: list[NDArray[np.int16] | NDArray[np.float32]] = []
        self._waiting: list[list[float]] = []
        self._values = 0
        self._lowest, self._highest = inf, -inf
        self._label_numbers: dict[str, int] = {}
        self._labels, self._lines = array("q"), array("q")
        self._parts = bytearray()

    def read(self, stream: TextIOWrapper) -> None:
        lines = _Lines(stream)
        try:
            self._read(lines)
        except csv.Error as error:
            self._wrong(lines.number, str(error))
        self._end_block()

    def _read(self, lines: _Lines) -> None:
        csv.field_size_limit(_LONGEST_LINE)
        texts = iter(lines)
        begin = next((line for line in texts if line.strip()), "")
        delimiter = delimiter_of(begin)
        rows = (
            (lines.number, cells)
            for cells in csv.reader(chain([begin], texts), delimiter=delimiter, skipinitialspace=True)
            if any(cell.strip() for cell in cells)
        )
        head = list(islice(rows, 2))
        if not head:
            return
        try:
            columns = columns_of(head[0][1], head[1][1] if len(head) > 1 else None, delimiter)
        except ValueError as error:
            self._wrong(head[0][0], str(error))
            return
        self.columns = columns
        for line, cells in chain(head[columns.named :], rows):
            try:
                self._add(line, cells, columns)
            except _MistakeError as mistake:
                self._wrong(line, str(mistake))
            if len(self.findings) >= _MOST_FINDINGS:
                return

    def _wrong(self, line: int, why: str) -> None:
        self.findings.append(_no_table(f"{self.name}:{line}" if line else self.name, why))

    def _add(self, line: int, cells: list[str], columns: Columns) -> None:
        if len(cells) == columns.cells + 1 and not cells[-1].strip():
            cells = cells[:-1]  # a separator at the end
        if len(cells) != columns.cells:
            raise _MistakeError(f"it has {len(cells)} cells and the first line has {columns.cells}")
        label = cells[columns.label].strip()
        if not label:
            raise _MistakeError(f"its label, cell {columns.label + 1}, is empty")
        if columns.list is None:
            values = _numbers([cells[column] for column in columns.pixels], columns)
        else:
            values = _numbers(list_of(cells[columns.list]), columns)
            others = len(self._waiting[0]) if self._waiting else self._width or len(values)
            if len(values) != others:
                raise _MistakeError(f"it has {len(values)} pixels and lines before have {others}")
        if columns.part is not None:
            part = part_of(cells[columns.part])
            if part is None:
                raise _MistakeError(f"`{cells[columns.part][:40]}` is not a part: train, validation or test")
            self._parts.append(part)
        self._labels.append(self._label_numbers.setdefault(label, len(self._label_numbers)))
        self._lines.append(line)
        self._waiting.append(values)
        self._values += len(values)
        if self._values >= _BLOCK_VALUES:
            self._end_block()

    @property
    def _width(self) -> int:
        return self._blocks[0].shape[1] if self._blocks else 0

    def _end_block(self) -> None:
        """Put the rows that wait into an array."""
        if not self._waiting:
            return
        values = np.array(self._waiting, np.float64)
        lines = self._lines[-len(values) :]
        self._waiting, self._values = [], 0
        if np.abs(values).max(initial=0) < 1 << 15 and (values == np.rint(values)).all():
            self._blocks.append(values.astype(np.int16))  # `assemble` decides whether they fit a byte
            return
        self._lowest, self._highest = (
            min(self._lowest, float(values.min())),
            max(self._highest, float(values.max())),
        )
        with np.errstate(over="ignore"):
            block = values.astype(np.float32)
        cut = (block != values) & (values == np.rint(values)) & np.isfinite(block)
        for row in np.flatnonzero(cut.any(axis=1)).tolist():
            self.findings += rounded(
                f"{self.name}:{lines[row]}", "whole numbers above 16,777,216"
            ).diagnostics
        for row in np.flatnonzero(~np.isfinite(block).all(axis=1)).tolist():
            message = "this line holds a value that is not a finite number (NaN or infinity)"
            cure = "remove or repair such images; one of them would spoil every weight"
            self.findings.append(file_error("ND510", f"{self.name}:{lines[row]}", message, cure))
        self._blocks.append(block)

    def dataset(self, volume: Volume) -> Dataset:
        """The data set of all rows; raises Diagnosed with what is wrong with any."""
        labels = self._all_labels()
        if self.findings:
            raise Diagnosed(*self.findings[:_MOST_FINDINGS])
        if self.columns is None or not self._blocks:
            raise empty_data(self.name, "the table is empty")
        check_spread(self.name, self._lowest, self._highest)
        if len(labels.values) == 1:
            message = f"all labels are `{labels.values[0]}`, but classification takes at least two"
            cure = (
                f"they are read from column {self.columns.label + 1}; a header line can name another `label`"
            )
            raise Diagnosed(file_error("ND503", self.name, message, cure))
        raw, lines = self._raw_parts(labels)
        assembled = assemble(self.name, raw, volume, reading=self.columns.reading)
        return assembled._replace(lines=lines)

    def _raw_parts(self, labels: Labels) -> tuple[list[RawPart], array[int]]:
        """The blocks as they are, or what each part of the data has of them; and the line of each row."""
        raw, done = [], 0
        lines = array("q")
        while self._blocks:
            block = self._blocks.pop(0)
            own = labels.indices[done : done + len(block)]
            parts = np.frombuffer(self._parts, np.uint8)[done : done + len(block)]
            for part in np.unique(parts).tolist() or [TRAIN]:
                chosen = (
                    np.flatnonzero(parts == part) if len(parts) and (parts != part).any() else slice(None)
                )
                raw.append(RawPart(block[chosen], Labels(labels.values, own[chosen]), part))
                lines.frombytes(np.array(self._lines[done : done + len(block)])[chosen].tobytes())
            done += len(block)
        return raw, lines

    def _all_labels(self) -> Labels:
        """Numbers where the labels are whole numbers, else names."""
        texts, indices = list(self._label_numbers), np.array(self._labels, np.int64)
        whole = [_whole(text) for text in texts]
        if None not in whole:
            unique = labels_from_values([value for value in whole if value is not None])
            return Labels(unique.values, unique.indices[indices])
        names = sum(number_of(text, decimal_comma=True) is None for text in texts)
        if 2 * names < len(texts):
            for number in [number for number, value in enumerate(whole) if value is None][:_MOST_FINDINGS]:
                line = self._lines[int(np.argmax(indices == number))]
                message = f"the label `{texts[number][:40]}` is not a whole number"
                cure = "labels are all whole numbers or all names"
                self.findings.append(file_error("ND509", f"{self.name}:{line}", message, cure))
        return Labels([writable(text) for text in texts], indices)


def _whole(text: str) -> int | None:
    """The whole number that a text is, however it is written: ``3``, ``03``, ``3.0``; else None."""
    if _WHOLE.fullmatch(text):
        return int(text.partition(".")[0])
    number = number_of(text, decimal_comma=False)
    whole = number is not None and abs(number) <= 2**53 and number == int(number)
    return int(number) if whole and number is not None else None


def _numbers(cells: list[str], columns: Columns) -> list[float]:
    """The numbers in the cells of pixels, or in the one that holds them all."""
    if columns.decimal_comma and columns.list is None:
        cells = [cell.replace(",", ".", 1) if "." not in cell else cell for cell in cells]
    try:
        values = list(map(float, cells))
    except ValueError:
        values = []
    if not cells:
        raise _MistakeError("it has no pixels")
    if not values or any("_" in cell for cell in cells):
        number = next(
            number for number, cell in enumerate(cells) if number_of(cell, decimal_comma=False) is None
        )
        where = f"cell {columns.pixels[number] + 1}" if columns.list is None else f"pixel {number + 1}"
        shown = cells[number].strip()[:40]
        raise _MistakeError(f"`{shown}` in {where} is not a number" if shown else f"{where} is empty")
    return values
