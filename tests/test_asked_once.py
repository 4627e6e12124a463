"""What one text has had worked out serves the next one, and changes nothing of what is said of it."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain
from typing import Any

import pytest

from netdsl.graph.expanded_layers import LayerHead
from netdsl.graph.names import weight_sharing
from netdsl.graph.options import cache
from netdsl.layers import alike
from netdsl.layers.conv import Conv
from netdsl.planning.pipeline import load_plan
from netdsl.program import kept_tensors
from netdsl.reports.as_json import plan_as_json
from netdsl.reports.as_table import plan_as_table
from netdsl.rules import advise
from netdsl.syntax import tree

TEXTS = {
    "plain": "input 32x32x3; CONV 16 3x3 pad 1 - RELU - MAX POOL 2x2 - FC 10",
    "other places": "# CONV; input 32x32x3;   CONV 16 3x3 pad 1 - RELU; MAX POOL 2x2; FC 10",
    "another dialect": "dialect caffe; input 32x32x3; CONV 16 3x3 pad 1 - RELU - MAX POOL 3x3 stride 2",
    "rounded": "dialect torch; input 32x32x3; CONV 16 3x3 pad 1 - RELU - MAX POOL 3x3 stride 2 - FC 10",
    "a name": "let w = 16; input 32x32x3; CONV w 3x3 pad 1 - RELU - FC 10",
    "another value": "let w = 24; input 32x32x3; CONV w 3x3 pad 1 - RELU - FC 10",
    "no such name": "input 32x32x3; CONV w 3x3 pad 1 - RELU - FC 10",
    "a size of names": "block B(k) { CONV 8 kx1 same - CONV 8 1xk same - RELU }; input 32x32x3; B(3) - B(5)",
    "an unread name": "block B(w, k) { CONV w 3x3 pad 1 - RELU }; input 32x32x3; B(16, 3) - FC 10",
    "an option as a name": "block B(stride) { CONV 16 3x3 stride stride pad 1 - RELU }; input 32x32x3; B(2)",
    "two sizes": "input 32x32x3; CONV 16 3x3 5x5 pad 1 - RELU - FC 10",
    "depth": "input 32x32x3; CONV 16 3x3x3 pad 1 - RELU - FC 10",
    "wrong depth": "input 32x32x4; CONV 16 3x3x3 pad 1 - RELU - FC 10",
    "zero": "input 32x32x3; CONV 16 3x3 pad 1 - LEAKY RELU 0 - FC 10",
    "branches": "input 32x32x3; CONCAT[ CONV 8 3x3 pad 1 | CONV 8 5x5 pad 2 - RELU | SKIP ] - CONV 8 3x3",
    "projections": "input 32x32x3; ADD[ CONV 16 3x3 pad 1 stride 2 | PROJECT stride 2 ] - RELU - FC 10",
    "default": "default activation relu; input 32x32x3; CONV 16 3x3 pad 1; FC 100; FC 10",
    "pads": "input 32x32x3; CONV 16 3x3, 1 pad - RELU - PAD 1 - CONV 16 3x3 pad 1, stride 2 - FC 10",
    "lost pixels": "dialect torch; input 32x32x3; CONV 16 3x3 stride 2 - RELU - AVG POOL global - FC 10",
    "frozen": "input 32x32x3; CONV 16 3x3 pad 1 - RELU - FC 10; train { freeze CONV1 }",
    "another loss": "input 32x32x3; CONV 16 3x3 pad 1 - RELU - FC 10; train { loss squared }",
}
"""With `; ` for the end of a line."""
TEXTS = {name: text.replace("; ", "\n") for name, text in TEXTS.items()}


def forget() -> None:
    for known in (alike._known, cache._known, kept_tensors._known):
        known.clear()


def said(text: str) -> list[Any]:
    """All that is said of a text."""
    plan, found = load_plan(text)
    advice = advise(plan) if plan is not None else []
    shown = [
        (one.code, one.message, one.primary, one.secondary, one.help, one.fix) for one in (*found, *advice)
    ]
    return [shown, plan and plan_as_json(plan), plan and plan_as_table(plan)]


@pytest.fixture(autouse=True)
def _forgets() -> Any:
    forget()
    yield
    forget()


def test_the_order_of_texts_makes_no_difference() -> None:
    alone = {}
    for name, text in TEXTS.items():
        forget()
        alone[name] = said(text)
    assert len({str(one) for one in alone.values()}) == len(TEXTS)
    forget()
    for name in chain(TEXTS, reversed(TEXTS), TEXTS):
        assert said(TEXTS[name]) == alone[name], name


def test_little_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {name: said(text) for name, text in TEXTS.items()}
    forget()
    monkeypatch.setattr(alike, "LAYER_LIMIT", 3)
    monkeypatch.setattr(alike, "ANSWER_LIMIT", 5)
    monkeypatch.setattr(cache, "READING_LIMIT", 2)
    monkeypatch.setattr(kept_tensors, "_MOST_KNOWN", 2)
    for name in chain(TEXTS, reversed(TEXTS)):
        assert said(TEXTS[name]) == expected[name], name
        assert len(alike._known) <= 3
        assert alike._answers <= 5
        assert len(cache._known) <= 2
        assert len(kept_tensors._known) <= 2


def test_the_next_text_asks_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    problems = Conv.problems
    monkeypatch.setattr(
        Conv, "problems", lambda layer, *inputs: asked.append(inputs) or problems(layer, *inputs)
    )
    load_plan(TEXTS["plain"])
    assert len(asked) == 1
    load_plan(TEXTS["other places"])
    load_plan(f"{TEXTS['plain']}\n# another experiment\n")
    assert len(asked) == 1
    load_plan(TEXTS["plain"].replace("32x32", "48x48"))
    assert len(asked) == 2


def test_heads_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often groups and blocks repeat a layer, who asks for its kind or its label finds them read."""
    read: list[object] = []
    read_head = weight_sharing.read_head

    def counted(layer: tree.Layer, names: Container[str] = ()) -> LayerHead:
        read.append(layer.span)
        return read_head(layer, names)

    monkeypatch.setattr(weight_sharing, "read_head", counted)
    text = (
        "block UNIT(n, act) { a: CONV n 3x3 pad 1 - act - ADD[ CONV channels 1x1 | SKIP ] }\n"
        "input 32x32x3\n"
        "[CONV 8 3x3 pad 1 - BN]*20\n"
        "UNIT(8, RELU)*3 - UNIT(8, ELU)\n"
        "enc: MAX POOL 2x2\n"
        "ADD[ @enc | CONV 8 1x1 ] - FC 10\n"
    )
    plan, findings = load_plan(text, "case.net")
    assert plan is not None, findings
    assert len(plan.network.nodes) > 50
    assert len(read) == len(set(read)), sorted(read)
    assert len(read) == 14  # those of the text, and the two that are arguments
