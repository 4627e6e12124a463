"""netdsl compile: make native code ahead of time, or show the program that will run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from netdsl.commands.console.loading import load_plan_or_exit
from netdsl.commands.console.terminal import echo_folded
from netdsl.commands.running.options import (
    autotune_option,
    batch_option,
    check_precision,
    exact_option,
    precision_option,
    tell_problem,
)
from netdsl.commands.running.recipe_options import chosen_recipe, recipe_options
from netdsl.cores import thread_count
from netdsl.diagnostics import Diagnosed, file_error
from netdsl.planning.recipe_layers import recipe_layers
from netdsl.quantities import bytes_text

if TYPE_CHECKING:
    from netdsl.backend.numba.target import Target


LISTINGS = ("module", "program", "schedule", "kernels")
"""What --emit prints; the first where nothing is said. As ``tools.listing.LISTINGS``, which needs NumPy."""

TARGETS = ("avx512", "avx2", "sse", "neon")
"""As ``target.TARGETS``, which needs LLVM."""


class _Command(click.Command):
    """Lets --emit stand alone, also before NET."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        following = [*arguments[1:], ""]
        return super().parse_args(
            context,
            [
                f"--emit={LISTINGS[0]}" if argument == "--emit" and after not in LISTINGS else argument
                for argument, after in zip(arguments, following, strict=True)
            ],
        )


@click.command(cls=_Command)
@click.argument("network", metavar="NET")
@click.option(
    "--emit",
    type=click.Choice(LISTINGS),
    help="Print instead of compiling: one Python module with everything, or only the program's operations"
    " or the schedule, each with what its passes do, or the kernels."
    f" Without a value, {LISTINGS[0]}.",
)
@click.option(
    "--target",
    type=click.Choice(TARGETS),
    help="Vector instructions of the kernels; by default the best of this machine. --emit takes any.",
)
@batch_option
@click.option("--inference", is_flag=True, help="Compile only the forward pass instead of a training step.")
@recipe_options("loss", "optimizer", "factor", "freeze", "clip", "accumulate", "average")
@exact_option
@precision_option
@autotune_option
def command(
    network: str,
    emit: str | None,
    target: str | None,
    batch: int,
    inference: bool,
    exact: bool,
    precision: str | None,
    autotune: bool,
    **settings: Any,
) -> None:
    """Compile NET to native code, or print its program with --emit.

    The settings that the program depends on come from NET's train block; options here override it. The code
    goes to the kernel cache, where later runs of this and other networks find it.
    """
    plan = load_plan_or_exit(network)
    precision = precision or "float32"
    from netdsl.backend.numba.backend import NumbaBackend, open_backend
    from netdsl.backend.numba.compile.cache import DRIVER
    from netdsl.backend.numba.schedule.schedule import lay_out
    from netdsl.backend.numba.target import TARGETS as BY_NAME
    from netdsl.backend.numba.target import host
    from netdsl.backend.numba.tools.dump import LISTINGS as TEXTS
    from netdsl.program.learning import learning_of
    from netdsl.program.lower import inference_program, training_program
    from netdsl.program.program import Numerics

    machine = BY_NAME[target] if target else host().target
    _check_target(machine, precision, emits=emit is not None, autotune=autotune)
    recipe = chosen_recipe(plan.network, None, {"data": "digits", **settings})
    unknown = [
        file_error(mistake.code, plan.network.source.name, f"{entry}: {mistake.message}", *mistake.help)
        for entry, mistake in recipe_layers(plan, recipe).mistakes
    ]
    if unknown:
        raise Diagnosed(*unknown)
    numerics = Numerics(exact, precision)
    if inference:
        program = inference_program(plan, batch, loss=recipe.loss, numerics=numerics)
    else:
        program = training_program(
            plan,
            batch,
            loss=recipe.loss,
            optimizer=recipe.optimizer,
            learning=learning_of(plan, recipe),
            numerics=numerics,
        )
    if autotune:
        from netdsl.measuring.tuning import tune

        tuned = tune([program], thread_count(None))
        echo_folded(str(tuned), err=True)
        program = program.in_variants(tuned.variants)
    if emit:
        click.echo(TEXTS[emit](program, plan.network.name, machine), nl=False)
        return
    start = time.perf_counter()
    kernels = (open_backend() if machine == host().target else NumbaBackend(machine)).kernels
    layout = lay_out(program, machine)
    names = {launch.kernel.name for launch in layout.launches}
    try:
        kernels.load([DRIVER, *(launch.kernel for launch in layout.launches)], thread_count(None))
    except OSError as error:
        raise click.ClickException(str(error)) from error
    seconds = time.perf_counter() - start
    echo_folded(
        f"{len(layout.launches)} launches of {len(names)} kernels, {kernels.compiled} of them compiled now"
        f" ({seconds:.1f} s); {bytes_text(layout.memory.arena_bytes)} for a step of {batch} images"
    )
    tell_problem(kernels.problem)


def _check_target(machine: Target, precision: str, *, emits: bool, autotune: bool) -> None:
    """Raise where a target cannot do what is asked for, here or at all."""
    from netdsl.backend.numba.target import AVX512, host

    runs = ", ".join(one.name for one in host().targets)
    if machine not in host().targets and not emits:
        raise click.UsageError(
            f"this machine runs kernels for {runs}, not for {machine.name}; --emit works for every target"
        )
    if machine != host().target and autotune:
        raise click.UsageError(
            f"--autotune measures on this machine: leave out --target, or use {host().target.name}"
        )
    if precision == "bf16" and machine != host().target and machine != AVX512:
        raise click.UsageError(
            f"kernels for {machine.name} cannot multiply bfloat16: --precision bf16 needs --target avx512"
        )
    if not emits or machine == host().target:
        check_precision(precision)
