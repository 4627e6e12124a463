"""The shipped networks: their figures are the published ones, and each says where it is from."""

from __future__ import annotations

import re
import tomllib

import pytest

from netdsl.planning.pipeline import load_plan
from netdsl.resources import published_text, zoo_names, zoo_text
from netdsl.rules import advise

PUBLISHED = tomllib.loads(published_text())


def test_every_network_has_figures() -> None:
    assert sorted(PUBLISHED) == zoo_names()


@pytest.mark.parametrize("name", zoo_names())
def test_figures(name: str) -> None:
    plan, findings = load_plan(zoo_text(name), name)
    assert plan is not None
    assert not findings
    assert {finding.code for finding in advise(plan)} == set(PUBLISHED[name].get("advice", []))
    assert plan.parameter_count == PUBLISHED[name]["parameters"]
    assert plan.macs == PUBLISHED[name]["macs"]
    connections = sum(layer.node.layer.connections(*layer.inputs) for layer in plan.layers)
    assert connections == PUBLISHED[name].get("connections", connections)


@pytest.mark.parametrize("name", zoo_names())
def test_sources(name: str) -> None:
    text = zoo_text(name)
    header = text.split("\nnet ")[0]
    assert re.search(r"(19|20)\d\d", header), "the year of the paper"
    assert "expect params" in text
    assert "expect macs" in text
    assert PUBLISHED[name]["source"]
    assert len(PUBLISHED[name]["summary"]) < 90


def test_volumes_of_the_slide() -> None:
    plan, _ = load_plan(zoo_text("alexnet"))
    assert plan is not None
    written = [layer for layer in plan.layers if not layer.node.implied]
    volumes = " ".join(str(layer.output) for layer in written)
    assert volumes == (
        "227x227x3 55x55x96 27x27x96 27x27x96 27x27x256 13x13x256 13x13x256 13x13x384 13x13x384 13x13x256"
        " 6x6x256 4096 4096 1000"
    )


def test_the_lectures_first_filter() -> None:
    plan, _ = load_plan("input 32x32x3\nCONV 6 5x5")
    assert plan is not None
    assert str(plan.output) == "28x28x6"
    assert plan.parameter_count == 6 * (75 + 1)


@pytest.mark.parametrize("name", zoo_names())
def test_every_output_is_read_but_the_last(name: str) -> None:
    plan, _ = load_plan(zoo_text(name), name)
    assert plan is not None
    read = {index for layer in plan.layers for index in layer.node.inputs}
    assert read == set(range(len(plan.layers) - 1))
