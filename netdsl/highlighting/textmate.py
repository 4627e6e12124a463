"""The language as a TextMate grammar, which VS Code and other editors colour by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netdsl.highlighting.token_patterns import TRAIN, Pattern, network_patterns, recipe_patterns

SCOPES = {
    "comment": "comment.line.number-sign",
    "string": "string.quoted.double",
    "keyword": "keyword.control",
    "title": "entity.name.namespace",
    "block": "entity.name.function",
    "label": "entity.name.label",
    "reference": "variable.other.label",
    "kind": "entity.name.type",
    "option": "variable.parameter",
    "value": "constant.language",
    "filler": "keyword.other.filler",
    "name": "variable.other",
    "number": "constant.numeric",
    "size": "constant.numeric.size",
    "operator": "keyword.operator",
    "bracket": "punctuation.bracket",
}
"""What each sort of piece is called, as themes expect it (TextMate manual, section 12.4)."""


def grammar(*, recipe: bool = False) -> dict[str, Any]:
    """The grammar of networks, or that of recipes in separate files."""
    ending = "netdsl-train" if recipe else "netdsl"
    recipes = {"patterns": [_rule(one, ending) for one in _with_braces(ending)]}
    train: dict[str, Any] = {
        "name": f"meta.recipe.{ending}",
        "begin": TRAIN,
        "beginCaptures": _captures(("keyword", "bracket"), ending),
        "end": r"\}",
        "endCaptures": {"0": {"name": f"punctuation.bracket.{ending}"}},
        "patterns": [{"include": "#recipe"}],
    }
    braces = {"begin": r"\{", "end": r"\}", "patterns": [{"include": "#recipe"}]}
    recipes["patterns"].insert(0, braces)
    networks = [train, *(_rule(one, ending) for one in network_patterns())]
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "netdsl recipe" if recipe else "netdsl",
        "scopeName": f"source.{ending}",
        "fileTypes": ["train"] if recipe else ["net"],
        "patterns": [{"include": "#recipe"}] if recipe else networks,
        "repository": {"recipe": recipes},
    }


def _with_braces(ending: str) -> Sequence[Pattern]:
    return [
        one._replace(pattern=r"[\[\]();]") if one.whole == "bracket" else one for one in recipe_patterns()
    ]


def _rule(one: Pattern, ending: str) -> dict[str, Any]:
    if one.whole:
        return {"name": f"{SCOPES[one.whole]}.{ending}", "match": one.pattern}
    return {"match": one.pattern, "captures": _captures(one.groups, ending)}


def _captures(groups: Sequence[str], ending: str) -> dict[str, Any]:
    return {str(number): {"name": f"{SCOPES[sort]}.{ending}"} for number, sort in enumerate(groups, 1)}
