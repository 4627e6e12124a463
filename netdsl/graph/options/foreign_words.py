"""The words of other programs in one layer, in ours: one finding for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from netdsl.diagnostics import Edit, Findings
from netdsl.graph.expressions.values import Item, Items, Value
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option
from netdsl.layers.registry import kind_named
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.foreign_words import FALSE, TRUE, Needless, Renamed, Switched, foreign_answers

ValueOf = Callable[[Item | None], Value | None]
_WORDS = 4
"""Words of a layer that are named; more are counted."""

_LONGEST = 90
"""Characters of the options that are written out."""

_REASONS = 3
"""Reasons that are given beside the rewritten options."""


class _Answered(NamedTuple):
    """One foreign word with its value: its place, our text in its place (None where that is not all that
    it takes), and what is said of it."""

    word: str
    span: Span
    meant: str | None
    said: str


class ForeignLayer:
    """Collects what a layer says in the words of other programs."""

    def __init__(
        self,
        kind: type[Layer],
        items: Items,
        value_of: ValueOf,
        excerpt: Callable[[Span], str],
    ) -> None:
        self.kind = kind
        self.excerpt = excerpt
        self.items = items
        self.value_of = value_of
        self.answered: list[_Answered] = []

    def take(self, index: int, is_own: Callable[[tree.Word], bool]) -> int | None:
        """Read the word at ``index``, with its value; the place behind both, or None where the word is no
        option of another program. ``is_own`` tells the words that mean something to the kind."""
        word = self.items[index]
        assert isinstance(word, tree.Word)
        end = self._behind_marks(index + 1)
        value = self.items[end] if end < len(self.items) else None
        if word.text.lower() == "activation" and isinstance(value, tree.Word):
            return end + 1 if self._activation(word, value) else None
        answer = self._answer(word.text)
        if answer is None:
            return None
        named = isinstance(value, tree.Word) and (
            _is_switch(value) or end > index + 1 or not (is_own(value) or foreign_answers(value.text))
        )
        valued = value is not None and (named or self.value_of(value) is not None)
        span = word.span.to(value.span) if valued and value is not None else word.span
        if isinstance(answer, Option) and not valued and _text(value).lower() in answer.words:
            self._add(word, span, "", f"leave `{word.text}` out")
        elif isinstance(answer, Option):
            self._add(word, span, answer.words[0] + self.excerpt(Span(word.span.end, span.end)), "")
        elif isinstance(answer, Needless):
            self._add(word, span, "", f"leave `{word.text}` out: {answer.why}")
        elif isinstance(answer, Switched):
            off = valued and _text(value).lower() in FALSE
            self._add(word, span, answer.off if off else answer.on, "")
        else:
            self._add(word, span, None, answer.cure)
        return end + 1 if valued else index + 1

    def flag(self, option: Option[Any], index: int) -> int | None:
        """``bias=False``: an own switch before ``index`` with another program's word behind it; the place
        behind that, or None where there is none."""
        end = self._behind_marks(index)
        value = self.items[end] if end < len(self.items) else None
        if not isinstance(value, tree.Word) or value.text.lower() not in ("true", "false"):
            return None
        word = option.words[0]
        on = value.text.lower() == "true"
        meant = ("" if option.default else word) if on else (f"no {word}" if option.default else "")
        self._add(value, self.items[index - 1].span.to(value.span), meant, "")
        return end + 1

    def _behind_marks(self, index: int) -> int:
        while index < len(self.items) and _text(self.items[index]) in ("=", ":"):
            index += 1
        return index

    def _add(self, word: tree.Word, span: Span, meant: str | None, said: str) -> None:
        self.answered.append(_Answered(word.text, span, meant, said))

    def _answer(self, word: str) -> Any:
        options = self.kind.options()
        for answer in foreign_answers(word):
            if isinstance(answer, Renamed):
                found = next((options[name] for name in answer.options if name in options), None)
                if found is not None:
                    return found
            elif isinstance(answer, Needless) or not answer.option or answer.option in options:
                return answer
        return None

    def _activation(self, word: tree.Word, value: tree.Word) -> bool:
        kind, span = kind_named(value.text), word.span.to(value.span)
        if kind is not None and kind.is_activation:
            self._add(word, span, None, f"chain the activation after the layer: ` - {kind.keyword}`")
        elif value.text.lower() in ("linear", "none", "identity"):
            self._add(word, span, "", "a layer has no activation unless one is written")
        else:
            return False
        return True

    def report(self, findings: Findings) -> None:
        """One finding for all words of the layer, with what to write in their place."""
        if not self.answered:
            return
        words = [f"`{answered.word}`" for answered in self.answered]
        if len(words) > _WORDS:
            words = [*words[: _WORDS - 1], f"{len(words) - _WORDS + 1} more"]
        named = " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
        noun = "options" if len(words) > 1 else "option"
        first, last = self.answered[0].span, self.answered[-1].span
        help = list(dict.fromkeys(answered.said for answered in self.answered if answered.said))[:_REASONS]
        fix = self._rewritten()
        if fix is not None and fix.replacement.strip(" ,"):
            meant = fix.replacement.strip(" ,")
            help.insert(0, f"write `{meant if len(meant) <= _LONGEST else meant[:_LONGEST] + '…'}`")
        elif fix is not None and not help:
            help = ["leave it out: that is the default"]
        findings.add(
            "ND202",
            f"{self.kind.keyword} has no {noun} {named}",
            first.to(last),
            help=tuple(help),
            fix=fix,
            cause=f"{self.kind.keyword} {named}",
        )

    def _rewritten(self) -> Edit | None:
        """Our words in the place of all of them; None where a word is not simply replaced."""
        pieces: list[str] = []
        start = end = self.answered[0].span.start
        for answered in self.answered:
            if answered.meant is None:
                return None
            pieces += [self.excerpt(Span(end, answered.span.start)), answered.meant]
            end = answered.span.end
        joined = _tidy("".join(pieces))
        if not joined:  # with the blank or the comma before it
            before = self.excerpt(Span(max(0, start - 3), start))
            start -= len(before) - len(before.rstrip(" ,\t"))
        return Edit(Span(start, end), joined)


def _tidy(text: str) -> str:
    """Without what deleted words leave: blanks, and commas between nothing."""
    parts = [" ".join(part.split()) for part in text.split(",")]
    return ", ".join(part for part in parts if part)


def _is_switch(item: Item | None) -> bool:
    return isinstance(item, tree.Word) and item.text.lower() in TRUE | FALSE


def _text(item: Item | None) -> str:
    return item.text if isinstance(item, tree.Word | tree.Mark) else ""
