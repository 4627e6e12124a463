"""Layers as papers write them, in any order and mixture of spellings: the same layer or a finding."""

from __future__ import annotations

import random
from typing import Any

import pytest
from test_value_order import KINDS, Part, read, spellings, values_of

from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.planning.pipeline import load_plan
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


@pytest.mark.slow
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


ONE_INPUT = [kind for kind in KINDS if kind.inputs == 1]
BLOCKS = ("REORG", "SPACE TO DEPTH", "DEPTH TO SPACE", "PIXEL SHUFFLE", "PIXEL UNSHUFFLE")


def fitting(kind: type[Layer], values: dict[str, Any]) -> dict[str, Any]:
    """With numbers that divide the volume, and without a table of its channels."""
    found = {name: value for name, value in values.items() if name not in ("table", "channels")}
    if "groups" in found:
        found["groups"] = 4
        found |= {"filters": 8} if "filters" in found else {}
    if kind.keyword == "UPSAMPLE":
        found = {"extent": found["extent"]} if "extent" in found else {}
    if kind.keyword in BLOCKS:
        found["stride"] = Size(2, 2)
    return (
        {**found, "channels": values["channels"]}
        if kind.keyword == "SLICE" and "channels" in values
        else found
    )


LAYOUTS = (
    "{kind} {body}",
    "{kind}: {body}",
    "first: {kind} {body}",
    "{kind} layer, {body}",
    "{kind} layer with {body}",
    "1. {kind} {body}",
    "* {kind} layer: {body}",
)


@pytest.mark.parametrize("kind", ONE_INPUT, ids=lambda kind: kind.keyword)
def test_the_same_layer_or_a_finding_in_a_network(kind: type[Layer]) -> None:
    """What is read a second time, as sheets have it, is the same layer as well."""
    chance = random.Random(kind.keyword)
    options = kind.options()
    right = 0
    for _ in range(3):
        values = fitting(kind, {name: square(value) for name, value in values_of(kind, chance).items()})
        if any(option.missing(values) for option in options.values()):
            continue
        for _ in range(6):
            order = chance.sample(list(values), len(values))
            plain = chance.random() < 0.5  # sheets know fewer spellings than papers
            choices = [copied(options[name], values[name])[: 1 if plain else None] for name in order]
            parts = [chance.choice(spelled) for spelled in choices]
            body = chance.choice((" ", ", ", " with ", " and ")).join(part.text for part in parts)
            name = chance.choice((kind.keyword, *kind.spellings)).lower()
            text = chance.choice(LAYOUTS).format(kind=name, body=body)
            plan, _ = load_plan(f"dialect torch\ninput 400x420x40\n{text}\n")
            if plan is None:
                continue
            right += 1
            assert [type(planned.node.layer) for planned in plan.layers[1:]] == [kind], text
            layer = plan.layers[1].node.layer
            for name, option in options.items():
                if not option.restates:
                    expected = values.get(name, option.default)
                    assert layer.__dict__[name] == expected, (text, name)
    assert right or kind.keyword in ("FC", "RBF", "SLICE") or not options
