"""References to a label that stands before an activation: `@enc1` of `enc1: CONV 8 3x3 - RELU`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.graph.draft.default_activation import References, chain_readers, is_kind
from netdsl.graph.draft.entries import Entry, Projection
from netdsl.graph.statements.defaults import Activation
from netdsl.source import Span


class _Early(NamedTuple):
    """A reference to ``entry``; ``end`` is where the normalisation or the activation behind it ends.

    ``activation`` is where that is written, None for the default one.
    """

    reference: Span
    entry: Entry
    end: int
    activation: Span | None


def report_early_references(
    entries: list[Entry],
    references: References,
    implied: Mapping[int, int],
    default: Activation | None,
    findings: Findings,
) -> None:
    """A note for each reference to what an activation follows.

    A label is that of the layer beside it, so the volume is the one before the activation; who reads the
    line as a whole expects the other. ``implied`` says which layers the ``default`` one follows, and where.
    """
    readers = chain_readers(entries, references)
    behind = {**{last: last for last in implied.values()}, **implied}
    early: dict[Span, _Early] = {}
    for position, named in references.items():
        for slot, passed in named.items():
            if not passed.own or passed.span is None or passed.span in early:
                continue
            entry = entries[entries[position].inputs[slot]]
            reading = None
            if entry.position in behind:
                end = entries[behind[entry.position]].span.end
                reading = _Early(passed.span, entry, end, None)
            else:
                activation = _written_behind(entry, entries, readers, findings)
                if activation is not None:
                    reading = _Early(passed.span, entry, activation.end, activation)
            if reading is not None:
                early[passed.span] = reading
    for found in early.values():
        _report(found, default.kind.keyword if default else "", findings)


def _written_behind(
    entry: Entry, entries: list[Entry], readers: list[list[int]], findings: Findings
) -> Span | None:
    """The activation that follows on the same line, behind a normalisation or not."""
    if is_kind(entry, "is_activation"):
        return None
    position = entry.position
    for _ in range(2):
        if len(readers[position]) != 1:
            return None
        (position,) = readers[position]
        following = entries[position]
        between = findings.source.text[entry.span.end : following.span.start]
        if following.span.start < entry.span.end or any(sign in between for sign in "\n;|[]{}"):
            return None
        if is_kind(following, "is_activation"):
            return following.span
        if not is_kind(following, "normalises"):
            return None
    return None


def _report(early: _Early, default: str, findings: Findings) -> None:
    source, entry = findings.source, early.entry
    assert not isinstance(entry, Projection)
    what = source.excerpt(early.activation) if early.activation else f"the {default} of `default activation`"
    label = (
        Label(early.activation, "follows the layer that has the label")
        if early.activation
        else Label(entry.span, f"{default} follows")
    )
    findings.add(
        "ND413",
        f"`@{entry.name}` is the output of {entry.name} before {what}",
        early.reference,
        severity=Severity.NOTE,
        cause="a label of a layer before its activation",
        secondary=(label,),
        help=_cures(early, default, source.text),
    )


def _cures(early: _Early, default: str, text: str) -> tuple[str, str]:
    """How to write either volume, so that nobody has to ask which is meant."""
    span = early.entry.span
    label, colon, layer = text[span.start : span.end].partition(":")
    if not colon or not layer.strip()[:1].isalpha():  # `CONV1: 8 3x3`: the label is the kind
        label, layer = "a", text[span.start : span.end]
    rest = text[span.end : early.end] if early.end > span.end else ""
    layer = layer.strip()
    if len(layer) > 60 or "\n" in layer + rest:
        layer, rest = "...", " - ..." if rest else ""
    added = "" if early.activation else f" - {default}"
    return (
        f"for the output of the activation, write `{label}: [{layer}{rest}]` and `@{label}`",
        f"for the volume before it, write `{label}: [{layer}]{rest}{added}`",
    )
