"""Which number goes where: a layer of any kind, in any order and spelling, is that layer or a finding."""

from __future__ import annotations

import random
from itertools import pairwise, permutations, product
from typing import Any, NamedTuple

import pytest

from netdsl.diagnostics import Findings
from netdsl.formats.listing import read_listings
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.options.reader import read_options
from netdsl.graph.papers import in_our_words
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.layers.registry import all_kinds, names_stepping
from netdsl.planning.pipeline import load_plan
from netdsl.quantities import SAME, Padding, Size
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.parser import parse

KINDS = [kind for kind in all_kinds() if kind.inputs != 0 and "height" not in kind.options()]
NUMBERS = (OptionType.COUNT, OptionType.INDEX, OptionType.REAL)


class Part(NamedTuple):
    """One option as it is written. ``bare`` where it begins with a value that no word follows or
    precedes, ``reversed`` where its word stands behind its value."""

    text: str
    bare: bool = False
    reversed: bool = False


def values_of(kind: type[Layer], chance: random.Random) -> dict[str, Any]:
    """Values for some options, no two of which are alike."""
    numbers = iter(chance.sample(range(2, 40), 20))
    found: dict[str, Any] = {}
    for option in kind.options().values():
        if not (option.required and option.positional) and chance.random() < 0.4:
            continue
        if option.type in NUMBERS:
            number: float = next(numbers)
            found[option.name] = number / 100 if option.type is OptionType.REAL else number
        elif option.type is OptionType.SIZE:
            found[option.name] = Size(next(numbers), next(numbers))
        elif option.type is OptionType.PADDING:
            side = next(numbers)
            found[option.name] = chance.choice(
                (Padding(side, side, side, side), SAME, Padding(side, 0, 0, 1))
            )
        elif option.type is OptionType.FLAG:
            found[option.name] = chance.random() < 0.5
        elif option.type is OptionType.FACTORS:
            found[option.name] = tuple(chance.choice((-1, 1)) * next(numbers) / 4 for _ in range(3))
        elif option.type is OptionType.CHANNELS:
            first, second = next(numbers), next(numbers)
            found[option.name] = ((first, first + 3), (second, second))
        elif option.type is OptionType.TABLE:
            found[option.name] = option.tables[chance.choice(list(option.tables))]
        elif option.type is OptionType.WORD and option.choices:
            found[option.name] = chance.choice(option.choices)
    return {name: value for name, value in found.items() if not kind.options()[name].restates}


def spellings(option: Option[Any], value: Any) -> list[Part]:
    """All ways to write an option, those that are no way to write it among them."""
    word = option.words[0]
    if option.type is OptionType.FLAG:
        return [Part(word)] if value else [Part(f"no {word}"), Part(f"without {word}")]
    if isinstance(value, Padding) and value.bottom != value.top:
        return [Part(f"{word} top {value.top} right 1"), Part(f"{word} top {value.top}, right 1")]
    text = written(option, value)
    if option.type is OptionType.TABLE:
        rows = "; ".join(" ".join(map(str, row)) for row in value)
        return [*(Part(f"{word} {text}") for word in option.words), Part(f"{word} {{ {rows} }}")]
    if option.type is OptionType.WORD or value is SAME:
        return [Part(f"{word} {text}"), Part(text)]
    parts = [
        Part(template.format(word=name, value=text))
        for name in option.words
        for template in (
            "{word} {value}",
            "{word}={value}",
            "{word} = {value}",
            "{word} of {value}",
            "with {word} {value}",
        )
    ]
    parts += [Part(f"{text} {name}", reversed=not option.positional) for name in option.words]
    if option.positional:
        parts.append(Part(text, bare=True))
    if option.name == "stride":
        parts.append(Part(f"/{text}"))
    return parts


def written(option: Option[Any], value: Any) -> str:
    if option.type is OptionType.TABLE:
        return next(name for name, rows in option.tables.items() if rows == value)
    if option.type is OptionType.FACTORS:
        return ", ".join(map(str, value))
    if option.type is OptionType.CHANNELS:
        return " ".join(f"{first}-{last}" if first < last else str(first) for first, last in value)
    return str(value)


def joined(parts: list[Part], chance: random.Random) -> str | None:
    """The parts one after another, commas between some; None where a value behind a reversed part
    would be its word's by the rule: `2 stride 16`."""
    text = parts[0].text
    for before, part in pairwise(parts):
        comma = chance.random() < 0.4
        if before.reversed and part.text[0].isdigit() and not comma:
            noun = part.text.split()[-1]
            if part.bare or part.reversed or noun[0].isdigit():
                return None
        text += ", " if comma else " "
        text += part.text
    return text


def layouts(kind: type[Layer], parts: list[Part], chance: random.Random) -> list[str]:
    """The parts behind the kind, behind a label, and one of them before the kind."""
    names = (kind.keyword, *kind.spellings)
    plain = [name for name in names if name.split()[0] not in names_stepping()]  # those get a note
    name = chance.choice(plain).lower()
    body = joined(parts, chance)
    found = [] if body is None else [f"{name} {body}", f"first: {name} {body}", f"{name}1: {body}"]
    of = any("of" in option.words for option in kind.options().values())
    if body is not None and "=" not in body and not of:
        found.append(f"{name} {body}".replace(" of ", " : ").replace(" : ", ": "))
    for index, part in enumerate(parts):
        others = parts[:index] + parts[index + 1 :]
        rest = joined(others, chance) if others else ""
        if part.bare and "x" in part.text and rest is not None:
            found += [f"{part.text} {name} {rest}", f"first: {part.text} {name}, {rest}"]
    return found


def read(text: str) -> tuple[type[Layer] | None, dict[str, Any]] | None:
    """The kind and the options of a line; None with a finding."""
    source = Source("a.net", f"{text}\n")
    parsed = parse(source)
    if parsed.diagnostics or parsed.file is None:
        return None
    findings = Findings(source)
    statements = in_our_words(parsed.file, findings).file.statements
    if len(statements) != 1 or not isinstance(statements[0], tree.Layer):
        return None
    head = read_head(statements[0])
    if head.kind is None:
        return None
    given = read_options(head.kind, head.rest, findings, Environment({}))
    values = {name: values[0].value for name, values in given.items()}
    lacks = any(option.missing(values) for option in head.kind.options().values())
    return None if findings.found or lacks else (head.kind, values)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.keyword)
def test_every_order_and_spelling_is_the_same_layer_or_a_finding(kind: type[Layer]) -> None:
    chance = random.Random(kind.keyword)
    options = kind.options()
    right = 0
    for _ in range(12):
        values = values_of(kind, chance)
        if any(option.missing(values) for option in options.values()) or not values:
            continue
        for order in list(permutations(values))[:24]:
            parts = [chance.choice(spellings(options[name], values[name])) for name in order]
            for text in layouts(kind, parts, chance):
                found = read(text)
                right += found is not None
                plain = not any(part.reversed for part in parts)
                assert found == (kind, values) or (found is None and not plain), (
                    f"{text!r} is {found}, not {values}"
                )
    assert right or not options


def test_every_option_of_every_kind_is_tried() -> None:
    assert {*all_kinds()} - {*KINDS} == {kind for kind in all_kinds() if "height" in kind.options()}
    for kind in KINDS:
        chance = random.Random(kind.keyword)
        tried = {name for _ in range(60) for name in values_of(kind, chance)}
        assert tried == {name for name, option in kind.options().items() if not option.restates}, kind.keyword


GIVEN_BY_A_VOLUME = [kind for kind in all_kinds() if "height" in kind.options()]
WORDED = ("{name} {value}", "{value} {name}", "{name}={value}", "{name}: {value}", "{name} of {value}")


@pytest.mark.parametrize("kind", GIVEN_BY_A_VOLUME, ids=lambda kind: kind.keyword)
def test_extents_of_a_volume_are_those_or_a_finding(kind: type[Layer]) -> None:
    """``16 width 8 height``: a word takes the value behind it, and no value is another's."""
    right = 0
    values = {"height": 8, "width": 16, "channels": 2}
    for order in permutations(values):
        for forms in product(WORDED, repeat=3):
            parts = [
                form.format(name=name, value=values[name]) for name, form in zip(order, forms, strict=True)
            ]
            for separator in (" ", ", "):
                found = read(f"{kind.keyword} {separator.join(parts)}")
                right += found is not None
                assert found in (None, (kind, values)), parts
    for text in ("8 16 2", "8, 16, 2", "8x16x2", "height 8 16 2", "8 width 16 2", "8x16x2 channels"):
        assert read(f"{kind.keyword} {text}") in (None, (kind, values)), text
    assert right > 500


@pytest.mark.parametrize(
    ("line", "layer"),
    [
        ("7x7 conv stride 2x2 64 filters", "CONV 64 7x7 stride 2"),
        ("7x7 conv pad 3x3 64 filters", "CONV 64 7x7 pad 3"),
        ("3x3 pool stride 2x2", "MAX POOL 3x3 stride 2"),
        ("3x3 max pool stride 1 pad 1", "MAX POOL 3x3 stride 1 pad 1"),
        ("conv 2 stride 16 kernels 3x3", None),
        ("conv 64 stride 2 kernel 7x7", "CONV 64 7x7 stride 2"),
        ("conv stride 2 filters 64 kernel 7x7", "CONV 64 7x7 stride 2"),
        ("stem: 7x7 conv, 64, /2", "CONV 64 7x7 stride 2"),
        ("conv1: 7x7 conv, 64, /2", "CONV 64 7x7 stride 2"),
        ("CONV stride: 2, 64 7x7", "CONV 64 7x7 stride 2"),
        ("CONV1 stride: 2, 64 7x7", "CONV 64 7x7 stride 2"),
        ("CONV pad: 3, filters: 64, kernel: 7x7", "CONV 64 7x7 pad 3"),
        ("conv 64 kernels of size 7x7", "CONV 64 7x7"),
        ("2x2 stride pool 3x3", None),
        ("stride pool 3x3", None),
        ("conv 16 2x2 stride 3x3 kernel", None),
        ("conv 2 stride 16 filters 3x3", None),
        ("conv 16 3x3 /2 filters", None),
        ("conv 16 3x3 pad top 1 filters", None),
        ("pool 2x2 stride 3x3 windows", None),
        ("conv 16 3x3 2 stride", None),
        ("NORM n 3 alpha 0.5 beta 0.25 k 1", "NORM size 3 alpha 0.5 beta 0.25 k 1"),
        ("RESHAPE 9x9x3 height 3", None),
        ("RESHAPE 243 height 9 width 27", None),
        ("RESHAPE height: 9, width: 27, channels: 1", "RESHAPE 9x27x1"),
        ("INPUT 28 height 28 width 3 channels", None),
        ("INPUT height: 9, width: 27, channels: 1", "INPUT 9x27x1"),
        ("INPUT 784 channels", "INPUT 784"),
    ],
)
def test_lines_that_were_other_layers(line: str, layer: str | None) -> None:
    assert read(line) == (read(layer) if layer else None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ADD[ CONV 3 4x4 stride 2 pad 1 | 2x2 PROJECT stride ]", "ND228"),
        ("default CONV 4 3x3\n[CONV-RELU-CONV] where { CONV: pad 1, 6 filters }", "ND228"),
        ("block B(a, kernel, stride) { CONV a kernel stride - RELU }\nB(4, 3x3, 1)", "ND229"),
        ("block B(a = 1, b = 3, c = 3) { CONV a b stride c }\nB(c = 1, 3)", "ND218"),
    ],
)
def test_texts_that_were_other_networks(text: str, code: str) -> None:
    _, findings = load_plan(f"input 32x32x3\n{text}\n")
    assert code in {finding.code for finding in findings}


def test_names_stand_where_their_values_do() -> None:
    block = (
        "block B(kernel, filters, stride, pad) { CONV kernel kernel filters filters stride stride pad pad }"
    )
    plan, findings = load_plan(f"input 32x32x3\n{block}\nB(3x3, 8, 1, 1)\n")
    assert plan is not None, findings
    assert str(plan.layers[-1].output) == "32x32x8"
    assert plan.parameter_count == 3 * 3 * 3 * 8 + 8


@pytest.mark.parametrize(
    ("line", "layer"),
    [
        ("[16x16x64] 8x8 conv stride 2x2 64 filters, pad 3", "CONV: 8x8 stride 2x2 64 filters, pad 3"),
        ("[16x16x3] 2x2 avg pooling, stride 2", "AVG POOLING: 2x2, stride 2"),
        ("[32x32x64] 64 3x3 conv, pad 1", "CONV: 64 3x3, pad 1"),
        ("8x8 conv, 64, /2, pad 3 [16x16x64]", "CONV: 8x8, 64, /2, pad 3"),
    ],
)
def test_a_listing_keeps_the_order_of_its_lines(line: str, layer: str) -> None:
    claim = line[line.index("[") : line.index("]") + 1]
    entry = read_listings(f"[32x32x3] INPUT\n{line}\n")[0].entries[1]
    assert entry.text == f"{claim} {layer}"
    plan, findings = load_plan(f"[32x32x3] INPUT\n{entry.text}\n")
    assert plan is not None, findings
