"""What a program does depends on the data of a finding, never on the wording of its message."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import netdsl
from netdsl.codes import FACTS, Fact
from netdsl.diagnostics import Diagnosed, Diagnostic, Findings
from netdsl.formats.imported import reader_of
from netdsl.planning.pipeline import load_plan
from netdsl.resources import explained_codes
from netdsl.source import Source
from netdsl.text.printer import print_network

PACKAGE = Path(netdsl.__file__).parent

PROSE = {"message", "help", "notes"}
"""The parts of findings and of mistakes that people read."""

READING = {
    *("partition", "rpartition", "split", "rsplit", "splitlines", "startswith", "endswith"),
    *("find", "rfind", "index", "removeprefix", "removesuffix"),
}
SEARCHING = {"match", "search", "fullmatch", "findall", "finditer"}

RENDERERS = ("reports/", "server/findings.py", "commands/manual/", "diagnostics.py")
"""Where prose is laid out, so that it may be cut and wrapped; a finding knows its own quotation marks."""


def _prose(node: ast.AST) -> bool:
    """Whether an expression is prose of a finding: ``finding.message``, ``finding.help[0]``."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return isinstance(node, ast.Attribute) and node.attr in PROSE


def reads_prose(node: ast.AST) -> bool:
    """Whether code takes a finding's words apart, or decides by them."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in READING:
            return _prose(node.func.value)
        return node.func.attr in SEARCHING and any(_prose(one) for one in node.args)
    if isinstance(node, ast.Compare) and any(isinstance(one, ast.In | ast.NotIn) for one in node.ops):
        return isinstance(node.left, ast.Constant) and any(_prose(one) for one in node.comparators)
    if isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp):  # `any("write" in cure for ...)`
        asks = isinstance(node.elt, ast.Compare | ast.BoolOp)
        return asks and any(_prose(one.iter) for one in node.generators)
    return False


@pytest.mark.parametrize(
    "code",
    [
        'finding.message.partition(": ")',
        "_NEAR.match(finding.help[0])",
        '"pool" in finding.message',
        'any("write" in cure for cure in found.help)',
        'finding.notes[0].startswith("shows")',
    ],
)
def test_what_reads_prose_is_seen(code: str) -> None:
    assert any(map(reads_prose, ast.walk(ast.parse(code))))


def test_nothing_decides_by_the_words_of_a_finding() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.relative_to(PACKAGE).as_posix().startswith(RENDERERS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if reads_prose(node)
    ]
    assert not found, "take it from a field of the finding instead"


def listed_codes(tree: ast.AST) -> list[int]:
    """The lines on which a code is compared with, or stands in a list of codes by themselves."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            asked = node.elts if all(map(_is_code, node.elts)) else []
        else:
            continue
        parts = [
            part for one in asked for part in (one.elts if isinstance(one, ast.Set | ast.Tuple) else [one])
        ]
        found += [part.lineno for part in parts if _is_code(part)]
    return found


def _is_code(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and re.fullmatch("ND[0-9]{3}", str(node.value)) is not None


@pytest.mark.parametrize(
    "code", ['found.code == "ND313"', 'found.code in {"ND101", *more}', '_OWN = ("ND680", "ND681")']
)
def test_what_lists_codes_is_seen(code: str) -> None:
    assert listed_codes(ast.parse(code))


def test_facts_about_codes_stand_in_their_table_alone() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "codes.py"
        for line in listed_codes(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "give the code a Fact in netdsl/codes.py"


def test_every_fact_is_one_of_a_code_that_there_is() -> None:
    assert set(FACTS) <= set(explained_codes())
    assert {fact for facts in FACTS.values() for fact in facts} == set(Fact)


TEXTS = (
    "input 9\n10-way softmax",
    "input 9\nFC 84\nSoftmax: 10",
    "# a course's sheet\nINPUT: [224x224x3]\nCONV3-64: [224x224x64]\nPOOL2: [112x112x64]\nFC: [1x1x10]",
    "input 28x28x1\nconv 8 3x3 relu\nthe pool is then 2x2 for each of them\nFC 10",
    "permute",
    "input 32x32x3\nKONV 8 3x3\nFC 10",
    "block a(n { CONV n 3x3 }\ninput 8x8x1\na(3)\n}\nFC 10",
    "input 8x8x1\n[8x8x4] CONV 4 3x3\n[4x4x4] MAX POOL\nFC 10",
)


def _reworded(text: str) -> str:
    return f"in other words: {text}; or so"


@pytest.mark.parametrize("text", TEXTS)
def test_other_words_change_nothing_else(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checked, imported = load_plan(text), _imported(text)
    add, made = Findings.add, Diagnostic.__new__

    def reworded_add(self: Findings, code: str, message: str, *rest: Any, **more: Any) -> None:
        add(
            self,
            code,
            _reworded(message),
            *rest,
            **more | {"help": tuple(map(_reworded, more.get("help", ())))},
        )

    def reworded(
        kind: type[Diagnostic], code: str, severity: Any, message: str, *rest: Any, **more: Any
    ) -> Any:
        said = message if message.startswith("in other words") else _reworded(message)
        return made(kind, code, severity, said, *rest, **more)

    monkeypatch.setattr(Findings, "add", reworded_add)
    monkeypatch.setattr(Diagnostic, "__new__", reworded)
    again = load_plan(text)
    assert all(finding.message.startswith("in other words") for finding in again.diagnostics)
    for before, after in zip(checked.diagnostics, again.diagnostics, strict=True):
        assert (before.code, before.primary, before.fix) == (after.code, after.primary, after.fix)
    assert (checked.plan is None) == (again.plan is None)
    if checked.plan is not None and again.plan is not None:
        assert print_network(checked.plan.network) == print_network(again.plan.network)
    assert _imported(text) == imported


def _imported(text: str) -> list[str]:
    """The networks that are read from a page; none where no line of it describes a layer."""
    try:
        return [one.text for one in reader_of("listing")(Source("page", text))]
    except Diagnosed:
        return []
