"""Names for layers: those that are written stay, the others are numbered by kind."""

from __future__ import annotations


class Names:
    """Hands out names that are unique in one network."""

    def __init__(self, written: set[str]) -> None:
        """``written`` are all labels of the file: no number is given that one of them has."""
        self._reserved = set(written)
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def labelled(self, label: str) -> str:
        """The label; with a number behind it where a repeated group brings it again."""
        if label not in self._taken:
            self._taken.add(label)
            return label
        return self._numbered(f"{label}_", 2)

    def of_kind(self, keyword: str, *, single: bool) -> str:
        """``CONV1``; the bare keyword for a kind that stands once."""
        if single and keyword not in self._taken:
            self._taken.add(keyword)
            return keyword
        return self._numbered(keyword, 1)

    def _numbered(self, stem: str, first: int) -> str:
        number = self._next.get(stem, first)
        while f"{stem}{number}" in self._taken or f"{stem}{number}" in self._reserved:
            number += 1
        self._next[stem] = number + 1
        name = f"{stem}{number}"
        self._taken.add(name)
        return name
