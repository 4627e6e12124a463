"""One line of a recipe, read from left to right."""

from __future__ import annotations

import re
from collections.abc import Container
from math import isfinite
from re import Pattern

from netdsl.source import Span
from netdsl.spelling import did_you_mean
from netdsl.syntax import tree

_BLANK = re.compile(r"[ \t\r\f\u00a0]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*")
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:e[+-]?[0-9]+)?(?![A-Za-z0-9_])", re.IGNORECASE)
_COUNT = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+(?![A-Za-z0-9_]|\.(?!\.))")
_TEXT = re.compile(r'"([^"\n]*)"|“([^”\n]*)”|([^\s"]+)')
_LAYER = re.compile(r'"([^"\n]*)"|“([^”\n]*)”|([A-Za-z_*][A-Za-z0-9_*]*)')
_ITEM = re.compile(r'"([^"\n]*)"|“([^”\n]*)”|([^\s",]+)')
_PHRASE = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:(?:[ \t\f\u00a0]+|[_-])[A-Za-z][A-Za-z0-9]*){0,2}(?![A-Za-z0-9_-])"
)
_ANYTHING = re.compile(r"\S{1,60}")

LENGTH_LIMIT = 40
"""Characters of a number."""

LARGEST_COUNT = 2**31 - 1


def plain_phrase(text: str) -> str:
    """What words are compared by: ``batch_size``, ``Batch-Size`` and ``batch size`` are one."""
    return " ".join(re.split(r"[ \t\f\u00a0_-]+", text.strip())).lower()


class EntryError(Exception):
    """An entry that cannot be read."""

    def __init__(
        self,
        code: str,
        message: str,
        span: Span,
        *cures: str,
        label: str = "",
        meant: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.span, self.cures, self.label = code, message, span, cures, label
        self.meant = meant


class Line:
    """A text with an offset up to which it is read."""

    def __init__(self, written: tree.Word) -> None:
        self.text = written.text
        self._start = written.span.start
        self.offset = 0
        self.last = self.offset

    def at_end(self) -> bool:
        self._skip()
        return self.offset >= len(self.text)

    def since(self, start: int) -> Span:
        """From an offset to the end of what was read last."""
        return Span(self._start + start, self._start + max(self.last, start))

    def since_span(self, first: Span) -> Span:
        """From the beginning of a span to the end of what was read last."""
        return Span(first.start, max(self._start + self.last, first.end))

    def mark(self) -> tuple[int, int]:
        """What ``reset`` takes to come back here."""
        return self.offset, self.last

    def reset(self, mark: tuple[int, int]) -> None:
        self.offset, self.last = mark

    def rest(self) -> Span:
        """What comes next: a word, or whatever there is up to the next blank."""
        self._skip()
        found = _WORD.match(self.text, self.offset) or _ANYTHING.match(self.text, self.offset)
        end = found.end() if found else self.offset
        start = self.offset if found else self.last
        return Span(self._start + start, self._start + end)

    def shown(self) -> str:
        """What comes next, in a message."""
        span = self.rest()
        text = self.text[span.start - self._start : span.end - self._start]
        return f"not `{text[:40]}`" if text else "nothing follows"

    def _skip(self) -> None:
        found = _BLANK.match(self.text, self.offset)
        self.offset = found.end() if found else self.offset

    def _take(self, pattern: Pattern[str]) -> str | None:
        self._skip()
        found = pattern.match(self.text, self.offset)
        if found is None:
            return None
        self.offset = self.last = found.end()
        return next((group for group in found.groups() if group is not None), found.group())

    def word(self) -> str | None:
        """The next word in lower case; None where none is there."""
        word = self._take(_WORD)
        return word.lower() if word is not None else None

    def phrase(self, known: Container[str]) -> str | None:
        """The longest of the known words and runs of words that comes next, as ``plain_phrase`` has it;
        it is taken. None, and nothing taken, where there is none."""
        self._skip()
        end = len(self.text)
        while True:
            found = _PHRASE.match(self.text, self.offset, end)
            if found is None:
                return None
            following = self.text[found.end() : found.end() + 1]
            phrase = plain_phrase(found.group())
            if phrase in known and not (following.isalnum() or following in ("_", "-")):
                self.offset = self.last = found.end()
                return phrase
            shorter = re.split(r"[ \t\f\u00a0_-]+", found.group())[-1]
            end = found.end() - len(shorter)
            while end > self.offset and not self.text[end - 1].isalnum():
                end -= 1
            if end <= self.offset:
                return None

    def sign(self, *signs: str) -> bool:
        """Whether one of these signs or words comes next; it is taken then."""
        self._skip()
        for sign in signs:
            found = self.text[self.offset : self.offset + len(sign)].lower() == sign
            following = self.text[self.offset + len(sign) : self.offset + len(sign) + 1]
            if found and not (sign[-1].isalpha() and (following.isalnum() or following == "_")):
                self.offset += len(sign)
                self.last = self.offset
                return True
        return False

    def unit(self, *words: str) -> None:
        """A word such as `epochs` after a number; with a number after it, it is an entry."""
        mark = self.mark()
        if self.sign(*words) and self.peek_number():
            self.reset(mark)

    def text_value(self, what: str) -> str:
        """A name or path, in quotes where it has blanks."""
        value = self._take(_TEXT)
        if not value:
            raise EntryError("ND531", f"{what} is missing", self.rest())
        return value

    def layer(self) -> str:
        """The name of a layer, in quotes where it has blanks; `*` in it stands for anything."""
        name = self._take(_LAYER)
        if not name:
            cure = "use the names in the table, separated by commas"
            raise EntryError("ND531", "the name of a layer is missing", self.rest(), cure, label=self.shown())
        return name

    def item(self, what: str) -> str:
        """One name of a list with commas, in quotes where it has blanks or commas."""
        value = (self._take(_ITEM) or "").strip()
        if not value:
            raise EntryError("ND531", f"{what} is missing", self.rest())
        return value

    def choice(self, what: str, known: tuple[str, ...]) -> str:
        """One of a few words."""
        span = self.rest()
        word = self.word()
        if word in known:
            return word
        near = did_you_mean(word or "", known)
        shown = f"there is no {what} `{word[:40]}`" if word else f"the name of a {what} is missing"
        raise EntryError("ND531", shown, span, f"choose from {', '.join(known)}", meant=near)

    def number(self, what: str, low: float, high: float, *, above: bool = False) -> float:
        """A number within limits; ``above``: the lowest does not count itself."""
        span = self.rest()
        shown = self.shown()
        text = self._take(_NUMBER)
        value = float(text) if text is not None and len(text) <= LENGTH_LIMIT else None
        if value is None or not isfinite(value):
            raise EntryError("ND531", f"{what} is a number", span, label=shown)
        if not (low < value if above else low <= value) or value > high:
            limits = [f"above {low:g}" if above else f"at least {low:g}"] if low > -1e9 else []
            limits += [f"at most {high:g}"] if high < 1e9 else []
            raise EntryError("ND531", f"{what} is {' and '.join(limits)}", span, label=shown)
        return value

    def count(self, what: str, least: int = 1, most: float | None = None) -> int:
        """A whole number."""
        span = self.rest()
        shown = self.shown()
        text = self._take(_COUNT)
        value = int(text.replace(",", "")) if text is not None and len(text) <= LENGTH_LIMIT else None
        if value is None or not least <= value <= (LARGEST_COUNT if most is None else most):
            limits = f"of {least} or more" if most is None else f"from {least} to {most:,.0f}"
            raise EntryError("ND531", f"{what} is a whole number {limits}", span, label=shown)
        return value

    def peek_number(self) -> bool:
        self._skip()
        return _NUMBER.match(self.text, self.offset) is not None
