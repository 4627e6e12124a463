"""Turns what is wrong with a layer in its place into diagnostics: arithmetic, trace, cures."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.diagnostics import Edit, Findings, Label, Mistake
from netdsl.graph.network import Node
from netdsl.layers.layer import window_reading
from netdsl.layers.option import OptionType
from netdsl.layers.sliding import positions
from netdsl.quantities import Volume
from netdsl.source import Span

TRACE_LENGTH = 8
"""Layers of a trace that are shown."""


class Place(NamedTuple):
    """A layer with its input volumes and the layers (name, volume) that lead to it."""

    node: Node
    inputs: tuple[Volume, ...]
    trace: tuple[tuple[str, Volume | None], ...]


def report_mistake(place: Place, mistake: Mistake, findings: Findings) -> None:
    """A problem of the layer itself, at the option that causes it."""
    node = place.node
    span = node.option_spans.get(mistake.option, node.span)
    if findings.heard(mistake.code, span):
        return
    secondary = [] if _inside(span, node.span) else [Label(node.span, f"in {node.name}")]
    cures = mistake.help
    if node.claim is not None:
        secondary.append(Label(node.claim.span, f"claims {node.claim.volume}"))
        cures = claim_cures(place) or cures
    findings.add(
        mistake.code,
        f"{node.name}: {mistake.message}",
        span,
        mistake.label,
        secondary=tuple(secondary),
        notes=(*mistake.notes, *_trace_note(place)),
        help=cures,
    )


def report_claim(place: Place, computed: Volume, findings: Findings) -> None:
    """A claim that the arithmetic does not bear out."""
    node = place.node
    assert node.claim is not None
    if findings.heard("ND310", node.claim.span):
        return
    cures = claim_cures(place)
    findings.add(
        "ND310",
        f"{node.name} makes {computed}, not the claimed {node.claim.volume}",
        node.claim.span,
        "; ".join(node.layer.arithmetic(*place.inputs)),
        secondary=(Label(node.span, f"makes {computed}"),),
        notes=_trace_note(place),
        help=(*cures, f"{'or ' if cures else ''}claim [{computed}]"),
        fix=Edit(node.claim.span, f"[{computed}]"),
    )


def _inside(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _trace_note(place: Place) -> tuple[str, ...]:
    steps = [f"{name} {volume}" if volume else f"{name} unknown" for name, volume in place.trace]
    if not steps:
        return ()
    if len(steps) > TRACE_LENGTH:
        steps = [steps[0], "...", *steps[2 - TRACE_LENGTH :]]
    return (f"volumes up to here: {' -> '.join(steps)}",)


def claim_cures(place: Place) -> tuple[str, ...]:
    """Changes that would make the claim true; empty where no single one does."""
    node = place.node
    if node.claim is None or len(place.inputs) != 1:
        return ()
    claimed, (x,) = node.claim.volume, place.inputs
    return (*_geometry_cures(node, x, claimed), *_channel_cures(node, x, claimed))


def _geometry_cures(node: Node, x: Volume, claimed: Volume) -> list[str]:
    """Another padding, stride or input for which the window gives the claimed extents."""
    window = node.layer.window(x)
    options = node.layer.options()
    if "stride" not in options or claimed.height != claimed.width or x.height != x.width:
        return []
    if node.layer.reads(x).readings != (window_reading(window),):
        return []  # no window slides: a transposed convolution, a global pool
    kernel, stride, padding = window.kernel.height, window.stride.height, window.padding.top
    wanted, extent = claimed.height, x.height
    if not (kernel == window.kernel.width and stride == window.stride.width and len({*window.padding}) == 1):
        return []
    if positions(extent, kernel, stride, padding, padding) == wanted:
        return []
    cures = []
    doubled = (wanted - 1) * stride + kernel - extent
    if doubled >= 0 and doubled % 2 == 0 and doubled // 2 < kernel:
        cures.append(f"`pad {doubled // 2}` gives the claimed {wanted}")
    room = extent - kernel + 2 * padding
    if wanted > 1 and room > 0 and room % (wanted - 1) == 0:
        cures.append(f"`stride {room // (wanted - 1)}` gives the claimed {wanted}")
    fitting = (wanted - 1) * stride + kernel - 2 * padding
    if fitting >= 1:
        cures.append(f"an input of {fitting}x{fitting} instead of {x.size} gives the claimed {wanted}")
    return cures


def _channel_cures(node: Node, x: Volume, claimed: Volume) -> list[str]:
    """The count that decides the channels, where there is one and the claim has another."""
    outcome = node.layer.volume(x)
    channels = outcome.channels if isinstance(outcome, Volume) else None
    if channels is None or channels == claimed.channels:
        return []
    return [
        f"`{option.words[0]} {claimed.channels}` gives the claimed {claimed.channels}"
        for name, option in node.layer.options().items()
        if option.type is OptionType.COUNT and getattr(node.layer, name) == channels
    ]
