"""One line of a sheet, read word by word: what it says in our words, or nothing where a word is left over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from netdsl.graph.expressions.values import without_percent
from netdsl.graph.names.kind_modifiers import modifier_in
from netdsl.graph.sheets.barred import is_barred
from netdsl.graph.sheets.items import (
    ARROW,
    KIND,
    NOUN,
    SWITCH,
    VALUE,
    Item,
    UnknownError,
    items_of,
)
from netdsl.graph.sheets.layers import SheetLayer, layers_of
from netdsl.graph.sheets.markup import plain
from netdsl.graph.sheets.openings import activation_of_all, input_in
from netdsl.graph.sheets.phrases import layer_before, rewritten, said_of_last
from netdsl.graph.sheets.prose import without_prose
from netdsl.graph.sheets.recipe import read_recipe
from netdsl.graph.sheets.spelled import spelled
from netdsl.graph.sheets.vocabulary import ACTIVATIONS, COMING, COUNT, FILLERS, NOUNS, kind_of
from netdsl.graph.sheets.words import LONGEST, UNKNOWN, Piece, pieces_of, without_bullet
from netdsl.graph.sheets.writing import written
from netdsl.syntax.class_calls import calls_in


class Reading(NamedTuple):
    """A line in our words. ``coming`` is how many numbers or channels the line says come in; ``claim`` a
    volume of the layer before it, where the line is nothing else; ``program`` whose call it is; ``entry`` one
    of a recipe; ``label`` the name before its colon; ``before`` the layer whose output it says it takes;
    ``unknown`` what is not understood of a row of a table; ``comings`` what comes into layers further behind,
    by their number."""

    text: str
    coming: str = ""
    claim: str = ""
    program: str = ""
    entry: str = ""
    label: str = ""
    before: str = ""
    unknown: str = ""
    comings: tuple[tuple[int, str], ...] = ()

    def coming_of(self, number: int) -> str:
        """What comes into a layer of the line, by its number from 0; empty where it does not say."""
        return self.coming if number == 0 and self.coming else dict(self.comings).get(number, "")


_OURS = re.compile(
    r"(?:(?:net|dialect|let|default|expect)\b|use[ \t]*[\"“]|block[ \t]+\w+[ \t]*[({]|train[ \t]*\{)"
    r"|.*[{}|]|.*(?<![\w.])@[A-Za-z]",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"(?P<head>.*[\w)%])[ \t]+(?:[x×]|\([ \t]*[x×][ \t]?)(?P<times>[0-9]{1,2})(?:[ \t]*\))?\Z"
)
_TIMES_BEFORE = re.compile(r"(?P<times>[0-9]{1,2})[ \t]*[x×][ \t]*(?P<head>[A-Za-z(].*)\Z")
_LAYERS = re.compile(
    r"(?P<times>[2-9]|two|three|four|five|six)[ \t]+(?P<head>(?:[A-Za-z-]+[ \t]+){1,3}layers\b.*)\Z",
    re.IGNORECASE,
)
_NUMBERS = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
_GLUED = re.compile(r"(?:conv|fc)[0-9]*-[0-9]+\Z", re.IGNORECASE)
_FLAT = re.compile(r"\b(?:in)?to[ \t]+(?:an?[ \t]+)?(?:1-?D[ \t]+)?(?:vector|array)\b", re.IGNORECASE)
_REMARK = re.compile(r"(?<=[ \t])\(([^()0-9=\x00]*)\)")
_ARITHMETIC = re.compile(
    r"(?:-+>|=>|→|=)?[ \t]*\([0-9+*/. \t-]{3,40}\)[ \t]*/[ \t]*[0-9]+"
    r"(?:[ \t]*\+[ \t]*[0-9]+)?[ \t]*=[ \t]*[0-9]+(?![0-9.x×*])"
)
"""``(28 - 5 + 2*2)/1 + 1 = 28``, how a sheet gets the extent of a volume."""

_DOTTED = re.compile(r"(?<=[a-z])\.(?=(?:shape|size)\b)")
_TAIL = re.compile(r"(?<=[A-Za-z])[ \t]+(?!pooling|padding|using|having)[a-z]+ing[ \t][^0-9(),:;=\x00]*\Z")
"""Prose behind all values: ``compressing features into a representation``."""

_PLANE = re.compile(r"\b2-?D\b[ \t]*(?=[A-Za-z])", re.IGNORECASE)
_NEGATIVE = re.compile(r"[\s,=(][-−][0-9.]")
_WORDS = re.compile(r"[A-Za-z_]\w*")
_WRAPPED = re.compile(r"[ \t]*\w+(?:\.\w+)*\.add\((?P<call>.*)\)[ \t]*\Z")
_ASSIGNED = re.compile(r"[ \t]*(?:self\.)?(?P<label>[A-Za-z]\w*)[ \t]*=[ \t]*(?=[\w.]+\()")
_COLOURS = ("rgb", "color", "colour", "grayscale", "greyscale", "gray", "grey")
_CLASSES = re.compile(r"(?:input\w*|softmax)\Z", re.IGNORECASE)


def read_line(
    line: str, taken: frozenset[str] = frozenset(), scores: frozenset[str] = frozenset()
) -> Reading | None:
    """What a line means that netdsl's own grammar does not read; None where a word is not understood, or is
    one of those taken. ``scores`` are numbers of the layer with weights before it."""
    line = without_bullet(plain(line)) if line else line
    if not line or len(line) > LONGEST or _OURS.match(line) or "\x00" in line:
        return None
    while line.endswith(")") and line.count(")") > line.count("("):
        line = line[:-1].rstrip()
    if line.count("(") != line.count(")") or _NEGATIVE.search(line):
        return None
    if taken and not taken.isdisjoint(_WORDS.findall(line)):
        return None
    if is_barred(line):
        return None
    entry = read_recipe(line)
    if entry:
        return Reading("", entry=entry)
    for said, before in _ways(line):
        try:
            return (_repeated(said, scores) or _read(said, scores))._replace(before=before)
        except (UnknownError, ValueError):
            continue
    text = input_in(line) or activation_of_all(line)
    return Reading(text) if text else None


_RATE = spelled(
    r"drop[ -]?out(?: layer)?(?: \(|\((?=[^()]*%))~(?:rate|p|prob\w*|[=: \t])*"
    r"(?P<rate>0?\.[0-9]+|[0-9]{1,2}~%)[^()0-9]*\)\Z"
)


def rate_in(line: str) -> str:
    """``DROPOUT 0.2`` of ``Dropout (20%)``, whose rate is a remark by itself; empty for other lines."""
    found = _RATE.match(without_bullet(plain(line)))
    if found is None:
        return ""
    return f"DROPOUT {without_percent(found['rate'])}"


def unknown_in(line: str, scores: frozenset[str] = frozenset()) -> str:
    """The first word or number of a line that is not understood, as far as that can be said."""
    try:
        _read(without_bullet(plain(line)), scores)
    except (UnknownError, ValueError) as error:
        word = str(error)
        return word if word and word in line else ""
    return ""


def _ways(line: str) -> Iterator[tuple[str, str]]:
    """The line, then with phrases of prose in the words of sheets, then without prose; and the layer whose
    output it says it takes."""
    yield line, ""
    last = said_of_last(line)
    shorter, before = layer_before(last if last is not None else line)
    shorter = rewritten(shorter)
    if shorter != line:
        yield shorter, before
    bare = without_prose(shorter)
    if bare not in (line, shorter):
        yield bare, before


def _repeated(line: str, scores: frozenset[str]) -> Reading | None:
    """``Conv 3x3, 64 x2``, ``2 x Conv 3x3, 64``, ``two conv layers with 64 3x3 filters``."""
    times = _TIMES.match(line) or _TIMES_BEFORE.match(line) or _LAYERS.match(line)
    if times is None:
        return None
    head, number = times["head"].strip(), times["times"].lower()
    head = head[1:-1] if head.startswith("(") and head.endswith(")") else head
    glued = _GLUED.match(head)
    inner = Reading(glued[0]) if glued is not None else _read(re.sub(r"\blayers\b", "layer", head), scores)
    if not inner.text or inner.text.startswith("input"):
        return None
    return inner._replace(text=f"[{inner.text}]*{_NUMBERS.get(number, number)}")


def _read(line: str, scores: frozenset[str]) -> Reading:
    wrapped = _WRAPPED.match(line)
    line = wrapped["call"] if wrapped is not None else line
    assigned = _ASSIGNED.match(line)
    kept = ""
    if assigned is not None:
        kept, line = assigned["label"], line[assigned.end() :]
    line = _DOTTED.sub(" ", _ARITHMETIC.sub("", line))
    line, calls, comings, program = _without_calls(line.rstrip().rstrip(",;"))
    tail = _TAIL.search(line)
    if tail is not None and not _means_something(tail[0], pieces_of(tail[0])):
        line = line[: tail.start()]
    pieces = pieces_of(_REMARK.sub(_known_remark, _PLANE.sub("", _FLAT.sub("", line))))
    label, body = _split(pieces)
    first = label
    if not any(item.what in (KIND, VALUE) for item in items_of(label, label=True)):
        inner, rest = _split(body)
        label, body = (inner, rest) if inner else (label, body)
    claim = _only_claim(label, body)
    if claim:
        return Reading("", claim=claim)
    if not body:
        raise UnknownError(line)
    named = items_of(label, label=True)
    kinds = [item for item in named if item.what == KIND and not item.text.startswith("INPUT")]
    if body and not kinds and label and _is_input(label):
        named, said = [Item(KIND, "INPUT")], _without_colours(body)
    elif not label and body[0].kind == "word" and _is_input(body):
        named, said = items_of(body[:1], label=True), _without_colours(body[1:])
        named = [Item(KIND, "INPUT")]
    else:
        said = (body, "")
    listed, sizes = _layered(items_of(said[0]))
    items, counted = _arrows(listed)
    parts = _without_scores(layers_of(named, items), label)
    if parts and modifier_in([piece.raw for piece in pieces], parts[0].values):
        raise UnknownError(line)
    if sizes:
        parts = _one_each(parts, sizes)
    if said[1]:
        parts[0].values["colour"] = said[1]
    told: list[str] = []
    for part in parts:
        told.append(comings[int(part.call.strip("\x00"))] if part.call else "")
        if part.call:
            part.call = calls[int(part.call.strip("\x00"))]
    scored = [_scored(part, scores) for part in parts]
    texts = [" - ".join(map(written, layers)) for layers in scored]
    behind, coming = _numbered(texts, told)
    parts = [layer for layers in scored for layer in layers]
    text = " - ".join(texts)
    if _repeats_scores(text, pieces, scores):
        raise UnknownError(text)
    told_of = next((part.values[COMING] for part in parts if COMING in part.values), "")
    coming = told_of if told_of.count("x") == 2 else coming or counted or told_of
    coming = "" if coming == UNKNOWN else coming
    if len(first) == 1 and first[0].kind == "word" and not kept and not _says(first[0]):
        kept = first[0].raw
    if text.startswith(("input", "[")):
        kept = ""
    return Reading(text, coming, program=program, label=kept, comings=behind)


def _without_scores(parts: list[SheetLayer], label: list[Piece]) -> list[SheetLayer]:
    """``Output: softmax``, which makes no scores of its own."""
    first = parts[0]
    says = first.values or first.bare or not first.weak or any(piece.text == "layer" for piece in label)
    if len(parts) == 2 and first.kind == "FC" and not says and parts[1].kind in ACTIVATIONS:
        return parts[1:]
    return parts


def _repeats_scores(text: str, pieces: list[Piece], scores: frozenset[str]) -> bool:
    """``Output: 10`` behind 10 scores, which are no layer of their own."""
    words = {piece.text for piece in pieces if piece.kind == "word"}
    told = pieces[0].text == "output" and not words & {"neuron", "unit", "node", "layer"}
    return told and text.startswith("FC ") and text[3:] in scores


def _says(word: Piece) -> bool:
    """Whether a word before a colon is one of a sheet's own, and no name."""
    return bool(kind_of([word.text])) or word.text in NOUNS or word.text in FILLERS


def _known_remark(remark: re.Match[str]) -> str:
    """A part in parentheses; nothing where it is no more than a remark: ``(MNIST)``."""
    pieces = pieces_of(remark[1])
    try:
        items_of(pieces)
    except UnknownError:
        if _means_something(remark[1], pieces):
            raise
        return " "
    return remark[0]


_NEGATIVE_WORDS = ("no", "not", "never", "none", "without", "except", "half", "twice", "unless")
_STEMS = re.compile(
    r"pad|strid|dilat|pool|averag|leak|activat|transpos|depthwise|separab|group|bias|halv|doubl|global|overlap"
    r"|down-?sampl|up-?sampl|zero|normali[sz]|drop|omit|remov|skip|shar|scal",
    re.IGNORECASE,
)


def _means_something(text: str, pieces: list[Piece]) -> bool:
    """Whether prose speaks of a layer or its options: ``(zero-padded)``, ``(not used)``."""
    words = [piece.text for piece in pieces if piece.kind == "word"]
    if _STEMS.search(text) or any(word in _NEGATIVE_WORDS for word in words):
        return True
    return any(word in NOUNS or kind_of([word]) for word in words)


def _scored(part: SheetLayer, scores: frozenset[str]) -> list[SheetLayer]:
    """``softmax 10``: 10 scores come in where the layer before says 10, else they are made here."""
    number = part.values.get(COUNT, "") or next(iter(part.bare), "")
    if part.kind != "SOFTMAX" or not number.isdecimal() or len(part.bare) > 1:
        return [part]
    softmax = SheetLayer("SOFTMAX")
    if number in scores:
        return [softmax]
    part.kind = "FC"
    return [part, softmax]


def _without_calls(line: str) -> tuple[str, list[str], list[str], str]:
    """The line with a mark for each call, what they mean, what each says comes in, whose they are."""
    calls: list[str] = []
    comings: list[str] = []
    text, end, program = "", 0, ""
    for call in calls_in(line):
        if not call.meant:
            continue
        text += f"{line[end : call.start]}\x00{len(calls)}\x00"
        end = call.end
        comings.append(call.coming)
        calls.append(call.meant)
        program = program or call.program
    return text + line[end:], calls, comings, program


def _numbered(texts: list[str], told: list[str]) -> tuple[tuple[tuple[int, str], ...], str]:
    """What comes into layers behind the first, by their number, and into the first."""
    found: dict[int, str] = {}
    number = 0
    for text, coming in zip(texts, told, strict=True):
        if coming:
            found[number] = coming
        number += text.count(" - ") + 1
    first = found.pop(0, "")
    return tuple(found.items()), first


def _split(pieces: list[Piece]) -> tuple[list[Piece], list[Piece]]:
    """The label and what stands behind its colon; no label where the colon is that of an option."""
    depth = 0
    for index, piece in enumerate(pieces):
        depth += (piece.text == "(") - (piece.text == ")")
        if piece.text in (",", "=") and depth == 0:
            break
        if piece.text == ":" and piece.kind == "sign" and depth == 0:
            label = pieces[:index]
            named = items_of(label, label=True)
            nouns = [item for item in named if item.what in (KIND, NOUN, VALUE)]
            if len(nouns) > 1 and (nouns[-1].what == NOUN or label[-1].text in ("output", "input")):
                break
            return label, pieces[index + 1 :]
    return [], pieces


def _only_claim(label: list[Piece], body: list[Piece]) -> str:
    """``Output: 14x14x6`` in a line of its own."""
    words = [piece.text for piece in label]
    if words and words[0] == "output" and len(body) == 1 and body[0].kind == "size":
        return body[0].text if body[0].text.count("x") == 2 else ""
    return ""


def _is_input(body: list[Piece]) -> bool:
    words = [piece.text for piece in body[:4] if piece.kind == "word"]
    first = [word for word in words if word not in ("a", "an", "the")]
    return bool(first) and first[0] in ("input", "image")


def _without_colours(body: list[Piece]) -> tuple[list[Piece], str]:
    """The pieces of an input without the words that only describe it, and its colour."""
    idle = ("image", "input", "picture", "shape", "pixel", "dimension", "photo", "layer", "size", "feature")
    colour = next((piece.text for piece in body if piece.text in _COLOURS), "")
    kept = [piece for piece in body if piece.text not in (*idle, *_COLOURS)]
    return kept, colour


def _layered(items: list[Item]) -> tuple[list[Item], list[str]]:
    """``784 -> 256 -> 10``, of which only the first and the last stay, and those between."""
    items = [item for index, item in enumerate(items) if not _is_told(items, index)]
    for index in range(len(items)):
        end = index
        while end + 2 < len(items) and items[end + 1].what == ARROW and items[end + 2].what == VALUE:
            end += 2
        chain = [item.text for item in items[index : end + 1 : 2]]
        if end - index >= 4 and items[index].what == VALUE and all(text.isdecimal() for text in chain):
            return [*items[: index + 2], *items[end:]], chain[1:-1]
    return items, []


def _is_told(items: list[Item], index: int) -> bool:
    """Whether a noun stands between what comes in and its arrow: ``784 inputs -> 10``."""
    noun = items[index]
    between = 0 < index < len(items) - 1 and items[index - 1].what == VALUE and items[index + 1].what == ARROW
    return noun.what == NOUN and noun.text == COMING and between


def _one_each(parts: list[SheetLayer], sizes: list[str]) -> list[SheetLayer]:
    """A fully connected layer for each of several numbers of neurons."""
    if len(parts) != 1 or parts[0].kind != "FC":
        raise UnknownError(sizes[0])
    return [*(SheetLayer("FC", values={COUNT: size}) for size in sizes), parts[0]]


def _arrows(items: list[Item]) -> tuple[list[Item], str]:
    """``1600 -> 50``: what comes in, and what is made; ``6x6 -> 1x1`` is a window of all."""
    for index in range(len(items) - 2):
        first, arrow, last = items[index : index + 3]
        if arrow.what != ARROW or last.what != VALUE:
            continue
        if first.what == VALUE and first.text.isdecimal() and last.text.isdecimal():
            return [*items[:index], *items[index + 2 :]], first.text
        if first.what == NOUN and first.text == COMING and last.text.isdecimal():
            return [*items[:index], *items[index + 2 :]], ""
        if first.what == VALUE and "x" in first.text and last.text == "1x1":
            return [*items[:index], Item(SWITCH, "global"), *items[index + 3 :]], ""
    return items, ""


def repeats_a_kind(line: str) -> bool:
    """Whether the label of a line is the name of a kind, which may stand before several layers."""
    label, colon, _ = without_bullet(line).partition(":")
    words = [piece.text for piece in pieces_of(label) if piece.text not in FILLERS]
    return bool(colon) and bool(kind_of(words[:4]))
