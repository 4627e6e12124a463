"""Reads what listings and notes state about a layer: volume, memory, weights."""

from __future__ import annotations

import re
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import ExpandedLayer, LayerEntry
from netdsl.graph.expressions.coercion import LENGTH_LIMIT, volume
from netdsl.graph.network import Claim, Noted
from netdsl.source import Span
from netdsl.syntax import tree

_RESULT = re.compile(r"(?<![0-9,.])([0-9][0-9,]{0,40})(?:\.([0-9]{1,40}))?[ \t]*+([kmg]?)\Z", re.IGNORECASE)
_PRODUCT = re.compile(r"[()\d][()\d,* \tx]{0,99}", re.IGNORECASE)
_FACTOR = re.compile(r"\d[\d,]*")
_SUBJECTS = {"memory": "memory"}


class Claims:
    """The claims of a text, each read once however often its layer is repeated."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._read: dict[Span, Claim | None] = {}

    def of(self, expanded: ExpandedLayer) -> Claim | None:
        """The volume that is stated for a layer; None where none is, or where it cannot be read."""
        written = expanded.claim
        if written is None:
            return None
        if written.span not in self._read:
            notes = expanded.entry.written.notes if isinstance(expanded.entry, LayerEntry) else ()
            use, self._findings.use = self._findings.use, None  # whoever uses the text, it is read so
            self._read[written.span] = read_claim(written, notes, self._findings)
            self._findings.use = use
        return self._read[written.span]


def read_claim(claim: tree.Claim, notes: tuple[tree.Note, ...], findings: Findings) -> Claim | None:
    """The claim with its notes; None, with a finding, where it states no volume."""
    stated = volume(claim.value)
    if stated is None:
        findings.add(
            "ND206",
            "a volume is a height, a width and channels, each 1 or more, or a plain count",
            claim.span,
            help=("write `[55x55x96]`, or `[4096]`",),
        )
        return None
    read: list[Any] = [_noted(note, findings) for note in notes]
    return Claim(stated, claim.span, tuple(noted for noted in read if noted is not None))


class Figure(NamedTuple):
    """A number as a reader states it; ``tolerance`` is how far a rounded one may be off."""

    value: Fraction
    tolerance: Fraction

    def allows(self, number: Fraction) -> bool:
        return abs(number - self.value) <= self.tolerance


def figure(text: str, *, rounded: bool = False) -> Figure | None:
    """``3.2M``, ``1,728``. One with a letter is rounded: half a unit of its last digit is allowed, and
    one in a hundred, since notes round freely; ``rounded`` says that of one without a letter."""
    match = _RESULT.search(text.strip())
    if match is None:
        return None
    whole, fraction, letter = match.groups()
    scale = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[letter.lower()]
    digits = f"{whole}{fraction or ''}".replace(",", "")
    if len(digits) > LENGTH_LIMIT:
        return None
    unit = Fraction(scale, 10 ** len(fraction or ""))
    value = int(digits) * unit
    return Figure(value, max(unit / 2, value / 100) if letter or rounded else Fraction(0))


def _noted(note: tree.Note, findings: Findings) -> Noted | None:
    """The figure behind the last ``=``, or what a product without one comes to."""
    stated = figure(note.text.rpartition("=")[2])
    if _PRODUCT.fullmatch(note.text):
        factors = [int(factor.replace(",", "")) for factor in _FACTOR.findall(note.text)]
        stated = Figure(Fraction(prod(factors)), Fraction(0))
    if stated is None or stated.value.denominator != 1:
        findings.add(
            "ND206",
            f"`{note.subject}` ends in a count",
            note.span,
            help=("write `weights: (3*3*3)*64 = 1,728`, or `memory: 3.2M`",),
        )
        return None
    subject = _SUBJECTS.get(note.subject, "weights")
    return Noted(subject, int(stated.value), int(stated.tolerance), note.span)
