"""Resolution, canonical text, and that no text whatever makes the planner raise."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.graph.network import Network
from netdsl.planning.pipeline import load_plan
from netdsl.reports.as_table import plan_as_table
from netdsl.reports.as_text import diagnostics_as_text
from netdsl.resources import zoo_names, zoo_text
from netdsl.rules import advise
from netdsl.text.printer import print_network

LAYERS = [
    "CONV 6 5x5",
    "CONV 4 3x3 pad 1 no bias",
    "POOL 2x2 /2",
    "AVG POOL 3x3 stride 2",
    "RELU",
    "FC 10",
    "BN",
    "NORM",
    "DROPOUT 0.3",
    "LEAKY RELU 0.2",
    "SOFTMAX",
    "FLATTEN",
    "a: TANH",
    "CONV1: 8 3x3",
    "[8x8x4] RELU",
    "[CONV - POOL]*2 where { CONV: 4, 8 filters 3x3 }",
    "[CONV - FC]",
    "KONV 3",
    "CONV 6 5x5 strid 2",
    "CONV 5x5",
    "CONV 0 3x3",
    "input 8x8x1",
    "default activation relu",
    "default CONV pad 1",
    "expect params = 5",
    "expect output = 8x8x1",
    "[[RELU]*3 - BN]*2",
    "CONV 1 1x1 stride 0",
    "FC 99999999999",
    "POOL 3x3 pad 9",
    "[RELU]*0",
    "[4] FC",
    "[[RELU]*99999]*99999",
    "CONV 4 1x1 groups 3",
    "[x: RELU]*2",
    "net X",
    "[RELU] where { FC: 3 }",
    "POOL: avg 2x2",
    "FC 2,000",
    "let k = 4",
    "let w = k*2 - 1",
    "CONV k 3x3 same",
    "CONV 2*k 1x1 - BN",
    "CONV k/3 3x3",
    "CONV (k+1)*2 3x1 pad 1x0",
    "block B(k, s = 1) { ADD[ CONV k 3x3 stride s pad 1 no bias - BN | PROJECT at stride s ] - RELU }",
    "block C { inner: RELU - B(4) }",
    "block D(v) { CONCAT[ @v | SKIP ] }",
    "B(4)*2",
    "b: B(8, s = 2)",
    "B(s = 2)",
    "C - C",
    "[C]*k",
    "D(@a)",
    "D(@b)",
    "ADD[ SKIP | CONV 4 3x3 same - RELU ]",
    "CONCAT[ RELU | @a | POOL 2x2 ]",
    "m: MULTIPLY[ SKIP | AVG POOL global - FC 4 - SIGMOID ]",
    "ADD[ PROJECT | CONV 8 3x3 stride 2 pad 1 ]",
    "ADD[ [ADD[ SKIP | RELU ]]*2 | x: RELU ]",
    "group: [CONV 4 3x3 same - RELU]*2",
    "@a - CONV 2 1x1",
    "@group",
    "RELU - @a",
    "dialect torch",
    "dialect caffe",
    "default CONV same",
    "CONV 4 3x3 pad top 0 bottom 1 left 1 right 0 stride 2",
    "CONV 2 3x3 table { 0-1; 1 3 } - TANH",
    "[4x4x8] CONV 3x3",
    "[16x16x4] CONV 4 3x3",
    "[8x8x4] CONV 4",
    "[8x8x4] B(4)",
    "CONV3-4: [8x8x4] memory: 256 weights: (3*3*4)*4 = 144",
    "AVG POOL global",
    "expect volume a = 8x8x4",
    "expect memory <= 1 MiB",
    "expect receptive_field CONV1 >= 3",
    "expect connections > 5",
    "expect pattern [[CONV - RELU]*N - POOL?]*M - FC?",
    "train { batch 64 epochs 3 }",
    "train { augment flip, crop 4; rate 3 }",
]

networks = st.tuples(
    st.sampled_from(["input 32x32x3\n", "input 8x8x4\n", "[16x16x1] INPUT\n", "input 100\n", ""]),
    st.sampled_from(
        ["", "", "dialect torch\nlet k = 3\nblock B(k, s = 1) { CONV k 3x3 stride s pad 1 - BN }\n"]
    ),
    st.lists(st.sampled_from(LAYERS), max_size=8).map("\n".join),
).map("".join)


def _meaning(network: Network) -> list[Any]:
    """A network without its places in a text."""
    nodes = [(node.name, type(node.layer), vars(node.layer), node.inputs) for node in network.nodes]
    expectations = [(*expectation[:3], expectation.of) for expectation in network.expectations]
    patterns = [pattern[:-1] for pattern in network.patterns]
    return [network.name, network.dialect, nodes, expectations, patterns]


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(networks)
def test_checking_never_raises_and_canonical_text_means_the_same(text: str) -> None:
    plan, findings = load_plan(text, "any.net")
    assert diagnostics_as_text(findings) or not findings
    assert plan is not None or findings
    if plan is not None:
        advise(plan)
        assert plan_as_table(plan)
        canonical = print_network(plan.network)
        again, found = load_plan(canonical)
        assert again is not None, found
        assert _meaning(again.network) == _meaning(plan.network)
        assert print_network(again.network) == canonical


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    plan, findings = load_plan(text)
    assert plan is not None or findings


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo_names())
def test_canonical_text_of_the_shipped_networks(name: str) -> None:
    plan, _ = load_plan(zoo_text(name), name)
    assert plan is not None
    again, findings = load_plan(print_network(plan.network))
    assert again is not None, findings
    assert _meaning(again.network) == _meaning(plan.network)
    assert again.parameter_count == plan.parameter_count


def test_canonical_text() -> None:
    plan, _ = load_plan(
        "net Small\ninput 8x8x1\ndefault activation relu\nstem: CONV 4 3x3 pad 1, no bias\n"
        "POOL1: 2x2 /2\nFC 10\nexpect params <= 1K"
    )
    assert plan is not None
    assert print_network(plan.network) == (
        "net Small\nINPUT 8x8x1\nstem: CONV 4 3x3 pad 1 no bias\nRELU1\nPOOL1: 2x2 stride 2\nFC1: 10\n"
        "expect params <= 1,000\n"
    )


def test_a_where_block_that_is_proposed_completes_the_pattern() -> None:
    text = "input 64x64x1\n[CONV-POOL-CONV-POOL-CONV-FC]"
    _, findings = load_plan(text)
    proposed = next(line for finding in findings for line in finding.help if "where {" in line)
    where = proposed[proposed.index("where {") :].replace("kernel 2x2", "kernel 1x1")
    plan, found = load_plan(f"{text} {where}\n")
    assert plan is not None, found


def test_layers_are_counted_before_they_are_expanded() -> None:
    begin = time.process_time()
    _, findings = load_plan("input 8x8x1\n[[[CONV 1]*1000]*1000]*1000")
    assert [finding.code for finding in findings] == ["ND211"]
    assert time.process_time() - begin < 1


_CHAIN = "\n".join(f"block B{i} {{ B{i + 1} - B{i + 1} }}" for i in range(60))
_TREE = "\n".join(f"block B{i}(n) {{ B{i + 1}(n*2) - B{i + 1}(n*2 + 1) }}" for i in range(50))
_LADDER = "\n".join(f"block B{i} {{ B{i + 1} }}" for i in range(3000))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{_CHAIN}\nblock B60 {{ RELU }}\nB0", "ND211"),
        (f"{_TREE}\nblock B50(n) {{ RELU }}\nB0(1)", "ND211"),
        (f"{_LADDER}\nblock B3000 {{ RELU }}\nB0", "ND104"),
        (f"{_LADDER}\nblock B3000 {{ B0 }}\nB0", "ND219"),
        ("let n = 0\n[[[RELU]*n]*100000]*100000 - FC 10", "ND211"),
        ("let k = 9999999999*9999999999*9999999999", "ND105"),
        ("CONV 2 3x3 table { " + "0-65000;" * 5000 + " }", "ND109"),
        ("expect pattern [[[CONV]*1000]*1000]*1000", "ND214"),
        ("CONCAT[ SKIP | @x ]\n" * 4000, "ND221"),
        ("[8x8x9] CONV 3\n" * 4000, "ND204"),
        ("CONV x/0*y 3x3\n" * 4000, "ND216"),
        ('use "a.net"\n' * 9000, "ND224"),
    ],
    ids=lambda value: value[:20],
)
def test_what_costs_too_much_is_a_finding_at_once(text: str, code: str) -> None:
    begin = time.process_time()
    plan, findings = load_plan(f"input 8x8x1\n{text}\n")
    assert plan is None
    assert findings[0].code == code
    assert time.process_time() - begin < 4, "seconds; 1.5 on a quiet machine"


def test_ten_thousand_layers_of_blocks_and_branches_are_quick() -> None:
    text = (
        "dialect torch\ninput 16x16x8\nblock B(k) { ADD[ CONV k 3x3 pad 1 no bias - BN | PROJECT ] - RELU }\n"
        "[B(8)]*2500\n"
    )
    begin = time.process_time()
    plan, _ = load_plan(text)
    assert plan is not None
    assert len(plan.layers) == 10_001
    assert time.process_time() - begin < 2, "seconds; 0.4 on a quiet machine"


def test_a_pattern_takes_one_step_a_layer() -> None:
    pattern = " - ".join(f"[RELU?]*A{number}" for number in range(400))
    begin = time.process_time()
    _, findings = load_plan(f"input 8x8x1\n[RELU]*20000 - FC 10\nexpect pattern {pattern}\n")
    assert [finding.code for finding in findings] == ["ND311"]
    assert time.process_time() - begin < 5


@pytest.mark.slow
def test_a_hundred_thousand_layers_are_planned() -> None:
    plan, _ = load_plan("input 8x8x1\n[CONV 1 3x3 pad 1]*99999")
    assert plan is not None
    assert plan.parameter_count == 10 * 99_999


def test_totals_have_no_limit() -> None:
    plan, _ = load_plan("input 2147483648\nFC 2147483648\nRELU\nFC 2147483648")
    assert plan is not None
    assert plan.macs == 2 * 2**62


def test_receptive_field_grows_through_strides() -> None:
    plan, _ = load_plan(zoo_text("lenet"))
    assert plan is not None
    seen = {layer.node.name: str(layer.receptive_field) for layer in plan.layers}
    assert seen["CONV1"] == "5x5"
    assert seen["MAX POOL1"] == "6x6"
    assert seen["CONV2"] == "14x14"
    assert seen["CONV3"] == "32x32"


def test_the_where_block_of_a_pattern_completes_it() -> None:
    text = "input 32x32x3\n[CONV-POOL-CONV-POOL-CONV-FC]"
    _, findings = load_plan(text)
    shown = next(help for finding in findings for help in finding.help if "where {" in help)
    block = shown.partition("\n")[2].removeprefix("]")
    plan, findings = load_plan(text + block)
    assert plan is not None, [finding.message for finding in findings]
