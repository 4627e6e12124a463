"""Reads the beginning of a layer: which kind it is, what it is called, and which words are left.

``MAX POOL1: 3x3 filters`` is a kind with a number for a label; ``enc1: CONV 64 3x3`` is a name
before a kind; ``CONV 64 3x3`` has no label.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.naming import label_of
from netdsl.graph.options import FILLERS
from netdsl.layers.layer import Layer
from netdsl.layers.registry import all_kinds, kind_named, kinds
from netdsl.source import Span
from netdsl.syntax import tree

_NUMBERED = re.compile(r"(.*[A-Za-z])[_ ]?[0-9]+(?:_[0-9]+)*[a-z]?\Z", re.DOTALL)


class Head(NamedTuple):
    """``kind`` is None where no word names one; ``label`` is empty where none is written.

    ``written`` is the kind as the file spells it, ``span`` its place; ``rest`` are the items that
    remain to be read as options.
    """

    kind: type[Layer] | None
    label: str
    written: str
    span: Span
    rest: tuple[tree.Item, ...]

    @property
    def is_input(self) -> bool:
        """Whether the kind takes no volume: then its name serves as its label."""
        return self.kind is not None and self.kind.inputs == 0


class _Prefix(NamedTuple):
    kind: type[Layer]
    written: str
    length: int
    numbered: bool


def _kind_prefix(words: tuple[tree.Word, ...], numbers: bool = True) -> _Prefix | None:
    """The longest run of leading words that names a kind, a trailing number aside."""
    for length in range(min(len(words), 4), 0, -1):
        text = " ".join(word.text for word in words[:length])
        kind = kind_named(text)
        if kind is not None:
            return _Prefix(kind, text, length, False)
        match = _NUMBERED.match(text) if numbers else None
        kind = kind_named(match.group(1)) if match else None
        if kind is not None and match is not None:
            return _Prefix(kind, match.group(1), length, True)
    return None


def option_words(kind: type[Layer]) -> set[str]:
    """The words that introduce an option of a kind, and its fillers, in lower case."""
    words = {word.lower() for option in kind.options().values() for word in option.words}
    return words | {filler.lower() for filler in kind.fillers}


def read_head(layer: tree.Layer, names: Container[str] = ()) -> Head:
    """Find the kind and the label of a layer; ``names`` are those that the file gives to numbers."""
    if layer.noted:
        return _noted(layer)
    head = _labelled(layer) if layer.labelled else _unlabelled(layer)
    return _refined(head, names) if head.kind else head


_NOTED = re.compile(r"([a-z]+)([0-9]*)-?([0-9]*)", re.IGNORECASE)


def _noted(layer: tree.Layer) -> Head:
    """``CONV3-64`` is 64 filters of 3x3 at stride 1 that keep the extents, ``POOL2`` 2x2 at stride 2;
    ``FC`` has as many neurons as its volume has channels. None of them is a label."""
    (word,) = layer.words
    match = _NOTED.match(word.text)
    assert match is not None
    name, extent, filters = match.groups()
    kind = kind_named(name)
    place = word.span
    rest: list[tree.Item] = []
    if filters:
        rest.append(tree.Number(filters, place))
    if extent:
        rest.append(tree.Extents(f"{extent}x{extent}", place))
        if filters:
            rest += [tree.Word("pad", place), tree.Number(str(int(extent[:9]) // 2), place)]
        else:
            rest += [tree.Word("stride", place), tree.Number(extent, place)]
    if kind is not None and kind.weighs and not extent and layer.claim is not None:
        channels = re.split("[xX×]", layer.claim.value.text)[-1]
        rest.append(tree.Number(channels.strip(), layer.claim.value.span))
    return Head(kind, "", name, place, tuple(rest))


def _words_span(words: tuple[tree.Word, ...]) -> Span:
    return words[0].span.to(words[-1].span)


def _unlabelled(layer: tree.Layer) -> Head:
    prefix = _kind_prefix(layer.words)
    if prefix is None:
        return _option_first(layer) or Head(None, "", layer.words[0].text, layer.words[0].span, ())
    used = layer.words[: prefix.length]
    label = label_of(used) if prefix.numbered else ""
    rest = (*layer.words[prefix.length :], *layer.items)
    return Head(prefix.kind, label, prefix.written, _words_span(used), rest)


def _option_first(layer: tree.Layer) -> Head | None:
    """``GLOBAL AVG POOL``: a word of the kind's options may stand before the kind."""
    first, *others = layer.words
    prefix = _kind_prefix(tuple(others)) if others else None
    if prefix is None or first.text.lower() not in option_words(prefix.kind):
        return None
    head = _unlabelled(layer._replace(words=tuple(others)))
    return head._replace(rest=(first, *head.rest))


def _labelled(layer: tree.Layer) -> Head:
    label = label_of(layer.words)
    prefix = _kind_prefix(layer.words) or _first_part(layer.words[0])
    bare = prefix is not None and prefix.length == len(layer.words) and not prefix.numbered
    body = _leading_words(layer.items)
    inner = _kind_prefix(body, numbers=False) if body else None
    if inner is not None:
        # In `CONV1: pad 2` the word is an option, in `pool: MAX POOL 2x2` the beginning of a kind.
        option = prefix is not None and body[0].text.lower() in option_words(prefix.kind)
        if inner.length > 1 or not option:
            used = body[: inner.length]
            return Head(inner.kind, label, inner.written, _words_span(used), layer.items[inner.length :])
    if prefix is None:
        return Head(None, label, label, _words_span(layer.words), ())
    return Head(prefix.kind, "" if bare else label, prefix.written, _words_span(layer.words), layer.items)


def _first_part(word: tree.Word) -> _Prefix | None:
    """``conv_stem``: a kind, an underscore and a name."""
    part = word.text.partition("_")[0]
    kind = kind_named(part)
    return _Prefix(kind, part, 0, True) if kind else None


def _leading_words(items: tuple[tree.Item, ...]) -> tuple[tree.Word, ...]:
    words: list[tree.Word] = []
    for item in items[:4]:
        if not isinstance(item, tree.Word):
            break
        words.append(item)
    return tuple(words)


def _refined(head: Head, names: Container[str]) -> Head:
    """``POOL: max 2x2``: a word beside the kind that together with it names a kind, and no number."""
    for place, item in enumerate(head.rest):
        if isinstance(item, tree.Word) and item.text.lower() not in FILLERS and item.text not in names:
            kind = kind_named(f"{item.text} {head.written}")
            if kind is not None:
                return head._replace(kind=kind, rest=(*head.rest[:place], *head.rest[place + 1 :]))
    return head


def report_unknown_kind(head: Head, findings: Findings, *, list_all: bool = False) -> None:
    """Report a head without a kind, with the nearest one; ``list_all`` adds all there are."""
    if findings.heard("ND201", head.span):
        return
    near = _nearest_kind(head.written, findings)
    known = (f"the kinds are {', '.join(kind.keyword for kind in all_kinds())}",) if list_all else ()
    shown = head.written if len(head.written) <= 40 else head.written[:39] + "…"
    findings.add("ND201", f"there is no kind of layer called `{shown}`", head.span, help=known, meant=near)


def _nearest_kind(written: str, findings: Findings) -> str | None:
    """The kind that was probably meant, with the number behind it."""
    match = _NUMBERED.match(written)
    name = match.group(1) if match else written
    near = findings.near(name.replace("_", " "), kinds(), "kinds")
    return kinds()[near].keyword + written[len(name) :] if near else None
