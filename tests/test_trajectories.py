"""Fifty steps of every loss, with its options, and of every schedule, against PyTorch's own classes.

Each loss is trained under a schedule of its own, so that one run proves both. In double precision NumPy and
PyTorch agree to many digits; compiled code is held to NumPy in single precision, and to itself with other
numbers of threads and after interruptions.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

import pytest
from trajectories import LOSSES, NETWORKS, STEPS, Criterion, by_torch, case, check_compiled, compare, trained

from netdsl.losses import losses
from netdsl.schedules import schedules

RATE, EPOCHS = 0.02, 5
LENGTH = STEPS // EPOCHS
OPTIMIZER = f"optimizer sgd rate {RATE} momentum 0.9 decay 0.01"
WEIGHTS = {"lenet": (1, 2, 3, 4, 5, 0.5, 0.5, 1, 1, 2), "normalised": (1, 2, 4, 0.5, 0.25)}


def cross_entropy(**settings: Any) -> Criterion:
    return lambda torch, scores, labels: torch.nn.CrossEntropyLoss(**settings)(scores, labels)


def weighted(network: str, **settings: Any) -> Criterion:
    def criterion(torch: Any, scores: Any, labels: Any) -> Any:
        weights = torch.tensor(WEIGHTS[network]).double()
        return torch.nn.CrossEntropyLoss(weight=weights, **settings)(scores, labels)

    return criterion


def margins(**settings: Any) -> Criterion:
    """PyTorch divides by the classes as well."""
    return lambda torch, scores, labels: (
        scores.shape[1] * torch.nn.MultiMarginLoss(**settings)(scores, labels)
    )


def squares(torch: Any, outputs: Any, labels: Any) -> Any:
    wanted = torch.nn.functional.one_hot(labels, outputs.shape[1]).double()
    return torch.nn.MSELoss(reduction="sum")(outputs, wanted) / (2 * len(labels))


def rule(torch: Any, scores: Any, labels: Any) -> Any:
    """PyTorch has no such class."""
    wanted = torch.nn.functional.one_hot(labels, scores.shape[1]).double()
    return (((scores > 0).double() - wanted) * scores).sum() / len(labels)


CRITERIA: dict[str, Callable[[str], Criterion]] = {
    "cross-entropy": lambda _: cross_entropy(),
    "cross-entropy smoothing 0.1": lambda _: cross_entropy(label_smoothing=0.1),
    "cross-entropy weights WEIGHTS": weighted,
    "cross-entropy smoothing 0.2 weights WEIGHTS": lambda network: weighted(network, label_smoothing=0.2),
    "l2": lambda _: squares,
    "hinge": lambda _: margins(),
    "hinge margin 2.5": lambda _: margins(margin=2.5),
    "hinge margin 0.5 squared": lambda _: margins(margin=0.5, p=2),
    "perceptron": lambda _: rule,
}

Scheduler = Callable[[Any, Any], Any]
"""A class of torch.optim.lr_scheduler for an optimizer."""


def climb_then(rest: Scheduler) -> Scheduler:
    """Warm-up for an epoch."""

    def make(s: Any, o: Any) -> Any:
        climb = s.LinearLR(o, start_factor=1 / LENGTH, total_iters=LENGTH - 1)
        return s.SequentialLR(o, [climb, rest(s, o)], milestones=[LENGTH])

    return make


SCHEDULERS: dict[str, Scheduler] = {
    "constant": lambda s, o: s.ConstantLR(o, factor=1.0),
    "step 0.5 every 2": lambda s, o: s.StepLR(o, 2 * LENGTH, 0.5),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, STEPS),
    "cosine to 1e-3": lambda s, o: s.CosineAnnealingLR(o, STEPS, 1e-3),
    f"{RATE}*1 : {RATE / 10}*3 : {RATE / 100}*1": lambda s, o: s.MultiStepLR(o, [LENGTH, 4 * LENGTH], 0.1),
    "plateau 0.2 after 1": lambda s, o: s.ReduceLROnPlateau(o, factor=0.2, patience=1),
    "warmup 1, cosine": climb_then(lambda s, o: s.CosineAnnealingLR(o, STEPS - LENGTH)),
    "warmup 1, step 0.5 every 2": climb_then(lambda s, o: s.StepLR(o, 2 * LENGTH, 0.5)),
    "warmup 1": climb_then(lambda s, o: s.ConstantLR(o, factor=1.0)),
}


def scheduled(make: Scheduler) -> list[float]:
    """The rates of all steps; a plateau hears of validation after each epoch."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    found = []
    for step in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if not isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step()
        elif (step + 1) % LENGTH == 0:
            scheduler.step(LOSSES[step // LENGTH])
    return found


PAIRS = list(
    islice(zip(cycle(CRITERIA), cycle(SCHEDULERS), strict=True), max(len(CRITERIA), len(SCHEDULERS)))
)
"""Each loss and each schedule at least once."""


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(("loss", "schedule"), PAIRS)
def test_losses_and_schedules(network: str, loss: str, schedule: str) -> None:
    weights = "{" + ", ".join(map(str, WEIGHTS[network])) + "}"
    entries = (f"loss {loss.replace('WEIGHTS', weights)}", f"schedule {schedule}", f"epochs {EPOCHS}")
    one = case(network, OPTIMIZER, *entries)
    exact = trained(one, "float64")
    criterion = CRITERIA[loss](network)
    compare(exact, by_torch(one, torch_sgd, criterion, scheduled(SCHEDULERS[schedule])))
    check_compiled(one, exact)


def torch_sgd(torch: Any, groups: list[dict[str, Any]]) -> Any:
    return torch.optim.SGD(groups, lr=RATE, momentum=0.9)


def test_every_loss_and_schedule_has_a_case() -> None:
    assert {text.split()[0] for text in CRITERIA} == set(losses())
    named = {word for text in SCHEDULERS for word in text.replace(",", "").split()}
    # Rates in a row have no name.
    assert set(schedules()) <= named | {"piecewise"}
