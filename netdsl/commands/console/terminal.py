"""What commands know of the terminal: how wide it is, and whether it shows colour."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click

from netdsl.commands.console.listening import unheard

_LEAST = 40
"""Columns below which text is laid out for no narrower terminal: it would be unreadable."""


def width_of(stream: TextIO) -> int | None:
    """Columns for lines that go to a stream: what COLUMNS says, or what its terminal has.

    None where neither is known: a file or a pipe gets lines as long as they are, the same on every machine.
    There COLUMNS counts only without LINES beside it: both are what the readline of a program that called
    this one leaves in its environment, and nobody has asked for them.
    """
    terminal = _is_terminal(stream)
    asked = os.environ.get("COLUMNS", "") if terminal or "LINES" not in os.environ else ""
    columns = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    if not columns and terminal:
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            return None
    return max(columns, _LEAST) if columns else None


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def wants_colour(stream: TextIO) -> bool:
    """Colour on terminals. NO_COLOR and CLICOLOR=0 turn it off, FORCE_COLOR and CLICOLOR_FORCE on where there
    is no terminal, too; NO_COLOR wins."""
    asked = os.environ.get
    if asked("NO_COLOR"):
        return False
    if any(asked(name, "0").lower() not in ("", "0", "false") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    if asked("CLICOLOR") == "0" or asked("TERM") == "dumb":
        return False
    return _is_terminal(stream)


def echo_folded(line: str, *, err: bool = False, indent: str = "  ") -> None:
    """One line, folded to the width of where it goes."""
    from netdsl.reports.wrapping import wrapped

    width = width_of(sys.stderr if err else sys.stdout)
    click.echo("\n".join(wrapped(line, width, indent)), err=err)


def say(line: str, *, indent: str = "  ") -> None:
    """Something to know that is not the result, on standard error, whether anybody listens or not."""
    from netdsl.reports.display import visible

    with unheard():
        echo_folded(visible(line), err=True, indent=indent)


def say_command(command: str) -> None:
    """A command to copy, on a line of its own: it is not folded."""
    from netdsl.reports.display import visible

    with unheard():
        click.echo(f"  {visible(command)}", err=True)
