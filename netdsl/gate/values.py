"""Reads the values of settings: what is none becomes a finding at its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.gate.selection import nearest_code, selector
from netdsl.gate.settings import Budget, Forbidden, Required
from netdsl.gate.value_spans import Path, Spans, spans_of_values
from netdsl.quantities import bytes_from_text, count_from_text
from netdsl.source import Source, Span

_KINDS = (
    (bool, "`true` or `false`"),
    (int, "a number"),
    (float, "a number"),
    (str, "text in quotes"),
    (list, "a list"),
    (dict, "a table"),
)
NONE = "none"
"""Takes a budget back."""


class Reading:
    """A file of settings, with the spans of its values and what is wrong with them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings = Findings(source)
        self._spans = spans_of_values(source.text)

    def spans(self, path: Path) -> Spans:
        nowhere = Span(0, 0)
        return self._spans.get(path, Spans(nowhere, nowhere))

    def origin(self, path: Path) -> str:
        """``netdsl.toml:4``."""
        return f"{self.source.name}:{self.source.position(self.spans(path).key.start)[0]}"

    def refuse(self, path: Path, message: str, *cures: str) -> None:
        """The value is none that the setting takes."""
        self.findings.add("ND684", message, self.spans(path).value, help=cures)

    def unknown(self, word: Word, noun: str, near: str | None, cure: str) -> None:
        """A word is none of those that there are; ``cure`` where nothing is ``near``."""
        message = f"there is no {noun} called `{word.text[:40]}`"
        meant = near if near is None or word.bare else f'"{near}"'
        self.findings.add("ND684", message, word.span, help=() if near else (cure,), meant=meant)

    def refuse_kind(self, path: Path, value: Any, wanted: str, *cures: str) -> None:
        found = next((words for kind, words in _KINDS if isinstance(value, kind)), "a date or a time")
        self.refuse(path, f"`{named(path)}` is {wanted}, not {found}", *cures)


def named(path: Path) -> str:
    """The setting that a value belongs to."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def switch(reading: Reading, path: Path, value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    reading.refuse_kind(path, value, "`true` or `false`")
    return None


def whole_number(reading: Reading, path: Path, value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        reading.refuse(path, f"`{named(path)}` is 0 or more")
    else:
        reading.refuse_kind(path, value, "a whole number")
    return None


class Word(NamedTuple):
    """A text of a setting; ``span`` is where its characters stand, or the whole value where these differ,
    and ``bare`` whether the span is without quotes."""

    path: Path
    text: str
    span: Span
    bare: bool


def words(reading: Reading, path: Path, value: Any, example: str, *, split: bool = False) -> list[Word]:
    """Text, or a list of texts; ``split`` at commas."""
    items = [((*path, number), item) for number, item in enumerate(value)] if isinstance(value, list) else []
    found = []
    for item_path, item in items if isinstance(value, list) else [(path, value)]:
        whole = reading.spans(item_path).value
        if not isinstance(item, str):
            reading.refuse_kind(item_path, item, f"text, or a list of texts such as {example}")
        elif split and "," in item:
            found += list(_parts(reading, item_path, item))
        else:
            found.append(Word(item_path, item, whole, False))
    return found


def _parts(reading: Reading, path: Path, item: str) -> Iterator[Word]:
    """``ND4, ND5``, each part where it stands."""
    whole = reading.spans(path).value
    exact = reading.source.excerpt(whole)[1:-1] == item
    start = 0
    for part in item.split(","):
        text = part.strip()
        begin = whole.start + 1 + start + len(part) - len(part.lstrip())
        start += len(part) + 1
        if text:
            yield Word(path, text, Span(begin, begin + len(text)) if exact else whole, exact)


def selectors(reading: Reading, path: Path, value: Any) -> tuple[str, ...]:
    """Codes and beginnings of codes."""
    found = []
    for word in words(reading, path, value, '["ND4", "ND313"]', split=True):
        known = selector(word.text)
        if known is not None:
            found.append(known)
            continue
        near = nearest_code(word.text)
        reading.unknown(
            word, "code", near, "`netdsl explain` lists the codes; `ND4` means all that begin with it"
        )
    return tuple(found)


def amount(reading: Reading, path: Path, value: Any, subject: str) -> Budget | None:
    """A budget, as people write it: ``5M``, ``5_000_000``, ``"2.5 MiB"``, or ``"none"``."""
    example = '"64 MiB"' if subject == "memory" else '"5M"'
    written = str(value)
    if isinstance(value, str):
        if value.strip().lower() == NONE:
            return Budget(subject, -1, NONE, reading.origin(path))
        plain = value.strip()
        most = bytes_from_text(plain) if subject == "memory" else count_from_text(plain.replace(" ", ""))
        if most is None:
            units = "B, KB, MB, GB and KiB, MiB, GiB" if subject == "memory" else "K, M, G and T"
            reading.refuse(
                path,
                f"`{value[:40]}` is not an amount of {subject}",
                f"write {example}; there are {units}, and `none` for no limit",
            )
            return None
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        reading.refuse_kind(path, value, f"an amount such as {example}")
        return None
    elif isinstance(value, float) and not value.is_integer():
        reading.refuse(path, f"`{named(path)}` is a whole number", f"write {example}")
        return None
    else:
        most, written = int(value), f"{int(value):,}"
    if most < 0:
        reading.refuse(path, f"`{named(path)}` is 0 or more", 'write "none" for no limit')
        return None
    return Budget(subject, most, written, reading.origin(path))


def kinds(reading: Reading, path: Path, value: Any) -> tuple[Forbidden, ...]:
    """Kinds of layers."""
    from netdsl.layers.registry import keywords_meant, modules_by_name

    found = []
    for word in words(reading, path, value, '["LOCAL", "NORM"]'):
        keywords = keywords_meant(word.text) if word.text.strip() else frozenset()
        if keywords:
            found.append(Forbidden(word.text.strip().upper(), keywords, reading.origin(word.path)))
            continue
        near = reading.findings.near(word.text, modules_by_name(), "kinds")
        cure = "`netdsl explain CONV` shows a kind"
        reading.unknown(word, "kind of layer", near.upper() if near else None, cure)
    return tuple(found)


def patterns(reading: Reading, path: Path, value: Any) -> tuple[Required, ...]:
    """Patterns, as `expect pattern` has them."""
    found = []
    for word in words(reading, path, value, '"[CONV - RELU]*N - FC"'):
        required = _pattern(reading, word.path, word.text)
        if required is not None:
            found.append(required)
    return tuple(found)


_EXPECT = "expect pattern "


def _pattern(reading: Reading, path: Path, written: str) -> Required | None:
    from netdsl.graph.layer_patterns import read_pattern
    from netdsl.syntax import tree
    from netdsl.syntax.parser import parse

    line = " ".join(written.split())
    source = Source("pattern", _EXPECT + line)
    parsed = parse(source)
    statements = parsed.file.statements if parsed.file is not None else ()
    findings = Findings(source)
    pattern = None
    if len(statements) == 1 and isinstance(statements[0], tree.ExpectPattern) and not parsed.diagnostics:
        pattern = read_pattern(statements[0], findings)
    if pattern is not None and not findings.found:
        return Required(pattern, reading.origin(path))
    wrong = [*parsed.diagnostics, *findings.found]
    if not wrong:
        reading.refuse(path, "this is not a pattern of layers", "write one, such as `[CONV - RELU]*N - FC`")
        return None
    span = wrong[0].primary.span if wrong[0].primary is not None else None
    within = _within(reading, path, line, span)
    help = wrong[0].help
    reading.findings.add("ND684", f"this pattern cannot be read: {wrong[0].message}", within, help=help)
    return None


def _within(reading: Reading, path: Path, line: str, span: Span | None) -> Span:
    """The span of a mistake of a pattern in the file: exact where the text stands there as it is."""
    whole = reading.spans(path).value
    shown = reading.source.excerpt(whole)
    start = shown.find(line)
    if span is None or not line or start < 0 or span.start < len(_EXPECT):
        return whole
    offset = whole.start + start - len(_EXPECT)
    last = whole.start + start + len(line)
    return Span(min(span.start + offset, last), max(min(span.end + offset, last), whole.start + start))


def one_of(reading: Reading, word: Word, known: Sequence[str], noun: str) -> str:
    """One of some words; empty where it is none of them."""
    plain = word.text.strip().lower()
    if plain in known:
        return plain
    near = reading.findings.near(plain, known, noun)
    reading.unknown(word, noun, near, f"there are {', '.join(known)}")
    return ""
