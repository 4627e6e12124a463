"""What a sheet says about all its layers without a word: how its program rounds, whether it pads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Severity

_DIALECT = re.compile(r"^[ \t]*dialect\b", re.IGNORECASE | re.MULTILINE)
_WORDS = {
    "tensorflow": re.compile(
        r"\b(?:Conv2D(?:Transpose)?|(?:Global)?(?:Max|Average|Avg)Pool(?:ing)?2D|MaxPooling|AveragePooling|Dense"
        r"|BatchNormalization|[Kk]eras|[Tt]ensor[Ff]low)\b"
    ),
    "torch": re.compile(
        r"\b(?:Conv2d|ConvTranspose2d|(?:Adaptive)?(?:Max|Avg)Pool2d|BatchNorm2d|nn\.\w+|Linear|[Pp]y[Tt]orch)\b"
    ),
}
"""Names of layers that only one program has."""

_TUPLE = re.compile(r"\([ \t]*([0-9]{1,2})[ \t]*,[ \t]*\1[ \t]*\)")
"""``(3, 3)``, a size as programs write it, all of which round down."""

_PADS = re.compile(r"\bpad|\bsame\b|\bvalid\b|\bp[ \t]*=?[ \t]*[0-9]", re.IGNORECASE)
_CONVOLVES = re.compile(r"conv", re.IGNORECASE)


def statements(
    text: str, found: Sequence[Diagnostic], programs: set[str], *, told: bool, claims: bool
) -> Iterator[str]:
    """Lines that may come before a text, of which the first that makes a network of it is meant: padding
    where the text names none and says what comes in further down, the program whose words it has where a
    window does not fit. ``programs`` are those whose calls it has, ``told`` and ``claims`` whether it says
    what comes into layers and what they make."""
    uneven = [Fact.WINDOW_REMAINDER.holds(one.code) for one in found if one.severity is Severity.ERROR]
    unspoken = not _PADS.search(text) and _CONVOLVES.search(text) is not None
    if (told and unspoken and all(uneven)) or (unspoken and pads_a_pool(found)):
        yield "default CONV same"
    if any(uneven) and not _DIALECT.search(text):
        yield from (f"dialect {name}" for name in _programs(text, programs) or ["torch"] * claims)


_WRITTEN = re.compile(r"\bflatten\w*\b|\b(?:valid|same)\b", re.IGNORECASE)
"""Words that only programs have for what a layer does, all of which round down."""


def pads_a_pool(found: Sequence[Diagnostic]) -> bool:
    """Whether a claim is met by padding a pool, which is rather that of the layer before it."""
    return any(
        Fact.DECIDED_BY_CLAIM.holds(finding.code)
        and "pool" in finding.about.lower()
        and _PADS_WITH.match(finding.proposal)
        for finding in found
    )


_PADS_WITH = re.compile("pad [1-9]")


def _programs(text: str, programs: set[str]) -> list[str]:
    if programs:
        return sorted(programs) if len(programs) == 1 else []
    named = [name for name, words in _WORDS.items() if words.search(text)]
    return named or (["torch"] if _TUPLE.search(text) or _WRITTEN.search(text) else [])


def reason(statement: str) -> str:
    """Why a line is put in front of a text."""
    if statement.startswith("dialect"):
        return "it uses the words of another program"
    return "its sizes need padding, but it states none"
