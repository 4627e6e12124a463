"""Reads ``expect`` lines."""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.coercion import LENGTH_LIMIT, extents, volume
from netdsl.graph.network import Expectation
from netdsl.quantities import BYTE_UNITS, Size, bytes_from_text, count_from_text
from netdsl.source import Span
from netdsl.syntax import tree

COUNTS = {"params": "params", "parameters": "params", "macs": "macs", "connections": "connections"}
"""Subjects that are counts of the whole network, by the words for them."""

OF_LAYERS = {
    "volume": "volume",
    "receptive_field": "receptive_field",
    "receptive field": "receptive_field",
}
"""Subjects that a name of a layer follows."""

SUBJECTS = {**COUNTS, "memory": "memory", "output": "output", **OF_LAYERS, "pattern": "pattern"}
"""What can be expected."""

RELATIONS = {"=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">="}


def read_expectation(statement: tree.Expect, findings: Findings) -> Expectation | None:
    """One line, or None where it says nothing that can be checked."""
    words = [word.text for word in statement.subject]
    written = " ".join(words).lower()
    for length in (2, 1):
        subject = OF_LAYERS.get(" ".join(words[:length]).lower())
        if subject is not None:
            return _of_layer(statement, subject, words[length:], findings)
    if written == "output":
        return _output(statement, findings)
    if written in COUNTS or written == "memory":
        return _count(statement, COUNTS.get(written, written), findings)
    near = findings.near(written, SUBJECTS, "subjects")
    known = "what can be expected: params, macs, connections, memory, output, volume NAME, " + (
        "receptive_field NAME, pattern"
    )
    span = statement.subject[0].span.to(statement.subject[-1].span)
    findings.add("ND214", f"nothing called `{written[:60]}` can be expected", span, help=(known,), meant=near)
    return None


def _count(statement: tree.Expect, subject: str, findings: Findings) -> Expectation | None:
    value, unit = statement.value, statement.unit
    memory = subject == "memory"
    if unit is not None and (not memory or unit.text.lower() not in BYTE_UNITS):
        cure = "units of memory are B, KB, MB, GB and KiB, MiB, GiB"
        cure = cure if memory else f"`{subject}` is a plain count: 61,706, 70M or 1.2G"
        findings.add("ND214", f"`{unit.text[:40]}` is not a unit of {subject}", unit.span, help=(cure,))
        return None
    count = None
    if isinstance(value, tree.Number):
        read = bytes_from_text if memory else count_from_text
        count = read(f"{value.text} {unit.text}" if unit is not None else value.text)
    if count is None:
        long = len(value.text) > LENGTH_LIMIT
        findings.add(
            "ND105" if long else "ND214",
            f"`{subject}` is a whole number",
            value.span,
            "too long" if long else "not a whole number",
            help=("write 256 MiB",) if memory else ("write 61,706, 61706, 70M or 1.2G",),
        )
        return None
    return Expectation(subject, RELATIONS[statement.relation], count, statement.span, _value_span(statement))


def _value_span(statement: tree.Expect) -> Span:
    return statement.value.span.to(statement.unit.span) if statement.unit else statement.value.span


def _output(statement: tree.Expect, findings: Findings) -> Expectation | None:
    return _volume(
        statement, "output", "", "write `expect output = 6x6x256`, or `expect output = 10`", findings
    )


def _of_layer(
    statement: tree.Expect, subject: str, words: list[str], findings: Findings
) -> Expectation | None:
    name = " ".join(words)
    if not name:
        example = (
            "expect volume POOL2 = 5x5x16" if subject == "volume" else "expect receptive_field CONV3 >= 32"
        )
        findings.add(
            "ND214", f"`{subject}` needs the name of a layer", statement.span, help=(f"write `{example}`",)
        )
        return None
    if subject == "volume":
        return _volume(statement, subject, name, f"write `expect volume {name} = 5x5x16`", findings)
    if _refused_unit(statement, findings):
        return None
    parts = extents(statement.value)
    if parts is None or len(parts) > 2 or 0 in parts:
        findings.add(
            "ND214",
            "a receptive field is a number of pixels, or HEIGHTxWIDTH",
            statement.value.span,
            help=(f"write `expect receptive_field {name} >= 32`",),
        )
        return None
    size = Size(parts[0], parts[-1])
    relation = RELATIONS[statement.relation]
    return Expectation(subject, relation, size, statement.span, statement.value.span, name)


def _volume(
    statement: tree.Expect, subject: str, name: str, cure: str, findings: Findings
) -> Expectation | None:
    expected = volume(statement.value)
    what = "an output" if subject == "output" else "a volume"
    if expected is None:
        message = f"{what} is height, width and channels, or a plain count"
        findings.add("ND214", message, statement.value.span, help=(cure,))
        return None
    if statement.relation != "=":
        findings.add("ND214", f"{what} is only compared with `=`", statement.span, help=(cure,))
        return None
    if _refused_unit(statement, findings):
        return None
    return Expectation(subject, "=", expected, statement.span, statement.value.span, name)


def _refused_unit(statement: tree.Expect, findings: Findings) -> bool:
    if statement.unit is not None:
        message = f"`{statement.unit.text[:40]}` has no meaning here"
        findings.add("ND214", message, statement.unit.span, help=("only memory has a unit: `256 MiB`",))
    return statement.unit is not None
