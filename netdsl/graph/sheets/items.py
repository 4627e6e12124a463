"""What the pieces of a line are: kinds, values, nouns of options, switches, and breaks between them."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.graph.sheets.vocabulary import (
    BREAKS,
    CLAIM,
    COUNT,
    FILLERS,
    LETTERS,
    NOUNS,
    SIZE,
    kind_of,
)
from netdsl.graph.sheets.words import Piece
from netdsl.layers.registry import kind_named

KIND, VALUE, NOUN, BREAK, ARROW, EQUALS, COLON, SWITCH, REPEAT, CALL = range(10)

_LONGEST = 4
_GLUED = re.compile(r"(?:[A-Za-z][0-9]+)+\Z")
_PAIR = re.compile(r"([A-Za-z])([0-9]+)")
_NUMBERED = re.compile(r"([A-Za-z]+?)([0-9]+)\Z")
_SIGNS = {",": BREAK, ";": BREAK, "(": BREAK, ")": BREAK, "+": BREAK, "&": BREAK, "=": EQUALS, ":": COLON}
_DASHES = "-–—"
_SWITCHES = {
    ("same",): "same",
    ("valid",): "valid",
    ("no", "padding"): "valid",
    ("no", "pad"): "valid",
    ("without", "padding"): "valid",
    ("no", "zero", "padding"): "valid",
    ("no", "bias"): "no bias",
    ("without", "bias"): "no bias",
    ("with", "bias"): "bias",
    ("bias",): "bias",
    ("global",): "global",
    ("no", "activation"): "",
    ("no", "nonlinearity"): "",
}


_NUMBERS = dict(
    zip(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
        ["2", "3", "4", "5", "6", "7", "8", "9", "10"],
        strict=True,
    ),
    twelve="12",
    sixteen="16",
    twenty="20",
    hundred="100",
)
_ONE = ("one", "single")
_OTHERS = frozenset(
    [
        "residual",
        "inception",
        "fire",
        "bottleneck",
        "inverted",
        "lstm",
        "gru",
        "rnn",
        "embedding",
        "attention",
        "transition",
        "transformer",
        "squeeze",
        "excitation",
        "shortcut",
        "identity",
        "concat",
        "concatenate",
        "concatenation",
        "capsule",
        "maxout",
        "highway",
        "rpn",
        "roi",
        "stem",
        "mbconv",
        "conv1d",
        "conv3d",
        "maxpool1d",
        "maxpool3d",
        "maxpooling1d",
        "maxpooling3d",
        "lambda",
        "crop",
        "cropping",
        "recurrent",
    ]
)
"""Words of layers and parts that are read nowhere here, so that a label with them names something else."""


class Item(NamedTuple):
    """``text`` is the keyword of a kind, a value, the role of a noun, or a switch; ``hard`` where a break is
    written with a sign, ``plural`` of a noun."""

    what: int
    text: str = ""
    piece: Piece | None = None
    plural: bool = False
    hard: bool = False


class UnknownError(ValueError):
    """A word that means nothing here."""


def items_of(pieces: list[Piece], *, label: bool = False) -> list[Item]:
    """The items of a line, or of its label, in which other words may stand. Raises UnknownError."""
    found: list[Item] = []
    index = 0
    while index < len(pieces):
        length, new = _item(pieces, index, label, found)
        found += new
        index += length
    return found


def _item(pieces: list[Piece], index: int, label: bool, before: list[Item]) -> tuple[int, list[Item]]:
    piece = pieces[index]
    if piece.kind == "call":
        return 1, [Item(CALL, piece.text, piece)]
    if piece.kind == "arrow":
        return 1, [Item(ARROW, hard=True)]
    if piece.kind in ("number", "size"):
        following = pieces[index + 1] if index + 1 < len(pieces) else None
        if following is not None and following.raw in ("st", "nd", "rd", "th") and following.tight:
            return 2, []
        if following is not None and following.raw in ("x", "X", "×") and piece.kind == "number":
            return 2, [Item(REPEAT, piece.text, piece)]
        return 1, [Item(VALUE, piece.text, piece)]
    if piece.kind == "sign":
        return _sign(pieces, index, label, before)
    return _word(pieces, index, label, before)


def _sign(pieces: list[Piece], index: int, label: bool, before: list[Item]) -> tuple[int, list[Item]]:
    sign = pieces[index].text
    following = pieces[index + 1] if index + 1 < len(pieces) else None
    if sign in _SIGNS:
        return 1, [Item(_SIGNS[sign], hard=True)]
    if sign == "/":
        if following is not None and following.kind == "number" and following.tight:
            return 1, [Item(NOUN, "stride")]
        return 1, [Item(BREAK, hard=True)]
    if sign in ("×", "*") and following is not None and following.kind == "number":
        return 2, [Item(REPEAT, following.text, following)]
    if sign in _DASHES:
        if pieces[index].tight and following is not None and following.tight:
            if label and following.kind == "number":
                return _hyphen(pieces, index)
            raise UnknownError(sign)  # `conv3-64`
        valued = following is not None and following.kind in ("number", "size")
        if valued and before and before[-1].what == NOUN:
            return 1, [Item(EQUALS, hard=True)]
        return 1, [Item(BREAK, hard=True)]
    if sign == "." and (following is None or not following.tight):
        return 1, [Item(BREAK, hard=True)]
    if sign == "#":
        return 1, []
    raise UnknownError(sign)


def _hyphen(pieces: list[Piece], index: int) -> tuple[int, list[Item]]:
    """``FC-512`` before a colon, a layer with its number; ``conv5-1``, a layer with its place."""
    word, number = pieces[index - 1], pieces[index + 1]
    if word.raw[-1].isdecimal() and len(number.text) == 1:
        return 2, []
    if kind_of([word.text]) != "FC":
        raise UnknownError("-")
    return 2, [Item(VALUE, number.text, number)]


def _word(pieces: list[Piece], start: int, label: bool, before: list[Item]) -> tuple[int, list[Item]]:
    run = _run(pieces, start)
    texts = [piece.text for piece in run]
    for length in range(min(3, len(texts)), 0, -1):
        switch = _SWITCHES.get(tuple(texts[:length]))
        if switch is not None:
            return length, [Item(SWITCH, switch)]
    for length in range(min(_LONGEST, len(texts)), 0, -1):
        noun = NOUNS.get(" ".join(texts[:length]))
        kind = kind_of(texts[:length])
        named = kind_named(" ".join(piece.raw for piece in run[:length]))
        if named is not None and not kind and noun is None and (length > 1 or label):
            raise UnknownError(run[0].raw)  # `drop path` is no DROPOUT, `rbf layer: 3 units` no FC
        if kind and not (noun and not label and (kind.endswith("?") or kind == "INPUT")):
            index = start + length
            if label and kind.endswith("?") and _strange(pieces, index):
                return length, []
            numbered = label and index == len(pieces) - 1 and _is_ordinal(pieces[index])
            equals = index < len(pieces) and pieces[index].text == "="
            return length + (numbered or equals), [Item(KIND, kind, run[0])]
        if noun == SIZE and run[length - 1].text != "factor" and _resizes(pieces):
            raise UnknownError(run[0].raw)  # `upsampling, size 23x23`, which UPSAMPLE itself may know
        if noun is not None:
            word = run[length - 1] if noun == COUNT else run[0]
            return length, [Item(NOUN, noun, word, run[length - 1].plural)]
    return _single(run[0], pieces, start, label)


def _run(pieces: list[Piece], index: int) -> list[Piece]:
    """The words from a place on, with hyphens between them."""
    found: list[Piece] = []
    for piece in pieces[index : index + _LONGEST]:
        if piece.kind != "word":
            break
        found.append(piece)
    return found


def _single(word: Piece, pieces: list[Piece], index: int, label: bool) -> tuple[int, list[Item]]:
    following = pieces[index + 1] if index + 1 < len(pieces) else None
    if word.text in BREAKS:
        return 1, [Item(BREAK)]
    if word.text in _ONE and _counts(pieces, index + 1):
        return 1, [Item(VALUE, "1", word)]
    if label and word.text in _OTHERS:
        raise UnknownError(word.raw)
    if word.text in _NUMBERS:
        return 1, [Item(VALUE, _NUMBERS[word.text], word)]
    numbered = _NUMBERED.match(word.raw)
    if numbered is not None:
        kind = kind_of([numbered[1].lower()])
        if kind:
            return 1, [Item(KIND, kind, word)]
    if numbered is not None and numbered[1] in "xX" and len(numbered[1]) == 1:
        return 1, [Item(REPEAT, numbered[2], word)]
    if _GLUED.match(word.raw) and not label:
        pairs = _PAIR.findall(word.raw)
        if all(letter in LETTERS for letter, _ in pairs):
            return 1, [
                item
                for letter, number in pairs
                for item in (
                    Item(NOUN, LETTERS[letter]),
                    Item(VALUE, number, Piece("number", number, number, True)),
                )
            ]
    if word.raw in LETTERS and following is not None and following.text in ("=", ":"):
        return 1, [Item(NOUN, LETTERS[word.raw])]
    if word.raw in ("x", "X") and following is not None and following.kind == "number":
        return 2, [Item(REPEAT, following.text, following)]
    if word.text in _EVERY and _is_layer(pieces, index + 1):
        raise UnknownError(word.raw)  # `ReLU is used after each layer`
    if word.text == "to" and not label and _is_size(pieces, index + 1):
        if _resizes(pieces):
            raise UnknownError(word.raw)  # `upsampling to 23x23` is no factor
        return 1, [Item(NOUN, CLAIM)]
    if word.text in FILLERS or label:
        behind = pieces[index + 2].text if index + 2 < len(pieces) else ""
        ordinal = (
            (label or (word.text == "layer" and behind in ("(", ":")))
            and following is not None
            and _is_ordinal(following)
        )
        switched = not label and following is not None and following.text in ("=", ":")
        return 1 + (ordinal or switched), []
    raise UnknownError(word.raw)


_COUNTED = frozenset(("neuron", "unit", "node", "output", "scalar", "channel", "filter", "logit", "value"))


def _counts(pieces: list[Piece], index: int) -> bool:
    """Whether what is counted follows: ``one neuron``, ``a single output unit``."""
    words = [piece.text for piece in _run(pieces, index)][:2]
    return bool(words) and (words[0] in _COUNTED) and not pieces[index].plural


_EVERY = ("each", "every", "all")


def _is_layer(pieces: list[Piece], index: int) -> bool:
    """Whether words name layers, and not what a layer has: ``all conv layers``."""
    words = [piece.text for piece in _run(pieces, index)]
    return bool(words) and ("layer" in words or bool(kind_of(words[:1])))


_RESIZING = ("upsampl", "upscal", "resiz", "interpol", "crop", "reshap", "unpool")


def _resizes(pieces: list[Piece]) -> bool:
    """Whether a line is of a layer that is told the size of what comes out."""
    return any(piece.text.startswith(_RESIZING) for piece in pieces)


def _is_size(pieces: list[Piece], index: int) -> bool:
    """Whether a size stands there, perhaps behind `=`."""
    while index < len(pieces) and pieces[index].text in ("=", ":"):
        index += 1
    return index < len(pieces) and pieces[index].kind == "size"


def _is_ordinal(piece: Piece) -> bool:
    return piece.kind == "number" and piece.text.isdecimal() and len(piece.text) < 3


def _strange(pieces: list[Piece], index: int) -> bool:
    """Whether a word that means nothing stands behind a name that is no kind by itself: ``MAX POLL1``."""
    following = pieces[index] if index < len(pieces) else None
    return following is not None and following.kind == "word" and following.text not in FILLERS
