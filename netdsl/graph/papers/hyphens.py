"""Puts kinds together that a hyphen cuts in two: ``soft-max``, ``up-conv``, ``global-average-pool``."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from netdsl.graph.names.kind_suggestions import kind_of_words
from netdsl.graph.papers.names import LONGEST, SEPARABLE
from netdsl.layers.registry import kind_named
from netdsl.syntax import tree

HYPHENS = "-–−"


def joined(
    elements: tuple[Any, ...], text: str, taken: Container[str]
) -> tuple[tuple[Any, ...], frozenset[int]]:
    """The elements, those that are parts of one name made one; and which these are, by their ids.

    Only where a part is no kind by itself: ``CONV-POOL`` stays a chain.
    """
    found: list[Any] = []
    made: set[int] = set()
    index = 0
    while index < len(elements):
        run = _run(elements, index, text)
        one, length = _one_of(run, taken) if len(run) > 1 else (None, 1)
        if one is not None:
            made.add(id(one))
        found.append(one or elements[index])
        index += length
    return (tuple(found), frozenset(made)) if made else (elements, frozenset())


def _run(elements: tuple[Any, ...], index: int, text: str) -> list[tree.Layer]:
    """The layers from here on with nothing but a hyphen between them; inner ones are a single word."""
    run: list[tree.Layer] = []
    for element in elements[index : index + LONGEST]:
        if not isinstance(element, tree.Layer) or element.noted:
            break
        if run:
            before = run[-1].span.end
            tight = element.span.start == before + 1 and text[before : before + 1] in HYPHENS
            leads = bool(element.words) and element.words[0].span.start == element.span.start
            if not (tight and leads and not run[-1].remark):
                break
        run.append(element)
        if len(run) > 1 and (element.items or element.labelled or len(element.words) > 1):
            break
    return run


def _one_of(run: list[tree.Layer], taken: Container[str]) -> tuple[tree.Layer | None, int]:
    first = run[0]
    last = max((*first.words, *first.items), key=lambda item: item.span.end)
    if not isinstance(last, tree.Word) or last.span.end != first.span.end:
        return None, 1
    for length in range(len(run), 1, -1):
        parts = [last, *(layer.words[0] for layer in run[1:length])]
        if any(part.text in taken for part in parts):
            continue
        meant = _meant([part.text for part in parts], run[length - 1])
        if meant:
            return _made(run[:length], last, meant), length
    return None, 1


def _meant(words: list[str], last: tree.Layer) -> str:
    """The name that the words make; empty where each is a kind, or where they make none."""
    following = [word.text for word in last.words[1:]]
    for more in range(len(following), -1, -1):
        if " ".join([*words, *following[:more]]).upper() in SEPARABLE:
            return " ".join(words)
    meant = kind_of_words(words)
    if not meant and following:  # `fully-convolutional layer` is none, `local-response norm` is one
        meant = " ".join(words) if kind_of_words([*words, following[0]]) else ""
    if not meant:
        return ""
    own = [kind_named(word) for word in words]
    if all(kind is not None or kind_of_words([word]) for kind, word in zip(own, words, strict=True)):
        whole = kind_named(" ".join(words))
        cut = all(kind is not None and kind.is_activation for kind in own) and whole is own[0] is not own[-1]
        return meant if cut else ""
    return meant


def _made(run: list[tree.Layer], last: tree.Word, meant: str) -> tree.Layer:
    """One layer of several, with the name of the kind in place of its parts."""
    first, end = run[0], run[-1]
    span = last.span.to(end.words[0].span)
    name = tuple(tree.Word(word, span) for word in meant.split())
    whole = first.span.to(end.span)
    if first.items and first.items[-1] is last:
        items = (*first.items[:-1], *name, *end.words[1:], *end.items)
        return tree.Layer(first.claim, first.words, first.labelled, items, end.remark, whole)
    words = (*first.words[:-1], *name, *end.words[1:])
    items = (*first.items, *end.items)  # a size may stand first
    return tree.Layer(first.claim, words, end.labelled, items, end.remark, whole)
