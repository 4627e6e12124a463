"""The command line: one file per subcommand, loaded when it is called.

A module of this package is a subcommand where it has a click object named ``command``; its file
name is the subcommand's, with an underscore behind it where that is a word of Python. Exit codes:
0 clean, 1 findings, 2 usage, 3 internal error, 130 interrupted.
"""

from __future__ import annotations

import codecs
import errno
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

import netdsl
from netdsl.commands.console.listening import silence, unheard
from netdsl.commands.console.repeated_options import check_repeated_options
from netdsl.diagnostics import Diagnosed
from netdsl.opening import writable
from netdsl.resources import module_names
from netdsl.spelling import did_you_mean

CLEAN, FINDINGS, USAGE, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 130

ASKED_BY = "_NETDSL_COMPLETE"
"""The environment variable by which a shell asks what could be written; `completing` answers."""


def _module_names() -> list[str]:
    return module_names("commands")


class _Commands(click.Group):
    """Finds subcommands by file name and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = [name.rstrip("_").replace("_", "-") for name in _module_names()]
        return [name for name in names if self.get_command(ctx, name) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = cmd_name.replace("-", "_")
        known = _module_names()
        name = name if name in known else f"{name}_"
        if name not in known:
            return None
        found = getattr(importlib.import_module(f"netdsl.commands.{name}"), "command", None)
        if ASKED_BY in os.environ and isinstance(found, click.Command):
            from netdsl.commands.console.completing import completed

            return completed(cmd_name, found)
        return found if isinstance(found, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = did_you_mean(args[0], self.list_commands(ctx))
            hint = f"Did you mean '{near}'?" if near else "See 'netdsl --help' for all commands."
            raise click.UsageError(f"There is no command '{args[0]}'. {hint}", ctx)
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not ctx.resilient_parsing:  # in which a shell asks what may follow
            check_repeated_options(click.Context(command, ctx, name), rest)
        return name, command, rest


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(netdsl.__version__, package_name="netdsl", message="netdsl %(version)s")
@click.option("--debug", is_flag=True, envvar="NETDSL_DEBUG", help="Show the traceback of an internal error.")
def group(debug: bool) -> None:
    """Describe a convolutional network in a small text file; check it, compile it, train it.

    NETWORK is a file, the name of a shipped network (netdsl zoo), or - for standard input.
    """
    # `run` looks for --debug itself: it has to know after the command has failed.


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; every failure ends as a message, not a traceback."""
    _prepare_streams()
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EBADF, errno.EIO) or error.filename is not None:
            return _internal_error(error, sys.argv[1:] if arguments is None else arguments)
        return _cannot_write(error)
    except Exception as error:
        return _internal_error(error, sys.argv[1:] if arguments is None else arguments)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    if ASKED_BY in os.environ:
        from netdsl.commands.console.completing import answer

        click.echo(answer(group, os.environ[ASKED_BY]), nl=False)
        return CLEAN
    try:
        outcome = group.main(arguments, prog_name="netdsl", standalone_mode=False)
    except click.ClickException as error:
        vars(error)["message"] = _QUOTED_BYTE.sub(r"\\x\1", error.message)
        _show(error)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Diagnosed as diagnosed:
        from netdsl.commands.console.loading import show

        with unheard():
            show(diagnosed.diagnostics)
        return FINDINGS
    return outcome if isinstance(outcome, int) else CLEAN


def _show(error: click.ClickException) -> None:
    """The message of a wrong command line, folded to the terminal."""
    from io import StringIO

    from netdsl.commands.console.terminal import echo_folded

    text = StringIO()
    error.show(text)
    for line in text.getvalue().splitlines():
        echo_folded(line, err=True)


_ESCAPED = "netdsl.escaped"
_QUOTED_BYTE = re.compile(r"(?<!\\)\\udc([89a-f][0-9a-f])")
"""A byte of a name that is no character, as Python quotes it."""


def _prepare_streams() -> None:
    """Make standard output and standard error carry UTF-8, whatever the locale: networks are UTF-8, and
    what one command prints another one reads. What no encoding has, such as a byte of a file name that
    is no character, is printed escaped. Line ends are written as they are."""
    codecs.register_error(_ESCAPED, _escaped)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever called: a result is lost, words about it are not
            access = os.O_RDONLY if name == "stdout" else os.O_WRONLY
            setattr(sys, name, open(os.open(os.devnull, access), "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors=_ESCAPED, newline="\n")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What is printed for characters that UTF-8 does not have."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(writable, error.object[error.start : error.end])), error.end


def _reader_left() -> int:
    """The reader of a pipe has gone: say nothing, and keep Python from saying it at exit."""
    silence(sys.stdout)
    silence(sys.stderr)
    return FINDINGS


def _cannot_write(error: OSError) -> int:
    """Standard output is full, broken or closed: the result is lost, which the exit code must say."""
    silence(sys.stdout)
    why = "it is closed" if error.errno == errno.EBADF else error.strerror
    with unheard():
        click.echo(f"netdsl: cannot write to standard output: {why}", err=True)
    return USAGE


def _internal_error(error: Exception, arguments: Sequence[str]) -> int:
    if "--debug" in arguments or os.environ.get("NETDSL_DEBUG"):
        import traceback

        traceback.print_exception(error)
    summary = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
    click.echo(f"netdsl: internal error, please report it: {summary!r}", err=True)
    click.echo("run again with --debug before the command for the details", err=True)
    return INTERNAL


def main() -> NoReturn:
    """The console script."""
    code = run()
    if code > 128:
        from netdsl.commands.console.interruption import end_undisturbed

        end_undisturbed()
    sys.exit(code)
