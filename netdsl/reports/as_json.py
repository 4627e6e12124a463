"""Renders checks as JSON for other programs, as `netdsl/schemas/check.json` describes it.

The schema only grows; its number says when it broke.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import netdsl
from netdsl.counting import tool_named
from netdsl.counting.columns import COLUMNS, cells, total
from netdsl.counting.tool import Tool
from netdsl.diagnostics import Diagnostic, Edit, Label, Severity
from netdsl.opening import writable
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.program.kept_tensors import kept_values
from netdsl.quantities import FLOAT_BYTES
from netdsl.source import Source, Span
from netdsl.text.printer import node_text

SCHEMA = "netdsl-check-1"
FINDING_SCHEMA = "netdsl-finding-1"


def checks_as_json(
    checks: Iterable[tuple[str, Plan | None, Sequence[Diagnostic]]],
    names: Sequence[str] = (),
    tools: Sequence[str] = (),
) -> str:
    """One object for all networks checked: (file, plan or None, findings) each.

    ``names`` are columns of netdsl.counting that every layer and the whole get besides, ``tools``
    those whose totals are added.
    """
    return outcomes_as_json(
        [
            (file, plan_as_json(plan, names, tools) if plan is not None else "", findings)
            for file, plan, findings in checks
        ]
    )


def outcomes_as_json(
    checks: Sequence[tuple[str, str, Sequence[Diagnostic]]], *, statistics: bool = False
) -> str:
    """``checks_as_json`` of plans that are text already, as ``plan_as_json`` writes them; empty for none.

    With ``statistics``, how often each code is found besides.
    """
    return "".join(_pieces(checks, statistics))


def plan_as_json(plan: Plan, names: Sequence[str] = (), tools: Sequence[str] = ()) -> str:
    """The object of one plan, with a line for each layer; arguments as for ``checks_as_json``."""
    kept = kept_values(plan)
    head = json.dumps(_plan(plan, kept, names, tools))[:-1]
    return f'{head}, "layers": [{"".join(_lines(_layers(plan, kept, names)))}]}}'


def findings_as_json_lines(checks: Sequence[tuple[str, Sequence[Diagnostic]]]) -> str:
    """One object a line for each finding, as they are under `diagnostics`, with the name of its schema."""
    return "".join(
        json.dumps({"schema": FINDING_SCHEMA, **_diagnostic(finding, file)}) + "\n"
        for file, findings in checks
        for finding in findings
    )


def _pieces(checks: Sequence[tuple[str, str, Sequence[Diagnostic]]], statistics: bool) -> Iterator[str]:
    """The text piece by piece, with one line for each layer and each finding: objects for all of them
    at once would take many times the memory of the text."""
    head: dict[str, Any] = {"schema": SCHEMA, "version": netdsl.__version__, "summary": _summary(checks)}
    if statistics:
        from netdsl.reports.as_statistics import statistics as counted  # few runs ask for it

        every = (finding for _, _, findings in checks for finding in findings)
        head["statistics"] = [vars(one) for one in counted(every)]
    yield f'{json.dumps(head)[:-1]}, "networks": ['
    for number, (file, plan, findings) in enumerate(checks):
        yield f'{"," if number else ""}\n {{"file": {json.dumps(writable(file))}, "plan": {plan or "null"}'
        yield ', "diagnostics": ['
        yield from _lines(_diagnostic(finding, file) for finding in findings)
        yield "]}"
    yield "\n]}\n"


def _summary(checks: Sequence[tuple[str, str, Sequence[Diagnostic]]]) -> dict[str, int]:
    counts = Counter(finding.severity for _, _, findings in checks for finding in findings)
    return {
        "files": len(checks),
        "files_with_findings": sum(bool(findings) for _, _, findings in checks),
        **{f"{severity.value}s": counts[severity] for severity in Severity},
    }


def _lines(objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    for number, written in enumerate(objects):
        yield f"{',' if number else ''}\n  {json.dumps(written)}"


def _plan(plan: Plan, kept: Sequence[int], names: Sequence[str], tools: Sequence[str]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": plan.network.name,
        "input": list(plan.input.shape),
        "output": list(plan.output.shape),
        "parameters": plan.parameter_count,
        "macs": plan.macs,
        "activations": plan.activation_values,
        "parameter_bytes": plan.parameter_bytes,
        "activation_bytes": FLOAT_BYTES * plan.activation_values,
        "kept_bytes": FLOAT_BYTES * sum(kept),
    }
    if plan.network.recipe is not None:
        from netdsl.recipe.stored import recipe_as_json  # read with the train block

        written["recipe"] = recipe_as_json(plan.network.recipe.recipe)
    if names:
        written["columns"] = {name: total(name, plan) for name in names if name in COLUMNS}
    if tools:
        written["like"] = {name: _likeness(tool_named(name), plan) for name in tools}
    return written


def _likeness(tool: Tool, plan: Plan) -> dict[str, Any]:
    return {"counts": tool.title, "totals": tool.totals(plan), "differs": tool.differs}


def _layers(plan: Plan, kept: Sequence[int], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    columns = {name: cells(name, plan) for name in names}
    texts: dict[tuple[int, str], str] = {}  # groups repeat the same layers
    for index, layer in enumerate(plan.layers):
        key = id(layer.node.layer), "" if layer.node.shares is None else layer.node.owner
        if key not in texts:
            texts[key] = node_text(layer.node)
        written = _layer(plan, layer, texts[key], kept[index])
        if names:
            written["columns"] = {name: columns[name][index] for name in names}
        yield written


def _layer(plan: Plan, layer: PlannedLayer, text: str, kept: int) -> dict[str, Any]:
    node = layer.node
    return {
        "name": node.name,
        "kind": node.layer.keyword,
        "text": text,
        "implied": node.implied,
        "inputs": [plan.layers[index].node.name for index in node.inputs],
        "output": list(layer.output.shape),
        "parameters": layer.parameter_count,
        "weights_of": node.owner if node.shares is not None else None,
        "macs": layer.macs,
        "activations": layer.output.values,
        "kept_values": kept,
        "receptive_field": list(layer.receptive_field) if layer.receptive_field else None,
        "line": plan.network.source.position(node.span.start)[0],
    }


def _diagnostic(finding: Diagnostic, file: str) -> dict[str, Any]:
    """A finding; of none but a whole file ``file`` is the name."""
    source = finding.source
    labels = [label for label in (finding.primary, *finding.secondary) if label is not None]
    primary = finding.primary
    place = _range(source, primary.span) if source is not None and primary is not None else _NO_RANGE
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": writable(finding.message),
        "file": writable((source.name if source is not None else finding.path) or file),
        **place,
        "labels": [_label(source, label) for label in labels] if source is not None else [],
        "notes": list(map(writable, finding.notes)),
        "help": list(map(writable, finding.help)),
        "fix": _fix(source, finding.fix) if source is not None and finding.fix is not None else None,
    }


_NO_RANGE = dict.fromkeys(("line", "column", "end_line", "end_column"))
"""The place of what is found about a file as a whole."""


def _fix(source: Source, fix: Edit) -> dict[str, Any]:
    """The change that fixes a finding; where the range is empty, the replacement is put in."""
    return {"replacement": fix.replacement, "safe": fix.safe, **_range(source, fix.span)}


def _label(source: Source, label: Label) -> dict[str, Any]:
    """A label with its range; the first label of a finding is where it belongs."""
    return {"text": label.text, **_range(source, label.span)}


def _range(source: Source, span: Span) -> dict[str, int]:
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}
