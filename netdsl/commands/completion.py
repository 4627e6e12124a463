"""netdsl completion: the script by which a shell completes netdsl's command line."""

from __future__ import annotations

import click

from netdsl.commands.console.completing import SHELLS, script


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that lets the Tab key complete commands, options, networks and layers.

    \b
    bash, in ~/.bashrc:
      source <(netdsl completion bash)
    zsh, in ~/.zshrc:
      source <(netdsl completion zsh)
    fish, in config.fish:
      netdsl completion fish | source
    """
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    click.echo(script(root, shell), nl=False)
