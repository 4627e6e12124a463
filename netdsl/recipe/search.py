"""``search``: which settings to try, and in which ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from netdsl.recipe.line import EntryError, Line

if TYPE_CHECKING:
    from netdsl.recipe.search_settings import Setting


class Range(NamedTuple):
    """``rate in 1e-4..1e-1 log``: where to look for a setting; two whole numbers hold whole numbers."""

    setting: str
    low: float
    high: float
    logarithmic: bool = False

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)


class Choices(NamedTuple):
    """``batch in {32, 64, 128}``, ``optimizer in {sgd, adam}``: the values to try for a setting."""

    setting: str
    values: tuple[float | str, ...]


Search: TypeAlias = tuple[Range | Choices, ...]


def read_search(line: Line) -> Search:
    """``rate in 1e-4..1e-1 log, batch in {32, 64}``. Raises EntryError."""
    from netdsl.recipe.search_settings import read_setting  # which knows the entries, this one among them

    found: list[Range | Choices] = []
    while True:
        span = line.rest()
        setting = read_setting(line)
        if any(setting.name == earlier.setting for earlier in found):
            raise EntryError("ND531", f"`{setting.name}` is searched twice", line.since_span(span))
        if not line.sign("in"):
            raise EntryError("ND531", "a search needs `in` and where to look", line.rest(), _example(setting))
        found.append(_choices(line, setting) if line.sign("{") else _range(line, setting))
        if not line.sign(","):
            return tuple(found)


def _example(setting: Setting) -> str:
    if setting.names:
        return f"write `search {setting.name} in {{{', '.join(setting.names[:2])}}}`"
    return f"write `search {setting.name} in LOW..HIGH`, or `{setting.name} in {{ONE, ANOTHER}}`"


def _choices(line: Line, setting: Setting) -> Choices:
    values = [setting.read(line)]
    while line.sign(","):
        values.append(setting.read(line))
    if not line.sign("}"):
        span = line.rest()
        cures = ["only a name goes here: search its settings separately"] if setting.names else []
        message = "put values to try in braces, separated by commas"
        raise EntryError("ND531", message, span, *cures, label=line.shown())
    return Choices(setting.name, tuple(dict.fromkeys(values)))


def _range(line: Line, setting: Setting) -> Range:
    span = line.rest()
    if setting.names:
        raise EntryError("ND531", "put names to try in braces", span, _example(setting))
    low = setting.read(line)
    if not line.sign(".."):
        cure = f"write `{setting.name} in {low!r}..HIGH`, with two dots, or `{setting.name} in {{{low!r}}}`"
        raise EntryError("ND531", "a range has a lowest and a highest value", line.rest(), cure)
    high = setting.read(line)
    logarithmic = line.sign("log")
    if not low < high:
        raise EntryError("ND531", "a range runs from a value to a larger one", line.since_span(span))
    if logarithmic and low <= 0:
        raise EntryError("ND531", "a logarithmic range begins above 0", line.since_span(span))
    return Range(setting.name, low, high, logarithmic)


def search_text(search: Search) -> str:
    """A search as a recipe writes it."""
    return ", ".join(_text(one) for one in search)


def _text(one: Range | Choices) -> str:
    if isinstance(one, Choices):
        return f"{one.setting} in {{{', '.join(map(value_text, one.values))}}}"
    return f"{one.setting} in {one.low!r}..{one.high!r}{' log' if one.logarithmic else ''}"


def value_text(value: Any) -> str:
    """The value of a setting, as a recipe writes it."""
    return value if isinstance(value, str) else repr(value)
