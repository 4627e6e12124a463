"""What `netdsl explain KIND` promises of the options of a kind is read so, in every spelling it names.

The texts are made from the declarations of the kinds, so a new kind is tested by being there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.options.reader import read_options
from netdsl.graph.options.value_order import takes_bare
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.layers.registry import all_kinds, kind_named
from netdsl.planning.pipeline import load_plan
from netdsl.quantities import Padding, Size
from netdsl.reports.as_kind import kind_as_text
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.parser import parse
from netdsl.text.printer import layer_text, option_text

KINDS = all_kinds()
PROMISE = "the word is optional"


def read(kind: type[Layer], text: str) -> tuple[type[Layer] | None, dict[str, Any], list[str]]:
    """The kind and the options that a layer's text is read as, and the findings."""
    source = Source("<text>", f"{kind.keyword} {text}")
    file = parse(source).file
    assert file is not None, text
    (layer,) = file.statements
    assert isinstance(layer, tree.Layer), text
    findings = Findings(source)
    head = read_head(layer)
    options = read_options(kind, head.rest, findings, Environment({}))
    values = {name: written[0].value for name, written in options.items()}
    return head.kind, values, [finding.message for finding in findings.found]


def numbers(option: Option[Any]) -> Iterator[tuple[str, Any]]:
    """One number as it may be written for an option, with its value."""
    low, high = option.minimum, option.maximum
    if option.type is OptionType.REAL:
        number = low if low is not None else 0.25 if high is None else min(high, 0.25)
        yield f"{number:g}", number
    elif option.type in (OptionType.COUNT, OptionType.INDEX):
        whole = int(max(low or 0, 3 if high is None else min(high, 3)))
        yield str(whole), whole
    elif option.type is OptionType.SIZE:
        yield "3", Size(3, 3)
    elif option.type is OptionType.PADDING:
        yield "2", Padding(2, 2, 2, 2)
    elif option.type is OptionType.CHANNELS:
        yield "2", ((2, 2),)
        yield "0-3, 5", ((0, 3), (5, 5))
    elif option.type is OptionType.FACTORS:
        yield "0.5", (0.5,)


def sizes(option: Option[Any]) -> Iterator[tuple[str, Any]]:
    if option.type is OptionType.SIZE:
        yield "3x5", Size(3, 5)
    elif option.type is OptionType.PADDING:
        yield "2x1", Padding(2, 2, 1, 1)


def worded(option: Option[Any]) -> Iterator[tuple[str, Any]]:
    """What may stand behind the word of an option."""
    yield from numbers(option)
    yield from sizes(option)
    if option.type is OptionType.PADDING:
        yield "top 1 left 2", Padding(1, 0, 2, 0)
        yield "left 1, right = 2 and bottom: 3", Padding(0, 3, 1, 2)
    yield from ((choice, choice) for choice in option.choices)
    yield from option.tables.items()


OPTIONS = [pytest.param(kind, option) for kind in KINDS for option in kind.options().values()]
BARE = [
    (kind, option, text, value)
    for kind in KINDS
    for option in kind.options().values()
    for number, forms in ((True, numbers(option)), (False, sizes(option)))
    if takes_bare(option, kind.options(), number=number)
    for text, value in forms
]


@pytest.mark.parametrize(("kind", "option"), OPTIONS)
def test_every_word_takes_its_value(kind: type[Layer], option: Option[Any]) -> None:
    for word in option.words:
        if option.type is OptionType.FLAG:
            for text, on in ((word, True), (f"no {word}", False), (f"without {word}", False)):
                assert read(kind, text) == (kind, {option.name: on}, [])
        for text, value in worded(option):
            for sign in (" ", " = ") if option.type is not OptionType.WORD else (" ",):
                written = f"{word}{sign}{text}"
                assert read(kind, written) == (kind, {option.name: value}, []), f"{kind.keyword} {written}"


@pytest.mark.parametrize(("kind", "option"), OPTIONS)
def test_default_can_be_written(kind: type[Layer], option: Option[Any]) -> None:
    if option.default not in (None, ()):
        assert read(kind, option_text(option, option.default))[1:] == ({option.name: option.default}, [])


@pytest.mark.parametrize(("kind", "option", "text", "value"), BARE)
def test_word_that_may_be_left_out(kind: type[Layer], option: Option[Any], text: str, value: object) -> None:
    before = [other for other in kind.options().values() if other.positional]
    before = before[: before.index(option)]
    expected, written = {option.name: value}, []
    for other in before:
        words, expected[other.name] = next(worded(other))
        written.append(f"{other.words[0]} {words}")
    assert read(kind, " ".join([*written, text])) == (kind, expected, [])


@pytest.mark.parametrize("kind", KINDS)
def test_promise_is_that_of_the_reader(kind: type[Layer]) -> None:
    shown = kind_as_text(kind)
    for option in kind.options().values():
        said = shown.split(f": {option.doc}\n")[1].split("\n")[0]
        number, size = (takes_bare(option, kind.options(), number=number) for number in (True, False))
        assert (PROMISE in said) == (number or size)
        if option.type is OptionType.SIZE:
            assert (f"{PROMISE} before" in said) == (size and not number)


@pytest.mark.parametrize("kind", KINDS)
def test_order_makes_no_other_layer(kind: type[Layer]) -> None:
    """Options with and without their words, in all orders: the same values, or a finding."""
    options = [o for o in kind.options().values() if o.type is not OptionType.NUMBERS and not o.restates][:4]
    parts = {
        f"{option.words[0]} {text}": (option.name, value)
        for option in options
        for text, value in [*worded(option)][:1]
    }
    bare = {
        text: (option.name, value)
        for option in options
        if takes_bare(option, kind.options(), number=False) and option.type is OptionType.SIZE
        for text, value in sizes(option)
    }
    without = {name for name, _ in bare.values()}
    for chosen in ([*parts], [*bare, *(part for part, (name, _) in parts.items() if name not in without)]):
        expected = dict({**parts, **bare}[part] for part in chosen)
        for order in permutations(chosen):
            for link in (" ", ", "):
                _, values, findings = read(kind, link.join(order))
                assert findings or values == expected, link.join(order)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("RESHAPE 8 16 1", "RESHAPE 8x16x1"),
        ("RESHAPE width 16 8 1", "RESHAPE 8x16x1"),
        ("RESHAPE channels 1 8 16", "RESHAPE 8x16x1"),
        ("CROP 4", "CROP 4x4"),
        ("CROP 4 top 1", "CROP 4x4 top 1"),
        ("PAD left 1", "PAD by left 1"),
        ("PAD left 1, right 2", "PAD by left 1 right 2"),
        ("PAD bottom = 1 and top = 2 channels 4", "PAD by top 2 bottom 1 channels 4"),
        ("PAD 1x2", "PAD by 1x2"),
        ("PAD zero padding 2", "PAD by 2"),
        ("POOL 2", "MAX POOL 2x2"),
        ("UPSAMPLE 2", "UPSAMPLE 2x2"),
        ("DEPTHWISE 3 pad 1", "DEPTHWISE 3x3 pad 1"),
    ],
)
def test_layers_of_a_network(text: str, written: str) -> None:
    plan, findings = load_plan(f"input 8x8x2\n{text}")
    assert plan is not None, findings
    assert layer_text(plan.layers[1].node.layer) == written
    again = load_plan(f"input 8x8x2\n{written}").plan
    assert again is not None
    assert again.output == plan.output


PADDINGS = [
    "2",
    "2x1",
    "top 1",
    "left 1 right 2",
    "top 1, bottom 2, left 3, right 4",
    "left = 1 and right = 2",
    "valid",
]


@pytest.mark.parametrize("spelled", PADDINGS)
def test_paddings_of_a_convolution_are_those_of_pad(spelled: str) -> None:
    (conv,) = read(kind_named("CONV") or Layer, f"4 3x3 pad {spelled}")[1:2]
    for before in ("", "by ", "pad ", "padding ", "zero padding ", "zero-padding "):
        assert read(kind_named("PAD") or Layer, before + spelled)[1:] == ({"around": conv["padding"]}, [])


@pytest.mark.parametrize("text", ["CONV 16 3", "CONV 3 16", "DECONV 4 2", "LOCAL 2 3"])
def test_two_numbers_of_which_nobody_can_tell_filters_from_kernel(text: str) -> None:
    plan, findings = load_plan(f"input 8x8x2\n{text}")
    assert plan is None
    assert [finding.code for finding in findings] == ["ND207"]
