"""Letters for pictures: Pillow's own font has those of ASCII."""

from __future__ import annotations

from unicodedata import combining, normalize

_WHOLE = {
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "–": "-",
}
"""What Unicode does not take apart into a letter and its marks."""


def plain_letters(text: str) -> str:
    """The text in ASCII: letters without their marks, `grün` as `grun`; a question mark for others."""
    apart = normalize("NFKD", "".join(_WHOLE.get(sign, sign) for sign in text))
    signs = (sign for sign in apart if not combining(sign))
    return "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in signs)
