"""A few hundred damaged texts for every command that reads one; tests/fuzz.py goes on for hours."""

from __future__ import annotations

import random

import pytest
from fuzz_targets import TARGETS, seeds, tokens

ROUNDS = 300
PARTS = 3
"""CI does all of them, others the first."""


def _damaged(source: random.Random, texts: list[bytes], words: list[bytes]) -> bytes:
    """A text with one to four changes: a piece left out, doubled, or moved, a word or a byte put in."""
    text = source.choice(texts)
    for _ in range(source.randint(1, 4)):
        start = source.randint(0, len(text))
        end = min(len(text), start + source.choice((1, 2, 5, 20, 100)))
        piece = source.choice((b"", text[start:end] * 2, source.choice(words), source.randbytes(2)))
        text = text[:start] + piece + text[end if source.random() < 0.7 else start :]
        if source.random() < 0.1:
            other = source.choice(texts)
            text = text[:start] + other[source.randint(0, len(other)) :]
    return text


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=pytest.mark.ci if part else ()) for part in range(PARTS)]
)
@pytest.mark.parametrize("target", TARGETS)
def test_damaged_texts_end_with_a_documented_exit_code(target: str, part: int) -> None:
    source = random.Random(f"damage for {target}")
    texts, words = [text for text in seeds(target) if len(text) < 3000], tokens()
    rounds = ROUNDS // 4 if target in ("lsp", "settings") else ROUNDS  # which ask a dozen questions each time
    for number in range(rounds):
        damaged = _damaged(source, texts, words)
        if number % PARTS == part:
            TARGETS[target](damaged)
