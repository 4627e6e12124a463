"""Renders what a kind of layer is: its names, the options it takes, and its documentation."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from netdsl.graph.bare_values import takes_bare
from netdsl.graph.printer import option_text
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType


def kind_as_text(kind: type[Layer]) -> str:
    """Names, options with their words and defaults, then the docstring; ends in a line break."""
    names = f"{kind.keyword}, also {', '.join(kind.spellings)}" if kind.spellings else kind.keyword
    options = [_option(kind, option) for option in kind.options().values()]
    head, _, sections = (getdoc(kind) or "").partition("\n")
    taken = [line for option in options for line in option] or ["  none"]
    return "\n".join([names, head, "", "Options", *taken, sections]) + "\n"


def _option(kind: type[Layer], option: Option[Any]) -> list[str]:
    """``stride: how far the filter moves``, what may be written, and what holds where nothing is."""
    words = " or ".join(option.words)
    value = {
        OptionType.WORD: f"one of {', '.join(option.choices)}",
        OptionType.TABLE: f"{option.type.value}: {', '.join(option.tables)}",
    }.get(option.type, option.type.value)
    bare = [takes_bare(option, kind.options(), number=number) for number in (True, False)]
    if any(bare):
        only_sizes = option.type is OptionType.SIZE and not bare[0]
        value += f"; the word may be left out{' before HEIGHTxWIDTH' if only_sizes else ''}"
    if option.default not in (None, ()) and not option.required:
        value += f"; {option_text(option, option.default)} where nothing is written"
    elif option.required:
        value += f"; must be given{_unless(kind, option.unless)}"
    return [f"  {words}: {option.doc}", f"    {value}"]


def _unless(kind: type[Layer], name: str) -> str:
    """When an option may be left out after all."""
    if not name:
        return ""
    other = kind.options()[name]
    word = f"`{other.words[0]}`"
    return f", unless it is {word}" if other.type is OptionType.FLAG else f", unless {word} is"
