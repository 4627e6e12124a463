"""Sizes of fully connected layers with dashes between them: 784-100-10."""

from __future__ import annotations

from netdsl.formats.imported import Imported
from netdsl.source import Source


def read(source: Source) -> list[Imported]:
    """One network for each line."""
    found = []
    for number, line in enumerate(source.text.splitlines(), 1):
        inputs, *layers = line.split("-")
        text = "".join(f"{layer}\n" for layer in (f"input {inputs}", *(f"FC {size}" for size in layers)))
        found.append(Imported(f"line {number}", number, text, []))
    return found
