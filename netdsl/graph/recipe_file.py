"""A recipe in a file of its own: the lines of a ``train`` block without its braces."""

from __future__ import annotations

import re

from netdsl.diagnostics import Diagnostic, Findings
from netdsl.graph.recipe import Recipe
from netdsl.graph.recipe_entries import read_entries
from netdsl.source import Source, Span
from netdsl.syntax import tree

_PIECE = re.compile(r"#[^\n]*|(?P<line>[^\s#;{}](?:[^\n#;{}]++|\{[^\n#;{}]*+\})*+)|(?P<brace>[{}])")


def recipe_from_text(source: Source) -> tuple[Recipe, list[Diagnostic]]:
    """The recipe of a ``.train`` file, and what is wrong in it."""
    findings = Findings(source)
    lines = []
    for piece in _PIECE.finditer(source.text):
        if findings.crowded:
            break
        if piece["line"]:
            text = piece["line"].rstrip()
            lines.append(tree.Word(text, Span(piece.start(), piece.start() + len(text))))
        elif piece["brace"]:
            cure = "a recipe in a file of its own has no `train { }` around it"
            place = Span(piece.start(), piece.end())
            findings.add("ND530", "braces hold the values of a search only", place, help=(cure,))
    if any(word.text.lower() == "train" for word in lines):
        lines = [word for word in lines if word.text.lower() != "train"]
    return read_entries(tuple(lines), findings), findings.found
