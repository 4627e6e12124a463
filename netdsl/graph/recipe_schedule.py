"""Reads ``schedule``: how the learning rate changes."""

from __future__ import annotations

from netdsl.graph.recipe import Cosine, Plateau, Schedule, Step, Stretch
from netdsl.graph.recipe_line import EntryError, Line


def read_schedule(line: Line) -> Schedule:
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
