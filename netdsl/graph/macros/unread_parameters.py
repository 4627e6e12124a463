"""Reports parameters of blocks, and ``let`` lines inside them, that nothing reads."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

from netdsl.diagnostics import Findings, Label, Severity
from netdsl.graph.expressions.environment import Readings
from netdsl.source import Span
from netdsl.syntax import tree


def report_unread_parameters(blocks: Iterable[tree.Block], readings: Readings, findings: Findings) -> None:
    """Note each name of a block that no layer and no formula of it reads.

    In a layer the same word may be an option: ``stride 2`` does not read the parameter ``stride``. Only
    ``readings`` tell, and where the block has mistakes or parts that no layer came from they tell nothing.
    """
    mistakes = [found for found in findings.found if found.severity is Severity.ERROR]
    faulty: dict[int, list[int]] = {}
    for found in mistakes:
        if found.primary is not None:
            faulty.setdefault(id(found.source), []).append(found.primary.span.start)
    for starts in faulty.values():
        starts.sort()
    for block in blocks:
        source, span = findings.source.locate(block.span)
        starts = faulty.get(id(source), [])
        sound = bisect_left(starts, span.start) == bisect_left(starts, span.end)
        told = [
            (name, options)
            for name, options in _unread(block, readings)
            if (sound or not options) and not _among(starts, findings.source.locate(name.span)[1])
        ]
        nowhere = [name for name, options in told if not options]
        if nowhere:
            _report_unused(block, nowhere, findings)
        for name, options in told:
            if options:
                _report_options(block, name, options, findings)


def _among(starts: list[int], span: Span) -> bool:
    """Whether a mistake stands at a place: a name that is not allowed, for instance."""
    return starts[bisect_left(starts, span.start) :][:1] == [span.start]


def _unread(block: tree.Block, readings: Readings) -> Iterator[tuple[tree.Word, list[tree.Word]]]:
    """The names that nothing reads, each with the options that are written with the same word."""
    lets = [statement for statement in block.statements if isinstance(statement, tree.Let)]
    named: tuple[tree.Let | tree.Parameter, ...] = (*reversed(lets), *reversed(block.parameters))
    names = {part.name.text: part.name for part in named}
    options: dict[str, list[tree.Word]] = {name: [] for name in names}
    for word, in_layer in _words(block) if names else ():
        if word is None:
            return
        if word.text in options:
            if not in_layer or word.span in readings.read or word.span not in readings.seen:
                del options[word.text]
            else:
                options[word.text].append(word)
        else:
            for part in re.split("[xX]", word.text):  # `kx1` reads k
                options.pop(part, None)
    for name in reversed(options):
        yield names[name], options[name]


def _report_unused(block: tree.Block, names: list[tree.Word], findings: Findings) -> None:
    """Names that stand nowhere in the block; one finding for all of them."""
    first, *others = names
    listed = _listed([f"`{name.text}`" for name in names])
    findings.add(
        "ND240",
        f"nothing in {block.name.text} reads its {_noun(block, first)}{'s' * bool(others)} {listed}",
        first.span,
        severity=Severity.NOTE,
        secondary=tuple(Label(name.span) for name in others[: _SHOWN - 1]),
        help=(f"leave {'them' if others else 'it'} out, or write {listed} where the value belongs",),
    )


_SHOWN = 3


def _listed(names: list[str]) -> str:
    if len(names) > _SHOWN:
        return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _noun(block: tree.Block, name: tree.Word) -> str:
    return "parameter" if any(parameter.name is name for parameter in block.parameters) else "number"


def _report_options(block: tree.Block, name: tree.Word, options: list[tree.Word], findings: Findings) -> None:
    """A name that stands in the block only as the option of the same name."""
    findings.add(
        "ND240",
        f"nothing in {block.name.text} reads its {_noun(block, name)} `{name.text}`",
        name.span,
        severity=Severity.NOTE,
        secondary=tuple(Label(word.span, "the option of this name") for word in options[:_SHOWN]),
        help=(f"write `{name.text} {name.text}` to give the option the value of the parameter",),
    )


def _words(block: tree.Block) -> Iterator[tuple[tree.Word | None, bool]]:
    """The words of a block that can be names of values, and whether they stand among a layer's options;
    None for a part that could not be read."""
    pending: list[tuple[Any, bool]] = [(parameter.default, False) for parameter in block.parameters]
    pending += [(statement, False) for statement in block.statements]
    while pending:
        node, in_layer = pending.pop()
        if isinstance(node, tree.Word):
            yield node, in_layer
        elif isinstance(node, tree.Unreadable):
            yield None, False
        elif isinstance(node, tree.Reference):
            yield tree.Word(node.name, node.span), False
        elif isinstance(node, tree.Let):
            pending.append((node.value, False))
        elif isinstance(node, tree.Call):
            pending += [(argument.value, False) for argument in node.arguments]
            pending += [(node.block, False), (node.times, False)]
        elif isinstance(node, tree.Layer):
            pending += [(part, True) for part in (*(() if node.labelled else node.words), *node.items)]
        elif isinstance(node, tree.Group | tree.Join):
            pending += [(part, False) for part in node if part is not None]
        elif type(node) in (tuple, tree.Branch, tree.Where):
            pending += [(part, in_layer) for part in node]
