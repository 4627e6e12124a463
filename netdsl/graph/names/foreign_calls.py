"""What is said of calls of other programs: ``nn.AdaptiveAvgPool2d(6)``, ``model.fit(x, y)``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netdsl.codes import Fact
from netdsl.diagnostics import CALL, Diagnostic, Label, Severity
from netdsl.graph.names.absent_kinds import absent_kind
from netdsl.graph.names.foreign_kinds import foreign_kind
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.syntax.class_calls import Called, calls_in, without_unread

_NUMBER = re.compile(r"[(\[,\s]*([0-9]{1,9})(?:\s*,\s*([0-9]{1,9}))?[)\],\s]*")
_RUNNING = {
    **dict.fromkeys(
        ("compile", "fit", "backward", "step", "zero_grad"),
        "the recipe trains: `train { optimizer adam; epochs 5 }`",
    ),
    **dict.fromkeys(("evaluate", "predict"), "a command does that: `netdsl eval RUN`, `netdsl predict RUN`"),
    "summary": "`netdsl check` prints the table of layers",
    **dict.fromkeys(("cuda", "to", "eval", "train"), "leave it out"),
}
_OUTPUT_PADDING = " - PAD by bottom {0} right {0}"


def answer_to_call(name: str, arguments: str) -> str:
    """The cure for a call that is not a netdsl layer as it stands; empty where nothing is known of it."""
    running = _RUNNING.get(name.lower())
    if running is not None:
        return running
    absent = absent_kind(name)
    if absent:
        return absent
    extents = _NUMBER.fullmatch(arguments)
    span = Span(0, 0)
    numbers = (tree.Extents("x".join(filter(None, extents.groups())), span),) if extents else ()
    foreign = foreign_kind(name, tree.Layer(None, (), False, numbers, "", span))
    left_out, meant = without_unread(name, arguments)
    if not left_out:
        return foreign.cure if foreign is not None else ""
    named = " and ".join(f"`{word}`" for word in left_out)
    if left_out == ("output_padding",):
        rows = re.search(r"output_padding\s*=\s*[(\[]?\s*([0-9]{1,3})", arguments)
        meant += _OUTPUT_PADDING.format(rows[1]) if rows is not None else ""
        return f"{named} is not known here; `{meant}` gives the same volume"
    return f"{named} {'are' if len(left_out) > 1 else 'is'} not known here; without, write `{meant}`"


def with_answers(syntax: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The mistakes of syntax, those at the dot of a call as one about the call."""
    found = []
    for mistake in syntax:
        call = _call_at(mistake)
        found.append(mistake if call is None else _about(*call))
    return found


def _call_at(mistake: Diagnostic) -> tuple[Called, Source, int] | None:
    """The call whose dots are the mistake, its source, and where its line begins."""
    source, label = mistake.source, mistake.primary
    if not Fact.STRANGE_SIGN.holds(mistake.code) or source is None or label is None:
        return None
    offset = label.span.start
    if source.text[offset : offset + 1] != ".":
        return None
    start = source.text.rfind("\n", 0, offset) + 1
    line = source.text[start : start + _LONGEST].partition("\n")[0]
    own = _ASSIGNED.match(line)
    begin = own.end() if own is not None and offset - start < own.end() else offset - start
    call = next((call for call in calls_in(line) if call.start <= begin < call.end), None)
    return None if call is None or call.meant else (call, source, start)


_ASSIGNED = re.compile(r"[ \t]*self\.\w{1,40}[ \t]*=[ \t]*(?=[A-Za-z_])")


_LONGEST = 400


def _about(call: Called, source: Source, start: int) -> Diagnostic:
    span = Span(start + call.start, start + call.end)
    written = source.text[span.start : span.end]
    name, _, arguments = written.partition("(")
    answer = answer_to_call(call.name, arguments[:-1])
    general = "write the layer in netdsl's language: `CONV 64 3x3`, `MAX POOL 2x2`, `FC 10`"
    shown = name if len(name) <= 40 else f"{name[:39]}…"
    message = f"`{shown}` is a Python call, not a netdsl layer"
    return Diagnostic(
        "ND101", Severity.ERROR, message, source, Label(span), help=(answer or general,), cause=CALL
    )
