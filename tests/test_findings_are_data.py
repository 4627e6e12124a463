"""What a program does depends on the data of a finding, never on the wording of its message."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import netdsl

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
