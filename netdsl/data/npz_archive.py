"""Reads NumPy archives (.npz): two arrays, images and labels, under any of their usual names."""

from __future__ import annotations

import zipfile
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netdsl.data.arrays import RawPart, assemble
from netdsl.data.available_memory import require_memory, require_ratio
from netdsl.data.class_labels import Labels, labels_of, merged
from netdsl.data.class_names import LARGEST_NAMES_BYTES, only_numbered, with_names
from netdsl.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from netdsl.data.npz_members import Guarded, Member, array_of, damaged, header_of
from netdsl.diagnostics import Diagnosed, Diagnostic, Severity, file_error
from netdsl.opening import open_file, writable
from netdsl.quantities import Volume

if TYPE_CHECKING:
    from collections.abc import Iterable


_IMAGE_NAMES = ("x", "images", "image", "imgs", "img", "data", "pixels", "features", "inputs", "arr_0")
_LABEL_NAMES = ("y", "labels", "label", "target", "targets", "class", "outputs", "arr_1")
_LAST_LABEL_NAME = ("classes",)
"""Labels if there are no others; else the names of the classes."""

_CLASS_NAMES = ("class_names", "classes", "label_names", "target_names")
_PART_MARKS = (
    (TRAIN, ("", "train", "tr", "training")),
    (VALIDATION, ("val", "valid", "validation", "dev")),
    (TEST, ("test", "te", "testing")),
)
_LABEL_BYTES = 48
"""What sorting the labels takes for each of them."""


def recognises(path: Path) -> bool:
    return path.suffix.lower() == ".npz"


def read(path: Path, volume: Volume, images: tuple[str, ...] = _IMAGE_NAMES) -> Dataset:
    """The archive as a data set scaled to ``volume``; ``images`` are the names that images may have.

    Raises Diagnosed: ND620 damaged, ND621 pickled objects, ND622 no images or labels, and what
    ``assemble`` raises.
    """
    try:
        with open_file(path) as file:
            guarded = Guarded(file)
            with zipfile.ZipFile(guarded) as archive:
                guarded.most = guarded.size
                raw, reading, findings = _raw_parts(path, archive, guarded.size, images)
                names, left_out = _class_names(path, archive, guarded.size)
        dataset = assemble(str(path), raw, volume, reading=reading, findings=(*findings, *left_out))
        return dataset if names is None else _named(dataset, *names)
    except (Diagnosed, MemoryError):
        raise
    except OSError as error:
        raise Diagnosed(damaged(path, error.strerror or str(error))) from error
    except Exception as error:
        # zipfile, zlib and NumPy's header parser raise a dozen types for damaged input.
        raise Diagnosed(damaged(path, str(error) or type(error).__name__)) from error


class _Pair(NamedTuple):
    """The members of one part."""

    images: Member
    labels: Member
    part: int


def _raw_parts(
    path: Path, archive: zipfile.ZipFile, size: int, names: tuple[str, ...]
) -> tuple[list[RawPart], tuple[str, ...], tuple[Diagnostic, ...]]:
    """The arrays of every part, what was assumed about them, and what was left out."""
    pairs, findings = _pairs(path, archive, size, names)
    for pair in pairs:
        if pair.images.shape[:1] != pair.labels.shape[:1] and pair.images.shape and pair.labels.shape:
            message = f"{pair.images.shape[0]:,} images but {pair.labels.shape[0]:,} labels"
            cure = "every image needs exactly one label, in the same order"
            raise Diagnosed(file_error("ND509", str(path), message, cure))
    reading = [
        f"one-hot labels, {pair.labels.name}, are read as the number of the class"
        for pair in pairs
        if len(pair.labels.shape) == 2 and pair.labels.shape[1] > 1
    ]
    unpacked = sum(pair.images.data_bytes + pair.labels.data_bytes for pair in pairs)
    count = sum(pair.images.shape[0] for pair in pairs if pair.images.shape)
    require_ratio(
        unpacked, count, size, str(path), "if these are images, do not pack them: numpy.savez(path, ...)"
    )
    # Labels are few and tell at once where there is nothing to learn.
    labels = [_labels(path, archive, pair.labels) for pair in pairs]
    if all(len(part.indices) for part in labels):
        merged(str(path), labels)
    needed = sum(pair.images.data_bytes for pair in pairs)
    require_memory(needed, str(path), "the images", "use a part of the data")
    raw = [
        RawPart(array_of(path, archive, pair.images), part, pair.part)
        for pair, part in zip(pairs, labels, strict=True)
    ]
    return raw, tuple(reading), tuple(findings)


def _pairs(
    path: Path, archive: zipfile.ZipFile, size: int, wanted: tuple[str, ...]
) -> tuple[list[_Pair], list[Diagnostic]]:
    """The pairs of images and labels, by the names of the arrays, known from their headers."""
    present = _Names(name for name in archive.namelist() if name.endswith(".npy"))
    pairs, findings = [], []
    for part, marks in _PART_MARKS:
        images, labels = present.first(wanted, marks), present.labels(marks)
        if images and labels:
            found = [header_of(path, archive, name, size) for name in (images, labels)]
            pairs.append(_Pair(found[0], found[1], part))
        elif part != TRAIN and (alone := images or labels):
            message = f"left out: `{alone.removesuffix('.npy')}` has no {'labels' if images else 'images'}"
            findings.append(Diagnostic("ND524", Severity.WARNING, message, path=str(path)))
    if not pairs:
        names = ", ".join(sorted(name.removesuffix(".npy") for name in present.names)) or "none"
        cure = "name the arrays `images` and `labels` (or x and y, or x_train, y_train, x_test, y_test)"
        message = f"found no images with labels among the arrays: {names}"[:300]
        if wanted is not _IMAGE_NAMES:
            message = f"found no array {wanted[0]} with labels among the arrays: {names}"[:300]
            cure = f"name the arrays like the inputs, `{wanted[0]}` or `{wanted[0]}_train`, and `labels`"
        raise Diagnosed(file_error("ND622", str(path), message, cure))
    return pairs, findings


def _class_names(
    path: Path, archive: zipfile.ZipFile, size: int
) -> tuple[tuple[str, list[str]] | None, tuple[Diagnostic, ...]]:
    """A list of names for the classes, text that is nobody's label, with what the archive calls it; and what
    was left out."""
    present = _Names(name for name in archive.namelist() if name.endswith(".npy"))
    labels = present.labels(_PART_MARKS[0][1])
    for word in _CLASS_NAMES:
        name = present.first((word,), ("",))
        if name is None or name == labels:
            continue
        try:
            member = header_of(path, archive, name, size)
        except Diagnosed as diagnosed:
            message = f"left out: {diagnosed.diagnostics[0].message}"
            return None, (Diagnostic("ND524", Severity.WARNING, message, path=str(path)),)
        if (
            member.dtype.kind in "US"
            and len(member.shape) == 1
            and 0 < member.data_bytes <= LARGEST_NAMES_BYTES
        ):
            values = array_of(path, archive, member).tolist()
            texts = [
                value.decode("utf-8", "surrogateescape") if member.dtype.kind == "S" else value
                for value in values
            ]
            return (member.name, [writable(text).strip() for text in texts]), ()
    return None, ()


def _named(dataset: Dataset, array: str, names: list[str]) -> Dataset:
    if len(set(names)) < len(names) == dataset.images:
        return dataset  # a text for each image, and no list of classes
    if not only_numbered(dataset):
        return dataset  # the labels are names
    return with_names(dataset, dict(enumerate(names)), dataset.name, f"the array `{array}`")


class _Names:
    """The names of an archive's arrays in any usual spelling: ``x_train``, ``trainX``, ``Train-Images``."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._by_key: dict[str, str] = {}
        for name in self.names:
            self._by_key.setdefault(self._key(name.removesuffix(".npy")), name)

    @staticmethod
    def _key(name: str) -> str:
        return "".join(letter for letter in name.lower() if letter.isalnum())

    def first(self, names: tuple[str, ...], marks: tuple[str, ...]) -> str | None:
        """The archive's name for the first usual spelling that it holds."""
        for mark in marks:
            for name in map(self._key, names):
                for key in (name + mark, mark + name):
                    if key in self._by_key:
                        return self._by_key[key]
        return None

    def labels(self, marks: tuple[str, ...]) -> str | None:
        return self.first(_LABEL_NAMES, marks) or self.first(_LAST_LABEL_NAME, marks)


def _labels(path: Path, archive: zipfile.ZipFile, member: Member) -> Labels:
    needed = member.data_bytes * 3 + _LABEL_BYTES * prod(member.shape)
    require_memory(needed, str(path), "the labels", "use a part of the data")
    return labels_of(str(path), array_of(path, archive, member))
