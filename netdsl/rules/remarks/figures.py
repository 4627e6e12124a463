"""Numbers in a remark that are true of its layer or not: ``(10 classes)``, ``(30x30x16)``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdsl.quantities import grouped
from netdsl.rules.remarks.around import Around

_COUNT = re.compile(
    r"(?P<value>[0-9]{1,9}(?:,[0-9]{3})*)[ -]*(?:way|(?:output |feature |in |out |input )?"
    r"(?:class|categor|output|filter|kernel|map|channel|unit|neuron|node|score|logit|label|feature)\w*)",
    re.IGNORECASE,
)
_COUNT_BEHIND = re.compile(
    r"(?:class|filter|channel|unit|neuron|node)\w*[ ]*[:=]?[ ]*(?P<value>[0-9]{1,9})(?![\w.]|[ ]?[x×*])",
    re.IGNORECASE,
)
_COMING = re.compile(r"channel|map|feature|\bin\b|\binput", re.IGNORECASE)
"""What a layer has of its input, too."""

_SIZE = re.compile(r"(?<![\w.])(?:[0-9]{1,6}[ ]?@[ ]?)?[0-9]{1,6}(?:[ ]?[x×*][ ]?[0-9]{1,6}){1,2}(?![\w.])")
_FIGURE = r"(?P<value>[0-9]{1,12}(?:,[0-9]{3})*(?:\.[0-9]{1,6})?)[ ]?(?P<unit>[kKM]\b|%)?"
_WEIGHTS = re.compile(
    rf"(?<![\w.]){_FIGURE}[ ]?(?:trainable |learned )?(?:params?|parameters?|weights?)\b", re.IGNORECASE
)
_NUMBER = re.compile(rf"(?<![\w.])(?:[A-Za-z][ ]?=[ ]?)?(?<![\w.]){_FIGURE}")
_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6}


def about_figures(text: str, around: Around) -> tuple[str, list[str]]:
    """A remark without numbers that are true or say what they count, and what is true in place of others."""
    true = around.numbers()
    cures = list(_wrong(text, around, true))
    for pattern in (_COUNT, _COUNT_BEHIND, _WEIGHTS, _SIZE):
        text = pattern.sub(" ", text)
    true |= around.numbers_behind()
    return _NUMBER.sub(lambda found: " " if _is_true(found, true) else found[0], text), cures[:1]


def _wrong(text: str, around: Around, true: set[str]) -> Iterator[str]:
    name, output = around.planned.node.name, around.planned.output
    made = {str(output.channels), str(output.values)}
    for found in (*_COUNT.finditer(text), *_COUNT_BEHIND.finditer(text)):
        if not _is_true(found, true if _COMING.search(found[0]) else made):
            yield f"{name} makes {output}: write the number before the remark"
    for found in _WEIGHTS.finditer(text):
        if not _is_true(found, true):
            yield f"{name} has {grouped(around.planned.parameter_count)} parameters"
    for found in _SIZE.finditer(text):
        if re.sub(r"[ ]?([x×*@])[ ]?", lambda sign: "@" if sign[1] == "@" else "x", found[0]) not in true:
            kernel = getattr(around.layer, "kernel", None)
            yield f"{name} makes {output}{f' with a window of {kernel}' if kernel is not None else ''}"


def _is_true(found: re.Match[str], true: set[str]) -> bool:
    """Whether a number, `448` or `1.8M`, is one of those that are true of a layer."""
    value, unit = found["value"].replace(",", ""), found.groupdict().get("unit")
    if not unit:
        return value in true
    if unit not in _SCALES:
        return False
    exact = float(value) * _SCALES[unit]
    tolerance = max(_SCALES[unit] / 10 ** len(value.partition(".")[2]), exact / 200)
    return any(abs(int(number) - exact) <= tolerance for number in true if number.isdecimal())
