"""netdsl train --overfit N: whether the network can learn a few images by heart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from netdsl.commands.console.listening import unheard
from netdsl.commands.console.loading import show
from netdsl.commands.console.terminal import echo_folded, say
from netdsl.commands.running.options import percent
from netdsl.quantities import counted

if TYPE_CHECKING:
    from netdsl.training.memorising import Learned
    from netdsl.training.run import Run

_STILL = 0.95
"""Of a loss: what is more than this share of it has not fallen."""


def overfit(run: Run, count: int) -> int:
    """Train on ``count`` images of the training part until they are known, and say so; the exit code.

    The run is one of a plan and a recipe that ``memorising.by_heart`` gave. No file is written.
    """
    from netdsl.data.split import Parts
    from netdsl.training.few_images import some_of_each_class
    from netdsl.training.memorising import learn_by_heart

    started = time.perf_counter()
    chosen = some_of_each_class(run.dataset.labels, run.parts.train, count, run.recipe.seed)
    run.parts = Parts(chosen, chosen, chosen)
    classes = len(set(run.dataset.labels[chosen].tolist()))
    with unheard():
        show(run.findings)
    what = f"{_images(run)} by heart, of {classes} of {len(run.dataset.classes)} classes"
    say(f"learning {what}, {_settings(run)}")
    told, history = 0, []
    for learned in learn_by_heart(run):
        history.append(learned)
        if learned.steps >= 2 * told and not learned.fits:
            say(f"  {_figures(learned)}")
            told = learned.steps
    last = history[-1]
    spent = f"in {time.perf_counter() - started:.1f} s"
    if last.fits:
        echo_folded(f"the network fits {_images(run)}: {_figures(last)}, {spent}")
        return 0
    echo_folded(f"the network does not fit {_images(run)}: {_figures(last)}, {spent}")
    for hint in _hints(run, history):
        say(f"  - {hint}", indent="    ")
    from netdsl.training.diagnosis import diagnose

    with unheard():
        show(diagnose(run))
    return 1


def _images(run: Run) -> str:
    return counted(len(run.parts.train), "image")


def _settings(run: Run) -> str:
    rate = run.recipe.rate
    return f"at a constant rate of {rate:g}, without decay, smoothing, dropout or augmentation"


def _figures(learned: Learned) -> str:
    steps = counted(learned.steps, "step")
    return f"loss {learned.loss:.4f}, accuracy {percent(learned.accuracy)} after {steps}"


def _hints(run: Run, history: list[Learned]) -> list[str]:
    """What may be the reason, the likeliest first."""
    from netdsl.training.memorising import contradiction

    found = []
    pair = contradiction(run)
    if pair is not None:
        one, other = (run.dataset.classes[run.dataset.labels[number]] for number in pair)
        twins = f"images {pair[0]} and {pair[1]} of {run.dataset.name} are equal"
        found.append(f"{twins}, and their classes are {one} and {other}: nothing fits both")
    first, middle, last = history[0].loss, history[(len(history) - 1) // 2].loss, history[-1].loss
    rate = run.recipe.rate
    if len(history) == 1:
        found.append("one pass says little: allow more with --epochs")
    elif last > _STILL * first:
        rates = f"--rate {rate / 10:g} or {rate * 10:g}"
        found.append(f"the loss does not fall: {rates} may help, and netdsl lr-find measures one")
    elif last < _STILL * middle:
        found.append("the loss is still falling: allow more passes with --epochs, or raise --rate")
    else:
        found.append("the loss has stopped falling: lower --rate, or enlarge the network")
    found.append(
        "an activation after the last layer, or a loss that does not suit it, keeps scores from growing"
    )
    found.append("wrong labels are learned late or never")
    return found
