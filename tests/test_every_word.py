"""Every word stands on the language page, the first of each on the cheat sheet; fmt writes the first."""

from __future__ import annotations

import re

import kinds_page
import pytest

from netdsl.highlighting.vocabulary import vocabulary
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option
from netdsl.layers.registry import all_kinds
from netdsl.planning.pipeline import load_plan
from netdsl.source import Source
from netdsl.syntax.parser import parse
from netdsl.text.formatter import formatted

PAGE = kinds_page.PAGE.read_text(encoding="utf-8")
SHEET = kinds_page.PAGE.with_name("cheat-sheet.md").read_text(encoding="utf-8")
KINDS = all_kinds()
LINES_OF_A_PAGE = 70


def words_of(page: str) -> str:
    """What stands between backquotes and in examples, with single blanks."""
    shown = re.findall(r"```net\n.*?```|`[^`\n]+`", page, re.DOTALL)
    return " ".join(" ".join(shown).lower().replace("_", " ").split())


def stands_in(word: str, words: str) -> bool:
    plain = re.escape(word.replace("_", " "))
    return re.search(rf"(?<![\w-]){plain}(?![\w-])", words) is not None


def test_every_word_stands_on_the_page() -> None:
    words = words_of(PAGE)
    fields = vocabulary()._asdict()
    unnamed = {"piecewise", "high"}  # written as the rates that it lists, and as `to`
    missing = [word for found in fields.values() for word in found if not stands_in(word, words)]
    assert set(missing) == unnamed


def first_word(option: Option[object]) -> str:
    return option.words[0].lower()


def test_the_first_word_of_each_stands_on_the_cheat_sheet() -> None:
    words = words_of(SHEET)
    options = [option for kind in KINDS for option in kind.options().values() if not option.restates]
    first = {kind.keyword.lower() for kind in KINDS} | {first_word(option) for option in options}
    first |= {choice for option in options for choice in option.choices}
    fields = vocabulary()
    first |= {*fields.statements, "where", *fields.branches}
    shape = {"height", "width", "image", "centers"}  # RESHAPE and INPUT are given by a volume; defaults
    assert not [word for word in first - shape if not stands_in(word, words)]


def test_the_cheat_sheet_is_one_page() -> None:
    assert len(SHEET.splitlines()) <= LINES_OF_A_PAGE


def test_the_table_of_kinds_is_in_step() -> None:
    """Run `python tests/kinds_page.py` after a change of a declaration."""
    assert kinds_page.rewritten(PAGE) == PAGE


@pytest.mark.parametrize("text", kinds_page.examples(PAGE))
def test_examples_of_the_table(text: str) -> None:
    plan, findings = load_plan(text)
    assert plan is not None, findings
    assert not findings


def test_every_kind_has_its_example() -> None:
    assert len(kinds_page.examples(PAGE)) == len(KINDS)


def laid_out(text: str) -> str:
    source = Source("a.net", f"{text}\n")
    parsed = parse(source)
    assert parsed.file is not None
    assert not parsed.diagnostics
    return formatted(source, parsed.file).rstrip("\n")


NAMES = [
    (kind, name)
    for kind in KINDS
    for name in kind.spellings
    if kind.inputs != 0 and name != "POOL" and not name[-1].isdigit()
]


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_the_first_name_is_written(kind: type[Layer], name: str) -> None:
    """In place of the name itself, behind a label, in capitals or not; a name that is a label stays."""
    head = f"{name}[ SKIP | RELU ]" if kind.inputs is None else f"{name} 2"
    for written in (head, head.lower(), f"[8x8x2] {head}", f"[{head} - RELU]*2"):
        once = laid_out(f"input 8x8x2\n{written}")
        assert re.search(rf"(?<![A-Z]){kind.keyword}(?![A-Z])", once), once
        assert laid_out(once) == once
    label = name.replace(" ", "_")
    assert f"{label}1: 2" in laid_out(f"input 8x8x2\n{label}1: 2")
    assert (
        f"mine: {kind.keyword} 2" in laid_out(f"input 8x8x2\nmine: {name.lower()} 2") or kind.inputs is None
    )
