"""What a sheet says besides its layers, kept as comments where its lines are put into our words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from netdsl.diagnostics import Edit
from netdsl.graph.sheets.vocabulary import is_of_layers
from netdsl.planning.plan import Plan
from netdsl.source import Source
from netdsl.syntax.class_calls import calls_in

_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"[0-9]+(?:,[0-9]{3})+(?![0-9])|[0-9]*\.[0-9]+|[0-9]+")
_BLANKS = re.compile(r"[ \t\r\f\u00a0]+")
_PLANE = re.compile(r"(?<=[A-Za-z])[123]-?[dD]\b")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)[ \t]*\\?%")


def with_remarks(source: Source, plan: Plan | None, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits, each with the line that it replaces in a comment where our words leave something of it out:
    a description, the parameters that a table counts, a line that names no layer."""
    everything = _said(_respelled(source, edits))
    known = everything[1] | _numbers_of(plan) | {0.0, 1.0}
    found = []
    for edit in edits:
        line = source.excerpt(edit.span)
        beside = _beside_calls(line)
        words, numbers = _said(edit.replacement) if edit.replacement.strip() else everything
        left = any(word not in words and not is_of_layers(word) for word in _words(beside))
        left = left or any(
            not {number, round(1 - number, 9)} & (numbers | known) for number in _numbers(beside)
        )
        found.append(edit._replace(replacement=_with_remark(edit.replacement, line)) if left else edit)
    return tuple(found)


def _beside_calls(line: str) -> str:
    """The line without the calls that a layer is made of: they say nothing else, or it is reported."""
    for call in reversed(calls_in(line)):
        if call.meant:
            line = f"{line[: call.start]} {line[call.end :]}"
    return line


def _with_remark(text: str, line: str) -> str:
    line = _BLANKS.sub(" ", line.replace("#", " ") if line.startswith("#") else line).strip()
    return f"{text}  # {line}" if text.strip() else f"# {line}"


def _respelled(source: Source, edits: Sequence[Edit]) -> str:
    from netdsl.syntax.respelling import respelled_text

    return respelled_text(source.text, edits)


def _said(text: str) -> tuple[frozenset[str], frozenset[float]]:
    return frozenset(_words(text)), frozenset(_numbers(text))


def _words(text: str) -> Iterator[str]:
    """Words of two letters and more: single ones stand for options."""
    return (word for word in map(str.lower, _WORD.findall(text)) if len(word) > 1)


def _numbers(text: str) -> Iterator[float]:
    """``20 %`` is 0.2; ``Conv2D`` has none."""
    text = _PLANE.sub(" ", text)
    for share in _PERCENT.findall(text):
        yield round(float(share) / 100, 9)
    for number in _NUMBER.findall(_PERCENT.sub(" ", text)):
        yield float(number.replace(",", ""))


def _numbers_of(plan: Plan | None) -> frozenset[float]:
    """The extents of all volumes, which lines claim and which follow from the layers before."""
    volumes = [] if plan is None else [one for layer in plan.layers for one in (*layer.inputs, layer.output)]
    extents = {extent for one in volumes for extent in (one.height, one.width, one.channels, one.values)}
    return frozenset(map(float, extents))
