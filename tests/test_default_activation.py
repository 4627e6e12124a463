"""A default activation means the text with it written: the same layers and the same labels."""

from __future__ import annotations

import pytest

from netdsl.planning.pipeline import load_plan

TEXTS = {
    "label": "enc: CONV 8 3x3 same@\nCONV 8 3x3 same@\nCONCAT[ SKIP | %enc ]\nFC 3",
    "label-bn": "enc: CONV 8 3x3 same - BN@\nCONV 8 3x3 same@\nCONCAT[ SKIP | %enc ]\nFC 3",
    "label-of-bn": "CONV 8 3x3 same - enc: BN@\nCONV 8 3x3 same@\nCONCAT[ SKIP | %enc ]\nFC 3",
    "group": "enc: [CONV 8 3x3 same@ - CONV 8 3x3 same@]\nCONV 8 3x3 same@\nCONCAT[ SKIP | %enc ]\nFC 3",
    "group-bn": "enc: [CONV 8 3x3 same - BN@]*2\nCONV 8 3x3 same@\nCONCAT[ SKIP | %enc ]\nFC 3",
    "call": "block B(w) { CONV w 3x3 same@ - CONV w 3x3 same@ }\nenc: B(8)*2\nB(8)\nADD[ SKIP | %enc ]\nFC 3",
    "inside": "block B(w) { in: CONV w 3x3 same@\nADD[ CONV w 3x3 same@ | %in ] }\nB(8)*2\nFC 3",
    "passed": "block B(x) { ADD[ CONV 8 3x3 same@ | %x ] }\nenc: CONV 8 3x3 same@\nB(%enc)\nFC 3",
    "branch": "enc: CONV 8 3x3 same@\n%enc - ADD[ CONV 8 3x3 same@ | SKIP ]\nFC 3",
    "project": "enc: CONV 8 3x3 same@\nRESHAPE 4x8x16\n%enc - ADD[ CONV 9 3x3 same@ | PROJECT ]\nFC 3",
    "unpool": "enc: CONV 8 3x3 same@\nPOOL 2x2 stride 2\nUNPOOL[ SKIP | %enc ]\nFC 3",
    "outputs": "enc: CONV 8 3x3 same@\nCONV 8 3x3 same@\n%enc - CONV 4 3x3 same@ - FC 2@\n%enc - FC 3",
    "skip-label": "enc: CONV 8 3x3 same@\nADD[ CONV 8 3x3 same@ | same: SKIP ]\nCONCAT[ SKIP | %same ]\nFC 3",
}
"""``@`` stands where the activation belongs, ``%`` for the sign of a reference."""


def network(text: str, activation: str, default: str = "") -> list[tuple[str, tuple[int, ...], str]]:
    text = text.replace("@", activation).replace("%", "@")
    plan, findings = load_plan(f"input 8x8x3\n{default}default UNPOOL 2x2 stride 2\n{text}")
    assert plan is not None, [finding.message for finding in findings]
    return [(layer.node.layer.keyword, layer.node.inputs, str(layer.output)) for layer in plan.layers]


@pytest.mark.parametrize("name", TEXTS)
def test_default_activation_is_the_text_with_it_written(name: str) -> None:
    assert network(TEXTS[name], "", "default activation relu\n") == network(TEXTS[name], " - RELU")


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_written_stays(name: str) -> None:
    written = network(TEXTS[name], " - RELU")
    assert network(TEXTS[name], " - RELU", "default activation relu\n") == written
