"""Reports what is used like a block and is none: mostly a layer as other programs call it."""

from __future__ import annotations

from netdsl.diagnostics import CALL, Edit, Findings
from netdsl.graph.absent_kinds import absent_kind
from netdsl.graph.blocks import Blocks
from netdsl.graph.kind_names import class_of_another_program
from netdsl.layers.registry import kind_named
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.class_calls import calls_in

_REACH = 400
"""Characters from the name of a call that are read."""


def report_unknown_block(call: tree.Call, blocks: Blocks, findings: Findings) -> None:
    """Report a call of something that is no block."""
    name = call.block
    if findings.heard("ND217", name.span):
        return
    kind = kind_named(name.text)
    near = findings.near(name.text, blocks, "blocks")
    meant, place = _layer_meant(call, findings)
    message = f"there is no block called `{name.text}`"
    if kind is not None:
        message = f"{kind.keyword} is a layer, and {message}"
    absent = absent_kind(name.text)
    if near is not None and kind is None and not class_of_another_program(name.text):
        findings.add("ND217", message, name.span, meant=near)
    elif meant:
        alone = call.times is None
        fix = Edit(place, meant) if alone else None
        shown = meant if alone else f"[{meant}]*n"
        help = (f"write `{shown}`: the options of a layer stand without parentheses",)
        findings.add("ND217", message, name.span, help=help, fix=fix, cause=CALL)
    elif absent:
        findings.add("ND217", message, name.span, help=(absent,))
    elif kind is not None or class_of_another_program(name.text):
        cure = "the options of a layer stand without parentheses: `CONV 64 3x3 stride 2`"
        findings.add("ND217", message, name.span, help=(cure,), cause=CALL)
    else:
        cure = f"define it: `block {name.text}(width) {{ CONV width 3x3 - RELU }}`"
        findings.add("ND217", message, name.span, help=() if blocks else (cure,))


def _layer_meant(call: tree.Call, findings: Findings) -> tuple[str, Span]:
    """What the call means as a layer, and its place; empty where that is not known."""
    start = call.block.span.start
    source, begin = findings.source.locate(call.block.span)
    called = next(iter(calls_in(source.text[begin.start : begin.start + _REACH])), None)
    if called is None or called.start != 0:
        return "", call.span
    place = Span(start, start + called.end)
    if called.meant:
        return called.meant, place
    kind = kind_named(call.block.text)
    required = kind is not None and any(option.required for option in kind.options().values())
    return (kind.keyword, place) if kind is not None and not call.arguments and not required else ("", place)
