"""What is wrong with a summary, was chosen, or is not in it: one finding for each."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.diagnostics import Diagnostic, Label, Severity
from netdsl.formats.summary import Summary
from netdsl.formats.summary_drawing import Choice, Drawing
from netdsl.formats.summary_network import has_activations
from netdsl.planning.plan import Plan
from netdsl.quantities import grouped
from netdsl.source import Source, Span

_SHOWN = 5


def findings_of(drawing: Drawing, summary: Summary, source: Source) -> list[Diagnostic]:
    """The findings about a summary, in no order."""
    found = [
        Diagnostic(
            "ND615", Severity.ERROR, f"{misfit.layer}: {misfit.why}", source, _label(source, misfit.number)
        )
        for misfit in drawing.misfits[:_SHOWN]
    ]
    found += _hidden(drawing, summary, source)
    found += _chosen([choice for choice in drawing.choices if not choice.usual], source, Severity.ERROR)
    if not found:
        found += _chosen([choice for choice in drawing.choices if choice.usual], source, Severity.NOTE)
        found += _unsaid(drawing, summary, source)
    return found


def check_total(summary: Summary, plan: Plan, source: Source) -> list[Diagnostic]:
    """Whether the network comes to the totals that the summary states. Where the parameters do not, nothing
    is said about the mult-adds, which follow from them; Keras counts running statistics as parameters."""
    kept = sum(statistic.values for layer in plan.layers for statistic in layer.statistics)
    counted = plan.parameter_count + (kept if summary.is_keras else 0)
    if summary.total not in (None, counted):
        assert summary.total is not None
        message = f"the network has {grouped(counted)} parameters, not {grouped(summary.total)}"
        return [Diagnostic("ND315", Severity.ERROR, message, source, _label(source, summary.total_number))]
    return _wrong_mult_adds(summary, plan, source)


def _wrong_mult_adds(summary: Summary, plan: Plan, source: Source) -> list[Diagnostic]:
    """The finding about mult-adds that fit no version of torchinfo: they count biases or not, and one image
    or the whole batch."""
    stated = summary.mult_adds
    if stated is None:
        return []
    from netdsl.counting.torchinfo import mult_adds

    counts = [mult_adds(plan, biases=biases) for biases in (True, False)]
    if any(
        stated.least <= count * images <= stated.most for count in counts for images in (summary.batch, 1)
    ):
        return []
    counted = grouped(counts[0] * summary.batch)
    of = f", {grouped(counts[0])} an image" if summary.batch > 1 else ""
    message = f"torchinfo would count {counted} mult-adds{of}, not {stated.text}"
    return [Diagnostic("ND315", Severity.ERROR, message, source, _label(source, stated.number))]


def _hidden(drawing: Drawing, summary: Summary, source: Source) -> list[Diagnostic]:
    """Rows of classes that are not known: what is in them is not shown, or netdsl has no word for it."""
    if not drawing.hidden:
        return []
    rows = drawing.hidden
    classes = list(dict.fromkeys(row.layer for row in rows))
    shown = ", ".join(f"`{name}`" for name in classes[:_SHOWN]) + (
        " and others" if len(classes) > _SHOWN else ""
    )
    unknown = "is not a known layer" if len(rows) == 1 else "are not known layers"
    cure = "`summary(model, depth=20)` shows them" if summary.tool == "torchinfo" else _INNER
    return [
        Diagnostic(
            "ND612",
            Severity.ERROR,
            f"{_counted(len(rows), 'row')} {unknown}: {shown}",
            source,
            _label(source, rows[0].number, "the first"),
            help=(
                f"where it has layers inside, {cure}",
                "write a kind that netdsl lacks with kinds that it has",
            ),
        )
    ]


_INNER = "import a summary of it, and put that in its place"


def _chosen(choices: Sequence[Choice], source: Source, severity: Severity) -> list[Diagnostic]:
    """One finding for all layers for which several options fit."""
    if not choices:
        return []
    groups: dict[tuple[str, tuple[str, ...]], list[Choice]] = {}
    for choice in choices:
        groups.setdefault((choice.written, choice.others), []).append(choice)
    lines = [_line(alike, written, others) for (written, others), alike in groups.items()]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    asked = severity is Severity.ERROR
    names = (
        "the summary allows several options"
        if asked
        else "the summary allows several options; the usual one is written"
    )
    return [
        Diagnostic(
            "ND614" if asked else "ND613",
            severity,
            f"{names}: {', '.join(choice.name for choice in choices[:_SHOWN])}"
            f"{f' and {len(choices) - _SHOWN} more' if len(choices) > _SHOWN else ''}",
            source,
            _label(source, choices[0].number),
            notes=(*lines[:_SHOWN], *more),
            help=("check which one the model has; the first is written, the others follow `# or`",)
            if asked
            else (),
        )
    ]


def _line(alike: list[Choice], written: str, others: tuple[str, ...]) -> str:
    names = ", ".join(choice.name for choice in alike[:_SHOWN])
    return f"{names}{' and more' if len(alike) > _SHOWN else ''}: {written}; or {'; '.join(others)}"


_SILENT = "activations (`default activation relu` puts them in)"


def _unsaid(drawing: Drawing, summary: Summary, source: Source) -> list[Diagnostic]:
    """One note on what a summary does not show at all."""
    remarks = list(drawing.unsaid)
    number = min(drawing.unsaid.values(), default=summary.first)
    if not has_activations(drawing):
        remarks.append(_SILENT)
    if not remarks:
        return []
    message = f"not in a {summary.tool} summary: {'; '.join(remarks)}"
    return [Diagnostic("ND617", Severity.NOTE, message, source, _label(source, number))]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _label(source: Source, number: int, text: str = "") -> Label:
    """A line without the blanks around it."""
    line, start = source.line(number), source.line_start(number)
    return Label(Span(start + len(line) - len(line.lstrip()), start + len(line.rstrip())), text)
