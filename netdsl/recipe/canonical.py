"""Lines of a recipe with the canonical names of what they say: ``rate 0.1`` for ``Learning rate: 0.1``."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.recipe.entries import SHARED, chosen_kinds, entries, entry_phrases, setting_phrases
from netdsl.recipe.line import EntryError, Line
from netdsl.recipe.own_lines import OwnLines
from netdsl.source import Source, Span
from netdsl.syntax import tree

_COMPONENTS = ("optimizer", "loss", "schedule")
"""Entries whose values are words of the recipe, and nothing of the reader's own."""

_LONGEST = 10_000


class _Said(NamedTuple):
    """A line in canonical words, and what it says."""

    text: str
    values: dict[str, str]
    settings: list[tuple[str, str, Any]]


def canonical_line(text: str) -> str:
    """The line with canonical names; as it is where it cannot be read, or would say something else."""
    if len(text) > _LONGEST:
        return text
    try:
        said = _read(text)
        again = _read(said.text)
    except EntryError:
        return text
    alike = " ".join(said.text.split()) == " ".join(text.split())  # columns stay as they are laid out
    return said.text if again[1:] == said[1:] and not alike else text


def _read(text: str) -> _Said:
    """Raises EntryError."""
    line = Line(tree.Word(text, Span(0, len(text))))
    own, findings = OwnLines(), Findings(Source("", text))
    pieces: list[str] = []
    values: dict[str, str] = {}
    while not line.at_end():
        if line.sign(","):
            pieces[-1:] = [f"{pieces[-1]},"] if pieces else []
            continue
        start = line.offset
        if own.read(line, findings):
            pieces.append(_with_canonical_settings(text[start : line.last]))
            continue
        name = entry_phrases().get(line.phrase(entry_phrases()) or "")
        if name is None or name in values:
            raise EntryError("ND530", "an entry of the recipe begins with its name", line.rest())
        line.sign("=", ":")
        line.at_end()
        begin = line.offset
        entry = entries()[name]
        values[name] = entry.text(entry.read(line))
        written = text[begin : line.last]
        if name in _COMPONENTS:
            written = _with_canonical_settings(written.lower())
        pieces.append(f"{name} {written}".rstrip())
    return _Said(" ".join(pieces), values, own.given())


def _with_canonical_settings(value: str) -> str:
    """``adam rate 0.001`` of ``adam lr=0.001``."""
    written = _names()
    return _settings().sub(lambda found: f"{found[1]}{written[_plain(found[2])]} ", value).rstrip()


def _names() -> dict[str, str]:
    found = {}
    for phrase, (owner, option) in setting_phrases().items():
        kinds = (kind.options() for kind in chosen_kinds(owner))
        word = next(options[option].words[0] for options in kinds if option in options)
        if word not in SHARED:
            found[phrase] = word
    return found


def _settings() -> re.Pattern[str]:
    names = sorted(_names(), key=len, reverse=True)
    choices = "|".join(re.escape(name).replace(r"\ ", r"[ \t_-]+") for name in names)
    return re.compile(rf"(^|[\s,])({choices})(?:\s*[=:]\s*|\s+)(?=[\d.{{])", re.IGNORECASE)


def _plain(phrase: str) -> str:
    return " ".join(re.split(r"[ \t_-]+", phrase.strip())).lower()
