"""What the commands share: opening networks by file or zoo name, and showing findings."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from netdsl.codes import Fact
from netdsl.commands.console.terminal import wants_colour, width_of
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error, has_errors
from netdsl.planning.network_files import (
    RECIPE_ENDING,
    beside,
    open_source,
    planned,
)
from netdsl.source import Source

if TYPE_CHECKING:
    from netdsl.planning.pipeline import Checked
    from netdsl.planning.plan import Plan


def open_recipe(name: str) -> Source:
    """The text of a recipe in a file of its own; raises as ``open_source`` does."""
    try:
        return open_source(name)
    except Diagnosed as diagnosed:
        if os.path.islink(name) or not all(Fact.NO_FILE.holds(one.code) for one in diagnosed.diagnostics):
            raise
    from netdsl.spelling import did_you_mean

    near = did_you_mean(name, beside(name, RECIPE_ENDING))
    cures = [f"did you mean `{near}`?"] if near else []
    raise Diagnosed(file_error("ND001", name, "there is no such file", *cures))


def check_network(name: str) -> tuple[Source | None, Checked]:
    """Open and plan a network; what is wrong with the file is a finding like any other."""
    from netdsl.planning.pipeline import Checked

    try:
        source = open_source(name)
    except Diagnosed as diagnosed:
        return None, Checked(None, list(diagnosed.diagnostics))
    return source, planned(source)


def load_plan_or_exit(name: str) -> Plan:
    """The plan of a network; shows what is wrong and leaves with exit code 1 where there is none."""
    _, checked = check_network(name)
    if checked.plan is None:
        exit_with(checked.diagnostics)
    return checked.plan


def exit_with(findings: Sequence[Diagnostic]) -> NoReturn:
    """Show findings and leave: exit code 1 where one is an error, else 0."""
    show(findings)
    raise click.exceptions.Exit(1 if has_errors(list(findings)) else 0)


def show(findings: Sequence[Diagnostic], *, colour: bool | None = None) -> None:
    """Write findings to standard error, coloured where that is a terminal."""
    if findings:
        from netdsl.reports.as_text import diagnostics_as_text

        paint = wants_colour(sys.stderr) if colour is None else colour
        text = diagnostics_as_text(findings, colour=paint, width=width_of(sys.stderr))
        click.echo(text, err=True, nl=False, color=paint)
