"""What every kind of layer owes its readers: a docstring with all sections, and an example that checks."""

from __future__ import annotations

import inspect
import re

import pytest

from netdsl.layers.layer import Layer
from netdsl.layers.option import OptionType
from netdsl.layers.registry import all_kinds, kind_named
from netdsl.planning.pipeline import load_plan
from netdsl.resources import explained_codes
from netdsl.text.printer import layer_text, print_network

SECTIONS = ("Computes", "Volume", "Parameters", "Cost", "Problems", "Example", "Reference")

kinds = pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.keyword)


def _sections(kind: type[Layer]) -> dict[str, str]:
    text = inspect.getdoc(kind) or ""
    parts = re.split(rf"^({'|'.join(SECTIONS)})\n", text, flags=re.M)
    return {title: inspect.cleandoc(body) for title, body in zip(parts[1::2], parts[2::2], strict=True)}


@kinds
def test_docstring_has_every_section(kind: type[Layer]) -> None:
    sections = _sections(kind)
    assert tuple(sections) == SECTIONS
    assert all(sections.values())


@kinds
def test_reference_has_a_year(kind: type[Layer]) -> None:
    assert re.search(r"\b(19|20)\d\d\b", _sections(kind)["Reference"])


@kinds
def test_example_checks(kind: type[Layer]) -> None:
    plan, findings = load_plan(_sections(kind)["Example"], kind.keyword)
    assert plan is not None, findings
    assert not findings
    assert any(type(layer.node.layer) is kind for layer in plan.layers)


@kinds
def test_problems_have_pages(kind: type[Layer]) -> None:
    assert set(re.findall(r"ND\d{3}", _sections(kind)["Problems"])) <= set(explained_codes())


@kinds
def test_names_lead_back_to_the_kind(kind: type[Layer]) -> None:
    assert kind.keyword == kind.keyword.upper()
    for name in (kind.keyword, *kind.spellings):
        assert kind_named(name) is kind
        assert kind_named(name.lower().replace(" ", "_")) is kind


@kinds
def test_options_are_documented_and_their_words_distinct(kind: type[Layer]) -> None:
    words = [word for option in kind.options().values() for word in option.words]
    assert len(words) == len(set(words))
    for option in kind.options().values():
        assert option.doc
        assert option.type is not OptionType.FLAG or option.default is not None


@kinds
def test_text_of_a_layer_reads_back(kind: type[Layer]) -> None:
    plan, _ = load_plan(_sections(kind)["Example"])
    assert plan is not None
    (layer,) = [layer.node.layer for layer in plan.layers if type(layer.node.layer) is kind][:1]
    line = layer_text(layer)
    first = layer_text(plan.network.nodes[0].layer)
    text = line if kind.inputs == 0 else f"{first}\n{line}"
    again, findings = load_plan(print_network(plan.network) if kind.inputs is None else text)
    assert again is not None, findings
    assert vars(layer) in [vars(node.layer) for node in again.network.nodes if type(node.layer) is kind]


@kinds
def test_facts_are_those_that_someone_asks_for(kind: type[Layer]) -> None:
    """A fact under a name that no base declares would be said to nobody."""
    bases = kind.__mro__[1:]
    declared = {name for base in bases for name in (*vars(base), *vars(base).get("__annotations__", ()))}
    facts = {name for name, value in vars(kind).items() if isinstance(value, (bool, str, tuple))}
    assert {name for name in facts if not name.startswith("_")} <= declared
