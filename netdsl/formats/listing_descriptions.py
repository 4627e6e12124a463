"""What a cell of prose says about a layer: ``1x1 stride, valid padding, outputs 28x28x6``."""

from __future__ import annotations

import re
from fractions import Fraction

from netdsl.graph.expressions.values import decimal

_OUTPUT = re.compile(
    r"(?:,|;|\band\b)?\s*\boutputs?\b\s*(?:is|size|shape|of|:|=)?\s*\(?"
    r"(\d+(?:\s*[x×,]\s*\d+){0,2})\)?(?:\s*(?:classes|neurons|units|nodes))?",
    re.IGNORECASE,
)
_STRIDE = re.compile(r"\b(\d+)\s*[x×]\s*(\d+)\s+strides?\b", re.IGNORECASE)
_VOLUME = re.compile(r"\d+\s*[x×]\s*\d+\s*[x×]\s*\d+")
_COUNT = re.compile(r"(\d+)(?:\s*(?:neurons|units|nodes|outputs|classes|hidden units))?\s*\Z", re.IGNORECASE)
_KEPT = re.compile(
    r"\b(\d*\.\d+)\s+keep[ -]prob\w*|\bkeep[ -]prob\w*\s*[:=]?\s*(?:of\s*)?(\d*\.\d+)", re.IGNORECASE
)

_DIGITS = 40
"""Of a number that is read."""


def described(values: dict[str, str], name: str) -> dict[str, str]:
    """The cells of a row with what its description says in columns of their own; ``name`` is the layer's."""
    said = values.get("options", "")
    if not said:
        return values
    found = dict(values)
    output = _OUTPUT.search(said)
    if output is not None:
        said = said[: output.start()] + said[output.end() :]
        column = "output" if re.search("[x×,]", output[1]) else "filters"
        found.setdefault(column, output[1].replace(",", "x").replace("×", "x").replace(" ", ""))
    image = _VOLUME.search(said)
    if image is not None and re.match(r"input\b", name, re.IGNORECASE):
        found.setdefault("output", image[0].replace("×", "x").replace(" ", ""))
        said = ""
    said = _STRIDE.sub(
        lambda stride: f"stride {stride[1] if stride[1] == stride[2] else stride[0].split()[0]}", said
    )
    kept = _KEPT.search(said)
    if kept is not None:
        said = (
            said[: kept.start()] + decimal(1 - Fraction((kept[1] or kept[2])[:_DIGITS])) + said[kept.end() :]
        )
    count = _COUNT.match(said.strip())
    if count is not None and re.match(r"flatten", name, re.IGNORECASE):
        found.setdefault("output", count[1])
        said = ""
    elif count is not None and re.match(r"(?:fully|fc|dense|linear|output|logits)", name, re.IGNORECASE):
        found.setdefault("filters", count[1])
        said = ""
    found["options"] = re.sub(r"\s*[,;]\s*(?=[,;]|\Z)|\A\s*[,;]\s*", "", said).strip()
    if not found["options"]:
        del found["options"]
    return found
