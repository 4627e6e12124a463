"""Reads what listings and notes state about a layer: volume, memory, weights."""

from __future__ import annotations

import re
from typing import Any

from netdsl.diagnostics import Findings
from netdsl.graph.network import Claim, Noted
from netdsl.graph.values import volume
from netdsl.quantities import count_from_text
from netdsl.syntax import tree

_RESULT = re.compile(r"([0-9][0-9,]*)(?:\.([0-9]+))?[ \t]*([kmg]?)\s*\Z", re.IGNORECASE)
_SUBJECTS = {"memory": "memory"}


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


def _noted(note: tree.Note, findings: Findings) -> Noted | None:
    """The figure behind the last ``=``. One with a letter is rounded: half a unit of its last digit
    is allowed, and one in a hundred, since notes round freely."""
    match = _RESULT.search(note.text.rpartition("=")[2].strip())
    text = match.group().replace(" ", "") if match else ""
    value = count_from_text(text)
    if match is None or value is None:
        findings.add(
            "ND206",
            f"`{note.subject}` ends in a count",
            note.span,
            help=("write `weights: (3*3*3)*64 = 1,728`, or `memory: 3.2M`",),
        )
        return None
    _, fraction, letter = match.groups()
    scale = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[letter.lower()]
    unit = scale // 10 ** len(fraction or "")
    tolerance = max(unit // 2, value // 100) if letter else 0
    return Noted(_SUBJECTS.get(note.subject, "weights"), value, tolerance, note.span)
