"""The settings that a search can change: entries, and the options of what entries name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

from netdsl.augmentations import augmentations
from netdsl.augmentations.augmentation import Augmentation
from netdsl.initializers import initializer_kinds
from netdsl.layers.option import Option, OptionType
from netdsl.losses import loss_kinds
from netdsl.optimizers import optimizers
from netdsl.recipe.component import Component, word_for
from netdsl.recipe.entries import Entry, entries, entry_phrases
from netdsl.recipe.line import EntryError, Line, plain_phrase
from netdsl.recipe.reading import read_value
from netdsl.recipe.recipe import Recipe
from netdsl.schedules import schedules
from netdsl.schedules.piecewise import Piecewise
from netdsl.spelling import did_you_mean

_NUMBERS = (OptionType.REAL, OptionType.COUNT, OptionType.INDEX)

_ONE_SEED = "seed"
"""Not searched: another seed is another split, so that trials could not be compared."""


class Setting(NamedTuple):
    """What a search may name. ``read`` takes a value from a line; ``names`` are the values where they are
    names, as those of the optimizers."""

    name: str
    read: Callable[[Line], Any]
    names: tuple[str, ...] = ()


class SettingPath(NamedTuple):
    """Where a recipe has a setting: in an ``entry``, and there in an ``option`` of the ``component``."""

    entry: str
    component: Component | None = None
    option: Option[Any] | None = None


def chosen_by_name() -> dict[str, Mapping[str, type[Component]]]:
    """The entries that name a component, with the components they can name."""
    by_name = {name: kind for name, kind in schedules().items() if kind is not Piecewise}
    return {
        "optimizer": optimizers(),
        "loss": loss_kinds(),
        "schedule": by_name,
        "init": initializer_kinds(),
    }


def _is_number(name: str) -> bool:
    """Whether an entry of this name is a number by itself."""
    return name in entries() and type(entries()[name].default) in (int, float)


@cache
def settings() -> dict[str, Setting]:
    """Every setting by name: `batch`, `optimizer`, `rate`, `rotate`, `schedule factor`.

    An option of a component has a name alone, where no entry has it, and one after that of its entry;
    that of an augmentation comes after the augmentation's name, which alone means its first number.
    """
    found: dict[str, Setting] = {}
    for name, entry in entries().items():
        if _is_number(name) and name != _ONE_SEED:
            found[name] = Setting(name, partial(_number, entry))
    for owner, kinds in chosen_by_name().items():
        found[owner] = Setting(owner, partial(_name, owner, kinds), tuple(kinds))
    for owner, kinds in chosen_by_name().items():
        for kind in kinds.values():
            for option in numbers_of(kind):
                read = partial(read_value, option=option)
                for name in (option.words[0], f"{owner} {option.words[0]}"):
                    found.setdefault(name, Setting(name, read))
    for augmentation, change in augmentations().items():
        for option in numbers_of(change):
            read = partial(read_value, option=option)
            for name in (augmentation, f"{augmentation} {option.words[0]}"):
                found.setdefault(name, Setting(name, read))
    return found


def _number(entry: Entry, line: Line) -> Any:
    """A value of an entry; `never` and `none`, which take an entry back, are not numbers to try."""
    span = line.rest()
    value = entry.read(line)
    if not value:
        cure = f"search without `{entry.name}` separately"
        raise EntryError("ND531", f"a search tries numbers for `{entry.name}`", span, cure)
    return value


@cache
def _other_words() -> dict[str, str]:
    """The settings by what else they are called: `lr`, `batch size`, `weight decay`."""
    found = {
        phrase: name for phrase, name in entry_phrases().items() if phrase != name and name in settings()
    }
    for kinds in chosen_by_name().values():
        for kind in kinds.values():
            for option in numbers_of(kind):
                for word in option.words[1:]:
                    if plain_phrase(word) not in settings():
                        found.setdefault(plain_phrase(word), option.words[0])
    return found


def numbers_of(kind: type[Component]) -> Iterator[Option[Any]]:
    """The options of a component that are numbers, those without a word first."""
    options = [option for option in kind.options().values() if option.type in _NUMBERS]
    yield from sorted(options, key=lambda option: not option.positional)


def _name(owner: str, kinds: Mapping[str, type[Component]], line: Line) -> str:
    span = line.rest()
    word = line.word()
    kind = word_for(word, tuple(kinds.values()))
    if kind is None:
        near = did_you_mean(word or "", kinds)
        message = f"there is no {owner} `{word[:40]}`" if word else f"the name of the {owner} is missing"
        raise EntryError("ND531", message, span, f"choose from {', '.join(kinds)}", meant=near)
    return kind.name


def read_setting(line: Line) -> Setting:
    """The setting that a line names next, in one word or two. Raises EntryError."""
    mark, span = line.mark(), line.rest()
    meant = _other_words().get(line.phrase(_other_words()) or "")
    if meant is not None:
        return settings()[meant]
    first = line.word() or ""
    changed = word_for(first, tuple(augmentations().values()))
    owner = changed.name if changed else first
    after_first = line.mark()
    if owner in augmentations() or owner in chosen_by_name():
        second = line.word()
        if second is not None and second != "in":
            found = settings().get(f"{owner} {second}")
            if found is not None:
                return found
            words = [name.removeprefix(f"{owner} ") for name in settings() if name.startswith(f"{owner} ")]
            near = did_you_mean(second, words)
            message = f"{owner} has no number `{second[:40]}` to search"
            known = (f"it has {', '.join(words)}",) if words else ()
            meant = f"{owner} {near}" if near else None
            raise EntryError("ND531", message, line.since_span(span), *known, meant=meant)
        line.reset(after_first)
        if owner in settings():
            return settings()[owner]
    line.reset(mark)
    if first == _ONE_SEED:
        message = (
            "the seed is not searched: it decides the split, and trials with different splits "
            "cannot be compared"
        )
        raise EntryError("ND531", message, span)
    return settings()[line.choice("setting to search", tuple(name for name in settings() if " " not in name))]


def path_of(recipe: Recipe, setting: str) -> SettingPath | None:
    """Where a recipe has a setting; None where it has none of this name."""
    first, _, second = setting.partition(" ")
    if not second and (first in chosen_by_name() or _is_number(first)):
        return SettingPath(first)
    for owner in chosen_by_name():
        component: Component = getattr(recipe, owner)
        if not second or first == owner:
            for option in numbers_of(type(component)):
                if option.words[0] == (second or first):
                    return SettingPath(owner, component, option)
    for one in recipe.augment:
        if one.name == first:
            for option in numbers_of(type(one)):
                if not second or option.words[0] == second:
                    return SettingPath("augment", one, option)
    return None


def value_at(recipe: Recipe, path: SettingPath) -> Any:
    """The value that a recipe has at a path; the name where it is one of a component."""
    if path.component is None or path.option is None:
        value = getattr(recipe, path.entry)
        return value.name if path.entry in chosen_by_name() else value
    if _gives_rates(recipe, path):
        return recipe.schedule.stretches[0].rate  # type: ignore[attr-defined]
    return path.component.values()[path.option.name]


def _gives_rates(recipe: Recipe, path: SettingPath) -> bool:
    """Whether the learning rate at a path has no say, because the schedule has one of its own."""
    is_rate = path.entry == "optimizer" and path.option is not None and path.option.name == "rate"
    return is_rate and isinstance(recipe.schedule, Piecewise)


def with_value(recipe: Recipe, setting: str, value: Any) -> Recipe:
    """The recipe with a setting at another value. Raises KeyError where it has no such setting.

    A name that the recipe has already keeps its options; another one has its defaults, and a schedule
    the warmup of the one in whose place it comes. A schedule of rates is scaled to begin with the rate.
    """
    path = path_of(recipe, setting)
    if path is None:
        raise KeyError(setting)
    if path.component is None or path.option is None:
        if setting in chosen_by_name():
            return _renamed(recipe, setting, value)
        return recipe._replace(**{path.entry: value})
    changed = path.component.replaced(**{path.option.name: value})
    fields: dict[str, Any] = {path.entry: changed}
    if isinstance(path.component, Augmentation):
        fields = {"augment": tuple(changed if one is path.component else one for one in recipe.augment)}
    if _gives_rates(recipe, path) and isinstance(recipe.schedule, Piecewise):
        fields["schedule"] = recipe.schedule.beginning_with(value)
    return recipe._replace(**fields)


def _renamed(recipe: Recipe, owner: str, name: str) -> Recipe:
    before: Component = getattr(recipe, owner)
    if before.name == name:
        return recipe
    kept = {"warmup": recipe.schedule.warmup} if owner == "schedule" else {}
    fields: dict[str, Any] = {owner: chosen_by_name()[owner][name](**kept)}
    return recipe._replace(**fields)
