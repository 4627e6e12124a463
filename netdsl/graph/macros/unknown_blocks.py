"""Reports what is used like a block and is none: mostly a layer as other programs call it."""

from __future__ import annotations

import re

from netdsl.diagnostics import CALL, Edit, Findings
from netdsl.graph.macros.blocks import Blocks
from netdsl.graph.names.foreign_calls import answer_to_call
from netdsl.graph.names.kind_suggestions import class_of_another_program
from netdsl.graph.names.labels import join_at
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
    meant, span = _layer_meant(call, findings)
    message = f"there is no block called `{name.text}`"
    if kind is not None:
        message = f"{kind.keyword} is a layer, and {message}"
    if near is not None and kind is None and not class_of_another_program(name.text):
        findings.add("ND217", message, name.span, meant=near)
    elif join := join_at(name.span, findings):
        bracketed = Edit(join.span, join.meant)
        findings.add("ND217", message, name.span, help=(join.cure,), fix=bracketed, cause=CALL)
    elif meant:
        alone = call.times is None
        fix = Edit(span, meant) if alone else None
        shown = meant if alone else f"[{meant}]*n"
        help = (f"write `{shown}`: layer options take no parentheses",)
        findings.add("ND217", message, name.span, help=help, fix=fix, cause=CALL)
    elif lettered := _lettered(call, findings):
        findings.add("ND217", message, name.span, help=lettered)
    elif answer := answer_to_call(name.text, _arguments(call, findings)):
        findings.add("ND217", message, name.span, help=(answer,), cause=CALL)
    elif kind is not None or class_of_another_program(name.text):
        cure = "layer options take no parentheses: `CONV 64 3x3 stride 2`"
        findings.add("ND217", message, name.span, help=(cure,), cause=CALL)
    else:
        cure = f"define it: `block {name.text}(width) {{ CONV width 3x3 - RELU }}`"
        findings.add("ND217", message, name.span, help=() if blocks else (cure,))


def _arguments(call: tree.Call, findings: Findings) -> str:
    """What stands between the parentheses."""
    source, begin = findings.source.locate(call.block.span)
    length = min(_REACH, call.span.end - call.block.span.start)
    written = source.text[begin.start : begin.start + length]
    return written.partition("(")[2].rpartition(")")[0]


_LETTERS = {
    "C": "CONV",
    "CONV": "CONV",
    "P": "MAX POOL",
    "MP": "MAX POOL",
    "AP": "AVG POOL",
    "D": "FC",
    "F": "FC",
}
_NUMBERS = re.compile(r"\w{1,4}\(([ \t]*[0-9]{1,9}[ \t]*(?:,[ \t]*[0-9]{1,9}[ \t]*){0,3})\)")


def _lettered(call: tree.Call, findings: Findings) -> tuple[str, ...]:
    """``C(64,3,1)``, a letter with numbers, as texts abbreviate layers; empty for anything else."""
    kind = _LETTERS.get(call.block.text.upper())
    source, begin = findings.source.locate(call.block.span)
    found = _NUMBERS.match(source.text, begin.start)
    if kind is None or found is None:
        return ()
    numbers = [number.strip() for number in found[1].split(",")]
    if kind == "FC":
        return (f"write `FC {numbers[0]}`",) if len(numbers) == 1 else ()
    if kind == "CONV" and len(numbers) > 1:
        size = f"CONV {numbers[0]} {numbers[1]}x{numbers[1]}"
        rest = numbers[2:]
    else:
        size, rest = f"{kind} {numbers[0]}x{numbers[0]}", numbers[1:]
        if kind == "CONV":
            return (f"write `CONV {numbers[0]} 3x3`, with the size that the text gives",)
    words = [f"{word} {number}" for word, number in zip(("stride", "pad"), rest, strict=False)]
    cures = [f"write `{' '.join([size, *words])}`"]
    if kind == "CONV" and len(rest) == 1:
        cures.append(f"or `{size} pad {rest[0]}`, depending on what the last number means")
    return tuple(cures)


def _layer_meant(call: tree.Call, findings: Findings) -> tuple[str, Span]:
    """What the call means as a layer, and its place; empty where that is not known."""
    start = call.block.span.start
    source, begin = findings.source.locate(call.block.span)
    reach = min(_REACH, call.span.end - start)  # what stands behind is not about this call
    called = next(iter(calls_in(source.text[begin.start : begin.start + reach])), None)
    if called is None or called.start != 0:
        return "", call.span
    span = Span(start, start + called.end)
    if called.meant:
        return called.meant, span
    kind = kind_named(call.block.text)
    required = kind is not None and any(option.required for option in kind.options().values())
    return (kind.keyword, span) if kind is not None and not call.arguments and not required else ("", span)
