"""Reads ``search``: which settings to try, and in which ranges."""

from __future__ import annotations

from netdsl.graph.recipe import Choices, Range
from netdsl.graph.recipe_line import EntryError, Line
from netdsl.graph.recipe_words import LIMITS, SEARCHED, WHOLE


def read_search(line: Line) -> tuple[Range | Choices, ...]:
    found: list[Range | Choices] = []
    while True:
        span = line.rest()
        setting = line.choice("setting to search", SEARCHED)
        if any(setting == earlier.setting for earlier in found):
            raise EntryError("ND531", f"`{setting}` is searched twice", span)
        if not line.sign("in"):
            cure = f"write `search {setting} in 1e-4..1e-1 log`, or `{setting} in {{32, 64}}`"
            raise EntryError("ND531", "a search needs `in` and where to look", line.rest(), cure)
        found.append(_choices(line, setting) if line.sign("{") else _range(line, setting))
        if not line.sign(","):
            return tuple(found)


def _value(line: Line, setting: str) -> float:
    if setting in WHOLE:
        return line.count(f"the {setting}")
    low, high, above = LIMITS[setting]
    return line.number(f"the {setting}", low, high, above=above)


def _choices(line: Line, setting: str) -> Choices:
    values = [_value(line, setting)]
    while line.sign(","):
        values.append(_value(line, setting))
    if not line.sign("}"):
        raise EntryError("ND531", "values to try stand in braces with commas between them", line.rest())
    return Choices(setting, tuple(dict.fromkeys(values)))


def _range(line: Line, setting: str) -> Range:
    span = line.rest()
    low = _value(line, setting)
    if not line.sign(".."):
        cure = f"write `{setting} in 0.001..0.1`, with two dots"
        raise EntryError("ND531", "a range has a lowest and a highest value", line.rest(), cure)
    high = _value(line, setting)
    logarithmic = line.sign("log")
    if not low < high:
        raise EntryError("ND531", "a range runs from a value to a larger one", span)
    if logarithmic and low <= 0:
        raise EntryError("ND531", "a logarithmic range begins above 0", span)
    return Range(setting, low, high, logarithmic)
