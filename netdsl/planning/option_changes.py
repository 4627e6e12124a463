"""Changes of the windows in a chain of layers that bring it to another height and width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from netdsl.diagnostics import Edit, Mistake
from netdsl.graph.network import Node
from netdsl.layers.layer import Layer, Window
from netdsl.planning.cures import written_option
from netdsl.quantities import SAME, Padding, Size, Volume
from netdsl.source import Source

_STRIDES = (2, 3, 4)
"""Steps that people write where branches shrink together."""


class Change(NamedTuple):
    """Other options of one layer of a chain, by name."""

    position: int
    options: dict[str, Any]


def made(chain: Sequence[Node], x: Volume, changes: Sequence[Change] = ()) -> Volume | None:
    """What a chain of layers makes of a volume with some changes; None where a layer does not take it."""
    changed = {change.position: change.options for change in changes}
    for position, node in enumerate(chain):
        layer = with_options(node.layer, changed[position]) if position in changed else node.layer
        outcome = None if layer.problems(x) else layer.volume(x)
        if outcome is None or isinstance(outcome, Mistake):
            return None
        x = outcome
    return x


def with_options(layer: Layer, changed: dict[str, Any]) -> Layer:
    """The layer with other values of some options."""
    values = {name: layer.__dict__[name] for name in layer.options()}
    return type(layer)(dialect=layer.dialect, **{**values, **changed})


def bringing(chain: Sequence[Node], x: Volume, target: Size) -> list[Change]:
    """The changes with which a chain makes the target of a volume: of one layer where that is enough, else
    paddings of all that shrink it; empty where neither does."""
    windows = [(position, window) for position, window in enumerate(_windows(chain, x)) if window is not None]
    windows.sort(key=lambda found: -max(found[1].kernel))  # what looks furthest loses most
    for choose in (_keeping, _keeping_at_stride_1, _strided, _same):
        for position, window in windows:
            for options in choose(chain[position].layer, window):
                change = Change(position, options)
                if _makes(chain, x, [change], target):
                    return [change]
    keeping = [
        Change(position, options) for position, w in windows for options in _keeping(chain[position].layer, w)
    ]
    together = sorted(keeping, key=lambda change: change.position)
    if not _makes(chain, x, together, target):
        return []
    for change in keeping:
        fewer = [other for other in together if other is not change]
        together = fewer if _makes(chain, x, fewer, target) else together
    return together


def _makes(chain: Sequence[Node], x: Volume, changes: Sequence[Change], target: Size) -> bool:
    outcome = made(chain, x, changes)
    return outcome is not None and outcome.size == target


def _windows(chain: Sequence[Node], x: Volume) -> Iterator[Window | None]:
    """The window of each layer that has one to change; a guess after a layer that does not fit."""
    for node in chain:
        options = node.layer.options()
        slides = "padding" in options and "stride" in options and not node.implied
        window = node.layer.window(x) if slides else None
        yield window if window is not None and (window.kernel != (1, 1) or node.layer.has_weights) else None
        outcome = node.layer.volume(x)
        x = outcome if isinstance(outcome, Volume) else x


def _keeping(layer: Layer, window: Window) -> Iterator[dict[str, Any]]:
    """The padding with which a window of stride 1 keeps the extents."""
    if window.kernel != (1, 1):
        yield {"padding": _around(window.kernel)}


def _keeping_at_stride_1(layer: Layer, window: Window) -> Iterator[dict[str, Any]]:
    """The same of a pool, whose stride is its kernel where it has none."""
    if not layer.has_weights and window.kernel != (1, 1):
        yield {"stride": Size(1, 1), "padding": _around(window.kernel)}


def _strided(layer: Layer, window: Window) -> Iterator[dict[str, Any]]:
    """A stride that is missing, with the paddings that go with it."""
    for extent in _STRIDES:
        stride = Size(extent, extent)
        if stride != window.stride:
            yield {"stride": stride}
            yield {"stride": stride, "padding": _around(window.kernel)}


def _same(layer: Layer, window: Window) -> Iterator[dict[str, Any]]:
    """As many positions as steps of the stride fit."""
    yield {"padding": SAME}


def _around(kernel: Size) -> Any:
    if kernel.height % 2 and kernel.width % 2:
        return Padding.even(Size(kernel.height // 2, kernel.width // 2))
    return SAME


def in_words(change: Change) -> str:
    """``stride 1 pad 1``"""
    return " ".join(_in_words(name, value) for name, value in change.options.items())


def _in_words(name: str, value: Any) -> str:
    if name == "stride":
        return f"stride {value.height}"
    return str(value) if value is SAME else f"pad {value}"


def as_edit(change: Change, node: Node, source: Source) -> Edit | None:
    """The change of the text, where one place says it all."""
    written = [name for name in change.options if name in node.option_spans]
    if not written:
        return None if node.implied else Edit.behind(node.span, in_words(change))
    if len(change.options) > 1:
        return None
    return written_option(node, written[0], in_words(change), source)
