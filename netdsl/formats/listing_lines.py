"""Lines of listings without what surrounds them in the wild, and the volumes in brackets on them."""

from __future__ import annotations

import html
import re

_PREFIX = re.compile(
    r"(?:\s|[>#%|•·●▪◦‣\"']|//|/\*|->|=>|[→⇒–—]|[-*+]+(?=[\s\[])|\d{1,3}\s*[.):-](?=[\s\[])|"
    r"layer \d{1,3}\s*[.):-](?=\s)|\(\d{1,3}\)(?=\s))+",
    re.IGNORECASE,
)
_ENDING = " \\|\"',;"
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<!--|-->")
_MARKUP = re.compile(r"\*\*|__|`|\$")
_ESCAPED = re.compile(r"\\([][*_~#().+-])")
_SIGNS = str.maketrans("【】［］：，（）；×✕✖Ｘ＝＋∗", "[][]:,();xxxx=+*")

_EXTENT = r"\d[\d ]{0,15}+"
CLAIM = re.compile(rf"\[\s*+({_EXTENT}(?:\s*+[x*,]\s*+{_EXTENT})*+)\]", re.IGNORECASE)
_CELLS = re.compile(r"\s*\|\s*")
_GROUPED = re.compile(r"\d{1,3},\d{3}")
_ARROW = re.compile(r"\s*(?:->|=>|[→⇒])\s*")
_LINKED = re.compile(r"\((?:https?:|[./#]|[\w-]+\.\w)")
_SEPARATORS = " \t:,;|>=→⇒–—-"


def cleaned(line: str) -> str:
    """Without markup, bullets, comment signs and line continuations; with plain signs and blanks."""
    line = html.unescape(line).replace("\u00a0", " ").replace("\\times", "x")
    line = _TAG.sub(" ", _ESCAPED.sub(r"\1", line.translate(_SIGNS)))
    in_table = line.lstrip().startswith("|")
    line = " ".join(_MARKUP.sub("", line).split())
    line = line.rstrip(_ENDING)
    prefix = _PREFIX.match(line)
    line = line[prefix.end() :] if prefix else line
    return _CELLS.sub(" ", line) if in_table else line


def extents(written: str) -> list[str]:
    """``55``, ``55`` and ``96`` of a claim; ``4,096`` is one number."""
    if _GROUPED.fullmatch(written.strip()):
        return [written.strip().replace(",", "")]
    return [part.replace(" ", "") for part in re.split("[xX*,]", written)]


def claim_text(written: str) -> str:
    """``[55x55x96]``; a volume of which two extents are 1 is a plain count."""
    parts = extents(written)
    if len(parts) == 3 and sorted(parts, key=int)[:2] == ["1", "1"]:
        return f"[{max(parts, key=int)}]"
    return f"[{'x'.join(parts)}]"


def is_count(written: str) -> bool:
    """Whether a claim is a single number, which in prose may cite a paper."""
    return len(extents(written)) == 1


def pieces(line: str) -> list[str]:
    """The layers of a line, where it has more than one: each with its volume, before or after it."""
    claims = list(CLAIM.finditer(line))
    if len(claims) < 2:
        return [line]
    if claims[0].start() == 0:
        starts = [claim.start() for claim in claims]
        ends = [*starts[1:], len(line)]
        return [line[start:end].rstrip(_SEPARATORS) for start, end in zip(starts, ends, strict=True)]
    parts = _ARROW.split(line)
    return parts if all(len(CLAIM.findall(part)) == 1 for part in parts) else [line]


def states_volume(line: str) -> bool:
    """Whether a volume is somewhere on a line: height, width and channels in brackets, or at its
    beginning a height and a width."""
    for claim in CLAIM.finditer(line):
        parts = extents(claim[1])
        leads = claim.start() == 0
        if _LINKED.match(line, claim.end()) or ("," in claim[1] and not leads):
            continue  # the text of a link, or code
        if len(parts) == 3 or (len(parts) == 2 and leads and "," not in claim[1]):
            return True
    return False


def behind(claim: re.Match[str], line: str) -> str:
    """What comes after a volume, without the signs between them."""
    return line[claim.end() :].lstrip(_SEPARATORS).rstrip(" .")


_LISTED = frozenset(
    [
        "a",
        "and",
        "at",
        "average",
        "avg",
        "bias",
        "channel",
        "channels",
        "conv",
        "convolution",
        "convolutional",
        "depth",
        "feature",
        "features",
        "filter",
        "filters",
        "fully",
        "connected",
        "global",
        "group",
        "groups",
        "kernel",
        "kernels",
        "layer",
        "layers",
        "map",
        "maps",
        "max",
        "norm",
        "normalization",
        "neuron",
        "neurons",
        "no",
        "nodes",
        "of",
        "or",
        "pad",
        "padding",
        "padded",
        "pads",
        "pool",
        "pooling",
        "same",
        "size",
        "stride",
        "strides",
        "unit",
        "units",
        "valid",
        "volume",
        "volumes",
        "window",
        "with",
        "without",
        "x",
        "zero",
    ]
)
"""Words of lines that list a layer."""

_SENTENCE = 4
"""Other words than these that make a sentence of a line."""


def is_running_text(line: str) -> bool:
    """Whether a volume is in a sentence: among words that no layer needs, whatever their language.

    Fewer words are enough where the line begins like no layer, and fewer still where it ends in a full stop.
    """
    leads = CLAIM.match(line) is not None
    rest = CLAIM.sub(" ", line)
    words = re.findall(r"[^\W\d_]+", rest)
    strange = [
        word for word in words if word.lower() not in _LISTED and (not word.isupper() or len(word) == 1)
    ]
    if leads:
        return len(strange) >= _SENTENCE and not re.search(r"\d", rest)
    begins = bool(words) and words[0] in strange
    ends = line.endswith((".", "!", "?", ":"))
    return len(strange) >= _SENTENCE - begins - (begins and ends)
