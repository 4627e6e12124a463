"""The input as papers write it: ``input (224 x 224 RGB image)``, ``input 1@32x32``."""

from __future__ import annotations

import re

from netdsl.graph.papers.sizes import maps_of
from netdsl.source import Span
from netdsl.syntax import tree

_COLOURS = {
    **dict.fromkeys(("rgb", "bgr", "color", "colour", "coloured", "colored"), "3"),
    **dict.fromkeys(("gray", "grey", "grayscale", "greyscale", "monochrome", "mono"), "1"),
}
_IDLE = frozenset(
    (
        "image",
        "images",
        "picture",
        "pictures",
        "pixel",
        "pixels",
        "px",
        "raw",
        "of",
        "a",
        "an",
        "the",
        "size",
        "input",
    )
)
_REMARK = re.compile(r"[A-Za-z]+|[0-9]+(?:[ \t]*[xX×][ \t]*[0-9]+)*|@")

_LISTED = re.compile(
    r"\([ \t]*([0-9]{1,9})[ \t]*,[ \t]*([0-9]{1,9})[ \t]*,[ \t]*([0-9]{1,9})[ \t]*,?[ \t]*\)"
)
"""``(32, 32, 3)``, as NumPy and Keras show a shape."""


def image_of(items: tuple[tree.Item, ...]) -> tree.Extents | None:
    """The volume that a size and words for colours make; None where that is not all there is, or where
    the size alone says it."""
    size: tree.Extents | None = None
    channels: set[str] = set()
    for item in items:
        if isinstance(item, tree.Extents) and size is None:
            size = item
        elif isinstance(item, tree.Word) and item.text.lower() in _COLOURS:
            channels.add(_COLOURS[item.text.lower()])
        elif not (isinstance(item, tree.Word) and item.text.lower() in _IDLE) and not _is_comma(item):
            return None
    if size is None or len(channels) > 1:
        return None
    maps = maps_of(size)
    parts = [
        part.strip() for part in (maps.volume if maps else size.text).lower().replace("×", "x").split("x")
    ]
    if len(parts) == 2 and channels:
        parts += channels
    if (channels and parts[2:] != [*channels]) or len(parts) > 3 or (items == (size,) and maps is None):
        return None
    return tree.Extents("x".join(parts), size.span)


def _is_comma(item: tree.Item) -> bool:
    return isinstance(item, tree.Mark) and item.text == ","


def image_in_remark(layer: tree.Layer) -> tree.Extents | None:
    """The volume in a remark that says nothing else: ``(224 x 224 RGB image)``."""
    start = layer.span.end - len(layer.remark)
    listed = _LISTED.fullmatch(layer.remark)
    if listed is not None:
        return tree.Extents("x".join(listed.groups()), Span(start, layer.span.end))
    items: list[tree.Item] = []
    for found in _REMARK.finditer(layer.remark):
        span = Span(start + found.start(), start + found.end())
        if found[0][0].isalpha():
            items.append(tree.Word(found[0], span))
        elif "x" in found[0].lower() or "×" in found[0]:
            items.append(tree.Extents(found[0], span))
        else:
            return None
    if len(items) == 1 and isinstance(items[0], tree.Extents):
        return items[0]
    return image_of(tuple(items)) or _plain(items)


def _plain(items: list[tree.Item]) -> tree.Extents | None:
    """The size of ``(28x28 image)``."""
    sizes = [item for item in items if isinstance(item, tree.Extents)]
    words = [item for item in items if isinstance(item, tree.Word)]
    return sizes[0] if len(sizes) == 1 and all(word.text.lower() in _IDLE for word in words) else None
