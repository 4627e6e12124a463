"""Several inputs: each has a name, stands for itself, and reaches the output."""

from __future__ import annotations

from netdsl.diagnostics import Findings, Label
from netdsl.graph.draft.entries import Entry, Gap
from netdsl.graph.expanded_layers import ExpandedLayer, LayerEntry, report_nothing
from netdsl.graph.network import Node
from netdsl.syntax import tree

INPUT_LIMIT = 16
"""Inputs of a network: what is seen of each is followed through all layers."""


_FIRST = ("begin with `input 32x32x3`: height, width and channels of an image", "or `input 784`")


def check_inputs(
    entries: list[Entry], layers: list[ExpandedLayer], findings: Findings, *, asked: bool
) -> None:
    """The first layer takes no volume: it is the input. Others that take none are inputs too.

    ``layers`` are the entries'. ``asked`` says whether a layer could not be read for want of a volume.
    """
    sources = [entry for entry in entries if isinstance(entry, Node) and entry.layer.inputs == 0]
    first = layers[0].entry
    first_kind = first.head.kind if isinstance(first, LayerEntry) else None
    lacks = first_kind is not None and first_kind.inputs != 0
    if not sources and (lacks or (asked and isinstance(first, tree.Unreadable))):
        label = "the first layer needs a volume to work on"
        findings.add("ND208", "the network has no input", entries[0].span, label, help=_FIRST)
    if len(sources) > 1 or any(node.position for node in sources):
        _check_sources(entries, sources, layers, findings)


def _check_sources(
    entries: list[Entry], sources: list[Node], layers: list[ExpandedLayer], findings: Findings
) -> None:
    """Report inputs that are none of their own, or of which nothing comes; ``layers`` are the entries'."""
    first, *_ = entries
    unnamed = [node for node in sources if not layers[node.position].label]
    idle = [entry for entry in entries if not entry.inputs and not _is_source(entry)]
    if first is sources[0] and idle:
        for entry in idle:
            if not isinstance(entry, Gap):
                report_nothing(entry.span, findings)
    elif first is not sources[0] or unnamed:
        behind = [node for node in sources if node.position > 0]
        wrong = behind if first is not sources[0] else unnamed
        for node in [node for node in wrong if node.position > 0] or wrong:
            findings.add(
                "ND208",
                "the input comes first, and only once",
                node.span,
                secondary=(Label(first.span, "the first layer"),) if node is not first else (),
                help=(
                    "move it to the beginning, or leave it out",
                    f"name several inputs: `left: input {node.layer.volume()}`",
                ),
            )
    elif len(sources) > INPUT_LIMIT:
        message = f"a network has at most {INPUT_LIMIT} inputs"
        cure = "feed one volume, and split its channels with SLICE"
        findings.add("ND249", message, sources[INPUT_LIMIT].span, f"of {len(sources)}", help=(cure,))
    else:
        _check_reached(entries, sources, findings)


def _is_source(entry: Entry) -> bool:
    return isinstance(entry, Node) and entry.layer.inputs == 0


def _check_reached(entries: list[Entry], sources: list[Node], findings: Findings) -> None:
    """Every input has to reach the last layer, which is the output."""
    reached = {len(entries) - 1}
    for entry in reversed(entries):
        if entry.position in reached:
            reached.update(entry.inputs)
    for node in sources:
        if node.position not in reached:
            findings.add(
                "ND249",
                f"the input {node.name} does not reach the output",
                node.span,
                secondary=(Label(entries[-1].span, "the output"),),
                help=(
                    "label the result for each input, and join them: `CONCAT[ @a | @b ]`",
                    "leave the input out",
                ),
            )
