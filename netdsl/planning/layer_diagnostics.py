"""Turns what is wrong with a layer in its context into diagnostics: arithmetic, trace, cures."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.diagnostics import Findings, Label, Mistake
from netdsl.graph.network import Node
from netdsl.planning.cures import Cure, Cured, claim_cures
from netdsl.quantities import Volume
from netdsl.source import Span

TRACE_LENGTH = 8
"""Layers of a trace that are shown, if they fit a line."""

_LINE = 85
"""Characters of a trace."""


class LayerInContext(NamedTuple):
    """A layer with its input volumes and the layers (name, volume) that lead to it."""

    node: Node
    inputs: tuple[Volume, ...]
    trace: tuple[tuple[str, Volume | None], ...]

    @property
    def hidden(self) -> bool:
        """Whether layers before it have made its input what it is: then nobody can choose another."""
        return any(volume is None or volume.size != self.inputs[0].size for _, volume in self.trace)


def report_mistake(context: LayerInContext, mistake: Mistake, cured: Cured, findings: Findings) -> None:
    """A problem of the layer itself, at the option that causes it, or in the layer of a branch that does.
    ``cured`` is what the layers around it have to do with it."""
    node = context.node
    span = node.option_spans.get(mistake.option, node.span)
    secondary = [] if _inside(span, node.span) else [Label(node.span, f"in {node.name}")]
    label = cured.label or mistake.label
    if cured.culprit is not None:
        secondary = [Label(node.span)]
        span, label = cured.culprit
    if findings.heard(mistake.code, span):
        return
    cures: tuple[Cure, ...] = ()
    if node.claim is not None:
        secondary.append(Label(node.claim.span, f"claims {node.claim.volume}"))
        cures = claim_cures(node, context.inputs, findings.source, hidden=context.hidden)
    findings.add(
        mistake.code,
        f"{node.name}: {mistake.message}",
        span,
        label,
        secondary=tuple(secondary),
        notes=mistake.notes if cured.culprit else (*mistake.notes, *_trace_note(context)),
        help=tuple(cure.text for cure in cures) or cured.help,
        fix=cures[0].fix if cures else cured.fix,
        about=node.name,
        cause=_cause(node, cures),
    )


def report_claim(context: LayerInContext, computed: Volume, findings: Findings) -> None:
    """A claim that the arithmetic does not bear out. It is what the author wants, so an option is fixed
    to meet it; the claim itself is changed by nobody else."""
    node = context.node
    assert node.claim is not None
    if findings.heard("ND310", node.claim.span):
        return
    cures = claim_cures(node, context.inputs, findings.source, hidden=context.hidden)
    findings.add(
        "ND310",
        f"{node.name} makes {computed}, not the claimed {node.claim.volume}",
        node.claim.span,
        "; ".join(node.layer.arithmetic(*context.inputs)),
        secondary=(Label(node.span, f"makes {computed}"),),
        notes=_trace_note(context),
        help=(*(cure.text for cure in cures), f"{'or ' if cures else ''}claim [{computed}]"),
        fix=cures[0].fix if cures else None,
        about=node.name,
        cause=_cause(node, cures),
    )


def _cause(node: Node, cures: tuple[Cure, ...]) -> str:
    """What all layers of a kind lack that the same option fixes, such as `pad 1`; empty where that is
    not known."""
    return f"{node.layer.keyword} {cures[0].option}" if cures and cures[0].option else ""


def _inside(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _trace_note(context: LayerInContext) -> tuple[str, ...]:
    volumes = [f"{name} {volume}" if volume else f"{name} unknown" for name, volume in context.trace]
    if not volumes:
        return ()
    if len(volumes) > TRACE_LENGTH:
        volumes = [volumes[0], "...", *volumes[2 - TRACE_LENGTH :]]
    while len(" -> ".join(volumes)) > _LINE and len(volumes) > 3:
        volumes = [volumes[0], "...", *volumes[2 + (volumes[1] == "...") :]]
    return (f"volumes up to here: {' -> '.join(volumes)}",)
