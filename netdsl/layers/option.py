"""How a layer kind declares the options it takes: typed, documented, with their words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar, overload

from netdsl.quantities import Padding, Same, Size

Value = TypeVar("Value")

Rows: TypeAlias = tuple[tuple[int, ...], ...]
"""A table of connections: for each filter the channels that it sees, in order, from 0 on."""


Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Channels in the order in which they are taken: the first and the last of each run."""


class OptionType(Enum):
    """What may be written for an option."""

    COUNT = "a whole number of 1 or more"
    INDEX = "a whole number of 0 or more"
    SIZE = "a whole number of 1 or more, or HEIGHTxWIDTH"
    PADDING = "a whole number of 0 or more, or HEIGHTxWIDTH"
    REAL = "a number"
    FLAG = "the word alone, or `no` and the word"
    WORD = "one of a few words"
    TABLE = "a table of channels, `table { 0-2; 1-3 }`, or the name of one"
    NUMBERS = "numbers in braces, `{1, 2.5}`"
    FACTORS = "numbers, one for each branch, `1, -0.5`"
    CHANNELS = "channels counted from 0, `0-57`, or `0-3, 8`"


SEVERAL = (OptionType.FACTORS, OptionType.CHANNELS)
"""The types whose value is several items in a row."""


class Option(Generic[Value]):
    """One option of a layer kind, declared as a class attribute of its Layer class.

    Read on an instance it gives the value. ``words`` are the words that introduce it in a
    network file (the first is the canonical one; the attribute's own name always serves);
    ``positional`` options are also read from a bare number (COUNT, INDEX, REAL) or a bare ``AxB`` (SIZE).
    ``example`` is a value that beginners would write, for hints. ``default`` None means that it must be
    given, unless the layer says otherwise with ``derived``: then None is a legal value that the layer
    derives by its own rule (a pool's stride is its kernel). ``choices`` are the words that a WORD
    can be, in lower case; ``tables`` the tables of channels that have a name. ``third`` names the
    option that takes the third extent of a SIZE, as in ``5x5x3``. ``restates`` marks an option that says
    what follows anyway: it is compared, and canonical text leaves it out. ``above`` says that a number is
    larger than ``minimum``, which does not count itself; ``unit`` is that of a number, in the plural:
    ``epochs``. ``bare`` writes a choice without the word of its option.
    ``about`` names the option that a flag is about: the flag may come after its word in place of a value,
    `decay all`. ``letters`` are what papers call it, in their case: the S of ``S=2`` and the s of ``s2``.
    """

    name: str

    def __init__(
        self,
        type: OptionType,
        doc: str,
        *,
        words: tuple[str, ...] = (),
        default: Value | None = None,
        positional: bool = False,
        derived: bool = False,
        unless: str = "",
        minimum: float | None = None,
        maximum: float | None = None,
        choices: tuple[str, ...] = (),
        tables: Mapping[str, Rows] | None = None,
        example: str = "",
        third: str = "",
        restates: bool = False,
        above: bool = False,
        unit: str = "",
        bare: bool = False,
        letters: tuple[str, ...] = (),
        about: str = "",
    ) -> None:
        self.type = type
        self.doc = doc
        self.words = words
        self.default = default
        self.positional = positional
        self.derived = derived
        self.unless = unless
        self.minimum = minimum
        self.maximum = maximum
        self.choices = choices
        self.tables: Mapping[str, Rows] = tables or {}
        self.example = example
        self.third = third
        self.restates = restates
        self.above = above
        self.unit = unit
        self.bare = bare
        self.letters = letters
        self.about = about

    @property
    def required(self) -> bool:
        return self.default is None and not self.derived

    def missing(self, values: Mapping[str, Any]) -> bool:
        """Whether it is required and missing; ``unless`` names an option that makes it optional."""
        return self.required and self.name not in values and not values.get(self.unless)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.words = (*self.words, name) if name not in self.words else self.words

    @overload
    def __get__(self, instance: None, owner: Any) -> Option[Value]: ...
    @overload
    def __get__(self, instance: object, owner: Any) -> Value: ...
    def __get__(self, instance: object | None, owner: Any) -> Option[Value] | Value:
        if instance is None:
            return self
        value: Value = instance.__dict__[self.name]
        return value


def count(doc: str, **settings: Any) -> Option[int]:
    """A whole number of 1 or more, such as the number of filters."""
    return Option(OptionType.COUNT, doc, **settings)


def index(doc: str, **settings: Any) -> Option[int]:
    """A whole number of 0 or more."""
    return Option(OptionType.INDEX, doc, **settings)


def size(doc: str, **settings: Any) -> Option[Size]:
    """A height and a width, such as a kernel or a stride."""
    return Option(OptionType.SIZE, doc, **settings)


def padding(doc: str, **settings: Any) -> Option[Padding | Same]:
    """Zeros around the volume: so many on each side, or ``same``."""
    settings.setdefault("default", Padding(0, 0, 0, 0))
    return Option(OptionType.PADDING, doc, **settings)


def real(doc: str, **settings: Any) -> Option[float]:
    """A real number, such as a slope or a rate."""
    return Option(OptionType.REAL, doc, **settings)


def flag(doc: str, **settings: Any) -> Option[bool]:
    """On with its word, off with `no` and its word."""
    settings.setdefault("default", False)
    return Option(OptionType.FLAG, doc, **settings)


def numbers(doc: str, **settings: Any) -> Option[tuple[float, ...]]:
    """Real numbers in braces, such as the weights of classes; none by default."""
    settings.setdefault("default", ())
    return Option(OptionType.NUMBERS, doc, **settings)


def factors(doc: str, **settings: Any) -> Option[tuple[float, ...]]:
    """Real numbers one after the other, such as what the branches of a sum count; none where nothing is
    written."""
    settings.setdefault("default", ())
    return Option(OptionType.FACTORS, doc, **settings)


def channels(doc: str, **settings: Any) -> Option[Ranges | None]:
    """Channels of a volume, single ones and ranges."""
    return Option(OptionType.CHANNELS, doc, **settings)


def word(doc: str, choices: tuple[str, ...], **settings: Any) -> Option[str]:
    """One of a few words, such as the way to fill in between pixels."""
    return Option(OptionType.WORD, doc, choices=choices, **settings)


def table(doc: str, **settings: Any) -> Option[Rows | None]:
    """Which channels each filter sees; None where it sees all of them."""
    settings.setdefault("derived", True)
    return Option(OptionType.TABLE, doc, **settings)


class Optioned:
    """Base of what declares options as class attributes; an instance holds a value for each."""

    @classmethod
    @cache
    def options(cls) -> dict[str, Option[Any]]:
        """The options in the order in which the class declares them."""
        found: dict[str, Option[Any]] = {}
        for base in reversed(cls.__mro__):
            for name, attribute in base.__dict__.items():
                if isinstance(attribute, Option):
                    found[name] = attribute
        return found

    @classmethod
    @cache
    def required(cls) -> tuple[Option[Any], ...]:
        """The options that must be given, unless another one makes them needless."""
        return tuple(option for option in cls.options().values() if option.required)

    @classmethod
    def lacking(cls, values: Mapping[str, Any]) -> list[Option[Any]]:
        """The options that must be given and are not."""
        return [option for option in cls.required() if option.missing(values)]

    def take(self, owner: str, options: dict[str, Any]) -> None:
        """Sets every option, those left out to their defaults; ``owner`` is who takes them, for errors."""
        for option in self.lacking(options):
            raise TypeError(f"{owner} needs {option.name}")
        for name, option in self.options().items():
            self.__dict__[name] = options.pop(name, option.default)
        if options:
            raise TypeError(f"{owner} has no option {', '.join(options)}")
