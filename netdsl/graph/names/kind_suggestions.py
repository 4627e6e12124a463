"""What a name that is no kind of layer probably means: a kind cut by a hyphen, a class of another
program, or a slip."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import LayerHead
from netdsl.graph.names.absent_kinds import DIMENSIONS, REACH, absent_kind
from netdsl.graph.names.kinds_and_labels import option_words, read_head
from netdsl.graph.options.assignment import FILLERS
from netdsl.graph.options.paddings import PADDINGS, ZERO
from netdsl.layers.option import OptionType
from netdsl.layers.registry import kind_named, kinds
from netdsl.source import Span
from netdsl.spelling import did_you_mean
from netdsl.syntax import tree

_LONGEST = 4
"""Words of a name of a kind."""

_HYPHENATED = re.compile(r"(?<!\w)[A-Za-z_]\w*(?:-[A-Za-z_]\w*)+", re.ASCII)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|[0-9]+")
_SIZED = re.compile(r"([A-Za-z_]{1,40})([0-9]{1,9}[xX][0-9]{1,9})")
"""``Conv1x1``: a kind with its size."""

_NUMBERED = re.compile(r"(.*[A-Za-z])[_ ]?[0-9]+(?:_[0-9]+)*[a-z]?\Z", re.DOTALL)


class Hyphenated(NamedTuple):
    """``soft-max`` with its place, and what it means."""

    written: str
    span: Span
    meant: str


def hyphenated(text: str, name: Span) -> Hyphenated | None:
    """The kind that a hyphen cuts in two: ``soft-max``, ``global-average-pool``. ``name`` is a part of
    it that is no kind by itself, so that ``CONV-POOL`` stays a chain. None where there is none."""
    if not beside_hyphen(text, name) or name.end - name.start > REACH:
        return None
    start = max(0, name.start - REACH)
    for run in _HYPHENATED.finditer(text[start : name.end + REACH]):
        parts = [Span(start + part.start(), start + part.end()) for part in _parts_of(run)]
        own = [number for number, part in enumerate(parts) if part == name]
        for length in range(min(len(parts), _LONGEST), 1, -1) if own else ():
            for first in range(max(0, own[0] - length + 1), min(own[0], len(parts) - length) + 1):
                chosen = parts[first : first + length]
                meant = kind_of_words([text[part.start : part.end] for part in chosen])
                others = [*parts[:first], *parts[first + length :]]
                if meant and all(_is_kind(text[part.start : part.end]) for part in others):
                    span = chosen[0].to(chosen[-1])
                    return Hyphenated(text[span.start : span.end], span, meant)
    return None


def beside_hyphen(text: str, name: Span) -> bool:
    """Whether a name is a part of a word with hyphens: ``soft`` of ``soft-plus``."""
    before, behind = text[max(0, name.start - 2) : name.start], text[name.end : name.end + 2]
    return (behind[:1] == "-" and behind[1:].isalpha()) or (before[1:] == "-" and before[:1].isalnum())


def _is_kind(word: str) -> bool:
    return bool(kind_of_words([word]))


def _parts_of(run: re.Match[str]) -> list[re.Match[str]]:
    return list(re.compile(r"[^-]+").finditer(run.string, run.start(), run.end()))


def kind_of_words(words: list[str]) -> str:
    """The canonical kind, with its switches and its number, that words make; empty where they make none:
    ``global average pool`` is AVG POOL global, ``soft max1`` is SOFTMAX1."""
    for written in (words, ["".join(words)]):
        parts = tuple(tree.Word(word, Span(0, 0)) for word in written)
        head: LayerHead = read_head(tree.Layer(None, parts, False, (), "", Span(0, 0)))
        if head.kind is None:
            continue
        switches = [item.text.lower() for item in head.rest if isinstance(item, tree.Word)]
        if not all(word in option_words(head.kind) for word in switches):
            continue
        number = head.label[len(head.written) :] if head.label else ""
        switches = [word for word in switches if word not in {filler.lower() for filler in head.kind.fillers}]
        return " ".join([head.kind.keyword + number, *switches])
    return ""


def class_of_another_program(written: str) -> str:
    """``GlobalAveragePooling2D``, ``ConvTranspose2d``: the kind, where its words make one; else empty."""
    plain = DIMENSIONS.sub("", written)
    parts = _CAMEL.findall(plain)
    if plain == written and len(parts) < 2:
        return ""
    return kind_of_words(parts) if parts else ""


def one_position(written: str, layer: tree.Layer) -> tuple[str, int] | None:
    """PyTorch's ``AdaptiveAvgPool2d 1`` is a global pool: what it means, and where its number ends."""
    name = DIMENSIONS.sub("", written).lower()
    kinds_of_pools = {"adaptiveavgpool": "AVG POOL global", "adaptivemaxpool": "MAX POOL global"}
    (number,) = layer.items if len(layer.items) == 1 else (None,)
    if name not in kinds_of_pools or not isinstance(number, tree.Number | tree.Extents):
        return None
    return (kinds_of_pools[name], number.span.end) if number.text.lower() in ("1", "1x1") else None


def nearest_kind(
    written: str, findings: Findings, blocks: Iterable[str] = (), *, part: bool = False
) -> str | None:
    """The kind that was probably meant, with the number behind it, or the block without parameters.

    ``part`` of a word with hyphens, which may mean something else as a whole, has to be close.
    """
    sized = _SIZED.fullmatch(written)
    if sized is not None:
        kind = kind_named(sized[1].rstrip("_"))
        return f"{kind.keyword} {sized[2].lower()}" if kind is not None else None
    foreign = class_of_another_program(written)
    if foreign:
        return foreign
    if DIMENSIONS.search(written):
        return None  # a class of another program that netdsl does not have
    match = _NUMBERED.match(written)
    name = match.group(1) if match else written
    if any(sign.isdigit() for sign in name):
        return None  # numbers inside a name mean something
    block = findings.near(written, blocks, "blocks")
    near = findings.near(name.replace("_", " "), kinds(), "kinds")
    if block is not None and (near is None or _alike(written, block) >= _alike(name, near)):
        return block
    if near is None or (part and _alike(name, near) < _CLOSE):
        return None
    return kinds()[near].keyword + written[len(name) :]


_CLOSE = 0.75


def _alike(written: str, known: str) -> float:
    from difflib import SequenceMatcher  # texts without mistakes need none

    return SequenceMatcher(None, written.lower(), known.lower()).ratio()


def lacks_numbers(meant: str, layer: tree.Layer | tree.Unreadable) -> bool:
    """Whether the kind needs numbers and the layer has none."""
    sized = meant.rpartition(" ")
    has_size = sized[2][:1].isdigit()
    kind = kind_named(sized[0] if has_size else re.sub(r"[0-9_]+[a-z]?\Z", "", meant))
    if kind is None or not isinstance(layer, tree.Layer) or layer.items or layer.claim is not None:
        return False
    if has_size:
        return any(option.required and option.type is OptionType.COUNT for option in kind.options().values())
    return any(
        option.required or (option.positional and option.type is OptionType.PADDING)
        for option in kind.options().values()
    )


def leaves_a_word(meant: str, layer: tree.Layer, numbers: Container[str]) -> bool:
    """Whether a word behind the name would say nothing to the kind: ``soft sine`` is no SOFTMAX."""
    kind = kind_named(re.sub(r"[0-9_]+[a-z]?\Z", "", meant))
    word = layer.words[1] if len(layer.words) > 1 and not layer.labelled else None
    if kind is None or word is None or word.text in numbers:
        return False
    known = option_words(kind) | FILLERS | {"no", "without", *PADDINGS, ZERO}
    known |= {choice for option in kind.options().values() for choice in (*option.choices, *option.tables)}
    long = [option for option in known - FILLERS if len(option) > _SHORT]
    return word.text.lower() not in known and did_you_mean(word.text, long) is None


_SHORT = 2
"""Characters of a word that nothing is near to."""


def kind_behind_name(head: LayerHead, layer: tree.Layer, findings: Findings) -> LayerHead:
    """``gap: GlobalMaxPooling2D``: the class behind the name, where the name is no slip of a kind."""
    first = layer.items[0] if layer.labelled and layer.items else None
    if not isinstance(first, tree.Word) or nearest_kind(head.written, findings) is not None:
        return head
    meant = nearest_kind(first.text, findings) or absent_kind(first.text)
    if not meant and first.text.lower() != "activation":
        return head
    return head._replace(written=first.text, span=first.span)
