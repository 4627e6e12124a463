"""Finds the reader of what the user named as data."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Protocol

from netdsl.data import class_folders, csv_table, digits, idx_files, npz_archive, several_inputs
from netdsl.data.class_names import named, named_beside
from netdsl.data.dataset import Dataset
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.planning.sources import Example
from netdsl.quantities import Volume


class Reader(Protocol):
    """What each reader's file offers."""

    def recognises(self, path: Path) -> bool:
        """Whether this path looks like the reader's format; asks only of paths that exist."""

    def read(self, path: Path, volume: Volume) -> Dataset:
        """All images, scaled to the network's input."""


_READERS: tuple[Reader, ...] = (npz_archive, csv_table, idx_files, class_folders)
"""Asked in this order: a folder of IDX files is also a folder."""

FORMS = "digits, a folder of class folders, a .npz archive, IDX files or a .csv table"


def read_data(
    name: str, volume: Volume, classes: tuple[str, ...] = (), example: Example | None = None
) -> Dataset:
    """The data that ``name`` means, scaled to the network's input ``volume``; of a network with several
    inputs the ``example`` says what each is given.

    ``classes`` are names for classes that it only numbers, in place of those that it or a file beside it
    has for them.

    Raises Diagnosed: ND501 for what is not there or of no known form, and what the readers raise.
    """
    path = Path(name)
    several = example if example is not None and example.several else None
    try:
        if several is not None and (name == digits.NAME or path.exists()):
            dataset = several_inputs.read(name, several)
            return named(dataset, classes) if classes else named_beside(dataset, path)
        if name == digits.NAME:  # a folder of this name is `./digits`
            return named(digits.read(volume), classes)
        status = path.stat()
        if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
            raise Diagnosed(_unknown(name, "this is neither a file nor a folder"))  # a pipe would never end
        for reader in _READERS:
            if reader.recognises(path):
                dataset = reader.read(path, volume)
                return named(dataset, classes) if classes else named_beside(dataset, path)
    except FileNotFoundError:
        raise Diagnosed(_unknown(name, "there is no such file or folder")) from None
    except MemoryError as error:
        why = "reading this data needs more memory than this process may have"
        raise Diagnosed(file_error("ND511", name, why, "use a part of the data")) from error
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte in it
        raise Diagnosed(_unknown(name, getattr(error, "strerror", None) or str(error))) from error
    raise Diagnosed(_unknown(name, "the format of this file is unknown"))


def _unknown(name: str, why: str) -> Diagnostic:
    return file_error("ND501", name, f"cannot read this data: {why}", f"--data takes {FORMS}")
