"""Reads ``expect`` lines."""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.network import Expectation
from netdsl.graph.values import LENGTH_LIMIT, volume
from netdsl.quantities import count_from_text
from netdsl.spelling import did_you_mean
from netdsl.syntax import tree

SUBJECTS = {"params": "params", "parameters": "params", "macs": "macs", "output": "output"}
"""What can be expected, by the words for it."""

RELATIONS = {"=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">="}


def read_expectation(statement: tree.Expect, findings: Findings) -> Expectation | None:
    """One line, or None where it says nothing that can be checked."""
    written = " ".join(word.text for word in statement.subject).lower()
    span = statement.subject[0].span.to(statement.subject[-1].span)
    subject = SUBJECTS.get(written)
    if subject is None:
        near = did_you_mean(written, SUBJECTS)
        cures = (f"did you mean `{near}`?",) if near else ()
        known = "what can be expected: params, macs, output"
        findings.add("ND214", f"nothing called `{written}` can be expected", span, help=(*cures, known))
        return None
    value = statement.value
    if subject == "output":
        return _expected_output(statement, findings)
    count = count_from_text(value.text) if isinstance(value, tree.Number) else None
    if count is None:
        long = len(value.text) > LENGTH_LIMIT
        findings.add(
            "ND105" if long else "ND214",
            f"`{subject}` is a whole number",
            value.span,
            "too long" if long else "not a whole number",
            help=("write 61,706, 61706, 70M or 1.2G",),
        )
        return None
    return Expectation(subject, RELATIONS[statement.relation], count, statement.span, value.span)


def _expected_output(statement: tree.Expect, findings: Findings) -> Expectation | None:
    expected = volume(statement.value)
    if expected is None:
        findings.add(
            "ND214",
            "an output is a volume or a plain count",
            statement.value.span,
            help=("write `expect output = 6x6x256`, or `expect output = 10`",),
        )
        return None
    if statement.relation != "=":
        findings.add(
            "ND214",
            "an output is only compared with `=`",
            statement.span,
            help=("write `expect output = 10`",),
        )
        return None
    return Expectation("output", "=", expected, statement.span, statement.value.span)
