"""Reads the entries of ``train { }``, or of a ``.train`` file: one function for each."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from netdsl.diagnostics import Findings, Label
from netdsl.graph.recipe import ENTRIES, Augmentation, Optimizer, Recipe
from netdsl.graph.recipe_line import LENGTH_LIMIT, EntryError, Line
from netdsl.graph.recipe_schedule import read_schedule
from netdsl.graph.recipe_search import read_search
from netdsl.graph.recipe_words import AMOUNTS, INITS, LIMITS, LOSSES, OPTIMIZERS
from netdsl.source import Span
from netdsl.spelling import did_you_mean
from netdsl.syntax import tree

_LINE_LIMIT = 4096


def read_recipe(blocks: tuple[tree.Train, ...], findings: Findings) -> Recipe | None:
    """What the train block of a file says; None where there is none."""
    for extra in blocks[1:]:
        earlier = Label(blocks[0].span, "the first")
        findings.add("ND213", "there are two train blocks", extra.span, secondary=(earlier,))
    return read_entries(blocks[0].lines, findings) if blocks else None


def read_entries(lines: tuple[tree.Word, ...], findings: Findings) -> Recipe:
    """The recipe of some lines; every mistake is reported, at most one a line."""
    values: dict[str, Any] = {}
    spans: dict[str, Span] = {}
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
                _read_entry(line, values, spans, findings)
            except EntryError as error:
                findings.add(
                    error.code, error.message, error.span, error.label, help=error.cures, meant=error.meant
                )
                break
    recipe = Recipe(**values, spans=tuple(spans.items()))
    _check_schedule(recipe, findings)
    return recipe


def _read_entry(line: Line, values: dict[str, Any], spans: dict[str, Span], findings: Findings) -> None:
    start, place = line.place, line.rest()
    name = line.word()
    if name not in ENTRIES:
        _refuse(name, place, line)
    assert name is not None
    value = _READERS[name](line)
    if name in values:
        earlier = Label(spans[name], "first given here")
        findings.add("ND213", f"`{name}` is given twice", line.since(start), secondary=(earlier,))
        return
    values[name], spans[name] = value, line.since(start)


def _refuse(name: str | None, place: Span, line: Line) -> None:
    known = f"the entries are {', '.join(ENTRIES)}"
    if name is None:
        raise EntryError("ND530", "an entry of the recipe begins with its name", place, known)
    if any(name in options for options in OPTIMIZERS.values()):
        cure = f"write `optimizer sgd {name} ...`"
        raise EntryError("ND530", f"`{name}` belongs to the optimizer", place, cure)
    near = did_you_mean(name, ENTRIES)
    raise EntryError("ND530", f"the recipe has no entry `{name[:40]}`", place, known, meant=near)


def _split(line: Line) -> str:
    span = line.rest()
    text = line.text_value("the split, such as 80/10/10,")
    try:
        shares = [Decimal(part) for part in text.split("/")] if len(text) <= LENGTH_LIMIT else []
    except InvalidOperation:
        shares = []
    if len(shares) != 3 or not all(share.is_finite() and share > 0 for share in shares):
        cure = "write `split 80/10/10`: train/validation/test"
        raise EntryError("ND531", "a split is three percentages above 0", span, cure)
    if sum(shares) != 100:
        message = f"the percentages of a split add up to 100, not to {sum(shares)}"
        raise EntryError("ND531", message, span)
    return text


def _optimizer(line: Line) -> Optimizer:
    name = line.choice("optimizer", tuple(OPTIMIZERS))
    given: dict[str, float] = {}
    while not line.at_end():
        line.sign(",")
        place, start = line.place, line.rest()
        word = line.word()
        if word is None or word in ENTRIES:
            line.place = place
            break
        if word not in OPTIMIZERS[name]:
            near = did_you_mean(word, OPTIMIZERS[name])
            message = f"{name} has no setting `{word[:40]}`"
            cure = f"it has {', '.join(OPTIMIZERS[name])}"
            raise EntryError("ND530", message, start, cure, meant=near)
        if word in given:
            raise EntryError("ND530", f"`{word}` is given twice", start)
        line.sign("=")
        low, high, above = LIMITS[word]
        given[word] = line.number(f"the {word}", low, high, above=above)
    usual = {word: given.pop(word) for word in ("rate", "momentum", "decay") if word in given}
    return Optimizer(name, **usual, others=tuple(given.items()))


def _augment(line: Line) -> tuple[Augmentation, ...]:
    found: list[Augmentation] = []
    while True:
        span = line.rest()
        name = "color" if line.sign("colour") else line.choice("augmentation", tuple(AMOUNTS))
        if any(name == earlier.name for earlier in found):
            raise EntryError("ND531", f"`{name}` is given twice", span)
        limits = AMOUNTS[name]
        amount = None
        if limits is not None:
            amount = line.number(f"the amount of {name}", *limits, above=limits[0] == 0)
        found.append(Augmentation(name, amount))
        if not line.sign(","):
            return tuple(found)


def _stop(line: Line) -> int:
    """``after 5 epochs without improvement``; the words may be left out."""
    line.sign("after")
    epochs = line.count("the patience, in epochs,")
    line.unit("epochs", "epoch")
    if line.sign("without"):
        line.sign("improvement", "improving")
    return epochs


def _check_schedule(recipe: Recipe, findings: Findings) -> None:
    """A schedule by stretches ends with the training, or before: its last rate holds on then."""
    schedule = recipe.schedule
    if schedule is None or recipe.epochs is None:
        return
    total = schedule.warmup + sum(stretch.epochs for stretch in schedule.stretches)
    span = recipe.span("schedule")
    if total > recipe.epochs and span is not None:
        other = recipe.span("epochs")
        findings.add(
            "ND531",
            f"the schedule is made for {total} epochs, and the training ends after {recipe.epochs}",
            span,
            secondary=(Label(other, "here"),) if other else (),
        )


_READERS: dict[str, Callable[[Line], Any]] = {
    "data": lambda line: line.text_value("the name of the data"),
    "split": _split,
    "loss": lambda line: line.choice("loss", LOSSES),
    "optimizer": _optimizer,
    "schedule": read_schedule,
    "batch": lambda line: line.count("the batch"),
    "epochs": lambda line: line.count("the number of epochs"),
    "seed": lambda line: line.count("the seed", 0),
    "init": lambda line: line.choice("first weights", INITS),
    "augment": _augment,
    "stop": _stop,
    "search": read_search,
}
