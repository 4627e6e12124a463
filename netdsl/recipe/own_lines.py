"""Settings that are on lines of their own, `lr 0.1`, instead of after the name that has them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings, Label
from netdsl.recipe.component import Component
from netdsl.recipe.entries import chosen_kinds, entry_phrases, flag_phrases, setting_phrases
from netdsl.recipe.line import Line
from netdsl.recipe.reading import flag_in_place_of_value, read_value
from netdsl.recipe.recipe import Recipe
from netdsl.source import Span


class _Setting(NamedTuple):
    """Of an entry's component, whichever that is."""

    owner: str
    option: str
    value: Any
    span: Span


class OwnLines:
    """Collects the settings of a recipe, and gives them to its components when all lines are read."""

    def __init__(self) -> None:
        self._found: dict[str, _Setting] = {}
        self._last: tuple[Line, int] | None = None
        """Where a setting ended that another may follow."""

    def read(self, line: Line, findings: Findings) -> bool:
        """Take the setting that comes next; False, and nothing taken, where there is none.

        Words without a value, such as `all`, count where the line begins and after another setting only:
        elsewhere they belong to what comes before them. Raises EntryError.
        """
        line.rest()
        start = line.offset
        known = setting_phrases()
        if not line.text[:start].strip(" \t,") or self._last == (line, line.last):
            known = known | flag_phrases()
        mark = line.mark()
        phrase = line.phrase(known.keys() | entry_phrases().keys()) or ""  # `lr schedule` is no `lr`
        meant = known.get(phrase)
        if meant is None:
            line.reset(mark)
            return False
        setting = _read_setting(line, *meant, start)
        if setting.option in self._found:
            earlier = Label(self._found[setting.option].span, "first given here")
            findings.add("ND213", f"`{_word(setting)}` is given twice", setting.span, secondary=(earlier,))
        self._found.setdefault(setting.option, setting)
        self._last = line, line.last
        return True

    def given(self) -> list[tuple[str, str, Any]]:
        """The settings that were read: the entry of each, its option and its value."""
        return [(setting.owner, setting.option, setting.value) for setting in self._found.values()]

    def settle(self, values: dict[str, Any], spans: dict[str, Span], findings: Findings) -> None:
        """Give the components what was collected, all of one together: their order means nothing."""
        for owner in dict.fromkeys(setting.owner for setting in self._found.values()):
            component = values.get(owner, getattr(Recipe(), owner))
            fitting = [
                setting
                for setting in self._found.values()
                if setting.owner == owner and _fits(setting, component, spans.get(owner), findings)
            ]
            if not fitting:
                continue
            changed = component.replaced(**{setting.option: setting.value for setting in fitting})
            problem = next(iter(changed.problems()), None)
            if problem is not None:
                findings.add("ND531", problem, fitting[-1].span)
                continue
            values[owner] = changed
            spans.setdefault(owner, fitting[0].span)


def _read_setting(line: Line, owner: str, option: str, start: int) -> _Setting:
    """The value of a setting, as the first component that has it reads one. Raises EntryError."""
    line.sign("=", ":")
    default = type(getattr(Recipe(), owner))
    kind = next(kind for kind in (default, *chosen_kinds(owner)) if option in kind.options())
    flag = flag_in_place_of_value(line, kind.options()[option], kind)
    if flag is not None:
        return _Setting(owner, flag.name, True, line.since(start))
    value = read_value(line, kind.options()[option])
    return _Setting(owner, option, value, line.since(start))


def _word(setting: _Setting) -> str:
    """What a recipe calls the option."""
    kinds = (kind.options() for kind in chosen_kinds(setting.owner))
    words: str = next(options[setting.option].words[0] for options in kinds if setting.option in options)
    return words


def _fits(setting: _Setting, component: Component, span: Span | None, findings: Findings) -> bool:
    """Whether a component can have a setting, which is not given behind its name already."""
    option = component.options().get(setting.option)
    if option is None:
        words = ", ".join(one.words[0] for one in component.options().values())
        message = f"{component.name} has no setting `{_word(setting)}`"
        known = f"it has {words}" if words else "it has no settings"
        findings.add("ND530", message, setting.span, help=(known,))
        return False
    written = findings.source.text[span.start : span.end] if span is not None else ""
    if span is not None and any(_says(written, word) for word in option.words):
        earlier = Label(span, "given here, too")
        message = f"`{option.words[0]}` is given twice"
        findings.add("ND213", message, setting.span, secondary=(earlier,))
        return False
    try:
        component.replaced(**{setting.option: setting.value})
    except ValueError as error:
        findings.add("ND531", str(error), setting.span)
        return False
    return True


def _says(text: str, word: str) -> bool:
    """Whether a word of an option is in the text of an entry."""
    pattern = r"[ \t_-]+".join(re.escape(part) for part in word.split())
    return re.search(rf"(?<![\w-]){pattern}(?![\w-])", text, re.IGNORECASE) is not None
