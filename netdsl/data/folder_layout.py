"""Which pictures of a folder belong to which class, and to which part of the data.

``FOLDER/cat/1.png`` is a picture of a cat; what is deeper below ``cat`` is one too. Folders with
the usual names of parts, ``train`` and ``val`` and ``test`` in any spelling, hold class folders of
their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from netdsl.data.dataset import PART_NAMES, PART_WORDS, TEST, TRAIN, VALIDATION
from netdsl.data.pictures import SUFFIXES
from netdsl.diagnostics import Diagnostic, Severity
from netdsl.opening import writable

_PARTS = {**PART_WORDS, "dev": VALIDATION}
_DEEPEST = 16
"""Folders within folders that are looked into."""

_MOST_SHOWN = 5


class Picture(NamedTuple):
    """``label`` is the name of the class folder as the system has it."""

    path: Path
    label: str
    part: int


class Layout(NamedTuple):
    """All pictures in order of part, class and name, so that the order is the same everywhere."""

    pictures: list[Picture]
    parts: tuple[str, ...]
    """The folders that are parts of the data, as they are called; none where it is not divided."""
    findings: tuple[Diagnostic, ...]


class _Folder(NamedTuple):
    path: Path
    folders: tuple[Path, ...]
    pictures: tuple[Path, ...]
    others: Counter[str]
    """Endings of files that are no pictures by their names."""


def layout_of(root: Path) -> Layout:
    """The pictures of a folder of class folders, perhaps in parts, perhaps within a single folder."""
    top = _listed(root)
    for _ in range(_DEEPEST):
        if len(top.folders) != 1 or top.pictures:
            break
        inner = _listed(top.folders[0])
        if inner.pictures or not inner.folders:
            break
        if _part_of(inner.path.name) is not None and not any(map(_part_name, inner.folders)):
            break  # the only part
        top = inner
    parts, classes = _divided(top)
    left_out: list[str] = []
    others: Counter[str] = Counter()
    pictures = _of_classes(classes, TRAIN, left_out, others)
    for folder, part in parts.items():
        listed = _unwrapped(_listed(folder))
        if listed.pictures:
            left_out.append(_plural(len(listed.pictures), "image", f"of no class directly in {folder.name}"))
        pictures += _of_classes(listed.folders, part, left_out, others)
    for folder in top.folders:
        if folder not in parts and folder not in classes and _holds_pictures(folder):
            left_out.append(f"the images in {folder.name}, which is neither a class nor a part with classes")
    pictures.sort(key=lambda picture: picture.part)
    findings = _of_left_out(root, left_out, others)
    findings += _unlike_parts(root, pictures)
    return Layout(pictures, tuple(path.name for path in parts), tuple(findings))


class PicturesBelow:
    """All pictures in a folder and in the folders within it, found as they are asked for.

    ``findings``, once all were, are warnings about what was left out.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._left_out: list[str] = []
        self._others: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Path]:
        return _walk(self._root, self._left_out, self._others)

    @property
    def findings(self) -> list[Diagnostic]:
        return _of_left_out(self._root, self._left_out, self._others)


def _of_left_out(root: Path, left_out: list[str], others: Counter[str]) -> list[Diagnostic]:
    """Warnings about folders that were left out, and files that are no pictures by their names."""
    words = left_out[:_MOST_SHOWN]
    if others:
        endings = ", ".join(ending or "none" for ending, _ in others.most_common(_MOST_SHOWN))
        words.append(_plural(others.total(), "file", f"not named like an image ({endings})"))
    return [_warning("ND524", root, f"left out: {text}") for text in words]


def _plural(count: int, noun: str, rest: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'} {rest}"


def _warning(code: str, root: Path, message: str, *cures: str) -> Diagnostic:
    return Diagnostic(code, Severity.WARNING, message, help=cures, path=str(root))


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) or name.lower() in ("thumbs.db", "desktop.ini")


def _listed(path: Path) -> _Folder:
    folders, pictures, others = [], [], Counter[str]()
    for entry in sorted(path.iterdir()):
        if _is_hidden(entry.name):
            continue
        if entry.is_dir():
            folders.append(entry)
        elif entry.suffix.lower() in SUFFIXES:
            pictures.append(entry)
        else:
            others[entry.suffix.lower()] += 1
    return _Folder(path, tuple(folders), tuple(pictures), others)


def _part_name(path: Path) -> bool:
    return _part_of(path.name) is not None


def _part_of(name: str) -> int | None:
    """The part that a folder's name means: ``Training``, ``test_set``, ``seg_train``; None for no part."""
    words = [word for word in re.split(r"[\W_]+", name.lower()) if word]
    found = {_PARTS[word] for word in words if word in _PARTS}
    return found.pop() if len(found) == 1 else None


def _holds_classes(path: Path) -> bool:
    return any(
        next(_walk(folder, [], Counter()), None) is not None for folder in _unwrapped(_listed(path)).folders
    )


def _unwrapped(folder: _Folder) -> _Folder:
    """What is in a folder, or in the one of the same meaning within it: ``test_set/test_set/cats``."""
    if len(folder.folders) == 1 and not folder.pictures:
        part = _part_of(folder.path.name)
        if part is not None and part == _part_of(folder.folders[0].name):
            return _listed(folder.folders[0])
    return folder


def _divided(top: _Folder) -> tuple[dict[Path, int], tuple[Path, ...]]:
    """The folders that are parts with their part, and the class folders beside them.

    A folder is a part if it is called like one and holds class folders. Among folders that are classes,
    a name of several words, such as ``crash_test``, may be a class too, and so may ``train``: they are
    parts if they hold folders of the same names.
    """
    found = {path: _part_of(path.name) for path in top.folders}
    parts = {path: part for path, part in found.items() if part is not None and _holds_classes(path)}
    classes = [path for path, part in found.items() if part is None and _holds_pictures(path)]
    if classes and not _alike(parts):
        parts = {path: part for path, part in parts.items() if path.name.lower() in _PARTS}
    if TRAIN in parts.values() and (len(parts) > 1 or not classes):
        return parts, ()
    names = {path.name for path in top.folders if path not in parts}
    if parts and TRAIN not in parts.values() and (not classes or _class_names(parts) <= names):
        return parts, tuple(path for path in top.folders if path not in parts)
    return {}, top.folders


def _alike(parts: dict[Path, int]) -> bool:
    """Whether several parts hold folders of the same names."""
    names = [_class_names([path]) for path in parts]
    return len(names) > 1 and all(first & second for first, second in pairwise(names))


def _class_names(parts: Iterable[Path]) -> set[str]:
    return {folder.name for path in parts for folder in _unwrapped(_listed(path)).folders}


def _holds_pictures(path: Path) -> bool:
    return next(_walk(path, [], Counter()), None) is not None


def _of_classes(
    folders: tuple[Path, ...], part: int, left_out: list[str], others: Counter[str]
) -> list[Picture]:
    pictures: list[Picture] = []
    empty: list[str] = []
    for folder in folders:
        before = len(pictures)
        for inner, inner_part in _parts_within(folder).items() or [(folder, part)]:
            pictures += (Picture(path, folder.name, inner_part) for path in _walk(inner, left_out, others))
        if len(pictures) == before:
            empty.append(writable(folder.name))
    if empty and pictures:
        names = ", ".join(f"`{name}`" for name in empty[:_MOST_SHOWN])
        left_out.append(f"{_plural(len(empty), 'folder', 'without images')}, {names}")
    return pictures


def _parts_within(folder: Path) -> dict[Path, int]:
    """The parts below a class, ``cat/train/1.png`` and ``cat/test/2.png``; none where it is no such."""
    listed = _listed(folder)
    parts = {path: _PARTS[path.name.lower()] for path in listed.folders if path.name.lower() in _PARTS}
    whole = len(parts) == len(listed.folders) and not listed.pictures and TRAIN in parts.values()
    return parts if whole and len(parts) > 1 else {}


def _walk(folder: Path, left_out: list[str], others: Counter[str]) -> Iterator[Path]:
    """The pictures of a class: those of its folder in order, then those of the folders within it.

    Links to folders are followed for classes only: deeper ones may lead back to other classes.
    """
    waiting = [(folder, 0)]
    while waiting:
        path, depth = waiting.pop()
        listed = _listed(path)
        yield from listed.pictures
        others.update(listed.others)
        for inner in reversed(listed.folders):
            if inner.is_symlink() or depth == _DEEPEST:
                why = "a link to a folder" if inner.is_symlink() else f"more than {_DEEPEST} folders deep"
                left_out.append(f"{folder.name}/{inner.relative_to(folder)}, {why}")
            else:
                waiting.append((inner, depth + 1))


def _unlike_parts(root: Path, pictures: list[Picture]) -> list[Diagnostic]:
    """Warnings where a class that is trained lacks pictures in another part of the data."""
    classes: dict[int, set[str]] = {}
    for picture in pictures:
        classes.setdefault(picture.part, set()).add(picture.label)
    trained = classes.get(TRAIN, set())
    found = []
    for part in (VALIDATION, TEST):
        missing = sorted(trained - classes[part]) if part in classes else []
        if missing:
            names = ", ".join(f"`{writable(name)}`" for name in missing[:_MOST_SHOWN])
            more = f" and {len(missing) - _MOST_SHOWN} more" if len(missing) > _MOST_SHOWN else ""
            found.append(
                _warning(
                    "ND525",
                    root,
                    f"the {PART_NAMES[part]} part lacks {names}{more}, which the training part has",
                    "its accuracy says nothing about them; do they have other names there?",
                )
            )
    return found
