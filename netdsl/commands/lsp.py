"""netdsl lsp: what editors ask while a network is written."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from netdsl.diagnostics import Diagnosed, Diagnostic, Severity, file_error
from netdsl.source import Source

if TYPE_CHECKING:
    from netdsl.server.protocol import NetworkServer


def _read_address(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, int] | None:
    """``2087`` or ``HOST:2087``."""
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise click.BadParameter("write PORT or HOST:PORT", ctx, param)
    return host or "127.0.0.1", int(port)


@click.command()
@click.option("--stdio", is_flag=True, help="Use standard input and output, the default.")
@click.option(
    "--tcp",
    "address",
    metavar="[HOST:]PORT",
    callback=_read_address,
    help="Listen for one editor on a local port instead.",
)
@click.option(
    "--config", metavar="FILE", help="Settings file for all networks, instead of the nearest one above each."
)
@click.option("--isolated", "--no-config", "isolated", is_flag=True, help="Ignore settings files.")
@click.pass_context
def command(
    ctx: click.Context, stdio: bool, address: tuple[str, int] | None, config: str | None, isolated: bool
) -> None:
    """Serve an editor by the Language Server Protocol.

    Editors start this by themselves; docs/editor.md says how to set up each one. It reports what netdsl check
    reports about a file, with the same settings and baseline. Needs pygls: pip install 'netdsl[lsp]'. The
    exit code is 0 if the editor shut it down as the protocol says, else 1.
    """
    if config is not None and isolated:
        raise click.UsageError("--config and --isolated exclude each other", ctx)
    if stdio and address is not None:
        raise click.UsageError("--stdio and --tcp exclude each other")
    try:
        from netdsl.server.protocol import make_server
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in _NEEDED
        if not absent:
            raise
        message = "the language server needs pygls, which is not installed"
        cure = "pip install 'netdsl[lsp]'"
        raise Diagnosed(Diagnostic("ND705", Severity.ERROR, message, help=(cure,))) from error
    server = make_server(partial(findings_of, config=config, isolated=isolated))
    if address is None:
        _over_standard_streams(server)
    else:
        server.start_tcp(*address)
    ctx.exit(0 if server.was_shut_down else 1)


def _over_standard_streams(server: NetworkServer) -> None:
    """Serve whoever started this process. Nothing else may write to standard output meanwhile, and pygls
    closes what it writes to."""
    if sys.stdin is None:  # closed by whoever called
        raise Diagnosed(file_error("ND007", "<stdin>", "standard input is closed, and no editor can ask"))
    with open(os.dup(sys.stdout.fileno()), "wb") as answers, contextlib.redirect_stdout(sys.stderr):
        server.start_io(stdout=answers)


_NEEDED = ("pygls", "lsprotocol", "cattrs", "attrs", "attr")


def findings_of(source: Source, *, config: str | None = None, isolated: bool = False) -> Sequence[Diagnostic]:
    """All that ``netdsl check`` says of a text, under the settings that hold for its file now."""
    from netdsl.gate.alone import checked_alone
    from netdsl.reports.formats import known_to_settings

    return checked_alone(source, known_to_settings, file=config, isolated=isolated).told
