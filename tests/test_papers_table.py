"""The table of docs/language.md: what papers and slides write, alone and inside a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netdsl.diagnostics import Severity
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.source import Source
from netdsl.syntax.parser import parse
from netdsl.text.formatter import formatted
from netdsl.text.printer import layer_text

PAGE = (Path(__file__).parent.parent / "docs" / "language.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("<!-- papers -->\n")[2].partition("<!-- end of papers -->")[0]
ROWS = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", TABLE, re.MULTILINE)
INPUT = "dialect torch\ninput 33x33x5\n"


def planned(text: str) -> Plan:
    plan, findings = load_plan(text)
    assert plan is not None, (text, [finding.message for finding in findings])
    assert not [finding for finding in findings if finding.severity is not Severity.NOTE], text
    return plan


def chain(plan: Plan, first: int, last: int | None = None) -> str:
    return " - ".join(layer_text(planned.node.layer) for planned in plan.layers[first:last])


def canonical(text: str) -> str:
    source = Source("a.net", text)
    parsed = parse(source)
    assert parsed.file is not None
    assert not parsed.diagnostics
    return formatted(source, parsed.file)


def test_the_table_is_there() -> None:
    assert len(ROWS) > 40


@pytest.mark.parametrize(("written", "meant"), ROWS)
def test_alone(written: str, meant: str) -> None:
    assert chain(planned(f"{INPUT}{written}\n"), 1) == meant


@pytest.mark.parametrize(("written", "meant"), ROWS)
def test_in_a_network(written: str, meant: str) -> None:
    layers = meant.count(" - ") + 1
    lines = f"{INPUT}stem: CONV 5 1x1 - RELU\n{written}\nFC 10\n"
    assert chain(planned(lines), 3, -1) == meant
    grouped = f"{INPUT}[CONV 5 1x1 - RELU - {written}]*2\nFC 10\n"
    assert chain(planned(grouped), 3, 3 + layers) == meant
    joined = f"{INPUT}ADD[ SKIP | {written} - CONV 5 1x1 ] - RELU\nFC 10\n"
    text = load_plan(joined)[1]
    assert not [found for found in text if found.code[:3] in ("ND1", "ND2") and found.code != "ND231"]


@pytest.mark.parametrize(("written", "meant"), ROWS)
def test_behind_a_claim_and_a_label(written: str, meant: str) -> None:
    plan = planned(f"{INPUT}{written}\n")
    volume = plan.layers[2 if "separable" in written else 1].output
    claimed, findings = load_plan(f"{INPUT}[{volume}] {written}\n")
    if claimed is None:  # what is left out is the claim's to decide, and it may leave a choice
        assert [finding.code for finding in findings] == ["ND314"]
        assert not re.search(r"[0-9]x[0-9]", written)
    else:
        assert [planned.output for planned in claimed.layers] == [planned.output for planned in plan.layers]
    if re.match(r"[A-Za-z]", written) and "=" not in written[:3]:
        assert chain(planned(f"{INPUT}here: {written}\nFC 10\n"), 1, -1) == meant


@pytest.mark.parametrize(("written", "meant"), ROWS)
def test_the_formatter_writes_our_words(written: str, meant: str) -> None:
    once = canonical(f"{INPUT}{written}\n")
    assert canonical(once) == once
    plan, findings = load_plan(once)
    assert plan is not None
    assert chain(plan, 1) == meant
    assert "ND231" not in {finding.code for finding in findings}


@pytest.mark.parametrize(
    "text", ["C1: 6@28x28", "6@28x28", "avgpool", "F=2 S=2", "conv 6@28x28", "conv2-64", "conv 3x3x5"]
)
def test_both_readings_are_networks(text: str) -> None:
    plan, findings = load_plan(f"{INPUT}{text}\n")
    assert plan is None
    (found,) = findings
    assert found.code == "ND230"
    readings = [match[1] for line in found.help if (match := re.match("write `([^`]+)`", line))]
    assert len(readings) == 2
    assert (
        len(
            {
                chain(planned(f"dialect torch\ninput {size}x5\n{one}\n"), 1)
                for one, size in zip(readings, ("33x33", "32x32"), strict=True)
            }
        )
        == 2
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("batch-norm - re-lu", "BN - RELU"),
        ("global-average-pool - FC 2", "AVG POOL global - FC 2"),
        ("max-pool1: 3x3\nfully-connected 2", "MAX POOL 3x3 - FC 2"),
        ("conv3-64 pad 0", "CONV 64 3x3"),
        ("pool2-2", "MAX POOL 2x2 stride 2"),
        ("leaky-relu", "LEAKY RELU"),
    ],
)
def test_what_a_hyphen_cuts_is_one_kind(written: str, meant: str) -> None:
    assert chain(planned(f"{INPUT}{written}\n"), 1) == meant
