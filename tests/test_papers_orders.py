"""Layers as papers write them, in any order and mixture of spellings: the same layer or a finding."""

from __future__ import annotations

import random
from typing import Any

import pytest
from test_value_order import KINDS, Part, read, spellings, values_of

from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import Padding, Size

NUMBERS = (OptionType.COUNT, OptionType.INDEX)


def square(value: Any) -> Any:
    """The value with one number for both extents: letters have one."""
    if isinstance(value, Size):
        return Size(value.height, value.height)
    return Padding(value.top, value.top, value.top, value.top) if isinstance(value, Padding) else value


def copied(option: Option[Any], value: Any) -> list[Part]:
    """The spellings of papers, with ours among them."""
    parts = [part for part in spellings(option, value) if not part.reversed]
    if isinstance(value, Size):
        number = str(value.height)
        if option.positional:
            parts += [Part(f"{number}*{number}"), Part(f"{number}×{number}", bare=True)]
    elif isinstance(value, Padding):
        number = str(value.top)
    elif option.type in NUMBERS:
        number = str(value)
    elif option.type is OptionType.REAL:
        return [*parts, *(Part(f"{word} {value * 100:.12g}%") for word in option.words)]
    else:
        return parts
    for name in option.letters:
        parts += [
            Part(f"{name}{number}"),
            Part(f"{name}={number}"),
            Part(f"{name} {number}"),
            Part(f"{name}: {number}"),
        ]
    parts += [Part(f"{word}{number}") for word in option.words]
    parts += [Part(f"{word}-{number}") for word in option.words]
    if option.name == "stride":
        parts += [Part(f"/ s{number}"), Part(f"/s{number}")]
    return parts


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.keyword)
def test_the_same_layer_or_a_finding(kind: type[Layer]) -> None:
    chance = random.Random(kind.keyword)
    options = kind.options()
    right = tried = 0
    for _ in range(6):
        values = {name: square(value) for name, value in values_of(kind, chance).items()}
        if any(option.missing(values) for option in options.values()) or not values:
            continue
        names = list(values)
        for _ in range(8):
            order = chance.sample(names, len(names))
            parts = [chance.choice(copied(options[name], values[name])) for name in order]
            for separator in (" ", ", "):
                body = separator.join(part.text for part in parts)
                for text in (
                    f"{kind.keyword} {body}",
                    f"{kind.keyword.lower()}1: {body}",
                    f"a: {kind.keyword} {body}",
                ):
                    found = read(text)
                    tried += 1
                    right += found is not None
                    assert found is None or found == (kind, values), f"{text!r} is {found}, not {values}"
    assert not tried or right > tried // 2, "most spellings are read"
