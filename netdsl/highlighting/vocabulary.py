"""All words of the language, read off the kinds of layers, the recipe and the dialects."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from netdsl.graph.options.assignment import FILLERS
from netdsl.graph.options.paddings import PADDINGS
from netdsl.graph.statements.expectations import SUBJECTS
from netdsl.layers.dialect import DIALECTS
from netdsl.layers.option import OptionType
from netdsl.layers.registry import all_kinds, kinds, short_names
from netdsl.recipe.entries import entries
from netdsl.reports.as_component import components


class Vocabulary(NamedTuple):
    """Words in lower case; several words of one name have single blanks between them. ``statements`` begin a
    line, ``clauses`` come before a brace, ``branches`` for a branch; ``fillers`` say nothing."""

    statements: tuple[str, ...]
    clauses: tuple[str, ...]
    branches: tuple[str, ...]
    kinds: tuple[str, ...]
    options: tuple[str, ...]
    values: tuple[str, ...]
    fillers: tuple[str, ...]
    dialects: tuple[str, ...]
    subjects: tuple[str, ...]
    entries: tuple[str, ...]
    components: tuple[str, ...]
    settings: tuple[str, ...]


STATEMENTS = ("net", "dialect", "use", "let", "block", "train", "default", "expect")
CLAUSES = ("where", "table")
BRANCHES = ("skip", "project")


@cache
def vocabulary() -> Vocabulary:
    """The words of this version of the language."""
    options = [option for kind in all_kinds() for option in kind.options().values()]
    words = {word.lower() for option in options for word in option.words}
    values = {choice.lower() for option in options for choice in (*option.choices, *option.tables)}
    fillers = {filler.lower() for kind in all_kinds() for filler in kind.fillers} | {*FILLERS}
    named = [kind for found in components().values() for kind in found.values()]
    settings = [option for kind in named for option in kind.options().values()]
    return Vocabulary(
        STATEMENTS,
        CLAUSES,
        BRANCHES,
        _ordered({name.lower() for name in (*kinds(), *short_names())}),
        _ordered(words | {"no", "without"}),
        _ordered((values | {*PADDINGS, "zero"}) - words),
        _ordered(fillers - words - values),
        tuple(DIALECTS),
        _ordered(SUBJECTS),
        _ordered({name for entry in entries().values() for name in (entry.name, *entry.spellings)}),
        _ordered({name for kind in named for name in (kind.name, *kind.spellings)}),
        _ordered(
            {word for option in settings for word in option.words}
            | {choice for option in settings if option.type is OptionType.WORD for choice in option.choices}
        ),
    )


def _ordered(words: Iterable[str]) -> tuple[str, ...]:
    """Longer words first, so that no pattern takes a part of one; those of a length by the alphabet."""
    return tuple(sorted((word for word in words if word), key=lambda word: (-len(word), word)))


def one_of(words: Iterable[str]) -> str:
    """A pattern for words, whatever their case: as Python, Oniguruma and PCRE read it. A blank in a name is
    one blank or more, or an underscore."""
    return "(?i:" + "|".join(re.escape(word).replace(r"\ ", "[ \\t_]+") for word in words) + ")"
