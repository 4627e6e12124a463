"""Every name of an entry or a setting of the recipe is written as its canonical one, and says the same."""

from __future__ import annotations

import pytest

from netdsl.diagnostics import Findings
from netdsl.recipe.canonical import canonical_line
from netdsl.recipe.entries import chosen_kinds, entries, entry_phrases, setting_phrases
from netdsl.recipe.written import read_lines
from netdsl.source import Source, Span
from netdsl.syntax import tree

VALUES = (
    "5",
    "0.5",
    "80, 20",
    "80/10/10",
    "{1, 2}",
    "sgd",
    "cosine",
    "l2",
    "he",
    "digits",
    "a, b",
    "CONV1 3",
    "CONV1",
    "flip",
    "0.9",
    "1",
)


def said(text: str) -> dict[str, object] | None:
    for beside in ("", "optimizer adam", "optimizer rmsprop", "loss hinge"):
        source = Source("", f"{beside}\n{text}")
        lines = [tree.Word(beside, Span(0, len(beside)))] if beside else []
        start = len(beside) + 1
        findings = Findings(source)
        values = read_lines((*lines, tree.Word(text, Span(start, len(source.text)))), findings).values
        if not findings.found:
            return values
    return None


def canonical_name(phrase: str) -> str:
    if phrase in entry_phrases():
        return entry_phrases()[phrase]
    owner, option = setting_phrases()[phrase]
    options = (kind.options() for kind in chosen_kinds(owner))
    return next(known[option].words[0] for known in options if option in known)


@pytest.mark.parametrize("phrase", [*entry_phrases(), *setting_phrases()])
def test_every_name(phrase: str) -> None:
    tried = 0
    for value in VALUES:
        for written in (
            f"{phrase} {value}",
            f"{phrase.title()}: {value}",
            f"{phrase.replace(' ', '_')} = {value}",
        ):
            if not said(written):
                continue
            tried += 1
            meant = canonical_line(written)
            assert said(meant) == said(written)
            assert canonical_line(meant) == meant
            assert meant in (f"{canonical_name(phrase)} {value}", written), written
            assert "=" not in meant
    assert tried or phrase in ("last", "search", "freeze", "classes", "average", "warmup")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Batch size: 32, epochs = 5, LR 0.1", "batch 32, epochs 5, rate 0.1"),
        ("optimizer = SGD learning_rate=0.1, momentum: 0.9", "optimizer sgd rate 0.1, momentum 0.9"),
        ("criterion Cross-Entropy label smoothing 0.1", "loss cross-entropy smoothing 0.1"),
        ("lr schedule: 0.1*10 : 0.01*5", "schedule 0.1*10 : 0.01*5"),
        ('dataset "My lr 0.1/x"', 'data "My lr 0.1/x"'),
        ("data LR 5", "data LR 5"),
        ("lr ten", "lr ten"),
    ],
)
def test_lines(written: str, meant: str) -> None:
    assert canonical_line(written) == meant


def test_all_entries_are_tried() -> None:
    assert set(entry_phrases().values()) == set(entries())
