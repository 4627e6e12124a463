"""Finds the layer kinds: every file of this package that defines one, by its names.

Adding a layer is adding a file; nothing here or elsewhere lists them. Importing them all takes
longer than checking a network, so the names are read off the files' text and only the kinds that a
network uses are imported; a test compares the text with the classes.
"""

from __future__ import annotations

import importlib
import os
import re
from functools import cache
from typing import NamedTuple

from netdsl.layers.layer import Layer

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_KEYWORD = re.compile(r'^    keyword = "([^"]+)"$', re.MULTILINE)
_SPELLINGS = re.compile(r"^    spellings = \(([^)]*)\)$", re.MULTILINE)


@cache
def modules_by_name() -> dict[str, str]:
    """Every name of a layer kind in capitals to the module that defines it."""
    found: dict[str, str] = {}
    for file in sorted(os.listdir(_FOLDER)):
        if not file.endswith(".py"):
            continue
        with open(os.path.join(_FOLDER, file), encoding="utf-8") as source:
            text = source.read()
        # Finding the line first is many times faster than a pattern tried at every line.
        start = text.find('\n    keyword = "')
        keyword = _KEYWORD.match(text, start + 1) if start >= 0 else None
        if keyword is None:
            continue
        start = text.find("\n    spellings = (", start)
        spellings = _SPELLINGS.match(text, start + 1) if start >= 0 else None
        names = [keyword[1], *re.findall(r'"([^"]+)"', spellings[1] if spellings else "")]
        for name in names:
            if name in found:
                raise TypeError(f"{name} names a layer of {found[name]} and of {file[:-3]}")
            found[name] = file[:-3]
    return found


_SHORT = re.compile(r'^    short_for = \("([^"]+)", "([^"]+)"\)$', re.MULTILINE)
_STEPPING = re.compile(r"^    steps_by_kernel = \(([^)]*)\)$", re.MULTILINE)
_IMPLIED = re.compile(r"^    implied_by = \(([^)]*)\)$", re.MULTILINE)


class _Declared(NamedTuple):
    """What the files of the kinds declare as ``short_for``, ``implied_by`` and ``alone``, with their
    modules; read off their text, as names are."""

    short: dict[str, tuple[str, str]]
    implied: dict[str, str]
    alone: frozenset[str]
    stepping: frozenset[str]


@cache
def _declared() -> _Declared:
    short: dict[str, tuple[str, str]] = {}
    implied: dict[str, str] = {}
    alone: set[str] = set()
    stepping: set[str] = set()
    for module in dict.fromkeys(modules_by_name().values()):
        with open(os.path.join(_FOLDER, f"{module}.py"), encoding="utf-8") as source:
            text = source.read()
        short |= {name: (module, option) for name, option in _SHORT.findall(text)}
        for found in _IMPLIED.findall(text):
            implied |= dict.fromkeys(re.findall(r'"([^"]+)"', found), module)
        if "\n    alone = (" in text:
            alone.add(module)
        for found in _STEPPING.findall(text):
            for name in re.findall(r'"([^"]+)"', found):
                stepping |= {name.replace("-", "").upper(), name.partition("-")[0].upper()}
    names = (name.split()[0] for name, module in modules_by_name().items() if module in alone)
    return _Declared(short, implied, frozenset(names), frozenset(stepping))


def short_name(name: str) -> tuple[type[Layer], str] | None:
    """The kind and the option that a name such as ``gap`` means together."""
    found = _declared().short.get(plain_name(name))
    return None if found is None else (_kind_in(found[0]), found[1])


def short_names() -> frozenset[str]:
    """All names that mean a kind with an option, in capitals."""
    return frozenset(_declared().short)


def names_alone() -> frozenset[str]:
    """The first words of the kinds that papers write without any option."""
    return _declared().alone


def names_stepping() -> frozenset[str]:
    """The first words of names that may mean a stride of the kernel: UPCONV and UP."""
    return _declared().stepping


def implied_kind(noun: str) -> type[Layer] | None:
    """The kind that a noun means where no kind is written."""
    module = _declared().implied.get(noun.lower())
    return None if module is None else _kind_in(module)


@cache
def _kind_in(module: str) -> type[Layer]:
    """The layer class that a module of this package defines."""
    loaded = importlib.import_module(f"netdsl.layers.{module}")
    own = (value for value in vars(loaded).values() if isinstance(value, type) and issubclass(value, Layer))
    for value in own:
        if value.__module__ == loaded.__name__ and "keyword" in value.__dict__:
            return value
    raise TypeError(f"netdsl.layers.{module} defines no layer")


def plain_name(name: str) -> str:
    """What names of kinds are compared by: case, underscores and runs of blanks do not matter."""
    try:
        return _plain[name]
    except KeyError:
        plain = " ".join(name.replace("_", " ").upper().split())
        if len(name) <= _WORD_LENGTH and len(_plain) < _WORDS:
            _plain[name] = plain
        return plain


_WORD_LENGTH, _WORDS = 40, 4096
"""Words of so many characters are kept, and so many of them: the same ones are in every line."""

_plain: dict[str, str] = {}
_named: dict[str, type[Layer] | None] = {}


def kind_named(name: str) -> type[Layer] | None:
    """The class that a name means, in any of its spellings."""
    try:
        return _named[name]
    except KeyError:
        module = modules_by_name().get(plain_name(name))
        kind = None if module is None else _kind_in(module)
        if len(name) <= _WORD_LENGTH and len(_named) < _WORDS:
            _named[name] = kind
        return kind


def keywords_meant(name: str) -> frozenset[str]:
    """The canonical names that a word of a pattern means: its own where it is one, else those of
    which it is a spelling or the last word, as POOL is of MAX POOL and AVG POOL."""
    word = plain_name(name)
    keywords = _keywords()
    if word in keywords.values():
        joining = _kind_in(modules_by_name()[word]).joining
        return frozenset((word, joining) if joining else (word,))
    found = {keyword for keyword in keywords.values() if keyword.endswith(f" {word}")}
    module = modules_by_name().get(word)
    return frozenset(found | ({keywords[module]} if module else set()))


@cache
def _keywords() -> dict[str, str]:
    """The canonical name of each module's layer: the first that its text gives."""
    found: dict[str, str] = {}
    for name, module in modules_by_name().items():
        found.setdefault(module, name)
    return found


@cache
def kinds() -> dict[str, type[Layer]]:
    """Every name in capitals to its class, all imported."""
    return {name: _kind_in(module) for name, module in modules_by_name().items()}


@cache
def all_kinds() -> tuple[type[Layer], ...]:
    """Each layer class once, in order of canonical name."""
    return tuple(sorted(set(kinds().values()), key=lambda kind: kind.keyword))
