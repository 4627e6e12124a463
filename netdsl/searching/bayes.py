"""Where trials are likely to be good, from those that there are: Optuna's samplers and pruners.

Optuna is asked again for each trial, with the journal's trials and a seed of the trial's number: so a search
in one process depends on nothing else, also where it was interrupted. The only module that imports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from netdsl.data.randomness import stream
from netdsl.diagnostics import Diagnosed, Diagnostic, Severity
from netdsl.recipe.points import own_point, recipe_at
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.search import Choices, Range
from netdsl.recipe.search_settings import chosen_by_name, path_of
from netdsl.searching.journal_records import new_trial
from netdsl.searching.points import frozen, random_besides, rounded
from netdsl.searching.trial import State, Trial

if TYPE_CHECKING:
    import optuna

_ATTEMPTS = 20
"""Proposals that were tried before; then the next one at random takes their place."""

_PRUNE_AFTER = 5
"""Whole trials before one is given up, as Optuna's default."""


def require_optuna() -> None:
    """Raise Diagnosed (ND558) where there is no Optuna, or one that cannot be imported."""
    try:
        with _quiet():
            return
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == "optuna"
        message = "Optuna is not installed" if absent else f"Optuna cannot be imported: {error}"
        cures = ("pip install 'netdsl[search]'", "or search without it: --method random, or --method grid")
        raise Diagnosed(Diagnostic("ND558", Severity.ERROR, message, help=cures)) from error


@contextmanager
def _quiet() -> Iterator[Any]:
    """Optuna, without what it says to standard error."""
    import warnings

    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        yield optuna


def proposed(recipe: Recipe, trials: list[Trial]) -> dict[str, Any] | None:
    """The recipe of the next trial, by the tree-structured Parzen estimator; None where all were tried.

    Bergstra, Bardenet, Bengio, Kégl, 2011, "Algorithms for Hyper-Parameter Optimization", section 4. The
    first one is the recipe that was written, where the search reaches it, the others of the first ten are
    drawn at random; trials that are running count as bad ones (the constant liar), so that
    processes side by side look in different places.
    """
    tried = {frozen(trial.point) for trial in trials}
    number = len(trials) + 1
    if not trials and (own := own_point(recipe)) is not None:
        return own
    with _quiet() as optuna:
        history = [_known(optuna, recipe, trial) for trial in trials if trial.state is not State.FAILED]
        for attempt in range(_ATTEMPTS):
            purpose = f"trial {number} of a search, proposal {attempt}"
            seed = int(stream(recipe.seed, purpose).integers(2**31))
            sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
            study = optuna.create_study(direction="maximize", sampler=sampler)
            study.add_trials(history)
            point = _point(recipe, study.ask())
            if frozen(point) not in tried:
                return point
    return random_besides(recipe, tried)


def _point(recipe: Recipe, trial: optuna.Trial) -> dict[str, Any]:
    """A value for each setting, names first, since they say which others there are."""
    found: dict[str, Any] = {}
    for one in sorted(recipe.search, key=lambda one: one.setting not in chosen_by_name()):
        if one.setting in chosen_by_name() or path_of(recipe_at(recipe, found), one.setting):
            found[one.setting] = _suggested(trial, one)
    return {one.setting: found[one.setting] for one in recipe.search if one.setting in found}


def _suggested(trial: optuna.Trial, one: Range | Choices) -> Any:
    if isinstance(one, Choices):
        return trial.suggest_categorical(one.setting, one.values)
    if one.whole:
        return trial.suggest_int(one.setting, int(one.low), int(one.high), log=one.logarithmic)
    return rounded(one, trial.suggest_float(one.setting, one.low, one.high, log=one.logarithmic))


def _known(optuna: Any, recipe: Recipe, trial: Trial) -> Any:
    """A trial as Optuna knows it."""
    written = new_trial(recipe.search, trial.point)["distributions"]
    to_distribution = optuna.distributions.json_to_distribution
    ended = trial.state is not State.RUNNING
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState(int(trial.state)),
        value=trial.result.accuracy if ended and trial.result else None,
        params=dict(trial.point),
        distributions={name: to_distribution(text) for name, text in written.items()},
        intermediate_values=dict(enumerate(trial.accuracies, start=1)),
    )


def lags_behind(recipe: Recipe, trials: list[Trial], trial: Trial, epochs: int) -> bool:
    """Whether a running trial is worse than the median of the whole ones at the same epoch.

    Optuna's MedianPruner; not before a quarter of the ``epochs`` of the trial, and not before there are
    five whole ones (Golovin et al., 2017, "Google Vizier", section 3.2.2: the median stopping rule).
    """
    whole = [other for other in trials if other.state is State.COMPLETE]
    if len(whole) < _PRUNE_AFTER:
        return False
    with _quiet() as optuna:
        pruner = optuna.pruners.MedianPruner(_PRUNE_AFTER, n_warmup_steps=max(epochs // 4, 1))
        study = optuna.create_study(direction="maximize", pruner=pruner)
        study.add_trials([_known(optuna, recipe, other) for other in whole])
        return bool(pruner.prune(study, _known(optuna, recipe, trial)))
