"""What a file says about training: reads `train { }` and `.train` files, one entry after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from netdsl.augmentations import augmentations
from netdsl.diagnostics import Diagnostic, Findings, Label
from netdsl.initializers import initializer_kinds
from netdsl.losses import loss_kinds
from netdsl.optimizers import optimizers
from netdsl.recipe.component import Component, word_for
from netdsl.recipe.entries import SHARED, entries, entry_phrases
from netdsl.recipe.line import EntryError, Line
from netdsl.recipe.own_lines import OwnLines
from netdsl.recipe.recipe import Recipe
from netdsl.schedules import schedules
from netdsl.source import Source, Span
from netdsl.spelling import did_you_mean
from netdsl.syntax import tree

_LINE_LIMIT = 4096


class WrittenRecipe(NamedTuple):
    """The entries that a file gives, each with its place."""

    values: dict[str, Any]
    spans: dict[str, Span]
    source: Source

    @property
    def recipe(self) -> Recipe:
        """What they come to with the defaults for the others."""
        return Recipe(**self.values)

    def span(self, entry: str) -> Span | None:
        """Where an entry is; None where it is not written."""
        return self.spans.get(entry)


def read_blocks(blocks: tuple[tree.Train, ...], findings: Findings) -> WrittenRecipe | None:
    """What the train block of a file says; None where there is none."""
    for extra in blocks[1:]:
        earlier = Label(blocks[0].span, "the first")
        findings.add("ND213", "there are two train blocks", extra.span, secondary=(earlier,))
    return read_lines(blocks[0].lines, findings) if blocks else None


def read_lines(lines: tuple[tree.Word, ...], findings: Findings) -> WrittenRecipe:
    """The entries of some lines; every mistake is reported, at most one a line."""
    values: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    settings = OwnLines()
    before = findings.reports
    for written in lines:
        if findings.crowded:
            break
        if len(written.text) > _LINE_LIMIT:
            message = f"a line of a recipe has at most {_LINE_LIMIT:,} characters"
            findings.add("ND531", message, written.span, help=("begin a new line with each entry",))
            continue
        line = Line(written)
        while not line.at_end():
            if line.sign(","):
                continue
            try:
                if settings.read(line, findings):
                    continue
                _read_entry(line, values, spans, findings)
            except EntryError as error:
                findings.add(
                    error.code, error.message, error.span, error.label, help=error.cures, meant=error.meant
                )
                break
    settings.settle(values, spans, findings)
    found = WrittenRecipe(values, spans, findings.source)
    _check_schedule(found, findings)
    if findings.reports == before:
        _check_search(found, findings)
    return found


def _read_entry(
    line: Line,
    values: dict[str, Any],
    spans: dict[str, Span],
    findings: Findings,
) -> None:
    start, span = line.offset, line.rest()
    name = entry_phrases().get(line.phrase(entry_phrases()) or "")
    if name is None:
        _refuse(line.word(), span)
    assert name is not None
    line.sign("=", ":")
    value = entries()[name].read(line)
    if name in values:
        earlier = Label(spans[name], "first given here")
        findings.add("ND213", f"`{name}` is given twice", line.since(start), secondary=(earlier,))
        return
    values[name], spans[name] = value, line.since(start)


def _refuse(name: str | None, span: Span) -> None:
    known = f"the entries are {', '.join(entries())}"
    if name is None:
        raise EntryError("ND530", "an entry of the recipe begins with its name", span, known)
    for entry, kinds in _components():
        if word_for(name, kinds) is not None:
            message = f"`{name}` belongs to the entry `{entry}`"
            raise EntryError("ND530", message, span, f"write `{entry} {name}`")
    for entry, kinds in _components():
        kind = next((kind for kind in kinds if name not in SHARED and _has(kind, name)), None)
        if kind is not None:
            message = f"`{name}` is a setting of `{entry} {kind.name}`"
            raise EntryError("ND530", message, span, f"write it after `{entry} {kind.name}`")
    near = did_you_mean(name, entries())
    raise EntryError("ND530", f"the recipe has no entry `{name[:40]}`", span, known, meant=near)


def _has(kind: type[Component], word: str) -> bool:
    return any(word in option.words for option in kind.options().values())


def _components() -> Iterator[tuple[str, tuple[type[Component], ...]]]:
    """The entries that name components, with these; the usual optimizer first."""
    yield "optimizer", tuple(optimizers()[name] for name in ("sgd", *optimizers()))
    yield "loss", tuple(loss_kinds().values())
    yield "schedule", tuple(schedules().values())
    yield "init", tuple(initializer_kinds().values())
    yield "augment", tuple(augmentations().values())


def _check_schedule(written: WrittenRecipe, findings: Findings) -> None:
    """A schedule by stretches ends with the training, or before: its last rate holds on then."""
    span = written.span("schedule")
    if span is None or "epochs" not in written.values:
        return
    schedule, epochs = written.values["schedule"], written.values["epochs"]
    total = schedule.whole_epochs
    if total > epochs:
        other = written.span("epochs")
        findings.add(
            "ND531",
            f"the schedule is made for {total} epochs, but training ends after {epochs}",
            span,
            secondary=(Label(other, "here"),) if other else (),
        )


def _check_search(written: WrittenRecipe, findings: Findings) -> None:
    """A search is for settings that the recipe has."""
    span = written.span("search")
    if span is None:
        return
    from netdsl.recipe.points import search_problems

    text = written.source.text[span.start : span.end].lower()
    for problem in search_problems(written.recipe):
        words = r"\s+".join(problem.setting.split())
        found = re.search(rf"(?<![\w-]){words}(?=\s+in\b)", text)
        part = Span(span.start + found.start(), span.start + found.end()) if found else span
        findings.add("ND555", problem.message, part, help=problem.cures)


_PIECE = re.compile(r"#[^\n]*|(?P<line>[^\s#;{}](?:[^\n#;{}]++|\{[^\n#;{}]*+\})*+)|(?P<brace>[{}])")


def read_file(source: Source) -> tuple[WrittenRecipe, list[Diagnostic]]:
    """What a ``.train`` file says, the lines of a ``train`` block without its braces, and its mistakes."""
    findings = Findings(source)
    lines = []
    braces = 0
    for piece in _PIECE.finditer(source.text):
        if findings.crowded:
            break
        if piece["line"]:
            text = piece["line"].rstrip()
            lines.append(tree.Word(text, Span(piece.start(), piece.start() + len(text))))
        elif piece["brace"] and (braces := braces + 1) == 1:
            cure = "a recipe in a separate file has no `train { }` around it"
            sign_span = Span(piece.start(), piece.end())
            findings.add("ND530", "braces are only for the values of a search", sign_span, help=(cure,))
    if any(word.text.lower() == "train" for word in lines):
        lines = [word for word in lines if word.text.lower() != "train"]
    return read_lines(tuple(lines), findings), findings.found
