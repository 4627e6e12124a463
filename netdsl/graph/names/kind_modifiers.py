"""Words before a kind that make another layer of it, or say an option: ``min pool``, ``dilated conv``.

A label may hold any words, ``stem conv: 64 7x7``, but not these: nothing would do what they say.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

_ABSENT = frozenset(
    (
        *("min", "minimum", "median", "mixed", "stochastic", "fractional", "lp", "l1", "l2", "rms", "norm"),
        *(
            "deformable",
            "gated",
            "partial",
            "causal",
            "masked",
            "octave",
            "subpixel",
            "submanifold",
            "sparse",
        ),
        *("dynamic", "conditional", "steerable", "temporal", "recurrent", "lambda", "capsule"),
    )
)
"""What netdsl has no convolution or pool of."""

_OPTIONS = {
    "dilated": "dilation",
    "atrous": "dilation",
    "grouped": "groups",
    "group": "groups",
    "strided": "stride",
    "padded": "pad",
    "shared": "weights",
    "tied": "weights",
}
_CURES = {
    "dilation": "the dilation is an option: `CONV 64 3x3 dilation 2`",
    "groups": "the groups are an option: `CONV 64 3x3 groups 2`",
    "stride": "the stride is an option: `CONV 64 3x3 stride 2`",
    "pad": "the padding is an option: `CONV 64 3x3 pad 1`",
    "weights": "layers share weights by a label: `CONV same weights as conv1`",
}
_DROPPED = frozenset(("spatial", "alpha", "gaussian", "channel"))
"""What drops other than single numbers."""

_SEPARABLE = ("separable", "sep")
_MODIFIED = ("conv", "convolution", "convolutional", "convs", "convolutions", "pool", "pooling", "pools")


def modifier_in(words: Sequence[str], said: Collection[str] = ()) -> str:
    """The word that makes another layer of the convolution or pool behind it, or speaks of an option that
    is none of those ``said``; as it is written, empty where there is none."""
    for index, word in enumerate(words[:-1]):
        low = word.lower()
        kind = next((other for other in words[index + 1 : index + 3] if _is_modified(other)), "")
        changes = low in _ABSENT or low in _SEPARABLE
        if low in _DROPPED and words[index + 1].lower() in ("dropout", "drop"):
            return word
        if kind and (changes or (low in _OPTIONS and _OPTIONS[low] not in said)):
            return word
    return ""


def _is_modified(word: str) -> bool:
    return word.lower().rstrip("0123456789_") in _MODIFIED


def without_modifier(word: str) -> str:
    """What to say of such a word."""
    option = _OPTIONS.get(word.lower())
    if word.lower() in _SEPARABLE:
        return "write `separable conv 64 3x3`"
    if option is None:
        return f"netdsl has no such layer: nothing does what `{word}` says"
    return _CURES[option]
