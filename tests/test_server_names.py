"""What the language server answers about names, and what it changes: renaming, layout, cures."""

from __future__ import annotations

from pathlib import Path

import pytest
from served_networks import NETWORK, URI, at, opened

from netdsl.commands.lsp import findings_of
from netdsl.edits import edited
from netdsl.planning.text_analysis import analysed
from netdsl.resources import zoo_names, zoo_text
from netdsl.server.actions import all_safe_fixes
from netdsl.server.desk import Desk
from netdsl.server.positions import Position, Range
from netdsl.server.renaming import Refused
from netdsl.server.texts import uri_of
from netdsl.source import Source

# --- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "number", "line"),
    [
        ("UNIT", 1, 4),  # a block
        ("a |", 0, 9),  # a label behind @
        ("MAX_POOL1", 0, 7),
        ("MAX POOL1", 1, 7),  # in an expectation
        ("k*2", 0, 2),
        ("width height", 0, 4),
        ("act }", 0, 4),
        ("height = 1", 0, 4),  # the parameter that an argument names
        ("as a", 0, 9),
        ("a }", 0, 9),  # in the recipe
    ],
)
def test_definition(word: str, number: int, line: int) -> None:
    made = opened(NETWORK)
    position = at(word, number=number)
    if word == "as a":
        position = Position(position.line, position.character + 3)
    found = made.definition(URI, position)
    assert found is not None
    source = found[1].source
    assert source is not None
    assert source.position(found[1].span.start)[0] - 1 == line


def test_a_layer_without_a_label_is_found_by_the_name_of_the_table() -> None:
    text = "input 8x8x3\nCONV 4 3x3\nCONV 5 3x3\nexpect volume CONV2 = 4x4x5\n"
    found = opened(text).definition(URI, at("CONV2", text=text))
    assert found is not None
    assert found[1].span.start == text.index("CONV 5")


def test_references_are_all_uses() -> None:
    found = opened(NETWORK).references(URI, at("a: CONV"))
    assert found is not None
    sheet, places = found
    assert [sheet.source.position(place.span.start)[0] for place in places] == [10, 11, 12, 16]
    assert {sheet.source.excerpt(place.span) for place in places} == {"a"}
    without = opened(NETWORK).references(URI, at("a: CONV"), definition=False)
    assert without is not None
    assert len(without[1]) == 3


def renamed(text: str, position: Position, new: str) -> str:
    """The text with a name changed, or why it is not."""
    made = opened(text)
    found = made.rename(URI, position, new)
    if isinstance(found, Refused):
        return found.reason
    (edits,) = found[1].edits.values()
    after, count = edited(text, edits)
    assert count == len(edits)
    return after


def test_rename_changes_all_uses_and_nothing_else() -> None:
    after = renamed(NETWORK, at("a: CONV"), "bottom")
    assert [line for line in after.split("\n") if line not in NETWORK.split("\n")] == [
        "bottom: CONV 16 3x3 same",
        "CONV same weights as bottom",
        "ADD[ @bottom | @MAX_POOL1 - CONV 16 1x1 ]",
        "train { optimizer adam   freeze bottom }",
    ]


@pytest.mark.parametrize(
    ("word", "new", "lines"),
    [
        ("UNIT", "BASIC", ["block BASIC(width", "enc1: BASIC(k", "[BASIC(16"]),
        ("stride)", "s", ["block DOWN(filters, s) { CONV filters 3x3 stride s - RELU }"]),
        ("k = 8", "n", ["let n = 8", "enc1: UNIT(n*2"]),
        ("act =", "last", ["block UNIT(width, last = RELU, height = 3)", "- BN - last }"]),
        # The kind is a part of the label, and stays.
        ("MAX POOL1", "pooled", ["pooled: MAX POOL 3x3 /2", "@pooled - CONV", "expect volume pooled ="]),
        ("MAX POOL1", "MAX_POOL9", ["MAX_POOL9: 3x3 /2", "@MAX_POOL9 - CONV"]),
    ],
)
def test_rename_of_every_sort(word: str, new: str, lines: list[str]) -> None:
    after = renamed(NETWORK, at(word), new)
    for line in lines:
        assert line in after
    assert [node.name for node in analysed(Source("a", after)).sketch.nodes if node.name.startswith("enc")]


@pytest.mark.parametrize(
    ("word", "new", "reason"),
    [
        ("a: CONV", "enc1", "there is a label called `enc1` already"),
        ("UNIT", "DOWN", "there is a block called `DOWN` already"),
        ("width,", "k", "there is a number called `k` already"),
        ("k = 8", "width", "there is a parameter called `width` already"),
        ("a: CONV", "3a", "`3a` is not a name"),
        ("a: CONV", "", "`` is not a name"),
        ("a: CONV", "ä", "`ä` is not a name"),
        ("a: CONV", "a b", "`a b` is not a name"),
        ("a: CONV", "n" * 101, "at most 100 characters"),
        ("UNIT", "SKIP", "a block cannot be called `SKIP`"),
        ("k = 8", "same", "that is a word of options"),
        ("UNIT", "RELU", "would change the meaning"),
        ("act =", "pad", "would change the meaning"),
        ("input", "x", "there is no name"),
        ("33x33x3", "x", "there is no name"),
    ],
)
def test_rename_is_refused_with_a_reason(word: str, new: str, reason: str) -> None:
    assert reason in renamed(NETWORK, at(word), new)


def test_rename_in_shared_files_changes_all_that_use_them(tmp_path: Path) -> None:
    shared, first, second = (tmp_path / name for name in ("blocks.net", "a.net", "b.net"))
    shared.write_text("block UNIT(w) { CONV w 3x3 same - RELU }\n")
    first.write_text('use "blocks.net"\ninput 8x8x3\nUNIT(4)\n')
    second.write_text('use "blocks.net"\ninput 8x8x3\nUNIT(5) - UNIT(6)\n')
    (tmp_path / "c.net").write_text("input 8x8x3\nblock UNIT { RELU }\nUNIT\n")
    made = Desk(findings_of, [str(tmp_path)])
    made.open(uri_of(str(first)), 1, first.read_text())
    for uri, position in ((uri_of(str(first)), Position(2, 1)), (uri_of(str(shared)), Position(0, 7))):
        if uri not in made.texts:
            made.open(uri, 1, shared.read_text())
        found = made.rename(uri, position, "BASIC")
        assert not isinstance(found, Refused), found
        assert {Path(name).name: len(edits) for name, edits in found[1].edits.items()} == {
            "blocks.net": 1,
            "a.net": 1,
            "b.net": 2,
        }
    found = made.rename(uri_of(str(first)), Position(2, 1), "3")
    assert isinstance(found, Refused)


def test_the_text_in_the_editor_counts_not_the_file(tmp_path: Path) -> None:
    shared = tmp_path / "blocks.net"
    shared.write_text("block OLD(w) { CONV w 3x3 same }\n")
    uri, other = uri_of(str(tmp_path / "a.net")), uri_of(str(shared))
    made = opened('use "blocks.net"\ninput 8x8x3\nNEW(4)\n', uri)
    found = made.findings(uri)
    assert found is not None
    assert [one.finding.code for one in found[1]] == ["ND217"]
    made.open(other, 1, "block NEW(w) { CONV w 3x3 same }\n")
    found = made.findings(uri)
    assert found is not None
    assert not found[1]
    target = made.definition(uri, Position(2, 1))
    assert target is not None
    assert target[1].source is not None
    assert target[1].source.name == str(shared)
    file = made.definition(uri, Position(0, 7))
    assert file is not None
    assert file[1].path == str(shared)


# --- findings, layout, cures -----------------------------------------------------------------------


def test_what_a_used_file_has_wrong_is_shown_at_its_use_line(tmp_path: Path) -> None:
    (tmp_path / "blocks.net").write_text("block B { KONV 3 }\n")
    uri = uri_of(str(tmp_path / "a.net"))
    found = opened('# first\nuse "blocks.net"\ninput 8x8x3\nB\n', uri).findings(uri)
    assert found is not None
    (one,) = found[1]
    assert found[0].source.position(one.span.start) == (2, 1)
    assert "blocks.net:1:11" in one.message
    assert one.related[0].source.name.endswith("blocks.net")


def test_a_file_of_blocks_is_no_mistake() -> None:
    found = opened("block B { RELU }\n").findings(URI)
    assert found is not None
    assert found[1] == []
    found = opened("").findings(URI)
    assert found is not None
    assert found[1] == []


def test_formatting_is_that_of_fmt_and_nothing_where_there_are_mistakes() -> None:
    made = opened("input 8x8x3\nconv 4 3X3\r\nfc 10\n")
    found = made.formatting(URI)
    assert found is not None
    source, positions, (edit,) = found
    assert positions.range(edit.span) == Range(Position(1, 0), Position(3, 0))
    assert edited(source.text, [edit])[0] == "input 8x8x3\nCONV 4 3x3\nFC 10\n"
    for text in ("input 8x8x3\nCONV 4 [\n", "input 8x8x3\nKONV 4\n", ""):
        found = opened(text).formatting(URI)
        assert found is None or found[2] == []


def titles(text: str, line: int) -> dict[str, tuple[bool, str]]:
    """What is offered in a line: whether it is preferred, and the text with it."""
    made = opened(text)
    found = made.actions(URI, Range(Position(line, 0), Position(line, 0)))
    assert found is not None
    return {
        action.title: (action.preferred, edited(found[0].source.text, action.edits)[0]) for action in found[1]
    }


def test_the_first_safe_cure_is_preferred() -> None:
    offered = titles("[227x227x3] INPUT\n[55x55x96] CONV1: 96 11x11 filters\n", 1)
    preferred, after = offered["Write `stride 4`"]
    assert preferred
    assert after.endswith("CONV1: 96 11x11 filters stride 4\n")
    offered = titles("input 8x8x3\nKONV 4 3x3\n", 1)
    assert offered["Fix: did you mean `CONV`?"] == (False, "input 8x8x3\nCONV 4 3x3\n")


def test_missing_options_are_solved_for_the_claim() -> None:
    offered = titles("[32x32x3] INPUT\n[28x28x6] CONV1: 6 filters\n", 1)
    assert "Solve: `5x5` gives the claimed 28x28x6" in offered
    for title, (_, after) in offered.items():
        if title.startswith("Solve"):
            assert not findings_of(Source("a", after)), title


def test_wrong_claims_are_mended_in_every_way() -> None:
    offered = titles("input 32x32x3\n[32x32x6] CONV 6 5x5 pad 1\n", 1)
    assert offered["Fix: `pad 2` gives the claimed 32"][1].endswith("CONV 6 5x5 pad 2\n")
    assert offered["Claim [30x30x6], the layer's output"][1].endswith("[30x30x6] CONV 6 5x5 pad 1\n")


@pytest.mark.parametrize(
    ("text", "line", "solved"),
    [
        ("input 32x32x3\n[16x16x6] CONV 6 3x3\n", 1, "[16x16x6] CONV 6 3x3 stride 2 same"),
        ("input 224x224x3\n[112x112x8] CONV 8 7x7, stride 2\n", 1, "[112x112x8] CONV 8 7x7, stride 2 same"),
        ("dialect torch\ninput 9x9x3\n[5x5x3] POOL 3x3 stride 1\n", 2, "[5x5x3] POOL 3x3 stride 2 pad 1"),
        ("input 8x8x4\n[16x16x2] DECONV 2 stride 2\n", 1, "[16x16x2] DECONV 2 stride 2 2x2"),
    ],
)
def test_stride_and_padding_are_solved_for_a_claim(text: str, line: int, solved: str) -> None:
    offered = titles(text, line)
    after = {result.split("\n")[line] for title, (_, result) in offered.items() if title.startswith("Solve")}
    assert solved in after
    for title, (preferred, result) in offered.items():
        if title.startswith("Solve"):
            assert not preferred, "the network is another with it"
            assert not [one for one in findings_of(Source("a", result)) if one.code in ("ND310", "ND301")]


def test_computed_volumes_are_inserted_as_claims() -> None:
    text = "input 32x32x3\nblock B { CONV 8 3x3 same - RELU }\nCONV 6 5x5\n[B]*2\nFC 10\n"
    offered = titles(text, 2)
    assert offered["Insert computed volumes here"][1].split("\n")[2] == "[28x28x6] CONV 6 5x5"
    after = offered["Insert computed volumes in the whole file"][1]
    assert after.split("\n")[2:] == ["[28x28x6] CONV 6 5x5", "[[28x28x8] B]*2", "[10] FC 10", ""]


@pytest.mark.parametrize("name", [name for name in zoo_names() if len(zoo_text(name)) < 900][::2])
def test_inserted_volumes_leave_the_network_as_it_is(name: str) -> None:
    source = Source(f"{name}.net", zoo_text(name))
    before = findings_of(source)
    for title, (_, after) in titles(source.text, 0).items():
        if title == "Insert computed volumes in the whole file":
            found = findings_of(source.with_text(after))
            assert [one.code for one in found] == [one.code for one in before]


def test_all_safe_cures_at_once() -> None:
    source = Source("a", "[227x227x3] INPUT\n[55x55x96] CONV1: 96 11x11 filters\n")
    action = all_safe_fixes(source, findings_of)
    assert action is not None
    assert edited(source.text, action.edits)[0].endswith("stride 4\n")
    assert all_safe_fixes(Source("a", "input 8x8x1\nFC 10\n"), findings_of) is None
