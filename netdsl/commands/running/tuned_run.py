"""Runs whose convolutions take the variants that were fastest when they began."""

from __future__ import annotations

from netdsl.measuring.tuning import tune, unknown_variants
from netdsl.quantities import counted
from netdsl.training.run import Run


def tune_run(run: Run, threads: int) -> tuple[Run, str]:
    """A new run in the variants that are fastest here, and one line that says what they are.

    The run's checkpoints carry them, so that it goes on in the same variants wherever and whenever.
    """
    tuned = tune(run.programs(), threads)
    return run.in_variants(tuned.variants), str(tuned)


def variants_warning(run: Run) -> str:
    """One line where this machine does not have the variants of a run that goes on, else nothing."""
    unknown = unknown_variants(run.programs(), run.sessions.programs.variants)
    if not unknown:
        return ""
    return (
        f"not available on this machine: {counted(len(unknown), 'kernel variant')} of this run's --autotune; "
        "using the default, so the last bits of results may differ from those of the machine where it began"
    )
