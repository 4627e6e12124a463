"""One mistake in the text of a block or a group is one finding, whatever number of layers come from it."""

from __future__ import annotations

import pytest

from netdsl.diagnostics import Diagnostic, Severity
from netdsl.edits import mended
from netdsl.planning.pipeline import load_plan, plan_source
from netdsl.source import Source


def errors(text: str) -> list[Diagnostic]:
    return [finding for finding in load_plan(text).diagnostics if finding.severity is Severity.ERROR]


MISTAKES = [
    "CONV 64 3x3 pad 1 groups 64",
    "CONV w 99x99",
    "CONV w 3x3 grops 2",
    "CONV w 3x3 /0",
    "CONV w/64 3x3",
    "CONV w",
    "CONV 4 kernel 3x3x7",
    "RLU",
    "CONV q 3x3",
    "RESHAPE 1 w 1",
    "ADD[ CONV w*2 1x1 | CONV w 1x1 ]",
    "CONCAT[ CONV w 3x3 | SKIP | RELU ]",
    "MULTIPLY[ CONV w*3 1x1 | CONV w*2 1x1 ]",
    "ADD[ SKIP | @nothing ]",
    "INNER(w, w)",
    "[9x9x9] CONV w 1x1",
    "[CONV] where { CONV: 3, 4 filters 3x3 }",
    "DROPOUT w",
    "CROP w*9",
    "FC w - CONV w 3x3",
    "[POOL 2x2]*9",
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_one_finding_for_all_uses(mistake: str) -> None:
    inner = "block INNER(w) { CONV w 1x1 }\n"
    block = f"{inner}block B(w) {{ {mistake} }}\n"
    calls = ["B(8)", "B(9)", "B(10)", "B(11)", "B(12)"]
    found = errors(f"input 32x32x8\n{block}CONCAT[ {' | '.join(calls)} ]\n")
    assert len(found) == 1, [finding.message for finding in found]
    (note,) = [note for note in found[0].notes if note.startswith("shows in ")]
    for call in calls[:3]:
        assert f"`{call}` in line 4" in note
    assert "5 uses of the block" in note


def test_group_that_is_repeated() -> None:
    (found,) = errors("input 32x32x6\nCONCAT[ [CONV 6 3x3 pad 1 - CONV 9 3x3 pad 1 groups 4]*3 | SKIP ]")[:1]
    assert "the same for CONV4 and CONV6" in found.notes


def test_change_that_is_right_for_one_use_only_is_none() -> None:
    text = "input 8x8x4\nblock B(n) { POOL 2x2 - [4x4x4] CONV 4 n }\n"
    found = errors(f"{text}CONCAT[ B(3) | B(3) ]")
    assert all(finding.fix is None or finding.fix.replacement for finding in found)


def test_fix_in_a_block_mends_all_uses() -> None:
    text = "input 32x32x8\nblock B(w) { CONV w 3x3 pad 1 grops 2 - RELU }\nB(8)\nB(16)\n"
    source = Source("net.net", text)
    better, count = mended(source, lambda source: plan_source(source).diagnostics, unsafe=True)
    assert count == 1
    assert better.text == text.replace("grops", "groups")
    assert plan_source(better).plan is not None


def test_many_uses_are_counted_and_not_listed() -> None:
    block = "block B(w) { CONV w 3x3 pad 1 grops 2 }\n"
    (found,) = errors(f"input 32x32x8\n{block}" + "".join(f"B({w})\n" for w in range(2, 60)))
    (note,) = found.notes
    assert "58 uses of the block: `B(2)` in line 3, `B(3)` in line 4, `B(4)` in line 5 and 55 more" in note


def test_different_mistakes_at_one_place_are_several() -> None:
    found = errors("input 32x32x2\nblock B(w) { CONV w 3x3 pad 1 groups 2 }\nB(9)\nB(8)\n")
    assert [finding.message for finding in found] == [
        "CONV1: 2 groups do not divide the 9 filters",
        "CONV2: 2 groups do not divide the 9 channels of the input",
    ]
