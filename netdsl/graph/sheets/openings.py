"""Lines around the layers of a sheet: what comes in, in a sentence, and what follows every hidden layer."""

from __future__ import annotations

import re

from netdsl.graph.sheets.markup import plain
from netdsl.graph.sheets.prose import kinds_in, says_nothing
from netdsl.graph.sheets.spelled import spelled
from netdsl.graph.sheets.vocabulary import ACTIVATIONS, kind_of
from netdsl.graph.sheets.words import pieces_of, without_bullet

_OPENS = spelled(
    r"(?:.{0,80}\b(?:takes|receives|accepts|expects) (?:(?:an?|the|as) )?(?:inputs? )?(?=[(0-9])"
    r"|(?:the |an? )?(?:network|model|cnn|convnet|first layer)?"
    r"(?: (?:takes|receives|accepts|expects|has) (?:an? |the )?)?(?:inputs?|images?|pictures?|data)\b)"
)
_CHANNELS = (
    (
        re.compile(
            r"gr[ae]y[ -]?(?:scaled?)?|black[ -]and[ -]white|monochrome|single[ -]channel|binary",
            re.IGNORECASE,
        ),
        "1",
    ),
    (re.compile(r"\brgb\b|colou?r", re.IGNORECASE), "3"),
)
_ALL = spelled(
    r"(?:(?:the )?(?:activations?|non-?linearity|activation functions?)~(?::|=|is|are)? )?"
    r"(?P<name>[A-Za-z][A-Za-z -]{1,20}?)~(?:activations?|functions?|non-?linearit(?:y|ies)|units?)*~"
    r"(?:function~)?(?:is |are )?(?:used |applied )?(?:for|in|on|after|by|to|at) "
    r"(?:all|each|every)(?: of)?(?: the)? (?:hidden|intermediate) (?:layers?|units?|neurons?)\.?\Z"
)


_DATA_SETS = spelled(
    r"\b(?:the )?(?:cifar~-?~100?|imagenet|(?:fashion|e|k)?-?mnist|svhn|gtsrb|celeba|coco)\b(?:~dataset)?"
)


def input_in(line: str) -> str:
    """``input 28x28x1`` of ``Input: the images are grayscale, 28x28``; empty where other numbers or layers
    stand beside one size."""
    line = _DATA_SETS.sub("", line)
    opening = _OPENS.match(line)
    if opening is None or re.search(r"padd|strid|crop|resiz|output", line, re.IGNORECASE):
        return ""
    values = [piece for piece in pieces_of(line) if piece.kind in ("size", "number")]
    if len(values) == 2 and values[0].text.startswith(f"{values[1].text}x"):  # `(32, 32, 3), 32x32 pixels`
        values.pop()
    if len(values) != 1 or values[0].kind != "size" or kinds_in(line) - {"INPUT", "NORM", "BN"}:
        return ""
    maps, _, size = values[0].text.rpartition("@")
    extents = [*size.split("x"), *([maps] if maps else [])]
    if len(extents) == 4 and extents[0] == "1":
        extents = extents[1:]
    if len(extents) == 2:
        extents += [number for pattern, number in _CHANNELS if pattern.search(line)][:1]
    return f"input {'x'.join(extents)}" if len(extents) == 3 else ""


def activation_of_all(line: str) -> str:
    """``default activation relu`` of ``ReLU is used for all hidden layers``."""
    found = _ALL.match(line)
    kind = kind_of(found["name"].lower().split()) if found is not None else ""
    return f"default activation {kind.lower()}" if kind in ACTIVATIONS and kind != "SOFTMAX" else ""


_SCORES = spelled(
    r"(?:the )?(?:final )?(?:outputs?|logits|scores)\b~(?:is|are|of|:|=|–|-)?~(?:an? )?"
    r"(?P<number>[0-9]+)\b(?!~[x×*,.@0-9])(?P<rest>.*)\Z"
)
_MADE = re.compile(r"layer|neuron|unit|node|dense|connected|linear|->|→|=>", re.IGNORECASE)


def scores_again(line: str, scores: frozenset[str]) -> str:
    """``10`` of ``Output: 10 classes`` behind a layer of 10; empty where the line makes a layer."""
    found = _SCORES.match(without_bullet(plain(line)))
    if found is None or found["number"] not in scores or _MADE.search(line):
        return ""
    rest = re.sub(rf"\b{found['number']}\b", "", found["rest"])
    return found["number"] if says_nothing(rest, frozenset(), each=True) else ""
