"""Prose beside what a line says of its layer: clauses that say nothing."""

from __future__ import annotations

import re
from itertools import pairwise

from netdsl.graph.sheets.spelled import spelled
from netdsl.graph.sheets.vocabulary import ACTIVATIONS, NOUNS, kind_of
from netdsl.graph.sheets.words import pieces_of

_CLAUSE = spelled(
    r"~(?:[.;,:—–] |\b(?=(?:in order to|so that|to|for|that|which|while|where|because|since|as|allowing"
    r"|representing|corresponding|resulting|across|during|from|over|by|into|on|per)\b)|(?<=[ \t])(?=\())"
)
_DIMENSIONS = re.compile(r"\b[123]-?D\b|\bnon-?linear\w*", re.IGNORECASE)
_NEGATIVE = re.compile(
    r"\b(?:no|not|never|none|without|except|half|twice|unless|instead|only|if|optional\w*|same|valid|every|each|all)\b",
    re.IGNORECASE,
)
_STEMS = (
    r"pad|strid|dilat|leak|transpos|depthwise|separab|group|bias|doubl|global|overlap|up-?sampl|omit|remov"
    r"|skip|shar|concat|residual|shortcut|add(?:ed|s|ing)\b|merg|branch|parallel|repeat|sum(?:med|s)\b"
)
_OF_ITS_KIND = {
    "MAX POOL": r"pool|down-?sampl|halv|max|reduc",
    "AVG POOL": r"pool|down-?sampl|halv|averag|reduc",
    "FLATTEN": r"pool",
    "BN": r"normali[sz]",
    "NORM": r"normali[sz]",
    "DROPOUT": r"drop|zero|deactivat",
    **dict.fromkeys(ACTIVATIONS, "activat"),
}
_OTHER = r"pool|down-?sampl|halv|averag|normali[sz]|drop|zero|scal(?!ar)|(?:de)?activat"
"""Stems that say something of a layer, unless it is what all layers of its kind do."""


def without_prose(line: str) -> str:
    """A line without clauses in which no number, no option and no layer stands that is not named before."""
    kept, start, mark = "", 0, ""
    for found in [*_CLAUSE.finditer(line), None]:
        clause = line[start : found.start() if found is not None else len(line)]
        if not start or not (says_nothing(clause, kinds_in(kept)) or _repeats(clause, kept)):
            kept += f"{mark}{clause}" if mark or not kept else f" {clause}"
        elif clause.endswith(")") and "(" not in clause:
            kept += ")"
        if found is not None:
            mark, start = found[0], found.end()
            if found.end() == 0:
                start, mark = 0, ""
    return kept.strip(" \t.;,")


_REPEATED = spelled(
    r"[\s(]*(?:used to|in order to|to|for|into|corresponding|representing|one for|i\.e|e\.g|as|the|each)\b"
)
_CLASSES = re.compile(r"class|categor|digit|letter|label|0[ \t]*[-–][ \t]*9|sign|type|outcome", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+")
_DIGITS = re.compile(r"(?:from[ \t]+)?\b0[ \t]*(?:[-–]|to|\.\.)[ \t]*9\b", re.IGNORECASE)


def _repeats(clause: str, kept: str) -> bool:
    """Whether a clause says once more how many classes there are: ``(one for each digit, 0-9)``."""
    if not (_REPEATED.match(clause) and _CLASSES.search(clause)):
        return False
    numbers = set(_NUMBER.findall(_DIGITS.sub("", clause)))
    return numbers <= set(_NUMBER.findall(kept)) and says_nothing(
        _NUMBER.sub("", _DIGITS.sub("", clause)), kinds_in(kept), each=True
    )


_AGAIN = re.compile(
    r"\b(?:then|followed|another|second|third|again|next|more|also|both|plus|two|three|four)\b", re.IGNORECASE
)
"""Words by which a kind that is named once more is another layer."""


def says_nothing(clause: str, kinds: frozenset[str] = frozenset(), *, each: bool = False) -> bool:
    """Whether a clause is prose: without numbers, options and layers. ``each`` where it may say `each`."""
    text = _DIMENSIONS.sub("", clause)
    text = re.sub(r"\b(?:each|every|all)\b", "", text, flags=re.IGNORECASE) if each else text
    if re.search("[0-9\x00=]", text) or _NEGATIVE.search(text) or re.search(_STEMS, text, re.IGNORECASE):
        return False
    for stem in re.findall(_OTHER, text, re.IGNORECASE):
        if not any(re.match(_OF_ITS_KIND.get(kind, r"\b\B"), stem, re.IGNORECASE) for kind in kinds):
            return False
    names = [kind for name in _names(text) if (kind := _layer(name))]
    if "FLATTEN" in kinds:
        names = [kind for kind in names if kind not in ("FC", "CONV", "MAX POOL")]
    return not names or (all(kind in kinds for kind in names) and not _AGAIN.search(text))


def _names(text: str) -> list[str]:
    """The words of a text, and each two of them."""
    words = [piece.text for piece in pieces_of(text) if piece.kind == "word"]
    return [*words, *(" ".join(pair) for pair in pairwise(words))]


def _layer(name: str) -> str:
    kind = kind_of(name.split())
    return "" if kind.endswith("?") or kind == "INPUT" or name in NOUNS else kind


def kinds_in(line: str) -> frozenset[str]:
    """The kinds that words of a line name."""
    found = [kind_of(name.split()) for name in _names(line)]
    return frozenset(kind.rstrip("?").removesuffix(" global") for kind in found if kind)
