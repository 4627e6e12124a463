"""Near misses: which known word a reader probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_LONGEST = 40
"""Characters that are compared of a word: longer ones are no slips of the pen."""

MOST = 500
"""Known words that are compared: a text may define thousands."""

_FINALISTS = 8
_CUTOFF = 0.65


def did_you_mean(written: str, known: Iterable[str]) -> str | None:
    """The known word nearest to what is written, whatever the case; None where none is near.

    Takes time in proportion to the number of known words: those that share the longest common
    subsequence with what is written are compared as difflib does it.
    """
    from difflib import get_close_matches  # only mistakes pay for loading it

    wanted = written[:_LONGEST].lower()
    by_folded = {word.lower(): word for word in islice(known, MOST) if len(word) <= 2 * _LONGEST}
    shares = [(_shared(wanted, word), word) for word in by_folded]
    ranked = sorted(share for share in shares if share[0] >= _CUTOFF)
    finalists = [word for _, word in ranked[-_FINALISTS:]]
    near = get_close_matches(wanted, finalists, n=1, cutoff=_CUTOFF)
    return by_folded[near[0]] if near else None


def _shared(one: str, other: str) -> float:
    """Twice the length of the longest common subsequence over the length of both: never less than
    the ratio of difflib.

    Bit by bit (Hyyrö, 2004, "Bit-parallel LCS-length computation revisited"): bit n of ``missing``
    is 0 where the subsequence grows at character n of ``one``.
    """
    length = len(one) + len(other)
    if 2 * min(len(one), len(other)) < _CUTOFF * length:
        return 0.0
    bits_of: dict[str, int] = {}
    for bit, character in enumerate(one):
        bits_of[character] = bits_of.get(character, 0) | 1 << bit
    missing = everything = (1 << len(one)) - 1
    for character in other:
        common = missing & bits_of.get(character, 0)
        missing = (missing + common) | (missing - common)
    return 2 * (len(one) - (missing & everything).bit_count()) / length if length else 1.0
