"""A block may be called like anything: its name is the block then, or refused, and never another layer."""

from __future__ import annotations

import pytest

from netdsl.diagnostics import Severity
from netdsl.graph.names.reserved_names import SHARED_SWITCHES, SWITCHES
from netdsl.layers.elu import Elu
from netdsl.layers.option import Option, OptionType
from netdsl.layers.registry import all_kinds, modules_by_name
from netdsl.planning.pipeline import load_plan
from netdsl.text.printer import layer_text

KEYWORDS = [
    *("net", "let", "block", "default", "use", "dialect", "expect", "train", "where", "activation", "table"),
    *("pattern", "params", "volume", "skip", "project", "no", "without", "same", "valid", "zero", "at", "of"),
    *("with", "a", "global", "max", "avg", "x", "layer", "dropout1", "conv3", "bn_1"),
]

REFUSALS = {"ND219", "ND226", "ND227"}
"""A block that contains itself, a name that is taken, and a layer by the name of a block."""


def _words() -> set[str]:
    kinds = all_kinds()
    options: list[Option[object]] = [option for kind in kinds for option in kind.options().values()]
    names = {word for option in options for word in option.words} | set(KEYWORDS)
    names |= {filler for kind in kinds for filler in kind.fillers}
    return {name.replace(" ", "_") for name in (*names, *modules_by_name())}


NAMES = sorted({form for name in _words() for form in (name, name.lower(), name.upper(), name.capitalize())})


@pytest.mark.slow
@pytest.mark.parametrize("parameters", ["", "(width = 3)"])
def test_a_name_that_is_given_wins_or_is_refused(parameters: str) -> None:
    refused = 0
    for name in NAMES:
        uses = f"{name}\n{name}*2\nlast: {name}\n[{name}]*2\nGELU - {name}()\n"
        plan, findings = load_plan(f"input 8x8x4\nblock {name}{parameters} {{ ELU }}\n{uses}")
        if plan is None:
            assert REFUSALS & {finding.code for finding in findings}, name
            refused += 1
        else:
            assert sum(isinstance(layer.node.layer, Elu) for layer in plan.layers) == 7 + (name == "GELU"), (
                name
            )
            assert len(plan.layers) == 9, name
    assert refused < 30  # SKIP, PROJECT, INPUT, and the layers of this test in four forms each


def test_no_layer_is_written_by_the_name_of_a_block() -> None:
    for name in modules_by_name():
        block = name.replace(" ", "_")
        for use in (name, name.lower(), f"{name} 3", f"x: {name} 3x3", f"{name} 4 3x3 pad 1"):
            plan, findings = load_plan(f"input 8x8x4\nblock {block} {{ ELU }}\nGELU - {use}\nCONV 3 1x1\n")
            if plan is None:
                assert {finding.code for finding in findings} & {*REFUSALS, "ND207"}, use
            else:
                assert use == block or use == block.lower(), use
                assert isinstance(plan.layers[2].node.layer, Elu)


@pytest.mark.slow
def test_a_number_that_is_given_wins_or_is_refused() -> None:
    wrong = []
    for name in NAMES:
        for line, wanted in (
            ("FC v", "FC 3"),
            ("MAX POOL v", "MAX POOL 3x3"),
            ("CONV 8 3x3 stride v", "CONV 8 3x3 stride 3"),
            ("CONV 8 v", "CONV 8 3x3"),
            ("TANH\nFC v", "FC 3"),
        ):
            value = "3x3" if wanted.endswith("3x3") else "3"
            plan, findings = load_plan(f"let {name} = {value}\ninput 9x9x4\n{line.replace('v', name)}\n")
            made = layer_text(plan.layers[-1].node.layer) if plan else wanted
            if (plan is None and not any(f.severity is Severity.ERROR for f in findings)) or made != wanted:
                wrong.append((line, name, made))
    assert not wrong


def test_all_options_without_a_value_are_refused_as_names_of_numbers() -> None:
    options = [option for kind in all_kinds() for option in kind.options().values()]
    flags = {word for option in options if option.type is OptionType.FLAG for word in option.words}
    assert flags == SWITCHES | SHARED_SWITCHES
    for name in SWITCHES:
        for text in (
            f"let {name} = 4\n",
            f"block B({name}) {{ RELU }}\n",
            f"block B(k) {{ let {name} = k\nRELU }}\n",
        ):
            _, findings = load_plan(text + "input 32x32x3\nB(1)\nMAX POOL global\nFC 10\n")
            assert "ND226" in {finding.code for finding in findings}, text


@pytest.mark.parametrize("name", sorted(SHARED_SWITCHES))
def test_a_number_called_like_a_switch_of_a_normalisation(name: str) -> None:
    text = f"let {name} = 4\ninput 32x32x3\nCONV {name} 3x3\n"
    assert load_plan(text + f"BN no {name}\n").plan is not None
    _, findings = load_plan(text + f"GN {name}\n")
    assert [finding.code for finding in findings] == ["ND229"]
