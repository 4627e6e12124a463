"""What the commands that run a network share: options, and words for people."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netdsl.backend import NAMES as BACKENDS
from netdsl.commands.console.terminal import say
from netdsl.quantities import PRECISIONS

if TYPE_CHECKING:
    from netdsl.searching.trial import Look
    from netdsl.training.metrics import Evaluation

Function = TypeVar("Function", bound=Callable[..., Any])


def batch_option(function: Function) -> Function:
    return click.option(
        "--batch",
        metavar="N",
        type=click.IntRange(1, 2**20),
        default=64,
        show_default=True,
        help="Images per step.",
    )(function)


def threads_option(function: Function) -> Function:
    return click.option(
        "--threads",
        type=click.IntRange(1, 4096),
        metavar="N",
        help="Processor cores to use; all by default. Results do not depend on it.",
    )(function)


def backend_option(function: Function) -> Function:
    return click.option(
        "--backend",
        type=click.Choice(BACKENDS),
        default="numba",
        show_default=True,
        help="numba compiles the network; numpy is the slow reference.",
    )(function)


def exact_option(function: Function) -> Function:
    return click.option(
        "--exact",
        is_flag=True,
        help="Use only direct convolutions: slower, with smaller rounding errors.",
    )(function)


def autotune_option(function: Function) -> Function:
    return click.option(
        "--autotune",
        is_flag=True,
        help="Time all kernel variants of each convolution and fully connected layer on this machine first,"
        " and use the fastest. Earlier timings are reused.",
    )(function)


def precision_option(function: Function) -> Function:
    return click.option(
        "--precision",
        type=click.Choice(PRECISIONS),
        help="bf16 rounds the factors of products in training to bfloat16, which is faster where "
        "the processor"
        " has it; float32 by default.",
    )(function)


def check_precision(precision: str | None, backend: str = "numba") -> None:
    """Raise Diagnosed (ND542) where the processor or the backend has no such precision; say if it is slow."""
    if precision in (None, "float32"):
        return
    from netdsl.measuring.precision import require_precision, slow_bfloat16

    require_precision(backend)
    if warning := slow_bfloat16():
        say(warning)


def format_option(function: Function) -> Function:
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(("text", "json")),
        default="text",
        show_default=True,
        help="Output format.",
    )(function)


def calm_numpy(backend: str) -> None:
    """Keep NumPy's matrix library from threads of its own, which spin beside those of a compiled network.

    Of use before NumPy is loaded. With two such threads on two busy cores a look into LeNet-5 was measured
    at 15 s, with one at 0.15 s.
    """
    if backend == "numba":
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        os.environ.setdefault("MKL_NUM_THREADS", "1")


def percent(share: float) -> str:
    """``98.33 %`` for 0.98333."""
    return f"{share * 100:.2f} %"


def accuracy_text(evaluation: Evaluation | Look) -> str:
    """``accuracy 98.33 %``, with its interval where the images are few."""
    from netdsl.training.metrics import CONFIDENCE, FEW_IMAGES

    shown = f"accuracy {percent(evaluation.accuracy)}"
    if evaluation.images >= FEW_IMAGES:
        return shown
    low, high = (f"{share * 100:.2f}" for share in evaluation.interval)
    return f"{shown} ({CONFIDENCE * 100:.0f} % interval {low} to {high} %)"


def tell_problem(problem: str) -> None:
    """Say why the compiled code could not be kept, where it could not: the next run compiles again."""
    if problem:
        say(f"the compiled code could not be kept for the next run: {problem}")


def run_stem(network: str) -> str:
    """The part of the run folder's name that says which network it is."""
    from pathlib import Path  # which checking does not load

    stem = Path(network).stem if network != "-" else "stdin"
    return "".join(letter if letter.isalnum() or letter in "._" else "-" for letter in stem)[:60] or "run"
