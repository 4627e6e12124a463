"""Changes of one option that make a claimed volume true, as words and as edits of the text."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from netdsl.diagnostics import Edit, Label, Mistake
from netdsl.graph.network import Node
from netdsl.layers.layer import Layer, window_reading
from netdsl.layers.option import OptionType
from netdsl.layers.sliding import positions
from netdsl.quantities import Padding, Size, Volume
from netdsl.source import Source


class Cure(NamedTuple):
    """What is said, and the edit that does the same; None where the text cannot simply be changed.
    ``option`` is the option that would fix it, `pad 1`."""

    text: str
    fix: Edit | None = None
    option: str = ""


class Cured(NamedTuple):
    """What is said in place of a mistake's own cures; ``culprit`` where another layer is at fault, ``label``
    where the mistake's own says less. ``volume`` is what the layer makes with a cure that is nearly certain:
    those after it are checked with that."""

    help: tuple[str, ...]
    fix: Edit | None = None
    culprit: Label | None = None
    label: str = ""
    volume: Volume | None = None


def claim_cures(node: Node, inputs: tuple[Volume, ...], source: Source, *, hidden: bool) -> tuple[Cure, ...]:
    """Changes that would make the claim true, the likeliest first; empty where no single one does. The input
    of a ``hidden`` layer is what the layers before it make."""
    if node.claim is None or len(inputs) != 1:
        return ()
    claimed, (x,) = node.claim.volume, inputs
    return (*_geometry_cures(node, x, claimed, source, hidden), *_channel_cures(node, x, claimed, source))


def _geometry_cures(node: Node, x: Volume, claimed: Volume, source: Source, hidden: bool) -> list[Cure]:
    """Another padding, stride or input for which the window gives the claimed extents."""
    layer = node.layer
    window = layer.window(x)
    options = layer.options()
    if "stride" not in options or claimed.height != claimed.width or x.height != x.width:
        return []
    if node.layer.reads(x).readings != (window_reading(window),):
        return _tried(node, x, claimed, source)  # no window slides: a transposed convolution
    kernel, stride, padding = window.kernel.height, window.stride.height, window.padding.top
    wanted, extent = claimed.height, x.height
    if not (kernel == window.kernel.width and stride == window.stride.width and len({*window.padding}) == 1):
        return []
    if positions(extent, kernel, stride, padding, padding) == wanted:
        return []
    cures = []
    doubled = (wanted - 1) * stride + kernel - extent
    if doubled >= 0 and doubled % 2 == 0 and doubled // 2 < kernel:
        side = doubled // 2
        if _makes(layer, {"padding": Padding(side, side, side, side)}, x, claimed):
            written = f"pad {side}"
            fix = written_option(node, "padding", written, source)
            cures.append(Cure(f"`{written}` gives the claimed {wanted}", fix, written))
    room = extent - kernel + 2 * padding
    if wanted > 1 and room > 0 and room % (wanted - 1) == 0:
        wider = room // (wanted - 1)
        if _makes(layer, {"stride": Size(wider, wider)}, x, claimed):
            written = f"stride {wider}"
            fix = written_option(node, "stride", written, source)
            cures.append(Cure(f"`{written}` gives the claimed {wanted}", fix, written))
    fitting = (wanted - 1) * stride + kernel - 2 * padding
    if fitting >= 1 and not hidden and _makes(layer, {}, Volume(fitting, fitting, x.channels), claimed):
        cures.append(Cure(f"an input of {fitting}x{fitting} instead of {x.size} gives the claimed {wanted}"))
    return cures or _tried(node, x, claimed, source)


_WIDEST = 32
"""The largest padding and stride that are tried."""


def _tried(node: Node, x: Volume, claimed: Volume, source: Source) -> list[Cure]:
    """The padding, or else the stride, that makes the claimed extents of a layer that enlarges or rounds."""
    kernel = node.layer.__dict__.get("kernel")
    widest = min(_WIDEST, min(kernel)) if isinstance(kernel, Size) else _WIDEST
    changes: list[tuple[str, str, Any]] = [
        ("padding", f"pad {side}", Padding(side, side, side, side)) for side in range(widest)
    ]
    changes += [("stride", f"stride {stride}", Size(stride, stride)) for stride in range(1, _WIDEST + 1)]
    for option, written, value in changes:
        if option in node.layer.options() and _makes(node.layer, {option: value}, x, claimed):
            text = f"`{written}` gives the claimed {claimed.height}"
            return [Cure(text, written_option(node, option, written, source), written)]
    return []


def _makes(layer: Layer, changed: dict[str, Any], x: Volume, claimed: Volume) -> bool:
    """Whether the layer with other options makes the claimed extents of a volume."""
    made = _made(layer, changed, x)
    return made is not None and made.size == claimed.size


def _made(layer: Layer, changed: dict[str, Any], x: Volume) -> Volume | None:
    options = {name: layer.__dict__[name] for name in layer.options()}
    other = type(layer)(dialect=layer.dialect, **{**options, **changed})
    made = None if other.problems(x) else other.volume(x)
    return None if isinstance(made, Mistake) else made


def _channel_cures(node: Node, x: Volume, claimed: Volume, source: Source) -> list[Cure]:
    """The count that decides the channels, where there is one and the claim has another."""
    outcome = node.layer.volume(x)
    channels = outcome.channels if isinstance(outcome, Volume) else None
    if channels is None or channels == claimed.channels:
        return []
    cures = []
    for name, option in node.layer.options().items():
        if option.type is not OptionType.COUNT or getattr(node.layer, name) != channels:
            continue
        made = _made(node.layer, {name: claimed.channels}, x)
        if made is not None and made.channels == claimed.channels:
            written = f"{option.words[0]} {claimed.channels}"
            fix = written_option(node, name, written, source)
            cures.append(Cure(f"`{written}` gives the claimed {claimed.channels}", fix, written))
    return cures


_LITERAL = re.compile(
    r"(?:(?P<word>[A-Za-z_-]+)\s*[=:]?\s*(?:(?:of|at|a|with)\s+)?|/\s*)?"
    r"(?:[0-9][0-9,]*(?:\s*[xX×]\s*[0-9]+)?|same|valid|(?:(?:top|bottom|left|right)\s+[0-9]+[\s,]*)+)",
    re.IGNORECASE,
)
"""An option as it is written with a value of its own: what is calculated, or the name of a value, serves
other layers too."""


def written_option(node: Node, option: str, written: str, source: Source) -> Edit | None:
    """The edit that gives a layer ``written``, such as ``pad 2``, in place of what it says now."""
    if node.implied or (node.claim is not None and node.claim.span.start > node.span.start):
        return None  # a layer of the CS231n notes says all in its name
    span = node.option_spans.get(option)
    if span is None or not (node.span.start <= span.start and span.end <= node.span.end):
        return Edit.behind(node.span, written)
    text = source.excerpt(span)
    if not _LITERAL.fullmatch(text):
        return None
    bare = text[0].isdigit()
    return Edit(span, written.rpartition(" ")[2] if bare else written)
