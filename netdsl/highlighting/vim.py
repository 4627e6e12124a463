"""The language as a syntax file for Vim and Neovim."""

from __future__ import annotations

from collections.abc import Iterable

from netdsl.highlighting.vocabulary import vocabulary

_GROUPS = {
    "Comment": "Comment",
    "String": "String",
    "Keyword": "Statement",
    "Title": "Title",
    "Block": "Function",
    "Label": "Label",
    "Reference": "Identifier",
    "Kind": "Type",
    "Option": "Special",
    "Value": "Constant",
    "Filler": "NonText",
    "Number": "Number",
    "Operator": "Operator",
}
"""Each sort of piece and the group of Vim (``:help group-name``) that it is drawn as."""

_HEAD = """\
" Vim syntax file for {what}.
" Written by `python -m netdsl.highlighting.generate` from the language's own tables.
if exists("b:current_syntax")
  finish
endif
syntax case ignore
syntax sync minlines=100
"""

_KIND_START = r"%(%(^|[[|;{:]|[->] )\s*)@20<="
"""Where a layer may begin."""


def syntax(*, recipe: bool = False) -> str:
    """The text of ``netdsl.vim``, or of that for recipes in separate files. What stands further down in
    it wins where two match at one place."""
    lines = _recipe("") if recipe else [*_network(), *_recipe(" contained"), *_train()]
    prefix = "netdslTrain" if recipe else "netdsl"
    head = _HEAD.format(what="netdsl recipes" if recipe else "netdsl networks")
    links = [f"highlight default link {prefix}{sort} {group}" for sort, group in _GROUPS.items()]
    end = f'let b:current_syntax = "{"netdsl-train" if recipe else "netdsl"}"'
    text = "\n".join([head, *lines, "", *links, "", end, ""])
    return text.replace("netdsl%", f"{prefix}")


def _network() -> list[str]:
    words = vocabulary()
    options = {*words.options, *words.values}
    always = _one_of(name for name in words.kinds if name not in options)
    first = _one_of(name for name in words.kinds if name in options)
    behind = r"%(_?\d+%(_\d+)*[a-z]?)?"
    no_kind = rf"%({_one_of(words.kinds)}\s?[0-9_]*[a-z]?\s*:)@!"
    return [
        *_shared(""),
        _match("Filler", rf"<{_one_of(words.fillers)}>"),
        _match("Value", rf"<{_one_of(words.values)}>"),
        _match("Option", rf"<{_one_of(words.options)}>"),
        _match("Kind", rf"<{always}{behind}>"),
        _match("Kind", rf"{_KIND_START}<{first}{behind}>"),
        _match("Keyword", rf"<{_one_of(words.branches)}>"),
        _match("Keyword", r"<same\s+weights\s+as>"),
        _match("Block", r"<\h\w*\ze\("),
        _match("Label", rf"%(^\s*)@40<={no_kind}<\h\w*%(\s+\h\w*)*>\ze\s*:"),
        _match("Label", rf"%([[|]\s*)@20<={no_kind}<\h\w*>\ze\s*:"),
        _match("Reference", r"\@\h\w*"),
        _match("Keyword", r"<%(where|table)>\ze\s*\{"),
        _match("Option", rf"%(^\s*expect\s+)@40<={_one_of(words.subjects)}>"),
        _match("Keyword", rf"^\s*expect>\ze\s+{_one_of(words.subjects)}"),
        _match("Keyword", r"^\s*default>\ze\s+\h"),
        _match("Keyword", r"^\s*default\s+activation>"),
        _match("Block", r"%(^\s*block\s+)@40<=\h\w*"),
        _match("Keyword", r"^\s*block>\ze\s+\h\w*\s*[({]"),
        _match("Keyword", r"^\s*let>\ze\s+\h\w*\s*\="),
        _match("Keyword", r"^\s*use>\ze\s*[\"“]"),
        _match("Value", r"%(^\s*dialect\s+)@40<=\h\w*"),
        _match("Keyword", r"^\s*dialect>\ze\s+\h\w*\s*%($|[#;])"),
        _match("Title", r"%(^\s*net\s+)@40<=[^ \t:=;#][^#;]*"),
        _match("Keyword", r"^\s*net>\ze\s+[^ \t:=;#]"),
        *_last(""),
    ]


def _recipe(contained: str) -> list[str]:
    words = vocabulary()
    cluster = [
        *_shared(contained),
        _match("RecipeOption", rf"<{_one_of(words.settings)}>", contained),
        _match("RecipeKind", rf"<{_one_of(words.components)}>", contained),
        _match("RecipeKeyword", rf"<{_one_of(words.entries)}>", contained),
        *_last(contained),
    ]
    named = [line.replace("netdsl%Recipe", "netdsl%") if not contained else line for line in cluster]
    return [line for line in named if contained == "" or "Recipe" in line]


def _train() -> list[str]:
    """The block that holds a recipe, in a network."""
    sorts = ("RecipeOption", "RecipeKind", "RecipeKeyword", "Number", "Comment", "Braces")
    inner = ",".join(f"netdsl%{sort}" for sort in sorts)
    return [
        f"syntax region netdsl%Braces start=/{{/ end=/}}/ contained contains={inner}",
        r"syntax region netdsl%Train matchgroup=netdsl%Keyword start=/\v^\s*train\s*\{/ end=/}/ "
        f"fold contains={inner}",
        "highlight default link netdsl%RecipeOption netdsl%Option",
        "highlight default link netdsl%RecipeKind netdsl%Kind",
        "highlight default link netdsl%RecipeKeyword netdsl%Keyword",
    ]


def _shared(contained: str) -> list[str]:
    number = r"<\d+%(,\d+)*%(\.\d+)?%(e[+-]?\d+)?%([KMGT]>)?|\.\d+%(e[+-]?\d+)?"
    return [
        _match("Operator", r"-+\>?|[–—−→*/+|=:?<>≤≥]", contained),
        _match("Number", number, contained),
        _match("Number", r"<\d+%(\s*\@\s*\d+)?%(\s*[x×]\s*\d+)+", contained),
    ]


def _last(contained: str) -> list[str]:
    return [
        _match("String", r"\"[^\"]*\"|“[^”]*”", contained),
        f"syntax match netdsl%Comment /#.*/{contained} contains=@Spell",
    ]


def _match(sort: str, pattern: str, contained: str = "") -> str:
    """A line for a pattern in Vim's `very magic` spelling."""
    escaped = pattern.replace("/", r"\/")
    return f"syntax match netdsl%{sort} /\\v{escaped}/{contained}"


def _one_of(words: Iterable[str]) -> str:
    return "%(" + "|".join(word.replace("-", r"\-").replace(" ", r"[ \t_]+") for word in words) + ")"
