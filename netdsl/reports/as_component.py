"""Renders what a recipe can name: its entries, and each optimizer, loss, schedule, augmentation."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from netdsl.augmentations import augmentations
from netdsl.initializers import initializer_kinds
from netdsl.layers.option import Option, OptionType
from netdsl.losses import loss_kinds
from netdsl.optimizers import optimizers
from netdsl.recipe.component import Component, option_text
from netdsl.recipe.entries import Entry, entries, entry_phrases, flag_phrases, setting_phrases
from netdsl.recipe.line import plain_phrase
from netdsl.schedules import schedules


def components() -> dict[str, dict[str, type[Component]]]:
    """Every component by name, by the entry that names it."""
    return {
        "loss": {**loss_kinds()},
        "optimizer": {**optimizers()},
        "schedule": {**schedules()},
        "init": {**initializer_kinds()},
        "augment": {**augmentations()},
    }


def subjects(name: str) -> list[str]:
    """What a recipe means by a word, explained: an entry, components; empty where it means nothing."""
    word = name.lower().replace("_", "-")
    phrase = plain_phrase(name)
    found = [entry_as_text(entries()[entry_phrases()[phrase]])] if phrase in entry_phrases() else []
    settings = setting_phrases() | flag_phrases()
    if phrase in settings:
        found.append(_setting_as_text(*settings[phrase]))
    for owner, kinds in components().items():
        found += [
            component_as_text(owner, kind)
            for kind in kinds.values()
            if word == kind.name or word in kind.spellings
        ]
    return found


def entry_as_text(entry: Entry) -> str:
    """What an entry takes, its default, and what it can name; ends in a line break."""
    other = f", also {', '.join(entry.spellings)}" if entry.spellings else ""
    lines = [
        f"{entry.name}, an entry of the recipe{other}",
        f"{entry.sentence}.",
        "",
        f"  {entry.name} {entry.syntax}",
    ]
    lines.append(f"  by default {entry.default_text}" if entry.default_text else "  nothing by default")
    known = components().get(entry.name, {})
    if known:
        width = max(map(len, known))
        lines += ["", *(f"  {name:<{width}}  {_head(kind)}" for name, kind in known.items())]
    return "\n".join(lines) + "\n"


def _setting_as_text(owner: str, name: str) -> str:
    """A setting that may have its own line, and what has it; ends in a line break."""
    having = {
        kind.name: kind.options()[name] for kind in components()[owner].values() if name in kind.options()
    }
    option = next(iter(having.values()))
    first = option.words[0]
    others = f", also {', '.join(option.words[1:])}" if option.words[1:] else ""
    shared = "" if len(having) == len(components()[owner]) else f" ({', '.join(having)})"
    value = "" if option.type is OptionType.FLAG else " VALUE"
    lines = [
        f"{first}, a setting of the {owner}{shared}{others}",
        f"{option.doc}.",
        "",
        f"  {first}{value}                     on a line of its own, or",
        f"  {owner} NAME {first}{value}",
        f"  {value_text(option)}",
    ]
    return "\n".join(lines) + "\n"


def component_as_text(entry: str, kind: type[Component]) -> str:
    """Names, options with their words, bounds and defaults, then the docstring; ends in a line break."""
    names = f"{kind.name}, also {', '.join(kind.spellings)}" if kind.spellings else kind.name
    _, _, sections = (getdoc(kind) or "").partition("\n")
    options = [line for option in kind.options().values() for line in _option(option)] or ["  none"]
    return "\n".join([f"{names} ({entry})", _head(kind), "", "Settings", *options, sections]).rstrip() + "\n"


def _head(kind: type[Component]) -> str:
    return (getdoc(kind) or "").partition("\n")[0]


def _option(option: Option[Any]) -> list[str]:
    value = value_text(option)
    if option.positional:
        value += "; the word is optional"
    if option.required:
        value += "; required"
    elif has_default(option):
        value += f"; {option_text(option, option.default)} by default"
    return [f"  {' or '.join(option.words)}: {option.doc}", f"    {value}"]


def has_default(option: Option[Any]) -> bool:
    """Whether there is something to say about what an option is by default."""
    return option.default not in (None, ()) and option.type is not OptionType.FLAG


def value_text(option: Option[Any]) -> str:
    """``a number above 0 and at most 180 degrees``: what may be written for an option."""
    if option.type is OptionType.WORD:
        return f"one of {', '.join(option.choices)}"
    if option.type is OptionType.FLAG:
        return "the word alone"
    limits = []
    if option.type is OptionType.REAL and option.minimum is not None:
        limits.append(f"{'above' if option.above else 'of at least'} {option.minimum:g}")
    if option.maximum is not None and option.maximum < 1e6:
        limits.append(f"at most {option.maximum:,g}")
    kind = option.type.value
    if option.type in (OptionType.COUNT, OptionType.INDEX):  # which name a limit themselves
        text = " and ".join([kind, *limits])
    else:
        text = " ".join([kind, " and ".join(limits)]).rstrip()
    return (
        f"{text} {option.unit}".rstrip()
        if limits
        else f"{text}{f', in {option.unit}' if option.unit else ''}"
    )
