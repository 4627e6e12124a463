"""netdsl lsp: what editors ask while a network is written."""

from __future__ import annotations

from collections.abc import Sequence

import click

from netdsl.diagnostics import Diagnosed, Diagnostic, Severity
from netdsl.source import Source


def _read_address(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, int] | None:
    """``2087`` or ``HOST:2087``."""
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise click.BadParameter("write PORT or HOST:PORT", ctx, param)
    return host or "127.0.0.1", int(port)


@click.command()
@click.option("--stdio", is_flag=True, help="Speak over standard input and output, as without any option.")
@click.option(
    "--tcp",
    "address",
    metavar="[HOST:]PORT",
    callback=_read_address,
    help="Wait for one editor at a port of this machine instead.",
)
def command(stdio: bool, address: tuple[str, int] | None) -> None:
    """Serve an editor by the Language Server Protocol.

    Editors start this by themselves; docs/editor.md says how each is set up. Needs pygls: pip install
    'netdsl[lsp]'.
    """
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
    server = make_server(_check, _layout)
    if address is None:
        server.start_io()
    else:
        server.start_tcp(*address)


_NEEDED = ("pygls", "lsprotocol", "cattrs", "attrs", "attr")


def _check(source: Source) -> Sequence[Diagnostic]:
    """All that ``netdsl check`` says of a text."""
    from netdsl.commands.checking import checked

    return checked(source)[1]


def _layout(source: Source) -> str | None:
    """What ``netdsl fmt`` makes of a text."""
    from netdsl.commands.laying_out import laid_out

    return laid_out(source).text
