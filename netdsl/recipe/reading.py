"""Reads a component of a recipe: its name, then its options in any order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from netdsl.layers.option import Option, OptionType
from netdsl.recipe.component import Component, word_for
from netdsl.recipe.line import EntryError, Line, plain_phrase
from netdsl.spelling import did_you_mean

Kind = TypeVar("Kind", bound=Component)

LARGEST = 1e300
"""The limit of numbers that have none of their own."""


def read_component(
    line: Line, what: str, known: Mapping[str, type[Kind]], others: Collection[str], *, commas: bool = True
) -> Kind:
    """The component that the line names next, such as `adam rate 0.001`.

    ``what`` is the kind of it in messages; ``others`` are words that begin something else, where they
    are no options; ``commas`` says whether commas may stand between options. Raises EntryError.
    """
    span = line.rest()
    word = line.word()
    kind = word_for(word, tuple(known.values()))
    if kind is None:
        near = did_you_mean(word or "", known)
        shown = f"there is no {what} `{word[:40]}`" if word else f"the name of the {what} is missing"
        raise EntryError("ND531", shown, span, f"choose from {', '.join(known)}", meant=near)
    values = read_options(line, kind, others, commas=commas)
    for option in kind.options().values():
        if option.missing(values):
            message = f"{kind.name} needs `{option.words[0]}`, {option.doc}"
            raise EntryError("ND531", message, line.since_span(span), label=line.shown())
    component = kind(**values)
    for problem in component.problems():
        raise EntryError("ND531", problem, line.since_span(span))
    return component


def read_options(
    line: Line, kind: type[Component], others: Collection[str], *, commas: bool = True
) -> dict[str, Any]:
    """The options that follow the name of a component, by name. Raises EntryError."""
    options = kind.options()
    by_word = {word: option for option in options.values() for word in option.words}
    by_phrase = {plain_phrase(word): option for word, option in by_word.items()}
    given: dict[str, Any] = {}
    while not line.at_end():
        mark = line.mark()
        if commas:
            line.sign(",")
        span = line.rest()
        if line.peek_number():
            option = _positional(options, given)
            if option is None:
                raise EntryError("ND530", f"{kind.name} takes no more numbers", span, _taken(kind))
            given[option.name] = read_value(line, option)
            continue
        found = by_phrase.get(line.phrase(by_phrase) or "")
        if found is None and _begins(line, others):
            line.reset(mark)
            break
        word = found.words[0] if found is not None else line.word()
        if word is None:
            line.reset(mark)
            break
        if found is None:
            near = did_you_mean(word, by_word)
            message = f"{kind.name} has no setting `{word[:40]}`"
            raise EntryError("ND530", message, span, _taken(kind), meant=near)
        line.sign("=", ":")
        found = flag_in_place_of_value(line, found, kind) or found
        if found.name in given:
            raise EntryError("ND530", f"`{word}` is given twice", span)
        given[found.name] = read_value(line, found)
    return given


def _begins(line: Line, others: Collection[str]) -> bool:
    """Whether one of the phrases that begin something else comes next."""
    mark = line.mark()
    begins = line.phrase(others) is not None
    line.reset(mark)
    return begins


def _positional(options: Mapping[str, Option[Any]], given: Mapping[str, Any]) -> Option[Any] | None:
    """The option that a number without a word is meant for."""
    return next((one for one in options.values() if one.positional and one.name not in given), None)


def flag_in_place_of_value(line: Line, option: Option[Any], kind: type[Component]) -> Option[Any] | None:
    """The flag of `decay all`, which is about the option whose value is left out; it is taken."""
    mark = line.mark()
    word = line.word()
    for flag in kind.options().values():
        if flag.about == option.name and word in flag.words:
            return flag
    line.reset(mark)
    return None


def _taken(kind: type[Component]) -> str:
    words = [option.words[0] for option in kind.options().values()]
    return f"it has {', '.join(words)}" if words else "it has no settings"


def read_value(line: Line, option: Option[Any]) -> Any:
    """The value of an option, within its bounds. Raises EntryError."""
    what = f"`{option.words[0]}`"
    if option.type is OptionType.FLAG:
        return True
    if option.type is OptionType.WORD:
        return line.choice(option.words[0], option.choices)
    if option.type is OptionType.NUMBERS:
        return _numbers(line, option)
    low = option.minimum
    value: float
    if option.type in (OptionType.COUNT, OptionType.INDEX):
        least = 1 if option.type is OptionType.COUNT else 0
        value = line.count(what, int(low) if low is not None else least, option.maximum)
    else:
        value = _real(line, option, what)
    if option.unit:
        line.unit(option.unit, option.unit.removesuffix("s"))
    return value


def _real(line: Line, option: Option[Any], what: str) -> float:
    low = -LARGEST if option.minimum is None else option.minimum
    high = LARGEST if option.maximum is None else option.maximum
    return line.number(what, low, high, above=option.above)


def _numbers(line: Line, option: Option[Any]) -> tuple[float, ...]:
    what = f"each of the {option.words[0]}"
    if not line.sign("{"):
        message = f"the {option.words[0]} are {option.type.value}"
        raise EntryError("ND531", message, line.rest(), label=line.shown())
    values = [_real(line, option, what)]
    while line.sign(","):
        values.append(_real(line, option, what))
    if not line.sign("}"):
        raise EntryError("ND531", "put numbers in braces, separated by commas", line.rest())
    return tuple(values)
