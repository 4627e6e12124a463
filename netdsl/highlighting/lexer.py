"""A lexer for Pygments, by which documents and terminals colour networks: ``pygmentize lenet.net``."""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, Punctuation, String, Whitespace

from netdsl.highlighting.token_patterns import TRAIN, Pattern, network_patterns, recipe_patterns

_TOKENS = {
    "comment": Comment.Single,
    "string": String,
    "keyword": Keyword,
    "title": Name.Namespace,
    "block": Name.Function,
    "label": Name.Label,
    "reference": Name.Variable,
    "kind": Name.Class,
    "option": Name.Attribute,
    "value": Keyword.Constant,
    "filler": Keyword.Pseudo,
    "name": Name,
    "number": Number,
    "size": Literal.Number.Other,
    "operator": Operator,
    "bracket": Punctuation,
}


def _rule(one: Pattern) -> tuple[Any, ...]:
    """A pattern as Pygments has it, with every piece of the text in a group."""
    return (one.pattern, _TOKENS[one.whole]) if one.whole else (one.pattern, _by_named_groups(one.groups))


def _by_named_groups(groups: tuple[str, ...]) -> Any:
    """As ``bygroups``, for patterns with text between their groups."""
    inner = bygroups(*(_TOKENS[sort] for sort in groups))

    def pieces(lexer: Any, match: Any, context: Any = None) -> Any:
        offset = match.start()
        for start, token, text in inner(lexer, match, context):
            if start > offset:
                yield offset, Whitespace, match.string[offset:start]
            yield start, token, text
            offset = start + len(text)
        if match.end() > offset:
            yield offset, Whitespace, match.string[offset : match.end()]

    return pieces


_BLANKS: list[tuple[Any, ...]] = [(r"[ \t\r\f\u00a0]+", Whitespace), (r"\n", Whitespace)]
_RECIPE = [_rule(one) for one in recipe_patterns()]


class NetdslLexer(RegexLexer):
    """Colours networks, ``.net`` files."""

    name = "netdsl"
    aliases: ClassVar[list[str]] = ["netdsl"]
    filenames: ClassVar[list[str]] = ["*.net"]
    mimetypes: ClassVar[list[str]] = ["text/x-netdsl"]
    url = ""
    flags = 8  # re.MULTILINE

    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [
            (TRAIN, _by_named_groups(("keyword", "bracket")), "recipe"),
            *(_rule(one) for one in network_patterns()),
            *_BLANKS,
        ],
        "recipe": [(r"\{", Punctuation, "#push"), (r"\}", Punctuation, "#pop"), *_RECIPE, *_BLANKS],
    }


class NetdslTrainLexer(RegexLexer):
    """Colours recipes in separate files, ``.train`` files."""

    name = "netdsl recipe"
    aliases: ClassVar[list[str]] = ["netdsl-train"]
    filenames: ClassVar[list[str]] = ["*.train"]
    url = ""
    flags = 8

    tokens: ClassVar[dict[str, list[Any]]] = {"root": [*_RECIPE, *_BLANKS]}
