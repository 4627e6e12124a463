"""netdsl import: networks from other formats, as canonical text."""

from __future__ import annotations

import re
from itertools import count

import click

from netdsl.commands.console.loading import show
from netdsl.commands.console.writing import check_named
from netdsl.diagnostics import Diagnosed, Diagnostic, Label, Severity, file_error, has_errors, sort_key
from netdsl.formats.imported import Imported, format_names, reader_of, whole_line
from netdsl.planning.network_files import open_source
from netdsl.quantities import counted
from netdsl.source import Source


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option(
    "--from", "source_format", required=True, type=click.Choice(format_names()), help="Format of FILE."
)
@click.option(
    "--network",
    "wanted",
    metavar="N",
    type=click.IntRange(1),
    help="Import only the N-th network of the page.",
)
@click.option(
    "--out",
    metavar="FOLDER",
    help="Write each network to NAME.net in this folder, which is new or empty.",
)
@click.pass_context
def command(ctx: click.Context, file: str, source_format: str, wanted: int | None, out: str | None) -> None:
    """Read networks in another format and write them in netdsl's.

    From a listing, as in slides, notes and README files, every line with a volume in brackets is read; one
    that cannot be read is reported, and becomes a comment in the network. Tables of layers in Markdown are
    read as well, and the summaries that torchinfo, torchsummary and Keras print. Options that a volume or a
    count decides are filled in, and what contradicts a volume, a count or a total is reported. A page may
    hold several networks: they go to standard output one after another, each under a comment with its name.
    Findings go to standard error; the exit code is 1 if something is wrong.
    """
    check_named(ctx, out, "folder", "--out")
    source = open_source(file)
    read = reader_of(source_format)(source)
    if wanted is not None:
        if wanted > len(read):
            raise click.UsageError(
                f"--network {wanted}: {source.name} has {counted(len(read), 'network')}", ctx
            )
        read = [read[wanted - 1]]
    listed = [one for one in read if one.text]
    findings = sorted((finding for one in read for finding in one.findings), key=sort_key)
    if not listed:
        raise Diagnosed(*(findings or [file_error("ND660", source.name, "no line describes a layer")]))
    if out is not None:
        show(findings)
        _write_files(listed, out, source)
    else:
        several = [_several(listed, source)] if len(listed) > 1 else []
        show([*findings, *several])
        for number, one in enumerate(listed, 1):
            head = f"# {number} of {len(listed)}: {one.name}\n" if len(listed) > 1 else ""
            click.echo(source.text_format.dressed(head + one.text), nl=False)
    ctx.exit(1 if has_errors(findings) else 0)


def _several(networks: list[Imported], source: Source) -> Diagnostic:
    """The note that a page has more than one network."""
    names = ", ".join(network.name for network in networks[:5])
    more = " and others" if len(networks) > 5 else ""
    return Diagnostic(
        "ND619",
        Severity.NOTE,
        f"the page has {len(networks)} networks: {names}{more}",
        source,
        Label(whole_line(source, networks[1].first), "the second"),
        help=("`--out FOLDER` writes each to its own file, `--network 2` prints only the second",),
    )


def _write_files(networks: list[Imported], folder: str, source: Source) -> None:
    """One file for each network, named as the page names it; no file is replaced."""
    import os

    from netdsl.commands.console.writing import write_output

    taken: set[str] = set()
    paths = []
    for network in networks:
        stem = re.sub(r"[^a-z0-9]+", "-", network.name.lower()).strip("-")[:60] or "network"
        name = next(
            name for number in count(1) if (name := f"{stem}-{number}" if number > 1 else stem) not in taken
        )
        taken.add(name)
        paths.append(os.path.join(folder, f"{name}.net"))
    there = [path for path in paths if os.path.lexists(path)]
    if there:
        raise click.UsageError(f"{there[0]!r} already exists: name another folder")
    for path, network in zip(paths, networks, strict=True):
        try:
            os.makedirs(folder, exist_ok=True)
            write_output(path, source.text_format.dressed(network.text))
        except (OSError, ValueError) as error:
            raise click.UsageError(
                f"cannot write {path!r}: {getattr(error, 'strerror', None) or error}"
            ) from None
        click.echo(f"{path}: {network.name}", err=True)
