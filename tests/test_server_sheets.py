"""Lines as sheets have them, in an editor: the findings of `netdsl check`, and the layers as read."""

from __future__ import annotations

import pytest
from edited_texts import URI, Editor, ask_everything
from test_course_sheets import SHEETS as COURSE_SHEETS
from test_sheet_lines import ROWS, SHEET

from netdsl.gate.checking import checked
from netdsl.planning.pipeline import in_our_words
from netdsl.planning.text_analysis import analysed
from netdsl.server.positions import Position

SHEETS = [
    SHEET,
    *("\n".join(line.strip() for line in text.splitlines()) for text, _ in COURSE_SHEETS.values()),
    *(f"dialect torch\ninput 33x33x5\n{written}\n" for written, _ in ROWS),
    "a small CNN for cats\n",
    "input 9x9x3\nCONV 8 3x3 (with dropout)\nWe use ReLU here\n1. conv 6 5x5\n[10] FC 12\nRELU activation\n",
    "let k = 3\ninput 9x9x3\na: CONV k 3x3\nConvolution + ReLU: CONV 32 3x3\n@a - CONV k 1x1\n",
]


@pytest.mark.slow
@pytest.mark.parametrize("text", SHEETS)
def test_a_sheet_is_the_same_network_in_an_editor(text: str) -> None:
    editor = Editor(text)
    sheet, found = editor.desk.sheet(URI), editor.desk.checked(URI)
    assert sheet is not None
    assert found is not None
    plan, findings = checked(sheet.source)
    assert [one._replace(source=None) for one in found.findings] == [
        one._replace(source=None) for one in findings
    ]
    analysis, ours = sheet.analysis, analysed(in_our_words(sheet.source)[0])
    assert analysis.sketch.volumes == ours.sketch.volumes
    assert [node.name for node in analysis.sketch.nodes] == [node.name for node in ours.sketch.nodes]
    assert plan is None or analysis.plan is not None
    for line in range(len(editor.lines())):
        ask_everything(editor, Position(line, 4))
