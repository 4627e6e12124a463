"""Schedules: the rate of every step against PyTorch's schedulers, and as a line of text."""

from __future__ import annotations

from math import isclose

import pytest

from netdsl.recipe.entries import entries
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import entry_from_text
from netdsl.reports.as_recipe import rate_line
from netdsl.schedules.schedule import Moment, Schedule

BASE, STEPS, EPOCHS = 0.1, 7, 12
LOSSES = (3.0, 2.0, 2.1, 2.2, 2.3, 1.9999, 2.0, 1.5, 1.6, 1.7, 1.8, 1.9)
"""Validation losses after each epoch."""


def schedule(text: str) -> Schedule:
    found: Schedule = entry_from_text(entries()["schedule"], text)
    return found


def rates(text: str) -> list[float]:
    """The rate of every step of a run."""
    rule = schedule(text)
    return [
        rule.rate(BASE, Moment(epoch, step, STEPS, EPOCHS, LOSSES[:epoch]))
        for epoch in range(EPOCHS)
        for step in range(STEPS)
    ]


def torch_rates(make: object, *, by_step: bool, losses: bool = False) -> list[float]:
    """The rates of a PyTorch scheduler, stepped after each batch or after each epoch."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler = make(torch.optim.lr_scheduler, optimizer)  # type: ignore[operator]
    found = []
    for epoch in range(EPOCHS):
        for _ in range(STEPS):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if by_step:
                scheduler.step()
        if not by_step:
            scheduler.step(*((LOSSES[epoch],) if losses else ()))
    return found


@pytest.mark.parametrize(
    ("text", "make", "by_step"),
    [
        ("constant", lambda s, o: s.ConstantLR(o, factor=1.0), False),
        ("step 0.1 every 5", lambda s, o: s.StepLR(o, 5, 0.1), False),
        ("step 0.5 1", lambda s, o: s.ExponentialLR(o, 0.5), False),
        ("cosine", lambda s, o: s.CosineAnnealingLR(o, STEPS * EPOCHS), True),
        ("cosine to 1e-3", lambda s, o: s.CosineAnnealingLR(o, STEPS * EPOCHS, 1e-3), True),
        ("0.1*3 : 0.01*4 : 0.001*1", lambda s, o: s.MultiStepLR(o, [3, 7], 0.1), False),
    ],
)
def test_rates_are_those_of_pytorch(text: str, make: object, by_step: bool) -> None:
    assert all(map(isclose, rates(text), torch_rates(make, by_step=by_step)))


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_plateau_is_that_of_pytorch(patience: int) -> None:
    there = torch_rates(
        lambda s, o: s.ReduceLROnPlateau(o, factor=0.1, patience=patience), by_step=False, losses=True
    )
    assert all(map(isclose, rates(f"plateau 0.1 after {patience}"), there))
    assert len(set(there)) > 1


@pytest.mark.parametrize("rest", ["", ", cosine", ", step 0.1 every 3", ", 0.1*4 : 0.01*3", ", constant"])
def test_a_warmup_climbs_in_equal_steps_and_the_rest_begins_behind_it(rest: str) -> None:
    """PyTorch: SequentialLR of LinearLR and the schedule."""
    found = rates(f"warmup 2{rest}")
    climb = found[: 2 * STEPS]
    assert all(isclose(rate, BASE * (index + 1) / (2 * STEPS)) for index, rate in enumerate(climb))
    rule = schedule(rest.lstrip(", ") or "constant")
    behind = [
        rule.rate(BASE, Moment(epoch, step, STEPS, EPOCHS - 2))
        for epoch in range(EPOCHS - 2)
        for step in range(STEPS)
    ]
    assert found[2 * STEPS :] == behind


def test_a_warmup_of_a_plateau_waits_for_nothing() -> None:
    """What validation measures in the warmup does not count."""
    assert rates("warmup 3, plateau 0.1 after 20")[3 * STEPS :] == [BASE] * (STEPS * (EPOCHS - 3))


@pytest.mark.parametrize(
    ("text", "epochs", "line"),
    [
        ("constant", 15, "▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅  0.01 in 15 epochs"),
        ("0.1*6 : 0.01*5 : 0.001*1", 12, "██████▅▅▅▅▅▁  0.1 to 0.001 in 12 epochs"),
        ("warmup 6, 0.1*6", 12, "▁▂▃▅▆███████  1.67e-05 to 0.1 in 12 epochs"),
        ("cosine", 1, "███▇▆▅▄▃▂▁▁▁  0.01 to 2.47e-08 in 1 epoch"),
        ("plateau 0.1", 12, "▅▅▅▅▅▅▅▅▅▅▅▅  0.01 in 12 epochs, less after each plateau"),
    ],
)
def test_the_rate_as_a_line(text: str, epochs: int, line: str) -> None:
    assert rate_line(Recipe(schedule=schedule(text), epochs=epochs)) == line
