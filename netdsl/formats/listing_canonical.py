"""One network of a page in another format: its canonical text, and what is found in its lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Label, Severity, has_errors
from netdsl.formats.imported import Imported, whole_line
from netdsl.source import Source, Span

if TYPE_CHECKING:
    from netdsl.formats.listing_entries import Entry
    from netdsl.formats.page import Found
    from netdsl.planning.plan import Plan, PlannedLayer


def read_network(found: Found, source: Source) -> Imported:
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
        return Imported(name, found.first, "", [*unread, *told])
    text, findings, plan = _canonical(entries, source)
    if found.table is not None and any(Fact.WINDOW_REMAINDER.holds(finding.code) for finding in findings):
        rounded = [
            Entry(entries[0].number, "dialect torch"),
            *entries,
        ]  # a table of a network that rounds down
        text, findings, plan = _canonical(rounded, source)
        found = found._replace(entries=rounded)
    findings = _once(findings)
    if has_errors(told):
        return Imported(name, found.first, text, told)
    told += _counts(found, plan, source)
    known = all(Fact.VOLUMES_KNOWN.holds(finding.code) for finding in findings)
    if found.totals and plan is None and not unread and known:
        plan = _without_notes(text)
    wrong = check_totals(found.totals, plan, source) if plan is not None and not unread else []
    if plan is not None and found.summary is not None and not has_errors([*findings, *told]):
        text += f"expect params = {plan.parameter_count:,}\n"
    return Imported(name, found.first, text, [*unread, *_guesses(entries, source), *findings, *wrong, *told])


def _once(findings: list[Diagnostic]) -> list[Diagnostic]:
    """The findings without those that say the same of a line again: it may list a layer several times."""
    heard: dict[object, Diagnostic] = {}
    for finding in findings:
        about = finding.primary.span if finding.primary else finding.message
        heard.setdefault((finding.code, about), finding)
    return list(heard.values())


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

        layers_of_line: dict[int, list[PlannedLayer]] = {}
        for layer in plan.layers:
            line = plan.network.source.position(layer.node.span.start)[0]
            layers_of_line.setdefault(found.entries[min(line, len(found.entries)) - 1].number, []).append(
                layer
            )
        wrong += check_counts(found.table, layers_of_line, source)
    return wrong


def _canonical(entries: list[Entry], source: Source) -> tuple[str, list[Diagnostic], Plan | None]:
    """The network with the options that claims decide, what is found at the lines it came from, and
    its plan where nothing is wrong."""
    from netdsl.planning.pipeline import plan_source
    from netdsl.syntax.parser import parse
    from netdsl.text.formatter import formatted

    lines = [entry.text for entry in entries]
    draft = Source(source.name, "\n".join(lines) + "\n", source.folder)
    plan, found = plan_source(draft)
    found = [finding for finding in found if not _follows(finding, entries, draft)]
    for finding in found:
        if Fact.DECIDED_BY_CLAIM.holds(finding.code) and finding.primary is not None:
            index = draft.position(finding.primary.span.start)[0] - 1
            lines[index] = _with_option(lines[index], finding.proposal)
    canonical = Source(source.name, "\n".join(lines) + "\n", source.folder)
    parsed = parse(canonical)
    text = canonical.text
    if parsed.file is not None and not parsed.diagnostics:
        text = formatted(canonical, parsed.file)
    return text, [_at_origin(finding, draft, entries, source) for finding in found], plan


def _follows(finding: Diagnostic, entries: list[Entry], draft: Source) -> bool:
    """Whether a finding only says that a layer is missing, which could not be read."""
    if finding.primary is None or not Fact.AFTER_A_GAP.holds(finding.code):
        return False
    index = min(draft.position(finding.primary.span.start)[0], len(entries)) - 1
    return entries[index].doubtful


def _without_notes(text: str) -> Plan | None:
    """The plan of a network whose notes are wrong: all volumes in it are known."""
    from netdsl.planning.pipeline import load_plan

    return load_plan(re.sub(r" (?:memory|weights|params|parameters): .*", "", text)).plan


def _unread(entries: list[Entry], source: Source) -> list[Diagnostic]:
    from netdsl.formats.listing_entries import LineRole

    return [
        Diagnostic(
            "ND662",
            Severity.ERROR,
            "this line states a volume but could not be read",
            source,
            Label(whole_line(source, entry.number)),
            help=("write it like `[55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0`",),
        )
        for entry in entries
        if entry.role is LineRole.UNREAD
    ]


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
            Label(whole_line(source, entry.number)),
            help=("check it against the source, and write the options out",),
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
    index = min(draft.position(label.span.start)[0], len(entries)) - 1
    line = whole_line(source, entries[index].number)
    words = draft.excerpt(label.span)
    start = source.text.find(words, line.start, line.end)
    return label._replace(span=Span(start, start + len(words)) if words and start >= 0 else line)
