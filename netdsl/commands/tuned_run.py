"""Runs whose convolutions take the forms that were fastest when they began."""

from __future__ import annotations

from netdsl.measuring.tuning import tune, unknown_forms
from netdsl.quantities import counted
from netdsl.training.run import Run


def tune_run(run: Run, threads: int) -> str:
    """Have a new run computed in the forms that are fastest here; one line that says what they are.

    The run's checkpoints carry them, so that it goes on in the same forms wherever and whenever.
    """
    tuned = tune(run.programs(), threads)
    run.machine.forms = tuned.forms
    return str(tuned)


def forms_warning(run: Run) -> str:
    """One line where this machine does not have the forms of a run that goes on, else nothing."""
    unknown = unknown_forms(run.programs(), run.machine.forms)
    if not unknown:
        return ""
    return (
        f"{counted(len(unknown), 'choice')} of this run's --autotune cannot be had here; the usual form "
        "takes its place, and the last bits of results may differ from those of the machine where it began"
    )
