"""Reports names that are no kind of layer."""

from __future__ import annotations

from collections.abc import Iterable

from netdsl.diagnostics import Edit, Findings
from netdsl.graph.heads import Head
from netdsl.graph.kind_names import (
    Hyphenated,
    beside_hyphen,
    cut_activation,
    hyphenated,
    lacks_numbers,
    nearest_kind,
    one_position,
)
from netdsl.layers.registry import all_kinds
from netdsl.source import Span
from netdsl.syntax import tree


def report_unknown_kind(
    head: Head,
    findings: Findings,
    *,
    layer: tree.Layer | None = None,
    list_all: bool = False,
    blocks: Iterable[str] = (),
) -> None:
    """Report a head without a kind, with the nearest one; ``list_all`` adds all there are. ``blocks``
    are those without parameters, which are used like kinds.

    ``layer`` is the whole layer where nothing else can give it numbers: then a kind that needs some
    and gets none is a guess to think about, no fix.
    """
    if findings.heard("ND201", head.span):
        return
    known = (f"the kinds are {', '.join(kind.keyword for kind in all_kinds())}",) if list_all else ()
    cut = hyphenated(findings.source.text, head.span)
    if cut is not None:
        _report_cut(cut, findings)
        return
    shown = head.written if len(head.written) <= 40 else head.written[:39] + "…"
    message = f"there is no kind of layer called `{shown}`"
    part = beside_hyphen(findings.source.text, head.span)
    near = nearest_kind(head.written, findings, blocks, part=part)
    pooled = one_position(head.written, layer) if layer is not None else None
    if pooled is not None:
        meant, end = pooled
        place = Span(head.span.start, end)
        findings.add(
            "ND201", message, head.span, help=(f"did you mean `{meant}`?", *known), fix=Edit(place, meant)
        )
    elif near is not None and layer is not None and lacks_numbers(near, layer):
        findings.add("ND201", message, head.span, help=(f"did you mean `{near}`, with its numbers?", *known))
    else:
        findings.add("ND201", message, head.span, help=known, meant=near)


def report_cut_activation(head: Head, findings: Findings) -> None:
    """Report ``leaky-relu``, which would be two activations."""
    cut = cut_activation(findings.source.text, head.kind, head.span) if head.kind is not None else None
    if cut is not None and not findings.heard("ND201", cut.span):
        _report_cut(cut, findings)


def _report_cut(cut: Hyphenated, findings: Findings) -> None:
    message = f"`-` chains layers, so `{cut.written}` is no kind"
    findings.add("ND201", message, cut.span, meant=cut.meant)
