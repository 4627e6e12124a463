"""Fine-tuning: weights of an earlier run, or of any safetensors file, as the start of a new one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.quantities import counted
from netdsl.training import tensor_file
from netdsl.training.checkpoint import shortened
from netdsl.training.run_folder import run_checkpoint

if TYPE_CHECKING:
    from netdsl.backend.session import Store
    from netdsl.program.program import Stored

_NO_MATCH = "none of its arrays has the name and shape of one of the network's"

_MOST_ROWS = 20
"""Rows of a table, of those that say the same."""


class Row(NamedTuple):
    """One array: its shape ``here`` and ``there``, None where it is not, and what became of it."""

    name: str
    here: tuple[int, ...] | None
    there: tuple[int, ...] | None
    why: str = ""

    @property
    def taken(self) -> bool:
        return not self.why and self.here is not None

    @property
    def new(self) -> bool:
        return not self.taken and self.here is not None


class Started(NamedTuple):
    """What a new run takes from ``path``: a row for each array of the network and of the file."""

    path: Path
    rows: tuple[Row, ...]


def start_from(path: Path, stored: tuple[Stored, ...], store: Store) -> Started:
    """Write the arrays of a file into ``store`` where name and shape are those of the network's.

    ``path`` is a run folder, of which the best checkpoint is taken, or a .safetensors file. What the
    optimizer keeps starts again. Raises Diagnosed: ND517 for no file, ND650 for one that cannot be read,
    ND533 where nothing of it fits.
    """
    file, arrays, others = _read(path)
    learned = {name: shape for name, shape, kind in stored if kind in ("parameter", "statistic")}
    rows = [*_rows(learned, arrays, others)]
    if not any(row.taken for row in rows):
        unfit = [row for row in rows if row.new and (row.there == row.here or row.name in others)]
        why = f"none of its arrays can be used: {unfit[0].name}: {unfit[0].why}" if unfit else _NO_MATCH
        raise Diagnosed(
            file_error(
                "ND533",
                str(file),
                why,
                f"it has {_some([*arrays, *others])}",
                f"the network has {_some(list(learned))}",
            )
        )
    for row in rows:
        if row.taken:
            store[row.name][...] = arrays[row.name]
    return Started(file, tuple(rows))


def stored_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays of a file as ``start_from`` would take them, without what an optimizer keeps.

    Raises as ``start_from`` for no file and one that cannot be read.
    """
    _, arrays, _ = _read(path)
    return {name: array.shape for name, array in arrays.items() if name.rpartition(".")[0] not in arrays}


def _read(path: Path) -> tuple[Path, tensor_file.Arrays, dict[str, str]]:
    file = run_checkpoint(path)
    if not file.is_file():
        raise Diagnosed(
            file_error(
                "ND517", str(path), "there is no such run or file", "name a run folder, such as runs/lenet-1"
            )
        )
    try:
        arrays, others = tensor_file.read_arrays(file)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Diagnosed(
            file_error(
                "ND650",
                str(file),
                f"cannot read these weights: {why[:300]}",
                "name a run or a .safetensors file",
            )
        ) from error
    return file, arrays, others


def _rows(
    learned: dict[str, tuple[int, ...]], arrays: tensor_file.Arrays, others: dict[str, str]
) -> Iterator[Row]:
    for name, shape in learned.items():
        found = arrays.get(name)
        if found is None:
            why = f"its numbers there are {others[name]}" if name in others else "not in the file"
            yield Row(name, shape, None, why)
        elif found.shape != shape:
            yield Row(name, shape, found.shape, "another shape")
        elif not np.isfinite(found).all():
            yield Row(name, shape, found.shape, "its numbers there are not finite")
        else:
            yield Row(name, shape, found.shape)
    for name in sorted({*arrays, *others} - set(learned)):
        yield Row(name, None, arrays[name].shape if name in arrays else None)


def _some(names: list[str]) -> str:
    shown = ", ".join(shortened(name) for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown or "none"


def table_of(started: Started) -> list[str]:
    """A line for each array, after a line with the sums: taken, new and left over, in this order."""
    taken = [row for row in started.rows if row.taken]
    new = [row for row in started.rows if row.new]
    left = [row for row in started.rows if row.here is None]
    numbers = sum(int(np.prod(row.here or ())) for row in taken)
    lines = [
        f"weights from {started.path}: {counted(len(taken), 'array')} taken ({counted(numbers, 'number')}), "
        f"{len(new)} new, {len(left)} left over"
    ]
    groups = (("taken", taken), ("new", new), ("left over", left))
    names = [shortened(row.name) for _, rows in groups for row in rows[:_MOST_ROWS]]
    width = max(map(len, names), default=0)
    for word, rows in groups:
        for row in rows[:_MOST_ROWS]:
            lines.append(f"  {word:<9}  {shortened(row.name):<{width}}  {_told(row)}".rstrip())
        if len(rows) > _MOST_ROWS:
            lines.append(f"  {word:<9}  and {len(rows) - _MOST_ROWS} more")
    return lines


def _told(row: Row) -> str:
    if row.taken or row.here is None:
        return _shape(row.there)
    if row.there is not None and row.there != row.here:
        return f"{_shape(row.here)}, there {_shape(row.there)}"
    return f"{_shape(row.here)}, {row.why}"


def _shape(shape: tuple[int, ...] | None) -> str:
    return "x".join(map(str, shape or ()))
