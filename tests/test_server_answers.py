"""What the language server answers, by the functions behind it: ``^`` marks the place that is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from edited_texts import Editor, ask_everything, desk
from served_networks import NETWORK, URI, hover_text, marked, opened

from netdsl.resources import zoo_text
from netdsl.server.positions import Position, Range
from netdsl.server.renaming import Refused
from netdsl.server.texts import uri_of

# --- hover -----------------------------------------------------------------------------------------


def test_hover_derives_a_layer_as_explain_does() -> None:
    told = hover_text("input 32x32x3\nCO^NV 6 5x5\nFC 10\n")
    assert "**28x28x6** · 456 parameters · 352,800 MACs · receptive field 5x5" in told
    assert "(32 - 5 + 2*0)/1 + 1" in told
    assert "28*28 positions of the output * 450 weights = 352,800" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input 8x8x3\nCONV 4 3x3 pa^d 1\n", "pad or padding"),
        ("input 8x8x3\na: CONV 3 3x3 same\nADD[ @^a | SKIP ]\n", "a is CONV 3 3x3 same"),
        ("input 8x8x3\nblock B(w) { CONV w 1x1 }\nB^(4)\n", "16 parameters, 768 MACs"),
        ("input 8x8x3\nblock B(w) { CONV w 1x1 }\nB^(4)\n", "8x8x3 → 8x8x4"),
        ("input 8x8x3\nblock B(w) { CONV ^w 1x1 }\nB(4)\n", "parameter `w`"),
        ("input 8x8x3\nblock B(w) { CONV w 1x1 }\nb: B(4)\n@^b - RELU\n", "16 parameters, 768 MACs"),
        ("let k^ = 3\ninput 8x8x3\nCONV k 1x1\n", "let k = 3"),
        ("input 8x8x3\n[CONV^ 3 3x3 same]*2\n", "It is used in 2 places of the network: 8x8x3"),
        ("input 8x8x3\nCONV 4 9x9\nCONV 2 1^x1\n", "because of an earlier error"),
        ("input 8x8x3\nCONV 4 9x9\n[8x8x4] RELU\nCONV 2 1^x1\n", "**8x8x2**, after an error"),
        ("input 8x8x3\nFC 10\ntrain { optimizer ad^am }\n", "adam (optimizer)"),
        ("input 8x8x3\nFC 10\ntrain { ba^tch 4 }\n", "batch, an entry of the recipe"),
        ("dialect caf^fe\ninput 8x8x3\nFC 10\n", "dialect `caffe`"),
        ("expect pa^rams = 3\ninput 8x8x3\nFC 10\n", "the network has 1,930 parameters"),
        ("input 8x8x3\nCONV 4 1x1\nexpect volume CO^NV1 = 3\n", "**8x8x4**"),
        ("ex^pect params = 3\ninput 8x8x3\nKONV\n", "what must hold"),
        ("input 8x8x3\nADD[ RELU | SK^IP ]\n", "a branch that changes nothing"),
        ("default activation relu\ninput 8x8x3\nblock B { FC 4 - FC 5 }\nb^: B - FC 6\n", "8x8x3 → 5"),
        ("block B { CO^NV 3 3x3 }\n", "CONV, also"),
        ("block B { CONV 3 3x3 str^ide 2 }\n", "stride"),
        ("input 8x8x3\nMULTIPLY[ SKIP | AVG POOL global - FC chan^nels ]\n", "3"),
    ],
)
def test_hover_says_what_stands_there(text: str, said: str) -> None:
    assert said in hover_text(text)


@pytest.mark.parametrize("text", ["# inp^ut\ninput 8x8x3\n", "^\n\ninput 8x8x3\n", "input 8x8x3  ^ \n  \n"])
def test_hover_is_silent_where_nothing_stands(text: str) -> None:
    made, position = marked(text)
    assert made.hover(URI, position) is None or "input" in text.split("^")[0].rpartition("\n")[2]


# --- volumes behind the lines ----------------------------------------------------------------------


def hints(text: str) -> list[str]:
    """The lines of a text with their hints behind them."""
    made = opened(text)
    found = made.hints(URI)
    assert found is not None
    sheet, told = found
    lines = sheet.source.text.split("\n")
    for hint in told:
        line, column = sheet.source.position(hint.offset)
        assert column - 1 == len(lines[line - 1].split("#")[0].rstrip())
        lines[line - 1] += f" {hint.text}"
    return lines


def test_every_line_has_its_volume() -> None:
    assert hints(
        "input 32x32x3\n"
        "block B(w) {\n  CONV w 3x3 same\n  RELU\n}\n"
        "CONV 8 3x3 same - RELU   # two layers\n"
        "[CONV 8 4x4 stride 2 pad 1 - RELU]*2\n"
        "B(8) - B(16)\n"
        "CONCAT[ CONV 4 1x1\n      | SKIP ]\n"
        "[8x8x20] RELU\n"
        "\n"
        "FC 10\n"
    ) == [
        "input 32x32x3",
        "block B(w) {",
        "  CONV w 3x3 same → 8x8x8, 8x8x16",
        "  RELU → 8x8x8, 8x8x16",
        "}",
        "CONV 8 3x3 same - RELU   # two layers → 32x32x8",
        "[CONV 8 4x4 stride 2 pad 1 - RELU]*2 → 8x8x8",
        "B(8) - B(16) → 8x8x16",
        "CONCAT[ CONV 4 1x1 → 8x8x4",
        "      | SKIP ] → 8x8x20",
        "[8x8x20] RELU",
        "",
        "FC 10 → 10",
        "",
    ]


def test_lines_behind_a_mistake_have_theirs_as_far_as_it_is_known() -> None:
    assert hints("input 8x8x3\nCONV 4 3x3\nKONV 3\n[8x8x2] RELU\nCONV 5 1x1\n")[1:] == [
        "CONV 4 3x3 → 6x6x4",
        "KONV 3",
        "[8x8x2] RELU",
        "CONV 5 1x1 → 8x8x5",
        "",
    ]


def test_an_activation_by_default_belongs_to_its_line() -> None:
    text = "default activation maxout 2\ninput 8\nFC 6\nFC 4\n"
    assert hints(text)[2:4] == ["FC 6 → 3", "FC 4 → 4"]


def test_only_the_lines_that_are_seen_are_asked_for() -> None:
    made = opened("input 8x8x3\nRELU\nRELU\nRELU\n")
    found = made.hints(URI, Range(Position(2, 0), Position(2, 4)))
    assert found is not None
    assert [found[0].source.position(hint.offset)[0] for hint in found[1]] == [3]


# --- completion ------------------------------------------------------------------------------------

BEGUN = """\
let k = 8
input 32x32x3
block UNIT(width) { inner: CONV width 3x3 same }
enc1: UNIT(8)
MAX POOL1: 2x2
"""


@pytest.mark.parametrize(
    ("line", "offered", "not_offered"),
    [
        ("^", {"CONV", "UNIT(", "expect", "train", "MAX POOL"}, {"width", "SKIP", "stride"}),
        ("CONV ^", {"stride", "pad", "same", "no bias", "k"}, {"CONV", "neurons"}),
        ("CONV 6 3x3 stride 2 ^", {"pad", "dilation"}, {"stride"}),
        ("CONV 6 3x3 pad ^", {"same", "valid", "k"}, {"stride"}),
        ("CONV 6 3x3 - ^", {"RELU", "UNIT("}, {"stride"}),
        ("x: ^", {"CONV", "UNIT("}, {"stride"}),
        ("CONV 6 3x3 no ^", {"bias"}, {"stride", "no bias"}),
        ("CONV1: ^", {"stride", "MAX POOL"}, {"neurons"}),
        ("expect pattern ^", {"CONV", "FC"}, {"params"}),
        ("block MORE(n, act = ^", {"RELU", "channels", "k"}, {"CONV", "expect"}),
        ("block MORE(n, ^", set(), {"RELU", "CONV"}),
        ("FC ^", {"neurons"}, {"kernel"}),
        ("MAX ^", {"POOL"}, {"CONV"}),
        ("UPSAMPLE 2x2 mode ^", {"nearest", "bilinear"}, {"to"}),
        ("ADD[ SKIP | @^", {"enc1", "MAX_POOL1"}, {"inner", "CONV"}),
        ("ADD[ S^", {"SKIP", "PROJECT", "CONV"}, {"expect"}),
        ("CONV same weights as ^", {"enc1"}, {"CONV"}),
        ("UNIT(^", {"width = ", "k", "RELU"}, {"stride"}),
        ("dialect ^", {"caffe", "torch", "lecture"}, {"CONV"}),
        ("expect ^", {"params", "volume", "pattern"}, {"CONV"}),
        ("expect volume ^", {"enc1", "MAX POOL1"}, {"params"}),
        ("default ^", {"activation", "CONV"}, {"expect"}),
        ("default CONV ^", {"stride", "no bias"}, {"CONV"}),
        ("block MORE(n) { CONV ^", {"n", "channels", "stride"}, {"width"}),
        ("block MORE(n) {\n  ^\n}\nblock LAST { RELU }", {"CONV", "LAST", "n", "let"}, {"expect"}),
        ("train {\n  ^\n}", {"batch", "optimizer", "schedule"}, {"CONV"}),
        ("train { optimizer ^ }", {"sgd", "adam"}, {"batch"}),
        ("train { optimizer sgd ^ }", {"rate", "momentum", "batch"}, {"optimizer"}),
        ("# CON^", set(), {"CONV"}),
        ("PO^", {"POOL", "MAX POOL"}, {"stride"}),
        ("let m = ^", {"k"}, {"CONV"}),
    ],
)
def test_completion_offers_what_may_stand_there(line: str, offered: set[str], not_offered: set[str]) -> None:
    made, position = marked(BEGUN + line)
    found = made.completion(URI, position)
    assert found is not None
    texts = {item.text for item in found[1].items}
    assert offered <= texts
    assert not texts & not_offered


def test_completion_in_a_recipe_of_its_own() -> None:
    made = opened("batch 64\nloss ", uri := "file:///nets/a.train")
    found = made.completion(uri, Position(1, 5))
    assert found is not None
    assert "cross-entropy" in {item.text for item in found[1].items}


def test_completion_names_the_files_beside(tmp_path: Path) -> None:
    (tmp_path / "blocks.net").write_text("block B { RELU }\n")
    made = opened('use "', uri := uri_of(str(tmp_path / "a.net")))
    found = made.completion(uri, Position(0, 5))
    assert found is not None
    assert [item.text for item in found[1].items] == ["blocks.net"]


# --- outline ---------------------------------------------------------------------------------------


def test_the_outline_has_statements_blocks_and_labels() -> None:
    found = opened(NETWORK).symbols(URI)
    assert found is not None
    outline = [(one.name, one.sort, one.detail) for one in found[1]]
    assert outline[:5] == [
        ("Small", "net", ""),
        ("k", "number", "8"),
        ("input 33x33x3", "layer", "33x33x3"),
        ("UNIT", "block", "UNIT(width, act = ..., height = ...)"),
        ("DOWN", "block", "DOWN(filters, stride)"),
    ]
    assert ("enc1", "layer", "33x33x16") in outline
    assert ("MAX POOL1", "layer", "16x16x16") in outline
    assert outline[-1] == ("train", "recipe", "")


def test_brackets_and_comments_fold_also_with_mistakes() -> None:
    text = "# one\n# two\nblock B {\n  RELU\n}\nADD[ SKIP\n | RELU ]\nKONV [\n"
    made = opened(text)
    assert [(fold.first, fold.last, fold.comment) for fold in made.folds(URI)] == [
        (1, 2, True),
        (3, 5, False),
        (6, 7, False),
    ]


# --- all of it, in every shipped network -----------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lenet", "alexnet", "googlenet", "unet", "resnet18", "convnext_tiny"])
def test_every_question_has_an_answer_everywhere(name: str) -> None:
    for newline in ("\n", "\r\n"):
        editor = Editor("# 😀\n".replace("\n", newline) + zoo_text(name).replace("\n", newline))
        for line in range(0, len(editor.lines()), 9):
            ask_everything(editor, Position(line, len(editor.lines()[line]) // 2))


def test_a_text_that_is_too_large_is_said_to_be_and_costs_nothing() -> None:
    made = opened("input 8x8x3\n" + "# x\n" * 2**18)
    found = made.findings(URI)
    assert found is not None
    assert [one.finding.code for one in found[1]] == ["ND004"]
    assert (
        made.hover(URI, Position(0, 1))
        is made.completion(URI, Position(0, 1))
        is made.formatting(URI)
        is None
    )


def test_questions_about_texts_that_are_not_open_have_empty_answers() -> None:
    made = desk()
    position, everywhere = Position(0, 0), Range(Position(0, 0), Position(9, 0))
    assert made.findings(URI) is made.hover(URI, position) is made.hints(URI) is None
    assert (
        made.completion(URI, position)
        is made.definition(URI, position)
        is made.references(URI, position)
        is None
    )
    assert isinstance(made.rename(URI, position, "a"), Refused)
    assert isinstance(made.renameable(URI, position), Refused)
    assert made.formatting(URI) is made.actions(URI, everywhere) is made.symbols(URI) is None
    assert made.folds(URI) == made.highlights(URI, position) == []
