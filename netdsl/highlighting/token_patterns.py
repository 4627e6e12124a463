"""The patterns by which a text is coloured, in the order in which they are tried at each place.

They colour what is there, whether the text parses or not. Each is written so that Python's ``re`` and
Oniguruma, which runs TextMate grammars, read it alike; ``{...}`` names words of the vocabulary.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from netdsl.highlighting.vocabulary import one_of, vocabulary


class Pattern(NamedTuple):
    """``pattern`` with what each of its groups is; ``whole`` where it has none."""

    pattern: str
    groups: tuple[str, ...] = ()
    whole: str = ""


NUMBER = (
    r"(?:(?<=[ \t(,=])[-−])?(?:(?:[0-9][0-9,]*[0-9]|[0-9])(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"(?:[KMGT](?![A-Za-z0-9_])|[ \t]?%)?"
)
SIZE = r"[0-9]+(?:[ \t]*@[ \t]*[0-9]+)?(?:[ \t]*[xX×][ \t]*[0-9]+)+"
NAME = r"[A-Za-z_][A-Za-z0-9_]*"
COMMENT = Pattern(r"#[^\n]*", whole="comment")
STRING = Pattern(r'"[^"\n]*"|“[^”\n]*”', whole="string")


@cache
def network_patterns() -> tuple[Pattern, ...]:
    """The patterns of a network, but for its recipe."""
    words = vocabulary()
    kind = one_of(words.kinds)
    behind = r"(_?[0-9]+(?:_[0-9]+)*[a-z]?|[ \t][0-9]+(?=[ \t]*:))?(?![A-Za-z0-9_])"
    options = {*words.options, *words.values}
    always = one_of(name for name in words.kinds if name not in options)
    first = one_of(name for name in words.kinds if name in options)
    start = r"(?:^|(?<=[;{]))[ \t]*"
    begins = r"(?:^|(?<=[\[|;{:])|(?<=[-→>] ))[ \t]*"
    no_kind = rf"(?!{kind}[ \t_]?[0-9_]*[a-z]?[ \t]*:)"
    return (
        COMMENT,
        STRING,
        Pattern(rf"{start}((?i:net))[ \t]+([^\s:=;#][^\n#;]*)", ("keyword", "title")),
        Pattern(rf"{start}((?i:dialect))[ \t]+({NAME})(?=[ \t]*(?:$|[#;]))", ("keyword", "value")),
        Pattern(rf'{start}((?i:use))(?=[ \t]*["“])', ("keyword",)),
        Pattern(rf"{start}((?i:let))[ \t]+({NAME})(?=[ \t]*=)", ("keyword", "name")),
        Pattern(rf"{start}((?i:block))[ \t]+({NAME})(?=[ \t]*[({{])", ("keyword", "block")),
        Pattern(rf"{start}((?i:default)[ \t]+(?i:activation))(?![A-Za-z0-9_])", ("keyword",)),
        Pattern(rf"{start}((?i:default))(?=[ \t]+[A-Za-z_])", ("keyword",)),
        Pattern(
            rf"{start}((?i:expect))[ \t]+({one_of(words.subjects)})(?![A-Za-z0-9_])", ("keyword", "option")
        ),
        Pattern(r"((?i:where|table))(?=\s*\{)", ("keyword",)),
        Pattern(rf"@{NAME}", whole="reference"),
        Pattern(rf"{start}{no_kind}({NAME}(?:[ \t]+{NAME})*)[ \t]*(:)", ("label", "operator")),
        Pattern(rf"([\[|])[ \t]*{no_kind}({NAME})[ \t]*(:)", ("operator", "label", "operator")),
        Pattern(rf"({NAME})(?=\()", ("block",)),
        Pattern(r"(?i:same[ \t]+weights[ \t]+as)(?![A-Za-z0-9_])", whole="keyword"),
        Pattern(rf"(?<![A-Za-z0-9_])(?:{one_of(words.branches)})(?![A-Za-z0-9_])", whole="keyword"),
        Pattern(rf"(?<![A-Za-z0-9_])({always}){behind}", ("kind", "number")),
        Pattern(rf"{begins}({first}){behind}", ("kind", "number")),
        Pattern(SIZE, whole="size"),
        Pattern(NUMBER, whole="number"),
        Pattern(rf"(?<![A-Za-z0-9_])(?:{one_of(words.options)})(?![A-Za-z0-9_])", whole="option"),
        Pattern(rf"(?<![A-Za-z0-9_])(?:{one_of(words.values)})(?![A-Za-z0-9_])", whole="value"),
        Pattern(rf"(?<![A-Za-z0-9_])(?:{one_of(words.fillers)})(?![A-Za-z0-9_])", whole="filler"),
        Pattern(NAME, whole="name"),
        Pattern(r"->|[-–—−→*/+|=:?<>≤≥]=?|,", whole="operator"),
        Pattern(r"[\[\](){};]", whole="bracket"),
    )


@cache
def recipe_patterns() -> tuple[Pattern, ...]:
    """The patterns inside ``train { }`` and of ``.train`` files."""
    words = vocabulary()
    alone = "(?<![A-Za-z0-9_])(?:{})(?![A-Za-z0-9_])"
    return (
        COMMENT,
        STRING,
        Pattern(alone.format(one_of(words.entries)), whole="keyword"),
        Pattern(alone.format(one_of(words.components)), whole="kind"),
        Pattern(alone.format(one_of(words.settings)), whole="option"),
        Pattern(SIZE, whole="size"),
        Pattern(NUMBER, whole="number"),
        Pattern(rf"{NAME}(?:[-./]{NAME})*", whole="name"),
        Pattern(r"\.\.|[-*/+=:,.~]", whole="operator"),
        Pattern(r"[\[\](){};]", whole="bracket"),
    )


TRAIN = r"(?:^|(?<=[;}]))[ \t]*((?i:train))\s*(\{)"
"""What a recipe begins with, inside a network; it ends with the brace that closes this one."""
