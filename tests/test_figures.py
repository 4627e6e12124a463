"""Published figures beyond the shipped networks themselves: variants, other tools' totals, layer tables."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from netdsl.counting import tool_named
from netdsl.counting.columns import total
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.resources import zoo_text

FIGURES = tomllib.loads(Path(__file__).with_name("figures.toml").read_text(encoding="utf-8"))


def variant(entry: dict[str, Any]) -> str:
    """The text of an entry: its own, or a shipped network's with words replaced and nothing expected."""
    if "text" in entry:
        return str(entry["text"])
    text = re.sub(r"^expect .*$", "", zoo_text(entry["base"]), flags=re.MULTILINE)
    for old, new in entry.get("replace", []):
        assert old in text, f"{entry['base']} has no {old!r}"
        text = text.replace(old, new)
    return text


def planned(text: str) -> Plan:
    plan, findings = load_plan(text)
    assert plan is not None, [finding.message for finding in findings]
    return plan


def figures_of(entry: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """What the entry expects and what netdsl counts, by name of the figure."""
    plan = planned(variant(entry))
    found = {}
    if "parameters" in entry:
        found["parameters"] = entry["parameters"], plan.parameter_count
    if "macs" in entry:
        unit = entry.get("rounded", 1)
        found["macs"] = entry["macs"] // unit, plan.macs // unit
    for name, expected in entry.get("columns", {}).items():
        found[name] = expected, total(name, plan)
    for tool, totals in entry.get("like", {}).items():
        for name, expected in totals.items():
            found[f"{tool}: {name}"] = expected, tool_named(tool).totals(plan)[name]
    return found


@pytest.mark.parametrize("name", FIGURES)
def test_figures(name: str) -> None:
    found = figures_of(FIGURES[name])
    assert found
    assert FIGURES[name]["source"]
    assert {key: got for key, (_, got) in found.items()} == {key: want for key, (want, _) in found.items()}


def test_layers_of_lenet_1998() -> None:
    """LeCun and others, 1998, section II.B: trained numbers and connections of every layer."""
    counts = [
        (layer.parameter_count, layer.node.layer.connections(*layer.inputs))
        for layer in planned(zoo_text("lenet5-1998")).layers
    ]
    assert [pair for pair in counts if pair != (0, 0)] == [
        (156, 122_304),
        (12, 5_880),
        (1_516, 151_600),
        (32, 2_000),
        (48_120, 48_120),
        (10_164, 10_164),
        (0, 840),
    ]


def test_extents_of_the_unet() -> None:
    """Ronneberger and others, 2015, figure 1."""
    heights = [layer.output.height for layer in planned(zoo_text("unet")).layers]
    changes = [new for old, new in pairwise(heights) if old != new]
    on_the_way = (
        "570 568 284 282 280 140 138 136 68 66 64 32 30 28 56 54 52 104 102 100 200 198 196 392 390 388"
    )
    kept = iter(changes)
    assert all(int(extent) in kept for extent in on_the_way.split())


def test_the_lectures_units() -> None:
    """CS231n: one neuron that sees the image of 32x32x3 has 3,072 weights, one filter 5*5*3 + 1."""
    assert total("weights", planned("input 32x32x3\nFC 1")) == 3_072
    assert planned("input 32x32x3\nCONV 1 5x5").parameter_count == 76


if __name__ == "__main__":  # the table of all figures
    for name, entry in FIGURES.items():
        for figure, (expected, got) in figures_of(entry).items():
            print(
                f"{name:32} {figure:32} {expected:18,} {got:18,} {'same' if expected == got else 'DIFFERS'}"
            )
