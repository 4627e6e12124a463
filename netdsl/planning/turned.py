"""Networks whose volumes are written channels first: their mistakes go away with the channels last."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.diagnostics import Diagnostic, Edit, Findings, has_errors
from netdsl.graph.draft.entries import Draft, Entry, Gap, Open, Projection
from netdsl.graph.network import Claim, Node
from netdsl.graph.options.channel_order import (
    channels_last,
    channels_last_instead,
    row_instead,
    seems_turned,
)
from netdsl.planning.planner import plan_draft
from netdsl.quantities import Size, Volume, counted
from netdsl.source import Span

_MOST = 4
"""Rows of an image that may be its channels."""


class _Turned(NamedTuple):
    """A network with other volumes, and the findings of its plan."""

    turned_spans: tuple[tuple[Span, Volume], ...]
    found: list[Diagnostic]

    @property
    def errors(self) -> int:
        return len(self.found)


def report_turned(draft: Draft, findings: Findings, before: int) -> None:
    """One finding in place of those of the plan, after the first ``before`` ones, where a plan with
    the channels last has fewer errors, or as many and the input looks like an image; and with it the
    errors that are left then."""
    found = findings.found[before:]
    source = next((entry for entry in draft.entries if isinstance(entry, Node) and not entry.inputs), None)
    if source is None or source.layer.inputs != 0 or not has_errors(found):
        return
    volume = source.layer.volume()
    if not isinstance(volume, Volume) or volume.vector or not volume.height <= _MOST < volume.channels:
        return
    errors = len(_errors(found))
    claims = any(_claim(entry) for entry in draft.entries[1:])
    tried = [
        _turned(draft, source, findings, claims=turns) for turns in ((True, False) if claims else (False,))
    ]
    best = min(tried, key=lambda turned: turned.errors)
    looks = seems_turned(volume.shape) and not _is_row(draft)
    if best.errors < errors or (looks and best.errors == errors):
        findings.forget(before)
        findings.use = None
        _report(best, source, volume, findings)
        findings.adopt(best.found)


def _errors(found: list[Diagnostic]) -> list[Diagnostic]:
    return [finding for finding in found if has_errors([finding])]


def _claim(entry: Entry) -> Claim | None:
    claim = None if isinstance(entry, Projection) else entry.claim
    return claim if claim is not None and not claim.volume.vector else None


def _turned(draft: Draft, source: Node, findings: Findings, *, claims: bool) -> _Turned:
    """The network with its input turned, and all claims or none."""
    turned_spans: list[tuple[Span, Volume]] = []
    entries: list[Entry] = []
    for entry in draft.entries:
        claim = _claim(entry)
        if entry is source:
            last = channels_last(_volume_of(source))
            values = {"height": last.height, "width": last.width, "channels": last.channels}
            layer = type(source.layer)(dialect=source.layer.dialect, **values)
            turned_spans.append((_span_of_volume(source), last))
            entry = source._replace(layer=layer, claim=claim and claim._replace(volume=last))
        elif claims and claim is not None and isinstance(entry, Node | Gap | Open):
            last = channels_last(claim.volume)
            turned_spans.append((claim.span, last))
            entry = entry._replace(claim=claim._replace(volume=last, noted=()))
        entries.append(entry)
    trial = Findings(findings.source)
    plan_draft(draft._replace(entries=tuple(entries)), trial)
    return _Turned(tuple(turned_spans), _errors(trial.found))


def _is_row(draft: Draft) -> bool:
    """Whether the first window is one row high, as for a signal."""
    kernels = (entry.layer.__dict__.get("kernel") for entry in draft.entries if isinstance(entry, Node))
    first = next((kernel for kernel in kernels if isinstance(kernel, Size) and kernel != (1, 1)), None)
    return first is not None and first.height == 1


def _volume_of(source: Node) -> Volume:
    volume = source.layer.volume()
    assert isinstance(volume, Volume)
    return volume


def _span_of_volume(source: Node) -> Span:
    """Where the volume of the input is written, as one word or as several options."""
    written = set(source.option_spans.values())
    return written.pop() if len(written) == 1 else source.span


def _report(turned: _Turned, source: Node, volume: Volume, findings: Findings) -> None:
    (span, last), *others = dict.fromkeys(turned.turned_spans)
    more = f", and so do {counted(len(others), 'volume')} after it" if others else ""
    help = [channels_last_instead(last)]
    written = findings.source.excerpt(span)
    claimed = source.claim is not None or others  # what the author wants is never rewritten
    fix = Edit(span, str(last)) if _VOLUME.fullmatch(written) and not claimed else None
    if volume.height == 1 and not others:
        help.append(row_instead(volume))
    findings.add(
        "ND235",
        f"`{written[:40]}` seems to have its channels first{more}",
        span,
        help=tuple(help),
        fix=fix,
    )


_VOLUME = re.compile(r"[0-9]+(?:[ \t]*[xX×][ \t]*[0-9]+){2}")
