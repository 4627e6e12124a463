"""netdsl train: learn from data, in a run folder that can be evaluated, used and gone on with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import click

from netdsl.commands.console.listening import unheard
from netdsl.commands.console.loading import load_plan_or_exit, show
from netdsl.commands.console.terminal import echo_folded, say, say_command
from netdsl.commands.console.writing import check_named, picture_path
from netdsl.commands.running.options import (
    accuracy_text,
    autotune_option,
    backend_option,
    calm_numpy,
    check_precision,
    exact_option,
    percent,
    precision_option,
    run_stem,
    tell_problem,
    threads_option,
)
from netdsl.commands.running.recipe_options import chosen_recipe, recipe_options
from netdsl.cores import thread_count
from netdsl.quantities import bytes_text, counted, duration

if TYPE_CHECKING:
    from netdsl.commands.console.interruption import Interruption
    from netdsl.planning.plan import Plan
    from netdsl.recipe.recipe import Recipe
    from netdsl.training.run import Run
    from netdsl.training.run_folder import RunFolder

_FREE_ON_RESUME = ("data", "epochs", "stop")
"""Settings that may change when a run goes on: the data may have moved, more epochs may be wanted."""


_NOTICED_SECONDS = 1.5


@click.command()
@click.argument("network", metavar="NET", required=False)
@click.option("--out", metavar="FOLDER", help="Run folder; runs/NET-1, -2 and so on by default.")
@recipe_options()
@exact_option
@precision_option
@autotune_option
@threads_option
@backend_option
@click.option("--recipe", metavar="FILE", help="A .train file to use instead of the network's train block.")
@click.option(
    "--from",
    "origin",
    metavar="RUN|FILE",
    help="Start from the weights of a run or a .safetensors file, where names and shapes match.",
)
@click.option(
    "--show-batch",
    metavar="FILE.png",
    help="Write the first training batch, augmented and labelled, as an image file, without training.",
)
@click.option("--resume", metavar="FOLDER", help="Continue the run in this folder.")
@click.option(
    "--fast-dev-run",
    is_flag=True,
    help="Try every phase of the run on a few images, and keep no files except in --out.",
)
@click.option(
    "--overfit",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Train on N images until the network has memorised them, and report whether it can.",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    network: str | None,
    out: str | None,
    threads: int | None,
    backend: str,
    recipe: str | None,
    origin: str | None,
    show_batch: str | None,
    resume: str | None,
    fast_dev_run: bool,
    overfit: int | None,
    exact: bool,
    precision: str | None,
    autotune: bool,
    **settings: Any,
) -> None:
    """Train NET, a network file or a name of the zoo, and measure it on the test images.

    Settings come from the train block of NET or from a .train file; options here override them. The run
    folder's recipe.json lists them all. Ctrl-C, SIGTERM and a closed terminal save and stop; --resume
    continues exactly where the run stopped.
    """
    check_named(context, out, "folder", "--out")
    sheet = None if show_batch is None else picture_path(context, show_batch, "--show-batch")
    if autotune and backend != "numba":
        raise click.UsageError("--autotune needs compiled kernels: --backend numba", context)
    calm_numpy(backend)
    given = {name: value for name, value in settings.items() if value is not None}
    if exact:
        given["exact"] = True
    if precision is not None:
        given["precision"] = precision
    if resume is not None:
        others: dict[str, Any] = {"recipe": recipe, "from": origin, "autotune": autotune or None, "out": out}
        others |= {"fast-dev-run": fast_dev_run or None, "overfit": overfit, "show-batch": show_batch}
        _check_resume(context, given | {name: value for name, value in others.items() if value is not None})
        from netdsl.commands.running.tuned_run import variants_warning
        from netdsl.training.run_folder import old_run_folder

        with closing(old_run_folder(Path(resume))) as folder:
            run = _continued(folder, network, given, backend, threads)
            if backend == "numba" and (warning := variants_warning(run)):
                say(warning)
            code = _train(run, folder, thread_count(threads))
    elif network is None:
        raise click.UsageError(
            "name the network to train, such as nets/lenet.net, or a run with --resume", context
        )
    else:
        from netdsl.commands.running.tuned_run import tune_run
        from netdsl.training.run_folder import new_run_folder

        if overfit is not None and (out is not None or fast_dev_run):
            raise click.UsageError("--overfit is a test, not a run, and writes no files", context)
        check_precision(precision, backend)
        plan = load_plan_or_exit(network)
        chosen = chosen_recipe(plan.network, recipe, given)
        if overfit is not None:
            from netdsl.training.memorising import by_heart

            plan, chosen = by_heart(plan, chosen, overfit, given.get("epochs"))

        def make() -> Run:
            run = _new(plan, chosen, backend, threads)
            if origin is not None:
                _start_from(Path(origin), run)
            return run

        if sheet is not None:
            _show_batch(make(), sheet)
            if not fast_dev_run:
                context.exit(0)
        if overfit is not None:
            from netdsl.commands.running.overfitting import overfit as learn

            context.exit(learn(make(), overfit))
        if fast_dev_run:
            from netdsl.commands.running.dry_run import dry_run

            context.exit(dry_run(make, None if out is None else Path(out), run_stem(network)))
        run = make()
        with closing(new_run_folder(None if out is None else Path(out), run_stem(network))) as folder:
            if autotune:
                with _patience("timing all kernel variants on this machine; later runs reuse the fastest"):
                    run, line = tune_run(run, thread_count(threads))
                say(line)
            code = _train(run, folder, thread_count(threads))
    context.exit(code)


def _show_batch(run: Run, path: Path) -> None:
    """Write what the first step will see."""
    from netdsl.training.contact_sheet import sheet_of_first_batch
    from netdsl.writing import replace_file

    with unheard():
        show(run.findings)
    replace_file(path, [sheet_of_first_batch(run)], cure="free some space or name another file")
    echo_folded(f"the first batch as the network sees it: {path}")


def _check_resume(context: click.Context, given: dict[str, Any]) -> None:
    fixed = [name for name in given if name not in _FREE_ON_RESUME]
    if fixed:
        name = fixed[0].replace("_", "-")
        raise click.UsageError(
            f"--{name} cannot change when a run continues: it would not be the same run", context
        )


def _new(plan: Plan, recipe: Recipe, backend: str, threads: int | None) -> Run:
    from netdsl.backend import backend as open_backend
    from netdsl.training.run import new_run

    return new_run(plan, recipe, open_backend(backend), thread_count(threads))


def _start_from(path: Path, run: Run) -> None:
    """Take weights from elsewhere, and say which."""
    from netdsl.training.starting_weights import start_from, table_of

    stored = run.sessions.programs.stored("train", run.first_batch)
    run.pretrained = True
    for line in table_of(start_from(path, stored, run.sessions.store)):
        say(line)


def _continued(
    folder: RunFolder, network: str | None, given: dict[str, Any], backend: str, threads: int | None
) -> Run:
    from netdsl.backend import backend as open_backend
    from netdsl.training.checkpoint import check_network
    from netdsl.training.run import continued_run, data_to_read
    from netdsl.training.trained_model import plan_of

    saved, path = folder.load_last()
    check_precision(saved.recipe.precision, backend)
    if path != folder.last:
        say(f"{folder.last} is damaged; continuing from {path}, which gives the same result")
    plan = plan_of(saved, path)
    if network is not None:
        check_network(saved, load_plan_or_exit(network), path)
    command = f"netdsl train --resume {_quoted(folder.path)}"
    given["data"] = data_to_read(saved.recipe.data, given.get("data"), path, command)
    recipe = saved.recipe._replace(**given)
    if recipe.epochs < saved.progress.epoch or (
        recipe.epochs == saved.progress.epoch and saved.progress.step
    ):
        raise click.BadParameter(
            f"the run is already past epoch {saved.progress.epoch}", param_hint="--epochs"
        )
    begun = saved.progress.epoch + bool(saved.progress.step)
    if recipe.schedule.follows_epochs(begun, saved.recipe.epochs, recipe.epochs):
        say(
            f"the rates so far were scheduled for a run of {counted(saved.recipe.epochs, 'epoch')}; "
            f"the result differs from that of {recipe.epochs} in one run"
        )
    return continued_run(saved, path, plan, recipe, open_backend(backend), thread_count(threads))


def _train(run: Run, folder: RunFolder, threads: int) -> int:
    """Train, save, test; the exit code."""
    from netdsl.commands.console.interruption import Interruption
    from netdsl.commands.running.example_picture import save_example

    with unheard():
        show(run.findings)
    started = time.perf_counter()
    folder.describe(run.recipe, run.network_text)
    if not run.progress.begun:
        # Saved before the first step, so that a disk that cannot take the run is found now, and
        # so that there is something to go on from whenever the process dies.
        folder.save(run.checkpoint())
    saving_seconds = time.perf_counter() - started
    before = run.progress.epoch
    with Interruption() as interruption:
        with (
            _patience("compiling the network for this machine; later runs reuse it"),
            interruption.at_once(lambda: _say_stopped(run, folder, interruption)),
        ):
            run.bind()
        problem = run.sessions.programs.problem
        _tell_problem(problem)
        say(_opening(run, threads) + _estimate(run, saving_seconds))
        if note := run.batch_note:
            say(note)
        for line in run.dataset.reading:
            say(f"{run.dataset.name}: {line}")
        _learn(run, folder, interruption)
        if interruption.received:
            _say_stopped(run, folder, interruption)
            return interruption.exit_code
    best = run.progress.best
    assert best is not None
    outcome = run.test(folder)
    if not problem:
        _tell_problem(run.sessions.programs.problem)
    if run.progress.epoch < run.recipe.epochs:
        say(
            f"stopped early, after epoch {run.progress.epoch} of {run.recipe.epochs}: none of the last "
            f"{run.progress.epoch - best.epoch} was better than epoch {best.epoch}. To continue anyway:"
        )
        patience = run.progress.epoch - best.epoch + run.recipe.stop
        say_command(f"netdsl train --resume {_quoted(folder.path)}{_data_option(run)} --stop {patience}")
    say(
        f"{counted(run.progress.epoch, 'epoch')} done, {run.progress.epoch - before} of them now, "
        f"in {time.perf_counter() - started:.1f} s; "
        f"best after epoch {best.epoch}, with validation accuracy {percent(best.validation_accuracy)}"
    )
    say(f"saved to {folder.path}; next:")
    say_command(f"netdsl eval {_quoted(folder.path)}{_data_option(run)}")
    if not run.plan.example.several:
        example = save_example(run, folder)
        say_command(
            f"netdsl predict {_quoted(folder.path)} {'IMAGE' if example is None else _quoted(example)}"
        )
    echo_folded(f"test {accuracy_text(outcome)}")
    return 0


def _learn(run: Run, folder: RunFolder, interruption: Interruption) -> None:
    """Show every record, to the end of the last epoch or until a signal comes; then all is saved."""
    from netdsl.commands.running.progress import display
    from netdsl.training.diagnosis import findings_at

    images = len(run.parts.train)
    done = min(run.progress.step * run.recipe.batch, images)
    with display(run.pace, run.recipe.epochs, run.progress.epoch, images, done) as shown:
        for record in run.records(folder):
            shown.show(record)
            with unheard():
                show(findings_at(run, record))
            if interruption.received:
                folder.save(run.checkpoint())
                break


def _say_stopped(run: Run, folder: RunFolder, interruption: Interruption) -> None:
    assert interruption.received is not None
    say(
        f"stopped by {interruption.received.name} after epoch {run.progress.epoch}, "
        f"step {run.progress.step} of the next; everything is saved. Continue with:"
    )
    say_command(f"netdsl train --resume {_quoted(folder.path)}{_data_option(run)}")


def _opening(run: Run, threads: int) -> str:
    """One line that says what is trained on what, with what."""
    parts = "/".join(f"{len(part):,}" for part in run.parts)
    needed = run.sessions.bytes + run.dataset.pixels.nbytes
    return (
        f"training {run.plan.network.name}, {run.plan.parameter_count:,} parameters, "
        f"on {run.dataset.name}: {parts} images for train/validation/test, "
        f"{run.first_batch} per step; {counted(threads, 'thread')}, {bytes_text(needed)} of memory"
    )


def _estimate(run: Run, saving_seconds: float) -> str:
    """How long it will take, where a few steps can be made to find out."""
    seconds = run.rehearse(saving_seconds)
    if seconds is None:
        reason = run.unrehearsed
        return f"; {reason}" if reason else ""
    word = "at most about" if run.recipe.stop else "about"
    return f"; {word} {duration(seconds)}{' left' if run.progress.begun else ''}"


@contextmanager
def _patience(line: str) -> Iterator[None]:
    """Explain a wait, but only where it is long enough to be noticed."""
    timer = Timer(_NOTICED_SECONDS, say, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _data_option(run: Run) -> str:
    """What has to be said again of the data, because no checkpoint decides which files are opened."""
    from netdsl.data import digits

    return "" if run.recipe.data == digits.NAME else f" --data {_quoted(run.recipe.data)}"


def _quoted(path: Path | str) -> str:
    """A path as a shell reads it."""
    import shlex

    return shlex.quote(str(path))


def _tell_problem(problem: str) -> None:
    with unheard():
        tell_problem(problem)
