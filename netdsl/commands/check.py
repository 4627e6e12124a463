"""netdsl check: volumes, parameters and costs of networks, and what is wrong with them."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

import click

from netdsl.commands.checking.gate import CLEAN, FINDINGS, USAGE, Gate
from netdsl.commands.checking.gate_options import gate_options, given
from netdsl.commands.checking.inputs import named_networks
from netdsl.commands.checking.many_files import LOOKED_AT, Manner
from netdsl.commands.checking.mending import Task, mend, show_changes
from netdsl.commands.checking.outcome import Outcome, Wanted
from netdsl.commands.checking.outputs import (
    Outputs,
    Report,
    add_step_summary,
    check_free,
    check_standard_output,
    read_outputs,
)
from netdsl.commands.console.loading import show
from netdsl.commands.console.terminal import echo_folded, width_of
from netdsl.diagnostics import Diagnostic, Severity
from netdsl.planning.network_files import STDIN
from netdsl.reports.formats import FORMATS

_TRIED_FILES = 100
"""Of so many files it is tried which fixes are kept, which takes another check or more."""


def _read_columns(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """``weights,connections`` as the names of columns; empty where none is asked for."""
    if not values:
        return ()
    from netdsl.counting.columns import column_names

    written = ",".join(values).split(",")
    names = [name.strip().lower().replace("-", "_") for name in written if name.strip()]
    if not names:
        raise click.BadParameter(f"choose from {', '.join(column_names())}", ctx, param)
    _check_known(names, column_names(), "column", ctx, param)
    return tuple(dict.fromkeys(names))


def _read_tools(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    names = [value.lower() for value in values]
    if names:
        from netdsl.counting import tool_names

        _check_known(names, tool_names(), "tool", ctx, param)
    return tuple(dict.fromkeys(names))


def _check_known(
    names: Sequence[str], known: Sequence[str], noun: str, ctx: click.Context, param: click.Parameter
) -> None:
    for name in names:
        if name not in known:
            from netdsl.spelling import did_you_mean

            near = did_you_mean(name, known)
            hint = f"did you mean {near}?" if near else f"choose from {', '.join(known)}"
            raise click.BadParameter(f"there is no {noun} called {name!r}: {hint}", ctx, param)


@click.command()
@click.argument("networks", metavar="NETWORK...", nargs=-1, required=True)
@click.option(
    "--format",
    "formats",
    metavar="FORMAT[=FILE]",
    multiple=True,
    callback=read_outputs,
    help=f"Output format, {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, and its file; standard output (-) by "
    "default. May be repeated; text by default.",
)
@click.option(
    "--columns",
    "columns",
    metavar="NAME,...",
    multiple=True,
    callback=_read_columns,
    help="Columns of the table: parameters, weights, biases, bn_affine, bn_statistics, connections, "
    "macs, flops, activations, kept, parameter_bytes, receptive_field. May be repeated.",
)
@click.option(
    "--like",
    "tools",
    metavar="TOOL",
    multiple=True,
    callback=_read_tools,
    help="Add the totals that another tool reports, and what it counts differently: alexeyab "
    "(the fork of Darknet), caffe, darknet (pjreddie's), fvcore, keras, netscope, paper or torchinfo. May be "
    "repeated.",
)
@click.option("--fix", is_flag=True, help="Apply to the files every fix that keeps the network.")
@click.option(
    "--unsafe-fixes",
    "--unsafe",
    "unsafe",
    is_flag=True,
    help="With --fix or --diff: also apply fixes that change the network.",
)
@click.option("--diff", is_flag=True, help="Show what --fix would change, without changing it.")
@click.option(
    "--recipe",
    is_flag=True,
    help="Show the whole recipe: every setting and the learning rate over the epochs.",
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Number of processes; the number of cores by default.",
)
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache of earlier checks.")
@click.option("--watch", is_flag=True, help="Check again whenever one of the files changes, until Ctrl-C.")
@click.option("--stdin-name", metavar="FILE", help="Name of standard input in findings.")
@gate_options
@click.option("--quiet", "-q", is_flag=True, help="Show only errors and warnings: no tables, no notes.")
@click.pass_context
def command(
    ctx: click.Context,
    networks: tuple[str, ...],
    formats: Outputs,
    columns: tuple[str, ...],
    tools: tuple[str, ...],
    fix: bool,
    unsafe: bool,
    diff: bool,
    recipe: bool,
    jobs: int | None,
    no_cache: bool,
    watch: bool,
    stdin_name: str | None,
    quiet: bool,
) -> None:
    """Check networks: volumes, parameters, costs, mistakes.

    Each NETWORK is a file, a folder with all .net and .train files in it, a pattern such as "nets/**/*.net",
    the name of a shipped network, or - for standard input. Mistakes go to standard error, tables to standard
    output. A last line counts errors and warnings. The exit code is 1 if there is a mistake.
    """
    if watch:
        _watch(ctx, networks)
    gc.disable()  # a large network is many small objects, and few of them become garbage
    ctx.call_on_close(gc.enable)
    gate = Gate(given(ctx), stdin_name)
    networks = gate.kept(named_networks(networks), networks)
    if not networks:
        echo_folded("nothing to check: the settings exclude every file", err=True)
    if stdin_name is not None and STDIN not in networks:
        raise click.UsageError("--stdin-name needs - as the network", ctx)
    if unsafe and not (fix or diff):
        raise click.UsageError("--unsafe-fixes needs --fix or --diff", ctx)
    looked_at = gate.looked_at(networks)
    task = Task(networks, [gate.settings_of(name) for name in networks], jobs, unsafe, stdin_name)
    if diff:
        _show_changes(task, gate, ctx)
    quiet, columns = quiet or gate.configuration.quiet, columns or gate.configuration.columns
    formats = gate.formats(formats, ctx)
    check_free(formats, networks, "a network to check", ctx)
    check_free(formats, looked_at, "what the check goes by", ctx)
    check_standard_output(formats, ctx)
    counted = gate.given.statistics
    if counted and not any(one == ("text", "") or one[0] == "json" for one in formats):
        raise click.UsageError("--statistics needs --format text on standard output, or json", ctx)
    unwritten = mend(task, ctx) if fix else {}
    texts = [path for name, path in formats if name == "text" and (path or not counted)]
    wanted = Wanted(
        table=bool(texts) and not quiet,
        plan=any(name == "json" for name, _ in formats),
        fixes=("text", "") in formats and not (quiet or counted),
        tried=len(networks) <= _TRIED_FILES,
        columns=columns,
        tools=tools,
        recipe=recipe,
        width=None if any(texts) else width_of(sys.stdout),
    )
    outcomes = gate.outcomes_of(networks, wanted, Manner(jobs, not no_cache))
    outcomes = [
        one._replace(findings=[*one.findings, *unwritten.get(name, ())])
        for one, name in zip(outcomes, networks, strict=True)
    ]
    seen = {path for one in outcomes for seen in one.looked_up for path in seen.paths}
    check_free(formats, seen, "a file that a network uses", ctx)
    ctx.meta[LOOKED_AT] = seen | looked_at
    if gate.given.write_baseline:
        outcomes = gate.write_baseline(outcomes, networks, ctx)
    outcomes = gate.passed(outcomes, networks)
    shown = [one._replace(findings=_told(one.findings)) for one in outcomes] if quiet else outcomes
    if any(name == "github" for name, _ in formats):
        add_step_summary(shown)
    strict = gate.strict_files(outcomes, networks)
    Report(outcomes, shown, strict, statistics=counted, width=width_of(sys.stdout)).write(formats, ctx)
    printed = next((name for name, path in formats if not path), "")
    if printed == "text":
        _offer_fixes(outcomes)
    if printed in ("text", "concise", ""):  # other formats count by themselves
        gate.tell_known()
        _count(outcomes)
    ctx.exit(gate.exit_code(outcomes, networks))


def _watch(ctx: click.Context, networks: Sequence[str]) -> NoReturn:
    from netdsl.commands.checking.watching import watch_check

    if ctx.params["fix"]:
        raise click.UsageError("--watch does not change files: leave out --fix", ctx)
    assert command.callback is not None
    again = partial(ctx.invoke, command.callback, **{**ctx.params, "watch": False})
    ctx.exit(watch_check(ctx, networks, again))


def _show_changes(task: Task, gate: Gate, ctx: click.Context) -> NoReturn:
    """What --fix would change, and nothing else; exit code 1 where that is anything."""
    others = {
        "--fix": ctx.params["fix"],
        "--format": ctx.params["formats"] != (("text", ""),),
        "--statistics": gate.given.statistics,
        "--write-baseline": gate.given.write_baseline,
    }
    if left_out := " and ".join(option for option, given in others.items() if given):
        raise click.UsageError(f"--diff shows only the changes: leave out {left_out}", ctx)
    differs = show_changes(task)
    for own in gate.passed((), ()):
        show(own.findings)
    ctx.exit(USAGE if gate.has_own_errors else FINDINGS if differs else CLEAN)


def _offer_fixes(outcomes: Sequence[Outcome]) -> None:
    """One line on what --fix would do, where it would do anything."""
    fixes = [one.fixes for one in outcomes if one.fixes.all and os.path.isfile(one.file)]
    safe, together = sum(one.safe for one in fixes), sum(one.all for one in fixes)
    if together:
        ready = "available" if all(one.tried for one in fixes) else "to try"
        echo_folded(_offer(safe, together - safe, ready), err=True)


def _offer(safe: int, unsafe: int, ready: str) -> str:
    if not safe:
        return f"no safe fixes; {unsafe} unsafe fix{'es' * (unsafe != 1)} {ready} (--fix --unsafe)"
    said = f"{safe} fix{'es' * (safe != 1)} {ready} (--fix)"
    return f"{said}, {unsafe} more unsafe (--fix --unsafe)" if unsafe else said


def _count(outcomes: Sequence[Outcome]) -> None:
    """The last line: how many errors and warnings there are, and in how many files."""
    from netdsl.reports.folded_findings import tally

    counted = tally(one.findings for one in outcomes)
    if counted:
        echo_folded(counted, err=True)


def _told(findings: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The findings that --quiet leaves."""
    return [finding for finding in findings if finding.severity is not Severity.NOTE]
