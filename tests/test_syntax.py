"""The parser: tables in step with the grammar, the same trees as Lark, mistakes, limits, speed."""

from __future__ import annotations

import re
import time
import tomllib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, UnexpectedInput
from lark import Token as LarkToken

from netdsl import resources
from netdsl.reports.as_text import diagnostics_as_text
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.beginnings import beginnings
from netdsl.syntax.error_examples import ERROR_EXAMPLES
from netdsl.syntax.generate import tables_text
from netdsl.syntax.layer_nodes import BUILDERS
from netdsl.syntax.lexer import Token
from netdsl.syntax.parser import automaton, current_tables, parse
from netdsl.syntax.table_format import BEYOND_ASCII, TABLES_PATH

CASES = Path(__file__).parent / "cases"

WORDS = [
    "CONV",
    "POOL",
    "MAX",
    "FC",
    "RELU",
    "INPUT",
    "CONV1",
    "first",
    "net",
    "default",
    "expect",
    "where",
    "params",
    "output",
    "=",
    "<=",
    "*",
    "-",
    "->",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "96",
    "5x5",
    "32x32x1",
    "61,706",
    "1e-4",
    ".5",
    "70M",
    "/2",
    ",",
    ":",
    ";",
    "#",
    "no",
    "bias",
    "stride",
    "pad",
    "at",
    "(remark)",
    "activation",
    "é",
    "@",
    "@first",
    "|",
    "ADD[",
    "ADD",
    "BASIC(",
    "block BASIC(k) {",
    "let k =",
    "k",
    "k*2",
    "(k+1)",
    "*k",
    "+",
    "?",
    "dialect caffe",
    "pattern",
    "expect pattern",
    "train {",
    "table {",
    "memory:",
    "CONV3-64: [8x8x64]",
    'use "a.net"',
    "same",
    "0",
]

sentences = st.lists(st.sampled_from([*WORDS, "\n", "\n"]), max_size=40).map(" ".join)


def _texts() -> list[str]:
    nets = [resources.zoo_text(name) for name in resources.zoo_names()]
    blocks = [re.findall(r"```net\n(.*?)```", path.read_text(), re.S) for path in sorted(CASES.rglob("*.md"))]
    pages = [
        re.findall(r"```net\n(.*?)```", resources.explanation_text(code), re.S)
        for code in resources.explained_codes()
    ]
    return [*nets, *(text for group in [*blocks, *pages] for text in group)]


@cache
def _lark() -> Lark:
    """Lark itself on the same grammar, building the same nodes."""

    def adapted(build: Any) -> Any:
        def call(children: list[Any]) -> Any:
            return build(
                [
                    Token(child.type, str(child), child.start_pos) if isinstance(child, LarkToken) else child
                    for child in children
                ]
            )

        return call

    builders = type(
        "Builders", (), {name: staticmethod(adapted(build)) for name, build in BUILDERS.items()}
    )()
    return Lark(resources.grammar_text(), parser="lalr", lexer="contextual", transformer=builders)


def _lark_tree(text: str) -> tree.File | None:
    try:
        return _lark().parse(text + "\n")  # type: ignore[return-value]
    except UnexpectedInput:
        return None


def test_tables_are_those_of_the_grammar() -> None:
    assert Path(TABLES_PATH).read_text(encoding="utf-8") == tables_text(resources.grammar_text()), (
        "run `python -m netdsl.syntax.generate`"
    )


def test_terminals_are_tried_wherever_they_may_begin() -> None:
    texts = [word + "\n" for word in WORDS] + [f"{word} {word}=[{{(\n" for word in WORDS]
    texts += [
        f"{sign}{word}\n" for sign in '\t .;,@"“-–−→>≤×(/+*?#' for word in ("", "1", "a", ">", "1x1", "=")
    ]
    for _, pattern, begins in current_tables().terminals:
        for text in texts:
            if re.compile(pattern).match(text):
                assert (text[0] if text[0].isascii() else BEYOND_ASCII) in begins, (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "begins"),
    [
        ("(?i:net(?=x))", "Nn"),
        ("(?i:(?:conv[0-9]|pool|fc)[ ]*:)", "CFPcfp"),
        ("(?<=[ ])(?!x)[-−]?[0-2]", f"-012{BEYOND_ASCII}"),
        ("(?:a?b|[c-e]+)*+f", "abcdef"),
        ("(?i:is)", f"Ii{BEYOND_ASCII}"),
        ("(?>\\.|/)x", "./"),
    ],
)
def test_what_a_pattern_may_begin_with(pattern: str, begins: str) -> None:
    assert beginnings(pattern) == begins


def test_patterns_that_may_begin_with_anything() -> None:
    for pattern in ("x*", "[^a]", ".", "\\w+", "(?:a|b?)"):
        assert len(beginnings(pattern)) > 120, pattern


def test_an_edited_grammar_takes_effect_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    edited = resources.grammar_text().replace('TIMES: "*"', 'TIMES: "~"')
    monkeypatch.setattr("netdsl.syntax.parser.grammar_text", lambda: edited)
    assert current_tables().terminals[-1][::2] == ("TIMES", "~")


@pytest.mark.parametrize("text", _texts())
def test_same_tree_as_lark(text: str) -> None:
    parsed = automaton().parse(text + "\n")
    if any(failure.limit for failure in parsed.failures):
        return  # limits are ours, not the grammar's
    expected = _lark_tree(text)
    assert (expected is None) == bool(parsed.failures)
    assert expected is None or parsed.node == expected


@settings(max_examples=150, deadline=None)
@given(sentences)
def test_accepts_what_lark_accepts(text: str) -> None:
    parsed = automaton().parse(text + "\n")
    expected = _lark_tree(text)
    assert (expected is None) == bool(parsed.failures)
    assert expected is None or parsed.node == expected


@settings(max_examples=150, deadline=None)
@given(st.one_of(sentences, st.text(max_size=60)))
def test_mistakes_are_always_described(text: str) -> None:
    source = Source("any.net", text)
    for finding in parse(source).diagnostics:
        assert finding.primary is not None
        assert 0 <= finding.primary.span.start <= finding.primary.span.end <= len(text)
        assert diagnostics_as_text([finding])


@pytest.mark.parametrize("example", [example for known in ERROR_EXAMPLES for example in known.examples])
def test_lessons_fail_with_their_own_message(example: str) -> None:
    messages = {known.message for known in ERROR_EXAMPLES if example in known.examples}
    first = parse(Source("lesson.net", example)).diagnostics[0]
    assert first.message in messages


def test_every_node_knows_its_place() -> None:
    text = "net A\n[3x3x1] INPUT\n[CONV1: 6 5x5 (six)]*2 where { CONV: pad 2 }\nexpect output = 6\n"
    file = parse(Source("places.net", text)).file
    assert file is not None
    title, layer, group, expectation = file.statements
    shown = [text[statement.span.start : statement.span.end] for statement in file.statements]
    assert shown == text.splitlines()
    assert isinstance(layer, tree.Layer)
    assert layer.claim is not None
    assert text[slice(*layer.claim.span)] == "[3x3x1]"
    assert isinstance(group, tree.Group)
    assert group.where is not None
    assert text[slice(*group.where.span)] == "where { CONV: pad 2 }"
    assert isinstance(title, tree.NetName)
    assert isinstance(expectation, tree.Expect)
    assert text[slice(*expectation.value.span)] == "6"


def test_messages_never_name_terminals() -> None:
    names = {name for name, _, _ in current_tables().terminals} - {
        "NET",
        "WHERE",
        "EXPECT",
        "DEFAULT",
        "TABLE",
        "TRAIN",
        "PATTERN",
        "NOTE",
    }
    for first in WORDS:
        for second in WORDS:
            for finding in parse(Source("pair.net", f"{first} {second}")).diagnostics:
                said = " ".join(
                    [finding.message, finding.primary.text if finding.primary else "", *finding.help]
                )
                assert not names & set(re.findall(r"\$?[A-Z_]{4,}", said)), said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 100_000, "ND104"),
        ("[" * 65 + "RELU" + "]" * 65, "ND104"),
        ("RELU\n" * 200_000, "ND107"),
        ("- " * 500_000, "ND102"),
        ("( " * 500_000, "ND102"),
        ("9" * 1_000_000, "ND102"),
        ("RELU ((" * 140_000, "ND103"),
        ("RELU (1+" * 120_000, "ND103"),
        ("FC (k*2)*" * 110_000, "ND107"),
        ("ADD[" * 100_000, "ND104"),
        ("A(" * 400_000, "ND104"),
        ("let k = " + "1*" * 400_000, "ND107"),
        ("3x" * 500_000 + "3", "ND102"),
    ],
    ids=lambda value: value[:8],
)
def test_hostile_texts_end_soon_in_a_finding(text: str, code: str) -> None:
    begin = time.process_time()
    found = parse(Source("hostile.net", text)).diagnostics
    assert found[0].code == code
    assert time.process_time() - begin < 5, "seconds; a second on a quiet machine"


def test_nesting_of_64_is_fine() -> None:
    assert not parse(Source("deep.net", "[" * 64 + "RELU" + "]" * 64)).diagnostics


def test_numbers_and_lists() -> None:
    file = parse(Source("numbers.net", "CONV: 6,16,120 61,706 70M 1.2G 5e-4 .5 227 x 227 x 3")).file
    assert file is not None
    (layer,) = file.statements
    assert isinstance(layer, tree.Layer)
    shown = [item.text for item in layer.items]
    assert shown == ["6", ",", "16", ",", "120", "61,706", "70M", "1.2G", "5e-4", ".5", "227 x 227 x 3"]


def test_the_lark_that_is_tested_is_allowed() -> None:
    """The tables are a private part of Lark, so the range ends with the version that tests run with."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    (text,) = [one for one in project["project"]["dependencies"] if one.startswith("lark")]
    found = re.fullmatch(r"lark>=1\.(\d+),<1\.(\d+)", text)
    assert found, text
    least, below = map(int, found.groups())
    minor = int(version("lark").split(".")[1])
    assert least <= minor == below - 1, f"Lark 1.{minor} is tested, pyproject.toml allows {text}"
