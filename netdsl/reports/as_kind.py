"""Renders what a kind of layer is: its names, the options it takes, and its documentation."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from netdsl.graph.options.value_order import takes_bare
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.text.printer import option_text


def kind_as_text(kind: type[Layer]) -> str:
    """Names, options with their words and defaults, then the docstring; ends in a line break."""
    spelled = [*kind.spellings, *(f"{name} ({option})" for name, option in _short_names(kind))]
    names = f"{kind.keyword}, also {', '.join(spelled)}" if spelled else kind.keyword
    options = [option_as_lines(kind, option) for option in kind.options().values()]
    head, _, sections = (getdoc(kind) or "").partition("\n")
    taken = [line for option in options for line in option] or ["  none"]
    return "\n".join([names, head, *_customs(kind), "", "Options", *taken, sections]) + "\n"


def _short_names(kind: type[Layer]) -> list[tuple[str, str]]:
    """The names that mean the kind with an option, and that option."""
    declared = iter(kind.short_for)
    return list(zip(declared, declared, strict=True))


def _customs(kind: type[Layer]) -> list[str]:
    """How papers write the kind, and what netdsl takes it for."""
    told = []
    if kind.alone:
        readings = " or ".join(f"`{kind.keyword} {reading}`" for reading in kind.alone)
        asked = "" if len(kind.alone) == 1 else ", so netdsl asks"
        told.append(f"Alone, as tables of papers have it, it means {readings}{asked}.")
    if kind.steps_by_kernel:
        told.append(f"As {kind.steps_by_kernel[0]} its stride is its kernel, 2x2 where none is written.")
    if kind.implied_by:
        told.append(f"Where no kind is written, the word {kind.implied_by[0]} means it.")
    if _has_parameters(kind):
        told.append("`same weights as LABEL` shares the weights of an earlier layer, everywhere it is used.")
    return told


def _has_parameters(kind: type[Layer]) -> bool:
    """Whether the documentation of a kind names arrays that it learns."""
    said = (getdoc(kind) or "").partition("\nParameters\n")[2].strip().lower()
    return bool(said) and not said.startswith("none")


def channels_as_text() -> str:
    """What `channels` is as a number; ends in a line break."""
    return (
        "channels, a number that netdsl supplies\n"
        "In a block: the channels of the volume that comes into the block. Outside blocks: those of what\n"
        "comes into the layer, `CONV channels/2 1x1`. It stands in options, arguments, defaults of\n"
        "parameters and `let` lines of blocks, not in counts, `default` lines or `where`. A number of that\n"
        "name of your own wins.\n"
        "\n"
        "Example\n"
        "    block SE(reduced = channels/4) {\n"
        "      MULTIPLY[ SKIP | AVG POOL global - FC reduced - RELU - FC channels - SIGMOID ]\n"
        "    }\n"
    )


def separable_as_text() -> str:
    """What a separable convolution is read as; ends in a line break."""
    return (
        "SEPARABLE CONV, also DEPTHWISE SEPARABLE CONV, SEPCONV\n"
        "Two layers: `separable conv 64 3x3 pad 1` is read as\n"
        "`DEPTHWISE 3x3 pad 1 no bias - CONV 64 1x1`.\n"
        "\n"
        "The filters and `no bias` are those of the CONV, all other options those of the DEPTHWISE.\n"
        'Chollet, 2017, "Xception: Deep Learning with Depthwise Separable Convolutions", section 1.1.\n'
    )


def option_as_lines(kind: type[Layer], option: Option[Any]) -> list[str]:
    """``stride: how far the filter moves``, what may be written, and what holds where nothing is."""
    words = " or ".join([*option.words, *(f"{letter}=" for letter in option.letters)])
    value = {
        OptionType.WORD: f"one of {', '.join(option.choices)}",
        OptionType.TABLE: f"{option.type.value}: {', '.join(option.tables)}",
    }.get(option.type, option.type.value)
    bare = [takes_bare(option, kind.options(), number=number) for number in (True, False)]
    if any(bare):
        only_sizes = option.type is OptionType.SIZE and not bare[0]
        value += f"; the word is optional{' before HEIGHTxWIDTH' if only_sizes else ''}"
    if option.default not in (None, ()) and not option.required:
        value += f"; {option_text(option, option.default)} by default"
    elif option.required:
        value += f"; required{_unless(kind, option.unless)}"
    return [f"  {words}: {option.doc}", f"    {value}"]


def _unless(kind: type[Layer], name: str) -> str:
    """When an option may be left out after all."""
    if not name:
        return ""
    return f" unless `{kind.options()[name].words[0]}` is given"
