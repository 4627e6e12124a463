"""Which uses of a block, or which layers of a repeated group, one finding about their text shows in."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.source import Source, Span

_SHOWN = 3
COUNTED = 100
"""More uses than anyone counts."""

_LONGEST = 40
_LINE = 90
"""Characters of a list of places."""


class Use(NamedTuple):
    """A use of a block, at ``span``; ``outer`` is that of the block in whose text it stands.

    ``alone`` where no other use has the same text: then it goes without saying.
    """

    span: Span
    outer: Use | None
    alone: bool


class Shown:
    """Where a finding shows, as far as that is known."""

    def __init__(self, notes: tuple[str, ...]) -> None:
        self.notes = notes
        self._uses: dict[Use, None] = {}
        self._names: dict[str, None] = {}

    def add(self, use: Use | None, name: str) -> bool:
        """One more place; whether that changes what is said."""
        before = len(self._uses), len(self._names)
        if use is not None and len(self._uses) < COUNTED:
            self._uses[use] = None
        if name and len(self._names) < COUNTED:
            self._names[name] = None
        return before != (len(self._uses), len(self._names))

    def noted(self, source: Source) -> tuple[str, ...]:
        """The notes of the finding, and one on where it shows unless there is but one such place."""
        uses = [*self._uses]
        if len(uses) > 1 or any(not use.alone for use in uses):
            places = [_named(use, source) for use in uses[:_SHOWN]]
            while len(places) > 1 and len(_listed(places, len(uses))) > _LINE:
                places.pop()
            several = f"{len(uses)}{' or more' if len(uses) >= COUNTED else ''} uses of the block:"
            count = several if len(uses) > 1 else "the use"
            return (*self.notes, f"shows in {count} {_listed(places, len(uses))}")
        if len(self._names) > 1:
            others = [*self._names][1:]
            return (*self.notes, f"the same for {_listed(others[:_SHOWN], len(others))}")
        return self.notes


def _listed(shown: list[str], count: int) -> str:
    more = ["others"] if count >= COUNTED else [f"{count - len(shown)} more"] if count > len(shown) else []
    *first, last = [*shown, *more]
    return f"{', '.join(first)} and {last}" if first else last


def _named(use: Use, source: Source) -> str:
    """``B(8)`` in line 7; where that is in a block itself, the outermost use as well."""
    outermost = use
    while outermost.outer is not None:
        outermost = outermost.outer
    named = _at(use, source)
    return named if outermost is use or outermost.alone else f"{named}, from {_at(outermost, source)}"


def _at(use: Use, source: Source) -> str:
    text = " ".join(source.excerpt(use.span).split())
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    file, span = source.locate(use.span)
    line = file.position(span.start)[0]
    return f"`{shown}` in line {line}" + (f" of {file.name}" if file.name != source.name else "")
