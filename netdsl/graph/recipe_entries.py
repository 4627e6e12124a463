"""Reads the entries of ``train { }``, or of a ``.train`` file: one function for each."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from netdsl.diagnostics import Findings, Label
from netdsl.graph.recipe import (
    ENTRIES,
    Augmentation,
    Choices,
    Cosine,
    Optimizer,
    Plateau,
    Range,
    Recipe,
    Schedule,
    Step,
    Stretch,
)
from netdsl.graph.recipe_line import LENGTH_LIMIT, EntryError, Line
from netdsl.source import Span
from netdsl.spelling import did_you_mean
from netdsl.syntax import tree

LOSSES = ("cross-entropy", "l2", "hinge", "perceptron")
INITS = ("he", "glorot")
OPTIMIZERS = {
    "sgd": ("rate", "momentum", "decay"),
    "nesterov": ("rate", "momentum", "decay"),
    "adam": ("rate", "decay", "beta1", "beta2", "epsilon"),
    "adamw": ("rate", "decay", "beta1", "beta2", "epsilon"),
    "rmsprop": ("rate", "momentum", "decay", "rho", "epsilon"),
    "adagrad": ("rate", "decay", "epsilon"),
    "perceptron": ("rate",),
}
"""The numbers that each rule takes."""

_LIMITS = {
    "rate": (0.0, 1e6, True),
    "momentum": (0.0, 0.999999, False),
    "decay": (0.0, 1e6, False),
    "beta1": (0.0, 0.999999, False),
    "beta2": (0.0, 0.9999999, False),
    "rho": (0.0, 0.999999, False),
    "epsilon": (0.0, 1.0, True),
}
"""Of each number: the lowest, the highest, and whether it lies above the lowest."""

_AMOUNTS: dict[str, tuple[float, float] | None] = {
    "flip": None,
    "crop": (1, 4096),
    "rotate": (0, 180),
    "color": (0, 1),
    "distort": (0, 1),
}
"""The amounts that augmentations take: pixels, degrees, or a share of what is usual."""

_SEARCHED = ("rate", "momentum", "decay", "batch", "epochs")
_WHOLE = ("batch", "epochs")


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
        line = Line(written)
        while not line.at_end():
            if line.sign(","):
                continue
            try:
                _read_entry(line, values, spans, findings)
            except EntryError as error:
                findings.add(error.code, error.message, error.span, error.label, help=error.cures)
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
    cures = (f"did you mean `{near}`?",) if near else ()
    raise EntryError("ND530", f"the recipe has no entry `{name[:40]}`", place, *cures, known)


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
            cures = (f"did you mean `{near}`?",) if near else ()
            message = f"{name} has no setting `{word[:40]}`"
            raise EntryError("ND530", message, start, *cures, f"it has {', '.join(OPTIMIZERS[name])}")
        if word in given:
            raise EntryError("ND530", f"`{word}` is given twice", start)
        line.sign("=")
        low, high, above = _LIMITS[word]
        given[word] = line.number(f"the {word}", low, high, above=above)
    usual = {word: given.pop(word) for word in ("rate", "momentum", "decay") if word in given}
    return Optimizer(name, **usual, others=tuple(given.items()))


def _schedule(line: Line) -> Schedule:
    warmup = 0
    if line.sign("warmup"):
        warmup = line.count("the warmup, in epochs,")
        line.unit("epochs", "epoch")
        if not line.sign(",", "then", ":") and not line.peek_number():
            return Schedule(warmup)
        line.sign("then")
    if line.peek_number():
        return Schedule(warmup, _stretches(line))
    rule = line.choice("schedule", ("step", "cosine", "plateau", "warmup"))
    if rule == "cosine":
        last = line.number("the last rate", 0, 1e6) if line.sign("to") else 0.0
        return Schedule(warmup, rule=Cosine(last))
    if rule == "warmup":
        place = line.since(line.place)
        raise EntryError("ND531", "a warmup stands first, once", place, "write `schedule warmup 5, cosine`")
    factor = line.number("the factor of the rate", 0, 1, above=True)
    line.sign("every", "after")
    epochs = line.count(f"the epochs of a {rule}") if line.peek_number() or rule == "step" else 10
    line.unit("epochs", "epoch")
    return Schedule(warmup, rule=Step(factor, epochs) if rule == "step" else Plateau(factor, epochs))


def _stretches(line: Line) -> tuple[Stretch, ...]:
    """``0.01*5 : 0.001*3``."""
    stretches = []
    while True:
        rate = line.number("the rate", 0, 1e6, above=True)
        if not line.sign("*"):
            cure = "write `schedule 0.01*5 : 0.001*3`: rate*epochs"
            raise EntryError("ND531", "a rate needs `*` and a number of epochs", line.rest(), cure)
        stretches.append(Stretch(rate, line.count("the number of epochs")))
        if not line.sign(":"):
            return tuple(stretches)


def _augment(line: Line) -> tuple[Augmentation, ...]:
    found: list[Augmentation] = []
    while True:
        span = line.rest()
        name = "color" if line.sign("colour") else line.choice("augmentation", tuple(_AMOUNTS))
        if any(name == earlier.name for earlier in found):
            raise EntryError("ND531", f"`{name}` is given twice", span)
        limits = _AMOUNTS[name]
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


def _search(line: Line) -> tuple[Range | Choices, ...]:
    found: list[Range | Choices] = []
    while True:
        span = line.rest()
        setting = line.choice("setting to search", _SEARCHED)
        if any(setting == earlier.setting for earlier in found):
            raise EntryError("ND531", f"`{setting}` is searched twice", span)
        if not line.sign("in"):
            cure = f"write `search {setting} in 1e-4..1e-1 log`, or `{setting} in {{32, 64}}`"
            raise EntryError("ND531", "a search needs `in` and where to look", line.rest(), cure)
        found.append(_choices(line, setting) if line.sign("{") else _range(line, setting))
        if not line.sign(","):
            return tuple(found)


def _value(line: Line, setting: str) -> float:
    if setting in _WHOLE:
        return line.count(f"the {setting}")
    low, high, above = _LIMITS[setting]
    return line.number(f"the {setting}", low, high, above=above)


def _choices(line: Line, setting: str) -> Choices:
    values = [_value(line, setting)]
    while line.sign(","):
        values.append(_value(line, setting))
    if not line.sign("}"):
        raise EntryError("ND531", "values to try stand in braces with commas between them", line.rest())
    return Choices(setting, tuple(dict.fromkeys(values)))


def _range(line: Line, setting: str) -> Range:
    span = line.rest()
    low = _value(line, setting)
    if not line.sign(".."):
        cure = f"write `{setting} in 0.001..0.1`, with two dots"
        raise EntryError("ND531", "a range has a lowest and a highest value", line.rest(), cure)
    high = _value(line, setting)
    logarithmic = line.sign("log")
    if not low < high:
        raise EntryError("ND531", "a range runs from a value to a larger one", span)
    if logarithmic and low <= 0:
        raise EntryError("ND531", "a logarithmic range begins above 0", span)
    return Range(setting, low, high, logarithmic)


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
    "schedule": _schedule,
    "batch": lambda line: line.count("the batch"),
    "epochs": lambda line: line.count("the number of epochs"),
    "seed": lambda line: line.count("the seed", 0),
    "init": lambda line: line.choice("first weights", INITS),
    "augment": _augment,
    "stop": _stop,
    "search": _search,
}
