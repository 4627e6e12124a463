"""What a recipe chooses by name: an optimizer, a loss, a schedule, an augmentation, first weights.

One class in one file answers for a component: its name, the options it takes with word, type, bounds,
default and unit, its formula and where that comes from. Reading `train { }`, the command line and its
help, `explain`, checkpoints and the table of the documentation follow from that.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, ClassVar, Self, TypeVar

from netdsl.diagnostics import Mistake
from netdsl.layers.option import Option, Optioned, OptionType
from netdsl.quantities import Volume


class Component(Optioned):
    """Base of everything that is chosen by name, with options declared as layers declare theirs.

    Two components are equal where class and options are.
    """

    name: ClassVar[str]
    """The word in a recipe, in lower case: ``adam``, ``cross-entropy``."""

    spellings: ClassVar[tuple[str, ...]] = ()
    """Other words that mean it."""

    def __init__(self, **options: Any) -> None:
        """Takes one keyword per option; those left out get their defaults."""
        self.take(self.name, options)

    def values(self) -> dict[str, Any]:
        """The value of each option by its name."""
        return {name: self.__dict__[name] for name in self.options()}

    def replaced(self, **options: Any) -> Self:
        """The same component with other values for some options."""
        return type(self)(**{**self.values(), **options})

    def text(self) -> str:
        """As a recipe writes it, every option with its value, so that a later default changes nothing.

        Options that are off, and off by default, are left out.
        """
        return " ".join([self.name, *option_texts(self)])

    def problems(self) -> Iterator[str]:
        """What is wrong with options that are right one by one: a sentence each."""
        yield from ()

    def misfits(self, image: Volume, scores: Volume) -> Iterator[Mistake]:
        """What is wrong with it for a network that takes ``image`` and gives ``scores``."""
        yield from ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"<{self.text()}>"


Kind = TypeVar("Kind", bound=Component)


def option_texts(component: Component) -> list[str]:
    """The options as a recipe writes them, in the order in which they are declared.

    A positional number stands without its word, as in `crop 4`, as long as all before it do.
    """
    parts = []
    bare = True
    for name, option in component.options().items():
        value = component.__dict__[name]
        if value is None or (not value and not option.default):
            bare = False
            continue
        bare = bare and option.positional
        written = option_text(option, value)
        if option.type is OptionType.FLAG:
            parts.append(option.words[0])
        else:
            parts.append(written if bare else f"{option.words[0]} {written}")
    return parts


def option_text(option: Option[Any], value: Any) -> str:
    """A value as a recipe writes it, without its word."""
    if option.type is OptionType.NUMBERS:
        return "{" + ", ".join(repr(number) for number in value) + "}"
    return repr(float(value)) if option.type is OptionType.REAL else str(value)


def found_in(package: ModuleType, base: type[Kind]) -> dict[str, type[Kind]]:
    """The components that the files of a package define, by name, in alphabetical order.

    Raises TypeError for one that leaves a question of its contract unanswered.
    """
    found: dict[str, type[Kind]] = {}
    for module in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        loaded = importlib.import_module(f"{package.__name__}.{module}")
        for value in vars(loaded).values():
            own = isinstance(value, type) and issubclass(value, base) and value.__module__ == loaded.__name__
            if not own:
                continue
            open_questions = _open_questions(value)
            if "name" not in value.__dict__ and open_questions:
                continue  # a base of others
            if open_questions or "name" not in value.__dict__:
                missing = ", ".join(open_questions or ["name"])
                raise TypeError(f"{value.__name__} in {loaded.__name__} does not answer: {missing}")
            if value.name in found:
                raise TypeError(f"{value.name} is defined by two files of {package.__name__}")
            found[value.name] = value
    return dict(sorted(found.items()))


def _open_questions(kind: type[Component]) -> list[str]:
    """The methods of its contract that a class leaves to those that inherit from it."""
    return [name for name in dir(kind) if getattr(getattr(kind, name), "__isabstractmethod__", False)]


def word_for(word: str | None, known: Sequence[type[Kind]]) -> type[Kind] | None:
    """The component that a word means, in any of its spellings."""
    return next((kind for kind in known if word == kind.name or word in kind.spellings), None)
