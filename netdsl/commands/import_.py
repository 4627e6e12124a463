"""netdsl import: networks from other formats, as canonical text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from netdsl.commands.loading import open_source, show
from netdsl.diagnostics import Diagnosed, Diagnostic, Label, Severity, file_error, has_errors, sort_key
from netdsl.source import Source, Span

if TYPE_CHECKING:
    from netdsl.formats.listing import Entry
    from netdsl.plan.plan import Plan

FORMATS = ("listing",)


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--from", "form", required=True, type=click.Choice(FORMATS), help="What the file holds.")
@click.pass_context
def command(ctx: click.Context, file: str, form: str) -> None:
    """Read a network in another format and write it in netdsl's.

    From a listing, as slides, notes and README files have it among other text, every line with a
    volume in brackets is taken; one that cannot be read is shown, and stands as a comment in the
    network. Options that a volume decides are filled in, and what contradicts a volume or a total is
    shown. The network goes to standard output, findings to standard error; the exit code is 1 where
    something is wrong.
    """
    from netdsl.formats.listing import LINE_LIMIT, is_too_long, read_listing
    from netdsl.formats.listing_totals import check_totals

    source = open_source(file)
    if is_too_long(source.text):
        message = f"a listing has at most {LINE_LIMIT:,} lines that are not blank"
        cure = "copy the lines that list the network into a file of their own"
        raise Diagnosed(file_error("ND009", source.name, message, cure))
    entries, totals = read_listing(source.text)
    unread = _unread(entries, source)
    if len(entries) == len(unread):
        message, cure = "no line lists a layer", "a layer looks like `[55x55x96] CONV1: 96 11x11 filters`"
        raise Diagnosed(*(unread or [file_error("ND660", source.name, message, cure)]))
    text, findings, plan = _canonical(entries, source)
    if totals and plan is None and not unread and all(finding.code in _NOTES for finding in findings):
        plan = _without_notes(text)
    wrong = check_totals(totals, plan, source) if plan is not None and not unread else []
    found = [*unread, *_guesses(entries, source), *findings, *wrong]
    show(sorted(found, key=sort_key))
    click.echo(source.form.dressed(text), nl=False)
    ctx.exit(1 if has_errors(found) else 0)


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
    from netdsl.formats.listing import Role

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
