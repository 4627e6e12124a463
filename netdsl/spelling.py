"""Near misses: which known word a reader probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(written: str, known: Iterable[str]) -> str | None:
    """The known word nearest to what is written, whatever the case; None where none is near."""
    from difflib import get_close_matches  # only mistakes pay for loading it

    by_folded = {word.lower(): word for word in known}
    near = get_close_matches(written[:40].lower(), by_folded, n=1, cutoff=0.65)
    return by_folded[near[0]] if near else None
