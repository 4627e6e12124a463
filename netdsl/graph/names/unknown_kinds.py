"""Reports names that are no kind of layer."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from netdsl.diagnostics import Edit, Findings
from netdsl.graph.expanded_layers import LayerHead
from netdsl.graph.names.absent_kinds import (
    DIMENSIONS,
    absent_kind,
    absent_words,
    activation_named,
    in_one_line,
)
from netdsl.graph.names.foreign_kinds import foreign_kind
from netdsl.graph.names.kind_modifiers import modifier_in, without_modifier
from netdsl.graph.names.kind_suggestions import (
    Hyphenated,
    beside_hyphen,
    hyphenated,
    kind_behind_name,
    kind_of_words,
    lacks_numbers,
    leaves_a_word,
    nearest_kind,
    one_position,
)
from netdsl.layers.registry import all_kinds, kind_named, short_name
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.joined_names import label_names


def report_unknown_kind(
    head: LayerHead,
    findings: Findings,
    *,
    layer: tree.Layer | None = None,
    alone: bool = False,
    list_all: bool = False,
    blocks: Iterable[str] = (),
    numbers: Container[str] = (),
) -> None:
    """Report a head without a kind, with the nearest one; where there is none, ``list_all`` adds once in
    a text all there are. ``blocks`` are those without parameters, which are used like kinds; ``numbers``
    the names of numbers.

    ``layer`` is the whole layer; ``alone`` where nothing else can give it numbers: then a kind that needs
    some and gets none is a guess to think about, no fix.
    """
    if findings.heard("ND201", head.span):
        return
    cut = hyphenated(findings.source.text, head.span)
    if cut is not None:
        _report_cut(cut, findings)
        return
    head = kind_behind_name(head, layer, findings) if layer is not None else head
    absent, span = absent_words(findings.source.text, head.span)
    if absent:
        findings.add("ND201", _no_kind(absent), span, help=(absent_kind(absent),))
        return
    source, _ = findings.source.locate(head.span)
    if _is_bare(layer) and head.written.lower() in label_names(source.text):
        cure = f"write `@{head.written}` for the output of the layer with this label"
        signed = Edit(head.span, f"@{head.written}")
        findings.add("ND201", _no_kind(head.written), head.span, help=(cure,), fix=signed)
        return
    cure, fix, near = _guess(head, layer, alone, findings, blocks, numbers)
    help = (cure,) if cure else ()
    if list_all and not cure and findings.spend("kinds listed", 1) == 1:
        help = (in_one_line("the kinds are", [kind.keyword for kind in all_kinds()]),)
    cause = head.written if DIMENSIONS.search(head.written) else _ENUMERATED.sub("", head.written).upper()
    message = _no_kind(head.written)
    findings.add("ND201", message, head.span, help=help, fix=fix, cause=cause, proposal=near)


def _is_bare(layer: tree.Layer | None) -> bool:
    """Whether a layer is a name alone."""
    return layer is not None and not layer.labelled and len(layer.words) == 1 and not layer.items


_ENUMERATED = re.compile(r"[0-9]+(?:_[0-9]+)*[a-z]?\Z")
"""What numbers a layer: `KONV2` is the mistake of `KONV1` again."""


def _no_kind(written: str) -> str:
    shown = written if len(written) <= 40 else written[:39] + "…"
    return f"there is no kind of layer called `{shown}`"


def _guess(
    head: LayerHead,
    layer: tree.Layer | None,
    alone: bool,
    findings: Findings,
    blocks: Iterable[str],
    numbers: Container[str],
) -> tuple[str, Edit | None, str]:
    """A cure for a head without a kind, and the change that is the cure, where that is all it takes; last the
    kind that was probably mistyped."""
    text = findings.source.text
    if head.written.lower() in ("all", "every", "each"):
        cure = "for all layers of a kind, write `default CONV 3x3 pad 1`, `default MAX POOL 2x2`"
        return cure, None, ""
    if layer is not None and layer.labelled and not layer.items:
        words = [word.text for word in layer.words]
        short = short_name(" ".join(words))
        kind = f"{short[0].keyword} {short[1]}" if short is not None else kind_of_words(words)
        if kind:
            return f"nothing follows the colon: write `{kind}`", None, ""
    named = activation_named(text, head.span)
    if named is not None:
        return f"write `{named[0]}`", Edit(named[1], named[0]), ""
    pooled = one_position(head.written, layer) if layer is not None and alone else None
    if pooled is not None:
        return f"did you mean `{pooled[0]}`?", Edit(Span(head.span.start, pooled[1]), pooled[0]), pooled[0]
    changed = _modifier(layer) if layer is not None else ""
    if changed:
        return without_modifier(changed), None, ""
    foreign, span = foreign_kind(head.written, layer), head.span
    if foreign is None and layer is not None and len(layer.words) > 1 and not layer.labelled:
        first, second = layer.words[:2]
        foreign, span = foreign_kind(f"{first.text} {second.text}", None), first.span.to(second.span)
    if foreign is not None:
        return foreign.cure, Edit(span, foreign.meant) if foreign.meant else None, ""
    adjective, _, noun = head.written.partition(" ")
    if kind_named(noun) is not None and (said := foreign_kind(adjective, None)) is not None:
        return said.cure, None, ""  # `Strided convolution`
    near = nearest_kind(head.written, findings, blocks, part=beside_hyphen(text, head.span))
    if near is None:
        return "", None, ""
    if layer is not None and leaves_a_word(near, layer, numbers):
        return f"did you mean `{near}`?", None, near
    if layer is not None and alone and lacks_numbers(near, layer):
        return f"did you mean `{near}`, with its numbers?", None, near
    return f"did you mean `{near}`?", Edit(head.span, near), near


def _modifier(layer: tree.Layer) -> str:
    """``deformable`` of ``deformable conv`` and ``deformable 3x3 conv``."""
    behind = [item.text for item in layer.items if isinstance(item, tree.Word)]
    return modifier_in([word.text for word in layer.words] + ([] if layer.labelled else behind[:1]))


def _report_cut(cut: Hyphenated, findings: Findings) -> None:
    message = f"`-` chains layers, so `{cut.written}` is not a kind"
    findings.add("ND201", message, cut.span, meant=cut.meant)
