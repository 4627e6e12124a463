"""Names for layers: those that are written stay, the others are numbered by kind."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.syntax import tree

LABEL_LIMIT = 100
"""Characters of a label: a group may repeat it, and every layer has a name of its own."""


def label_of(words: Sequence[tree.Word]) -> str:
    """The label that words make, as far as it may go."""
    return " ".join(word.text[:LABEL_LIMIT] for word in words[:LABEL_LIMIT])[:LABEL_LIMIT]


def label_key(label: str) -> str:
    """What a label is compared by: ``@MAX_POOL1`` means the label ``MAX POOL1``."""
    return label.replace(" ", "_")


class Names:
    """Hands out names that are unique in one network."""

    def __init__(self, written: set[str]) -> None:
        """``written`` are all labels of the file: no number is given that one of them has."""
        self._reserved = {label_key(label) for label in written}
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def labelled(self, label: str) -> str:
        """The label; with a number behind it where a repeated group brings it again."""
        key = label_key(label)
        if key not in self._taken:
            self._taken.add(key)
            return label
        return self._numbered(f"{label}_", 2)

    def of_kind(self, keyword: str, *, single: bool) -> str:
        """``CONV1``; the bare keyword for a kind that stands once."""
        if single and keyword not in self._taken and keyword not in self._reserved:
            self._taken.add(keyword)
            return keyword
        return self._numbered(keyword, 1)

    def _numbered(self, stem: str, first: int) -> str:
        key = label_key(stem)  # labels that differ in blanks alone share their numbers
        number = self._next.get(key, first)
        name = f"{key}{number}"
        while name in self._taken or name in self._reserved:
            number += 1
            name = f"{key}{number}"
        self._next[key] = number + 1
        self._taken.add(name)
        return name if stem == key else f"{stem}{number}"
