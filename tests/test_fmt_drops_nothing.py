"""What `netdsl fmt` writes has every word of the text that it was given, in the layers or in a comment."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fuzz_targets import networks
from table_texts import TABLES as LISTED
from test_course_sheets import SHEETS
from test_sheet_lines import LINES
from test_sheet_pages import LINES as MORE_LINES
from test_sheet_pages import TABLES

from netdsl.diagnostics import Severity
from netdsl.edits import edited
from netdsl.graph.sheets.vocabulary import is_of_layers
from netdsl.planning.laying_out import laid_out
from netdsl.planning.pipeline import load_plan, plan_source
from netdsl.source import Source

UNDERSTOOD = {
    "rgb": "32x32x3",
    "soft": "SOFTMAX",
    "shared": "like",
    "separable": "DEPTHWISE",
    "sepconv": "DEPTHWISE",
    "learning": "rate",
    "border": "same",
}
"""Words that only ours for the same thing stand for."""


def sheets() -> list[str]:
    pages = [page for page, _ in (*TABLES.values(), *SHEETS.values())] + LISTED
    pages += [f"input 32x32x3\n{line}\n" for line in (*LINES, *MORE_LINES)]
    return ["\n".join(map(str.strip, page.split("\n"))) for page in pages]


def words(text: str) -> set[str]:
    return {word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) > 1}


def numbers(text: str) -> set[float]:
    """``20 %`` is 0.2; that of ``Conv2D`` is none, and 0 and 1 are what is left out where nothing is said."""
    text = re.sub(r"([0-9.]+) *\\?%", lambda share: f"{float(share[1]) / 100:g}", text)
    text = re.sub(r"(?<=[A-Za-z])[123]-?[dD]\b", " ", text)
    found = re.findall(r"\d+(?:,\d{3})+(?!\d)|\d*\.\d+|\d+", text)
    return {float(number.replace(",", "")) for number in found} - {0.0, 1.0}


def extents(source: Source) -> set[float]:
    """What lines say comes in, which is compared with the layers before and follows from them."""
    plan = plan_source(source).plan
    volumes = [one for layer in plan.layers for one in (*layer.inputs, layer.output)] if plan else []
    return {float(one) for volume in volumes for one in (volume.values, volume.channels)}


@pytest.mark.parametrize(
    ("texts", "least", "least_remarked"),
    [(sheets, 90, 25), pytest.param(networks, 400, 0, marks=pytest.mark.slow)],
)
def test_every_word_is_in_the_layers_or_in_a_comment(
    texts: Callable[[], list[str]], least: int, least_remarked: int
) -> None:
    read, remarked = 0, 0
    for text in texts():
        source = Source("a.net", text)
        said = laid_out(source).text
        if said is None:
            continue
        read += 1
        remarked += said.count("#") > text.count("#")
        lost = {word for word in words(text) - words(said) if not is_of_layers(word)}
        assert lost <= UNDERSTOOD.keys(), (lost, text)
        missing = {one for one in numbers(text) - numbers(said) if round(1 - one, 9) not in numbers(said)}
        assert missing <= extents(source) | (numbers("2") if lost & {"separable"} else set()), (missing, text)
        assert laid_out(Source("a.net", said)).text == said
    assert read > least
    assert remarked >= least_remarked


TABLE = """The network consists of the following layers:
| Layer | Type | Filters | Kernel | Activation | Description | Time |
|---|---|---|---|---|---|---|
| in | Input | | | | 32x32x3 image | |
| c1 | Conv | 16 | 3x3 | relu | first # edges | a while |
| p1 | MaxPool | | 2x2 | | halves | |
| f | FC | 10 | | | scores of Alice | |
Total params: 12,345
"""


def test_columns_that_no_layer_is_made_of_stay_as_comments() -> None:
    assert laid_out(Source("a.net", TABLE)).text == (
        "# The network consists of the following layers:\n"
        "# | Layer | Type | Filters | Kernel | Activation | Description | Time |\n"
        "\n"
        "input 32x32x3\n"
        "CONV 16 3x3 - RELU  # | c1 | Conv | 16 | 3x3 | relu | first # edges | a while |\n"
        "MAX POOL 2x2  # | p1 | MaxPool | | 2x2 | | halves | |\n"
        "FC 10  # | f | FC | 10 | | | scores of Alice | |\n"
        "# Total params: 12,345\n"
    )
    rows = "| Conv | 16 | 3x3 |\n| Max pool | | 2x2 |\n| FC | 10 | |\n"
    said = laid_out(
        Source("a.net", f"input 32x32x3\n| Layer | Filters | Kernel |\n|---|---|---|\n{rows}")
    ).text
    assert said is not None
    assert said.split("\n")[-4:-1] == ["CONV 16 3x3", "MAX POOL 2x2", "FC 10"]
    assert "#" not in said


def test_a_fix_keeps_what_it_does_not_read() -> None:
    line = "Conv2D(8, (3,3), relu)   # ours"
    prose = "Dense Layer of 8 units, to learn combinations of features, with ReLU"
    for said, kept in ((line, "CONV 8 3x3 - RELU   # ours"), (prose, f"FC 8 - RELU  # {prose}")):
        text = f"input 9x9x3\n{said}\nFC 4\n"
        note = next(one for one in load_plan(text).diagnostics if one.severity is Severity.NOTE)
        assert note.fix is not None
        assert edited(text, [note.fix])[0].split("\n")[1] == kept


def test_what_a_sheet_contradicts_is_not_laid_out() -> None:
    found = laid_out(Source("a.net", "input 28x28x1\nCONV 32 5x5 - RELU\nFC1: 1600 -> 10 units\n"))
    assert found.text is None
    assert [one.code for one in found.wrong] == ["ND241"]
    wrong = laid_out(Source("a.net", "input 8x8x1\nCONV 32 9x9 - RELU\nDense(10, relu)\n"))
    assert wrong.text == "input 8x8x1\nCONV 32 9x9 - RELU\nFC 10 - RELU\n"  # which does not fit, as before
