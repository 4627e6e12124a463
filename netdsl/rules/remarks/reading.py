"""Reads a remark: what of it is true, what is harmless, what no layer does."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.graph.papers.remarks import is_reported
from netdsl.graph.papers.vocabulary import vocabulary
from netdsl.rules.remarks.around import Around
from netdsl.rules.remarks.figures import about_figures
from netdsl.rules.remarks.harmless import is_harmless, without_sources
from netdsl.rules.remarks.kinds import about_kinds
from netdsl.rules.remarks.phrases import Bounds, is_denied, value_of, without
from netdsl.rules.remarks.topics import TOPICS, Topic

_MOST = 3
"""Cures of a remark."""

_COUNTED = re.compile(r"\([0-9,]{1,11}(?:[ -]?(?:way|classes|outputs|units))?\)")
_NUMBERS = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "eight": "8"}
_COUNTING = re.compile(rf"\b(?:{'|'.join(_NUMBERS)})\b", re.IGNORECASE)
_LETTER = re.compile(r"\b([A-Za-z]) ?= ?(?=[0-9])")
_CALLED = {"kernel": "kernel size"}
_LABEL = re.compile(r"\b[A-Za-z_]\w*[0-9_]\w*")


class Verdict(NamedTuple):
    """``cures`` where a remark says what nothing does; neither where it is true or harmless."""

    cures: tuple[str, ...] = ()
    unknown: bool = False


def judged(remark: str, around: Around) -> Verdict:
    """Hold what is in parentheses after a layer to the network."""
    if around.layer.yields_probabilities and _COUNTED.fullmatch(remark):
        return Verdict()  # which has its own rule
    if is_reported(remark, around.planned.node.option_spans, vocabulary(type(around.layer), frozenset())):
        return Verdict()
    text = _COUNTING.sub(lambda word: _NUMBERS[word[0].lower()], without_sources(remark[1:-1]))
    text = _without_labels(_with_words(text, around), around)
    cures: list[str] = []
    for look in (about_kinds, _about_topics, about_figures):
        text, more = look(text, around)
        cures += more
    return Verdict(tuple(dict.fromkeys(cures))[:_MOST], unknown=not cures and not is_harmless(text))


def _with_words(text: str, around: Around) -> str:
    """A remark with the words of options for their letters: `s=2` is `stride 2`."""
    words = vocabulary(type(around.layer), frozenset())

    def worded(found: re.Match[str]) -> str:
        option = words.by_letter.get(found[1]) or words.by_word.get(found[1].lower())
        return f"{_CALLED.get(option.name, option.name)} " if option is not None else found[0]

    return _LETTER.sub(worded, text)


def _without_labels(text: str, around: Around) -> str:
    """A remark without the names of layers."""
    return _LABEL.sub(lambda word: "" if word[0].lower() in around.whole.names else word[0], text)


def _about_topics(text: str, around: Around) -> tuple[str, list[str]]:
    cures: list[str] = []
    for topic in TOPICS:
        while found := topic.words.search(text):
            cures.append(_cure(topic, text, found.span(), around))
            text = without(text, found.span(), valued=bool(topic.option))
    return text, [cure for cure in cures if cure]


def _cure(topic: Topic, text: str, bounds: Bounds, around: Around) -> str:
    if is_denied(text, bounds):
        return topic.present if topic.has(around) else ""
    value = value_of(text, bounds) if topic.option else ""
    if value and around.has_option(topic.option):
        has = getattr(around.layer, topic.option)
        extents = set(value.split("x"))
        value = extents.pop() if len(extents) == 1 else value
        if str(has) in (value, f"{value}x{value}"):
            return ""
        return f"write `{'pad' if topic.option == 'padding' else topic.option} {value}` without parentheses"
    return "" if topic.has(around) else topic.missing
