"""The words of the language that belong to no layer: statements, branches, dialects."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.layers.dialect import DIALECTS, Dialect
from netdsl.source import Source, Span


class Keyword(NamedTuple):
    """A word with the form that it begins and what that says."""

    word: str
    syntax: str
    sentence: str


STATEMENTS = (
    Keyword("net", "net LeNet-5", "names the network"),
    Keyword("dialect", "dialect caffe", "chooses whose conventions hold where frameworks disagree"),
    Keyword("use", 'use "blocks.net"', "takes blocks and numbers from a file beside this one"),
    Keyword("let", "let k = 32", "names a number"),
    Keyword("block", "block UNIT(width, stride = 1) { ... }", "a piece of a network with parameters"),
    Keyword("train", "train { ... }", "how the network is trained by default"),
    Keyword("default", "default CONV 3x3 pad 1", "sets options for all layers of a kind"),
    Keyword("expect", "expect params <= 70M", "what must hold for the network, or `check` fails"),
)
"""What a line may begin with besides a layer."""

BRANCHES = (
    Keyword("SKIP", "ADD[ ... | SKIP ]", "a branch that changes nothing"),
    Keyword(
        "PROJECT",
        "ADD[ ... | PROJECT stride 2 ]",
        "the identity where the volumes agree, else a 1x1 convolution and a normalisation",
    ),
)

BRANCH_WORDS = frozenset(keyword.word.lower() for keyword in BRANCHES)

OTHERS = (
    Keyword(
        "where", "[CONV-POOL-FC] where { CONV: 6 filters 5x5 }", "gives the layers of a pattern their numbers"
    ),
    Keyword("table", "table { 0-2; 1-3 }", "which channels each filter sees, one row per filter"),
    Keyword("pattern", "expect pattern [CONV - RELU]*N - FC", "the expected order of kinds"),
    Keyword("same", "same weights as LABEL", "shares the weights of an earlier layer; or a padding"),
)

_BY_WORD = {keyword.word.lower(): keyword for keyword in (*STATEMENTS, *BRANCHES, *OTHERS)}


def keyword_as_text(source: Source, word: Span) -> str:
    """What a keyword is; empty where the word is none."""
    keyword = _BY_WORD.get(source.excerpt(word).lower())
    return "" if keyword is None else f"`{keyword.syntax}`\n\n{keyword.sentence}"


def dialect_as_text(source: Source, word: Span) -> str:
    """What a dialect stands for, where the word names one after ``dialect``."""
    before = source.text[source.text.rfind("\n", 0, word.start) + 1 : word.start].split()
    dialect = DIALECTS.get(source.excerpt(word).lower())
    if dialect is None or [part.lower() for part in before[-1:]] != ["dialect"]:
        return ""
    return dialect_in_words(dialect)


def dialect_in_words(dialect: Dialect) -> str:
    """The conventions of a dialect in a few lines of Markdown."""
    stride = "its window" if dialect.pool_stride_is_kernel else "1"
    lines = (
        f"dialect `{dialect.name}`",
        f"- a convolution that does not fit evenly: {dialect.convolution.value}",
        f"- pooling: {dialect.pool.value}",
        f"- the stride of a pool that states none: {stride}",
        f"- epsilon of BN: {dialect.batch_norm_epsilon:g}",
    )
    return "\n".join(lines)
