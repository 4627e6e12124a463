"""Reads a remark: what of it is true, what is harmless, what nothing carries out."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.graph.papers.remarks import is_reported
from netdsl.graph.papers.vocabulary import vocabulary
from netdsl.graph.sheets.vocabulary import ACTIVATIONS, POOLS, kind_of
from netdsl.graph.sheets.words import pieces_of
from netdsl.layers.registry import kind_named
from netdsl.quantities import grouped
from netdsl.rules.remarks.around import Around
from netdsl.rules.remarks.harmless import is_harmless, without_sources
from netdsl.rules.remarks.topics import TOPICS, Topic

_CHAINED = (*ACTIVATIONS, *POOLS, "BN", "DROPOUT", "NORM", "LN", "GN")
_LONGEST = 4
_NOT = re.compile(
    r"(?:\b(?:no|not|without|w/o|never|minus|unlike|instead of|rather than|replac\w+)|\bnon-?)"
    r"(?:\s+(?:a|an|the|any|of|used|use))*\s*\Z",
    re.IGNORECASE,
)
_NOT_BEHIND = re.compile(r"\s*(?:(?:is|are) )?not (?:used|applied|needed|present|here)\b|[ -]free\b", re.I)
_COUNTED = re.compile(r"\([0-9,]{1,11}(?:[ -]?(?:way|classes|outputs|units))?\)")
_NOTHING = re.compile(
    r"\b(?:no|without) (?:an )?(?:activation|non-?linearity)\w*|\blinear(?: activation)?\b", re.I
)
_EXTENTS = r"(?P<value>[0-9][0-9.]*(?:[ ]?[x×*][ ]?[0-9]+)*[ ]?%?)"
_VALUE_BEHIND = re.compile(rf"[ \t,]*(?:rate|size|of|is|factor|p|[:= \t])*{_EXTENTS}")
_VALUE_BEFORE = re.compile(rf"{_EXTENTS}[ \t-]*(?:(?:pixels?|px|rows?) (?:of )?)?\Z")
_COUNT = re.compile(
    r"(?P<value>[0-9]{1,9}(?:,[0-9]{3})*)[ -]*(?:way|(?:output |feature |in |out |input )?"
    r"(?:class|categor|output|filter|kernel|map|channel|unit|neuron|node|score|logit|label|feature)\w*)",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<![\w.])(?:[0-9]{1,6}[ ]?@[ ]?)?[0-9]{1,6}(?:[ ]?[x×*][ ]?[0-9]{1,6}){1,2}(?![\w.])")
_FIGURE = r"(?P<value>[0-9]{1,12}(?:,[0-9]{3})*(?:\.[0-9]{1,6})?)[ ]?(?P<unit>[kKM]\b|%)?"
_WEIGHTS = re.compile(
    rf"(?<![\w.]){_FIGURE}[ ]?(?:trainable |learned )?(?:params?|parameters?|weights?)\b", re.IGNORECASE
)
_NUMBER = re.compile(rf"(?<![\w.])(?:[A-Za-z][ ]?=[ ]?)?(?<![\w.]){_FIGURE}")


_NUMBERS = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "eight": "8"}
_COUNTING = re.compile(rf"\b(?:{'|'.join(_NUMBERS)})\b", re.IGNORECASE)
_LABEL = re.compile(r"\b[A-Za-z_]\w*[0-9_]\w*")
_COMING = re.compile(r"channel|map|feature|\bin\b|\binput", re.IGNORECASE)
"""What a layer has of its input, too."""


class Verdict(NamedTuple):
    """``cure`` where a remark says what nothing does; neither where it is true or harmless."""

    cure: str = ""
    unknown: bool = False


def judged(remark: str, around: Around) -> Verdict:
    """Hold what stands in parentheses behind a layer to the network."""
    if around.layer.yields_probabilities and _COUNTED.fullmatch(remark):
        return Verdict()  # which has a rule of its own
    if is_reported(remark, around.planned.node.option_spans, vocabulary(type(around.layer), frozenset())):
        return Verdict()
    text = _COUNTING.sub(lambda word: _NUMBERS[word[0].lower()], without_sources(remark[1:-1]))
    text = _without_labels(text, around)
    for look in (_about_activations, _about_kinds, _about_topics, _about_counts):
        text, cure = look(text, around)
        if cure:
            return Verdict(cure)
    return Verdict(unknown=not is_harmless(text))


def _without_labels(text: str, around: Around) -> str:
    """A remark without the names of layers."""
    return _LABEL.sub(lambda word: "" if word[0].lower() in around.whole.names else word[0], text)


def _about_activations(text: str, around: Around) -> tuple[str, str]:
    """``(no activation)``."""
    if not _NOTHING.search(text):
        return text, ""
    behind = [other.node.layer.keyword for other in around.behind[:1] if other.node.layer.activates]
    return _NOTHING.sub(" ", text), f"leave {behind[0]} out behind it" if behind else ""


def _about_kinds(text: str, around: Around) -> tuple[str, str]:
    words = list(re.finditer(r"(?<!\w)[A-Za-z][\w-]*", text))
    place = 0
    while place < len(words):
        for length in range(min(_LONGEST, len(words) - place), 0, -1):
            run = words[place : place + length]
            said = text[run[0].start() : run[-1].end()]
            kind = _kind(said, around.keyword)
            if kind:
                cure = _lost_kind(kind, text, (run[0].start(), run[-1].end()), around)
                if cure:
                    return text, cure
                text = _blanked(text, run[0].start(), run[-1].end(), valued=kind == "DROPOUT")
                place += length - 1
                break
        place += 1
    return text, ""


def _is_denied(text: str, place: tuple[int, int]) -> bool:
    return bool(_NOT.search(text[: place[0]]) or _NOT_BEHIND.match(text, place[1]))


def _blanked(text: str, start: int, end: int, *, valued: bool) -> str:
    """A remark without words that are settled, and without what stands beside them: `no`, `not needed`, a
    value."""
    before = _NOT.search(text[:start]) or (_VALUE_BEFORE.search(text[:start]) if valued else None)
    behind = _NOT_BEHIND.match(text, end) or (_VALUE_BEHIND.match(text, end) if valued else None)
    start = before.start() if before is not None else start
    end = behind.end() if behind is not None else end
    return f"{text[:start]}{' ' * (end - start)}{text[end:]}"


def _kind(said: str, own: str) -> str:
    """The kind that words name; empty for those that have other meanings."""
    if said.lower() in _OTHERWISE:
        return ""
    words = [piece.text for piece in pieces_of(said) if piece.kind == "word"]
    found = kind_of(words) if words else ""
    if found.endswith("?"):  # `average`
        return found[:-1] if own in POOLS and found[:-1] in POOLS else ""
    kind = None if found else kind_named(said.replace("-", " "))
    return found.removesuffix(" global").removesuffix(" 1x1") if kind is None else kind.keyword


_OTHER_MEANINGS = """
output outputs hidden image images readout input inputs scale step add skip pad pads stack drop shift reduce
reshape local project norm depthwise depth space global pointwise
"""
_OTHERWISE = frozenset(_OTHER_MEANINGS.split())
"""Words that are kinds and have other meanings in prose, or are topics."""


def _lost_kind(kind: str, text: str, place: tuple[int, int], around: Around) -> str:
    own = around.keyword
    denied = _is_denied(text, place)
    if kind in POOLS and own in POOLS:
        return f"write `{kind}`" if (kind != own) is not denied else ""
    if kind in ACTIVATIONS and own in ACTIVATIONS:
        return f"write `{kind}`" if (kind not in own) is not denied else ""
    if kind == "FLATTEN" and own == "FC":
        return ""  # which it does by itself
    if around.has_kind(kind):
        if denied and any(other.node.layer.keyword == kind for other in around.behind):
            return f"leave {kind} out behind it"
        return _other_rate(kind, text, place, around)
    if denied:
        return ""
    if kind in _CHAINED:
        value = _value(text, place) if kind == "DROPOUT" else ""
        return f"put ` - {' '.join(filter(None, (kind, value)))}` behind the layer if it is meant"
    return f"write `{kind}` as a layer of its own if it is meant"


def _other_rate(kind: str, text: str, place: tuple[int, int], around: Around) -> str:
    value = _value(text, place) if kind == "DROPOUT" else ""
    rates = {
        f"{getattr(other.node.layer, 'rate', 0):g}"
        for other in (around.planned, *around.behind, *around.before)
        if other.node.layer.keyword == kind
    }
    return f"write `{kind} {value}`" if value and value not in rates else ""


def _value(text: str, place: tuple[int, int]) -> str:
    """The number beside words."""
    found = _VALUE_BEHIND.match(text, place[1]) or _VALUE_BEFORE.search(text[: place[0]])
    if found is None:
        return ""
    value = re.sub(r"[ ]?[x×*][ ]?", "x", found["value"].strip()).rstrip(".")
    if value.endswith("%"):
        return f"{float(value[:-1].strip()[:9]) / 100:g}"
    return value


def _about_topics(text: str, around: Around) -> tuple[str, str]:
    for topic in TOPICS:
        while found := topic.words.search(text):
            cure = _lost_topic(topic, text, found.span(), around)
            if cure:
                return text, cure
            text = _blanked(text, *found.span(), valued=bool(topic.option))
    return text, ""


def _lost_topic(topic: Topic, text: str, place: tuple[int, int], around: Around) -> str:
    if _is_denied(text, place):
        return topic.present if topic.has(around) else ""
    value = _value(text, place) if topic.option else ""
    if value and around.has_option(topic.option):
        has = getattr(around.layer, topic.option)
        extents = set(value.split("x"))
        value = extents.pop() if len(extents) == 1 else value
        if str(has) in (value, f"{value}x{value}"):
            return ""
        return f"write `{'pad' if topic.option == 'padding' else topic.option} {value}` without parentheses"
    return "" if topic.has(around) else topic.missing


def _about_counts(text: str, around: Around) -> tuple[str, str]:
    """``(10 classes)`` behind 84 neurons, ``(1,792 parameters)``, ``(5x5)``."""
    true = around.numbers()
    planned = around.planned
    made = {str(planned.output.channels), str(planned.output.values)}
    for found in _COUNT.finditer(text):
        if not _is_true(found["value"], "", true if _COMING.search(found[0]) else made):
            return text, f"{planned.node.name} makes {planned.output}: write the number before the remark"
    for found in _WEIGHTS.finditer(text):
        if not _is_true(found["value"], found["unit"], true):
            return text, f"{planned.node.name} has {grouped(planned.parameter_count)} parameters"
    for found in _SIZE.finditer(text):
        if re.sub(r"[ ]?([x×*@])[ ]?", _plain_sign, found[0]) not in true:
            kernel = getattr(around.layer, "kernel", None)
            window = f" with a window of {kernel}" if kernel is not None else ""
            return text, f"{planned.node.name} makes {planned.output}{window}"
    for pattern in (_COUNT, _WEIGHTS, _SIZE):
        text = pattern.sub(" ", text)
    return _NUMBER.sub(
        lambda found: " " if _is_true(found["value"], found["unit"], true) else found[0], text
    ), ""


def _plain_sign(found: re.Match[str]) -> str:
    return "@" if found[1] == "@" else "x"


_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6}


def _is_true(value: str, unit: str | None, true: set[str]) -> bool:
    """Whether a number, `448` or `1.8M`, is one of those that are true of a layer."""
    value = value.replace(",", "")
    if not unit:
        return value in true
    if unit not in _SCALES:
        return False
    step = _SCALES[unit] / 10 ** len(value.partition(".")[2])
    exact = float(value) * _SCALES[unit]
    return any(abs(int(number) - exact) <= step for number in true if number.isdecimal())
