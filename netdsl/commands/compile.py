"""netdsl compile: make native code ahead of time, or show the program that will run."""

from __future__ import annotations

import time
from typing import Any

import click

from netdsl.commands.loading import load_plan_or_exit
from netdsl.commands.recipe_options import chosen_recipe, recipe_options
from netdsl.commands.running import (
    autotune_option,
    batch_option,
    check_precision,
    exact_option,
    precision_option,
    tell_problem,
)
from netdsl.commands.terminal import echo_folded
from netdsl.cores import thread_count
from netdsl.diagnostics import Diagnosed, file_error
from netdsl.planning.recipe_layers import recipe_layers
from netdsl.quantities import bytes_text


@click.command()
@click.argument("network", metavar="NET")
@click.option("--emit", is_flag=True, help="Print the program as one Python module instead of compiling it.")
@batch_option
@click.option("--inference", is_flag=True, help="The forward pass alone; without this, a training step.")
@recipe_options("loss", "optimizer", "factor", "freeze", "clip", "accumulate", "average")
@exact_option
@precision_option
@autotune_option
def command(
    network: str,
    emit: bool,
    batch: int,
    inference: bool,
    exact: bool,
    precision: str | None,
    autotune: bool,
    **settings: Any,
) -> None:
    """Compile NET to native code, or print its program with --emit.

    What the program depends on is that of NET's train block; options here win.
    The code goes to the kernel cache, where later runs of this and other networks find it.
    """
    plan = load_plan_or_exit(network)
    precision = precision or "float32"
    check_precision(precision)
    from netdsl.backend.numba.backend import open_backend
    from netdsl.backend.numba.compile.cache import DRIVER
    from netdsl.backend.numba.schedule.schedule import lay_out
    from netdsl.backend.numba.tools.listing import module_text
    from netdsl.program.learning import learning_of
    from netdsl.program.lower import inference_program, training_program

    recipe = chosen_recipe(plan.network, None, {"data": "digits", **settings})
    unknown = [
        file_error(mistake.code, plan.network.source.name, f"{entry}: {mistake.message}", *mistake.help)
        for entry, mistake in recipe_layers(plan, recipe).mistakes
    ]
    if unknown:
        raise Diagnosed(*unknown)
    if inference:
        program = inference_program(plan, batch, loss=recipe.loss, exact=exact, precision=precision)
    else:
        program = training_program(
            plan,
            batch,
            loss=recipe.loss,
            optimizer=recipe.optimizer,
            learning=learning_of(plan, recipe),
            exact=exact,
            precision=precision,
        )
    if autotune:
        from netdsl.measuring.tuning import tune

        tuned = tune([program], thread_count(None))
        echo_folded(str(tuned), err=True)
        program = program._replace(forms=tuned.forms)
    if emit:
        click.echo(module_text(program, plan.network.name), nl=False)
        return
    start = time.perf_counter()
    kernels = open_backend().kernels
    layout = lay_out(program)
    names = {launch.kernel.name for launch in layout.launches}
    kernels.load([DRIVER, *(launch.kernel for launch in layout.launches)], thread_count(None))
    seconds = time.perf_counter() - start
    echo_folded(
        f"{len(layout.launches)} launches of {len(names)} kernels, {kernels.compiled} of them compiled now"
        f" ({seconds:.1f} s); {bytes_text(layout.memory.arena_bytes)} for a step of {batch} images"
    )
    tell_problem(kernels.problem)
