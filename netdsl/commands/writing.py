"""What the commands that change network files share."""

from __future__ import annotations

import os
import sys

import click

from netdsl.source import Source


def check_writable(source: Source, ctx: click.Context) -> None:
    """Raise a usage error for a shipped network, which is everyone's."""
    if source.name.startswith("zoo:"):
        name = source.name.removeprefix("zoo:")
        raise click.UsageError(
            f"{name!r} is a shipped network, not a file: netdsl zoo {name} > {name}.net", ctx
        )


def replace_text(name: str, text: str) -> None:
    """Replace a file in one step, or leave it as it is; a link stays a link, permissions stay."""
    from pathlib import Path

    from netdsl.training.files import replace_file

    path = Path(os.path.realpath(name))
    mode = path.stat().st_mode
    replace_file(path, [text.encode()])
    if sys.platform != "win32":
        path.chmod(mode)
