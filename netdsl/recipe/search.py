"""``search``: which settings to try, and in which ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from netdsl.layers.option import Option, OptionType, count
from netdsl.recipe.line import EntryError, Line

if TYPE_CHECKING:
    from collections.abc import Mapping


class Range(NamedTuple):
    """``rate in 1e-4..1e-1 log``: where to look for a setting."""

    setting: str
    low: float
    high: float
    logarithmic: bool = False


class Choices(NamedTuple):
    """``batch in {32, 64, 128}``: the values to try for a setting."""

    setting: str
    values: tuple[float, ...]


Search: TypeAlias = tuple[Range | Choices, ...]


def searchable() -> Mapping[str, Option[Any]]:
    """The settings that can be searched: batch, epochs, and every number of the optimizers and losses."""
    from netdsl.losses import loss_kinds  # which are read with the recipe that holds the search
    from netdsl.optimizers import optimizers

    found: dict[str, Option[Any]] = {}
    for kind in (*optimizers().values(), *loss_kinds().values()):
        for name, option in kind.options().items():
            if option.type in (OptionType.REAL, OptionType.COUNT, OptionType.INDEX):
                found.setdefault(name, option)
    for name in ("batch", "epochs"):
        option = count(name, words=(name,))
        option.name = name
        found[name] = option
    return found


def read_search(line: Line) -> Search:
    """``rate in 1e-4..1e-1 log, batch in {32, 64}``. Raises EntryError."""
    found: list[Range | Choices] = []
    known = searchable()
    while True:
        span = line.rest()
        setting = line.choice("setting to search", tuple(known))
        if any(setting == earlier.setting for earlier in found):
            raise EntryError("ND531", f"`{setting}` is searched twice", span)
        if not line.sign("in"):
            cure = f"write `search {setting} in 1e-4..1e-1 log`, or `{setting} in {{32, 64}}`"
            raise EntryError("ND531", "a search needs `in` and where to look", line.rest(), cure)
        option = known[setting]
        found.append(_choices(line, option) if line.sign("{") else _range(line, option))
        if not line.sign(","):
            return tuple(found)


def _value(line: Line, option: Option[Any]) -> float:
    from netdsl.recipe.reading import read_value

    value: float = read_value(line, option)
    return value


def _choices(line: Line, option: Option[Any]) -> Choices:
    values = [_value(line, option)]
    while line.sign(","):
        values.append(_value(line, option))
    if not line.sign("}"):
        raise EntryError("ND531", "values to try stand in braces with commas between them", line.rest())
    return Choices(option.name, tuple(dict.fromkeys(values)))


def _range(line: Line, option: Option[Any]) -> Range:
    span = line.rest()
    low = _value(line, option)
    if not line.sign(".."):
        cure = f"write `{option.name} in 0.001..0.1`, with two dots"
        raise EntryError("ND531", "a range has a lowest and a highest value", line.rest(), cure)
    high = _value(line, option)
    logarithmic = line.sign("log")
    if not low < high:
        raise EntryError("ND531", "a range runs from a value to a larger one", span)
    if logarithmic and low <= 0:
        raise EntryError("ND531", "a logarithmic range begins above 0", span)
    return Range(option.name, low, high, logarithmic)


def search_text(search: Search) -> str:
    """A search as a recipe writes it."""
    return ", ".join(_text(one) for one in search)


def _text(one: Range | Choices) -> str:
    if isinstance(one, Choices):
        return f"{one.setting} in {{{', '.join(map(repr, one.values))}}}"
    return f"{one.setting} in {one.low!r}..{one.high!r}{' log' if one.logarithmic else ''}"
