"""netdsl import: networks from other formats, as canonical text."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import click

from netdsl.commands.loading import open_source, show
from netdsl.diagnostics import Diagnosed, Diagnostic, Label, Severity, file_error, has_errors, sort_key
from netdsl.quantities import counted
from netdsl.source import Source, Span

if TYPE_CHECKING:
    from netdsl.formats.listing_entries import Entry
    from netdsl.formats.page import Found
    from netdsl.plan.plan import Plan, PlannedLayer

FORMATS = ("listing",)


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--from", "form", required=True, type=click.Choice(FORMATS), help="What the file holds.")
@click.option(
    "--network", "wanted", metavar="N", type=click.IntRange(1), help="Only the N-th network of the page."
)
@click.option(
    "--out",
    metavar="FOLDER",
    help="Write each network to a file of its own, NAME.net, in a new or empty place.",
)
@click.pass_context
def command(ctx: click.Context, file: str, form: str, wanted: int | None, out: str | None) -> None:
    """Read networks in another format and write them in netdsl's.

    From a listing, as slides, notes and README files have it among other text, every line with a
    volume in brackets is taken; one that cannot be read is shown, and stands as a comment in the
    network. Tables of layers in Markdown are read as well, and what torchinfo, torchsummary and Keras
    print of a model. Options that a volume or a count decides are filled in, and what contradicts a
    volume, a count or a total is shown. A page may hold several networks: they go to standard output
    one behind another, each under a comment with its name. Findings go to standard error; the exit
    code is 1 where something is wrong.
    """
    from netdsl.formats.listing import LINE_LIMIT, is_too_long
    from netdsl.formats.page import networks_of

    source = open_source(file)
    if is_too_long(source.text):
        message = f"a listing has at most {LINE_LIMIT:,} lines that are not blank"
        cure = "copy the lines that list the network into a file of their own"
        raise Diagnosed(file_error("ND009", source.name, message, cure))
    networks = networks_of(source.text)
    if wanted is not None and wanted > len(networks):
        raise click.UsageError(
            f"--network {wanted}: {source.name} has {counted(len(networks), 'network')}", ctx
        )
    chosen = networks if wanted is None else [networks[wanted - 1]]
    read = [_read(found, source) for found in chosen]
    listed = [one for one in read if one.text]
    findings = sorted((finding for one in read for finding in one.findings), key=sort_key)
    if not listed:
        message, cure = "no line lists a layer", "a layer looks like `[55x55x96] CONV1: 96 11x11 filters`"
        raise Diagnosed(*(findings or [file_error("ND660", source.name, message, cure)]))
    if out is not None:
        show(findings)
        _write_files(listed, out, source)
    else:
        several = [_several(listed, source)] if len(listed) > 1 else []
        show([*findings, *several])
        for number, one in enumerate(listed, 1):
            head = f"# {number} of {len(listed)}: {one.name}\n" if len(listed) > 1 else ""
            click.echo(source.form.dressed(head + one.text), nl=False)
    ctx.exit(1 if has_errors(findings) else 0)


class _Network(NamedTuple):
    """A network that was read: its canonical text, empty where no line lists a layer."""

    name: str
    first: int
    text: str
    findings: list[Diagnostic]


def _read(found: Found, source: Source) -> _Network:
    """The text of a network, and all that is found in the lines that it comes from."""
    from netdsl.formats.listing_entries import Entry
    from netdsl.formats.listing_totals import check_totals

    entries = found.entries
    unread = _unread(entries, source) if found.drawing is None else []
    told: list[Diagnostic] = []
    if found.drawing is not None and found.summary is not None:
        from netdsl.formats.summary_findings import findings_of

        told = findings_of(found.drawing, found.summary, source)
    name = found.title or f"lines {found.first} to {found.last}"
    if not entries or len(entries) == len(unread):
        return _Network(name, found.first, "", [*unread, *told])
    text, findings, plan = _canonical(entries, source)
    if found.table is not None and any(finding.code == "ND301" for finding in findings):
        rounded = [
            Entry(entries[0].number, "dialect torch"),
            *entries,
        ]  # a table of a network that rounds down
        text, findings, plan = _canonical(rounded, source)
        found = found._replace(entries=rounded)
    if has_errors(told):
        return _Network(name, found.first, text, told)
    told += _counts(found, plan, source)
    if found.totals and plan is None and not unread and all(finding.code in _NOTES for finding in findings):
        plan = _without_notes(text)
    wrong = check_totals(found.totals, plan, source) if plan is not None and not unread else []
    if plan is not None and found.summary is not None and not has_errors([*findings, *told]):
        text += f"expect params = {plan.parameter_count:,}\n"
    return _Network(name, found.first, text, [*unread, *_guesses(entries, source), *findings, *wrong, *told])


def _counts(found: Found, plan: Plan | None, source: Source) -> list[Diagnostic]:
    """The counts and totals of a summary or a table that do not hold."""
    if plan is None:
        return []
    wrong: list[Diagnostic] = []
    if found.summary is not None and found.table is None:
        from netdsl.formats.summary_findings import check_total

        wrong += check_total(found.summary, plan, source)
    if found.table is not None:
        from netdsl.formats.listing_table_network import check_counts

        places: dict[int, list[PlannedLayer]] = {}
        for layer in plan.layers:
            line = plan.network.source.position(layer.node.span.start)[0]
            places.setdefault(found.entries[min(line, len(found.entries)) - 1].number, []).append(layer)
        wrong += check_counts(found.table, places, source)
    return wrong


def _several(networks: list[_Network], source: Source) -> Diagnostic:
    """The note that a page has more than one network."""
    names = ", ".join(network.name for network in networks[:5])
    more = " and others" if len(networks) > 5 else ""
    return Diagnostic(
        "ND619",
        Severity.NOTE,
        f"the page has {len(networks)} networks: {names}{more}",
        source,
        Label(_line(source, networks[1].first), "the second"),
        help=("`--out FOLDER` writes each to a file of its own, `--network 2` prints the second alone",),
    )


def _write_files(networks: list[_Network], folder: str, source: Source) -> None:
    """One file for each network, named as the page names it; no file is replaced."""
    import os

    from netdsl.commands.writing import write_output

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
        raise click.UsageError(f"{there[0]!r} is there already: name another folder")
    for path, network in zip(paths, networks, strict=True):
        try:
            os.makedirs(folder, exist_ok=True)
            write_output(path, source.form.dressed(network.text))
        except (OSError, ValueError) as error:
            raise click.UsageError(
                f"cannot write {path!r}: {getattr(error, 'strerror', None) or error}"
            ) from None
        click.echo(f"{path}: {network.name}", err=True)


_NOTES = ("ND313", "ND315")
"""Codes of findings that leave the volumes of all layers known."""

_CONSEQUENCES = ("ND204", "ND208", "ND301", "ND302", "ND310", "ND313", "ND314", "ND317")
"""Codes of what may follow from a missing layer above."""


def _canonical(entries: list[Entry], source: Source) -> tuple[str, list[Diagnostic], Plan | None]:
    """The network with the options that claims decide, what is found at the lines it came from, and
    its plan where nothing is wrong."""
    from netdsl.graph.formatter import formatted
    from netdsl.plan.load import plan_source
    from netdsl.syntax.parser import parse

    lines = [entry.text for entry in entries]
    draft = Source(source.name, "\n".join(lines) + "\n", source.folder)
    plan, found = plan_source(draft)
    found = [finding for finding in found if not _follows(finding, entries, draft)]
    for finding in found:
        if finding.code == "ND313" and finding.primary is not None:
            place = draft.position(finding.primary.span.start)[0] - 1
            lines[place] = _with_option(lines[place], _solved(finding))
    canonical = Source(source.name, "\n".join(lines) + "\n", source.folder)
    parsed = parse(canonical)
    text = canonical.text
    if parsed.file is not None and not parsed.diagnostics:
        text = formatted(canonical, parsed.file)
    return text, [_at_origin(finding, draft, entries, source) for finding in found], plan


def _follows(finding: Diagnostic, entries: list[Entry], draft: Source) -> bool:
    """Whether a finding only says that a layer is missing, which could not be read."""
    if finding.primary is None or finding.code not in _CONSEQUENCES:
        return False
    place = min(draft.position(finding.primary.span.start)[0], len(entries)) - 1
    return entries[place].doubtful


def _without_notes(text: str) -> Plan | None:
    """The plan of a network whose notes are wrong: all volumes in it are known."""
    from netdsl.plan.load import load_plan

    return load_plan(re.sub(r" (?:memory|weights|params|parameters): .*", "", text)).plan


def _unread(entries: list[Entry], source: Source) -> list[Diagnostic]:
    from netdsl.formats.listing_entries import Role

    return [
        Diagnostic(
            "ND662",
            Severity.ERROR,
            "this line states a volume and could not be read",
            source,
            Label(_line(source, entry.number)),
            help=("write it like `[55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0`",),
        )
        for entry in entries
        if entry.role is Role.UNREAD
    ]


def _solved(finding: Diagnostic) -> str:
    """``pad 2`` of the note that says so."""
    return finding.message.partition(": ")[2].partition(" follows from")[0]


def _with_option(line: str, option: str) -> str:
    """The option at the end of the layer, before a remark and what is chained behind it."""
    layer, link, rest = line.partition(" - ")
    layer, blank, remark = layer.partition(" (")
    return f"{layer}{',' if ':' in layer else ':'} {option}{blank}{remark}{link}{rest}"


def _guesses(entries: list[Entry], source: Source) -> list[Diagnostic]:
    return [
        Diagnostic(
            "ND661",
            Severity.NOTE,
            entry.guess,
            source,
            Label(_line(source, entry.number)),
            help=("write the options out if they are meant",),
        )
        for entry in entries
        if entry.guess
    ]


def _at_origin(finding: Diagnostic, draft: Source, entries: list[Entry], source: Source) -> Diagnostic:
    """A finding about the canonical text, at the line of the listing that it is about."""
    if finding.primary is None or finding.source is not draft:
        return finding
    return finding._replace(
        source=source,
        primary=_label_at_origin(finding.primary, draft, entries, source),
        secondary=tuple(_label_at_origin(label, draft, entries, source) for label in finding.secondary),
    )


def _label_at_origin(label: Label, draft: Source, entries: list[Entry], source: Source) -> Label:
    """The same words in the listing, or the whole line where they are spelled otherwise there."""
    place = min(draft.position(label.span.start)[0], len(entries)) - 1
    line = _line(source, entries[place].number)
    words = draft.excerpt(label.span)
    start = source.text.find(words, line.start, line.end)
    return label._replace(span=Span(start, start + len(words)) if words and start >= 0 else line)


def _line(source: Source, number: int) -> Span:
    """A line of the listing without the blanks around it."""
    text, start = source.line(number), source.line_start(number)
    return Span(start + len(text) - len(text.lstrip()), start + len(text.rstrip()))
