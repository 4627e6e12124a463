"""Names for classes that the data only numbers: `classes.txt` beside the data, or `class_names` in it.

The names are what people read. Numbers stay what the data are known by, in their split and in their
digest, so that a run continues with names or without.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from netdsl.data.dataset import Dataset, check_names
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.opening import content_of

_FILE = "classes.txt"
LARGEST_NAMES_BYTES = 1 << 20
_NUMBERED = re.compile(r"([0-9]{1,9})\s*[:=\t]\s*(.+)", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)
_MOST_SHOWN = 5


def named(dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
    """The data with the names that a recipe has for its classes, where there are some.

    Raises Diagnosed: ND551 where they are not those of the data.
    """
    if not classes or set(classes) == set(dataset.own_classes):
        return dataset
    own = dataset._replace(classes=dataset.own_classes, label_texts=())
    return with_names(own, dict(enumerate(classes)), "`classes` of the recipe")


def named_beside(dataset: Dataset, path: Path) -> Dataset:
    """The data with the names that are beside them: of ``letters.npz`` in ``letters.classes.txt``, else in
    ``classes.txt``; of a folder in its ``classes.txt``. As it is where there are none.

    Data whose labels are names, or that have names for them within, need the second no longer. Raises
    Diagnosed: ND550 for a file that is no list of names, ND551 where they are not those of the labels.
    """
    if not path.is_dir():
        own = path.with_name(f"{path.stem}.{_FILE}")
        names = names_in(own)
        if names is not None:
            return with_names(dataset._replace(classes=dataset.own_classes), names, str(own))
    if dataset.label_texts or not only_numbered(dataset):
        return dataset
    shared = (path if path.is_dir() else path.parent) / _FILE
    names = names_in(shared)
    return dataset if names is None else with_names(dataset, names, str(shared))


def only_numbered(dataset: Dataset) -> bool:
    """Whether the data has numbers for its classes, and no names."""
    return all(map(_NUMBER.fullmatch, dataset.classes))


def names_in(path: Path) -> dict[int, str] | None:
    """The names in a file, by their number: one a line from 0 on, or lines such as ``7: ship``. None where
    there is no such file; raises Diagnosed (ND550)."""
    try:
        if os.path.dirname(os.path.realpath(path)) != os.path.realpath(path.parent):
            # Data come from strangers, and names are printed and stored in checkpoints.
            raise Diagnosed(_no_list(str(path), "it is a link to a file elsewhere"))
        content = content_of(path, LARGEST_NAMES_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Diagnosed(_no_list(str(path), error.strerror or str(error))) from error
    if len(content) > LARGEST_NAMES_BYTES:
        raise Diagnosed(_no_list(str(path), "it is larger than 1 MiB"))
    try:
        lines = [line.strip() for line in content.decode("utf-8-sig").rstrip().splitlines()]
    except UnicodeError as error:
        raise Diagnosed(_no_list(str(path), "it is not UTF-8 text")) from error
    return _names(str(path), lines)


def _names(place: str, lines: Sequence[str]) -> dict[int, str]:
    if not lines:
        raise Diagnosed(_no_list(place, "it is empty"))
    empty = [number for number, line in enumerate(lines, start=1) if not line]
    if empty:
        raise Diagnosed(_no_list(f"{place}:{empty[0]}", "this line is empty"))
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    if not all(numbered):
        return dict(enumerate(lines))
    names = {int(match[1]): match[2] for match in numbered if match}
    if len(names) < len(lines):
        raise Diagnosed(_no_list(place, "a number comes before two names"))
    return names


def _no_list(place: str, why: str) -> Diagnostic:
    return file_error(
        "ND550",
        place,
        f"this is not a list of class names: {why}",
        "write one name per line, the first for label 0",
    )


def with_names(dataset: Dataset, names: dict[int, str], place: str, told: str = "") -> Dataset:
    """The data with names in place of numbers. ``place`` is where they stand, ``told`` how to say so.

    Names that are counted from 0, where labels go from 1 on and there are just as many names, are
    counted from 1. Raises Diagnosed: ND551, and ND526 for two names that are alike.
    """
    if not only_numbered(dataset):
        raise Diagnosed(
            file_error(
                "ND551",
                place,
                "the labels of this data are already names",
                "remove this list, or store the labels as numbers",
            )
        )
    check_names(place, list(names.values()))
    labels = [int(text) for text in dataset.classes]
    reading = f"class names from {told or place}"
    if min(labels) >= 1 and max(labels) == len(names) and list(names) == list(range(len(names))):
        names = {number + 1: name for number, name in names.items()}
        reading += "; the first is that of label 1, because the labels start at 1"
    nameless = [label for label in labels if label not in names]
    if nameless:
        shown = ", ".join(map(str, nameless[:_MOST_SHOWN]))
        more = f" and {len(nameless) - _MOST_SHOWN} more" if len(nameless) > _MOST_SHOWN else ""
        plural = "s" if len(nameless) > 1 else ""
        raise Diagnosed(
            file_error(
                "ND551",
                place,
                f"{len(names):,} class name{'s' if len(names) > 1 else ''}, numbered {min(names)} to"
                f" {max(names)}, and none for the label{plural} {shown}{more}",
                "write a name for each label, the first for label 0, or lines such as `7: ship`",
            )
        )
    return dataset._replace(
        classes=tuple(names[label] for label in labels),
        label_texts=dataset.classes,
        reading=(*dataset.reading, reading),
    )
