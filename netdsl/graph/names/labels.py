"""Labels and references to them: ``enc1: CONV 64 3x3``, ``@enc1``; without brackets, ``ADD a, b``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from netdsl.diagnostics import Edit, Findings, Label
from netdsl.graph.expanded_layers import (
    BlockEntry,
    CallEntry,
    Element,
    GroupEntry,
    JoinEntry,
    LayerEntry,
)
from netdsl.graph.expressions.environment import LayerOutput
from netdsl.graph.names.unique_names import LABEL_LIMIT, label_key, label_of
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.joined_names import Join, joined_names


class UseOfBlock(NamedTuple):
    """The expanded layers from ``first`` to before ``end``, which a use of a block has made."""

    block: tree.Block
    first: int
    end: int


class Labels:
    """The labels of one run through a file or block, as far as it has come."""

    def __init__(self, elements: list[Element], block: tree.Block | None) -> None:
        self._elements = elements
        self.block = block
        self._positions: dict[str, tuple[int, bool]] = {}
        self._written: dict[str, Span] | None = None
        self._uses: dict[str, UseOfBlock] = {}

    def define(self, label: str, position: int, *, own: bool) -> None:
        """A label; in a repeated group the newest counts. ``own`` where it stands beside the layer itself,
        and not beside a group or a block that ends with it."""
        self._positions[label_key(label)] = position, own

    def define_use(self, label: str, use: UseOfBlock) -> None:
        """What stands beside a label that is that of a block's use."""
        self._uses[label_key(label)] = use

    def use(self, label: str) -> UseOfBlock | None:
        return self._uses.get(label_key(label))

    def get(self, reference: tree.Reference) -> LayerOutput | None:
        position, own = self._positions.get(label_key(reference.name), (None, False))
        return None if position is None else LayerOutput(position, reference.span, own)

    def written(self, name: str) -> Span | None:
        """Where a label stands in the text, above or below."""
        if self._written is None:
            self._written = {label_key(label): span for label, span in written_labels(self._elements)}
        return self._written.get(label_key(name))

    @property
    def known(self) -> Iterable[str]:
        return self._positions


def find_label(
    reference: tree.Reference, labels: Labels, findings: Findings, sign: str = "@"
) -> LayerOutput | None:
    """The volume that a reference means; None, with a finding, where there is none. ``sign`` is what stands
    before the name."""
    found = labels.get(reference)
    if found is not None:
        return found
    if findings.heard("ND221", reference.span):
        return None
    later = labels.written(reference.name)
    if later is not None:
        findings.add(
            "ND221",
            f"`{sign}{reference.name}` comes before the layer of this name",
            reference.span,
            secondary=(Label(later, "defined only here"),),
            help=("a reference looks back: move it after the layer",),
        )
        return None
    near = findings.near(reference.name, labels.known, labels.block.name.text if labels.block else "")
    cures = []
    if labels.block is not None:
        cures.append(
            "pass labels from outside the block to it: "
            f"`{labels.block.name.text}(@{reference.name})`, and give it a parameter"
        )
    cures.append(f"a label goes before its layer: `{reference.name}: CONV 64 3x3`")
    message = f"there is no layer called `{reference.name}` above"
    meant = f"{sign}{near}" if near else None
    cause = reference.name.rstrip("0123456789_")  # of `enc1` to `enc4` all or none are written
    findings.add("ND221", message, reference.span, help=tuple(cures), meant=meant, cause=cause)
    return None


def written_labels(elements: Iterable[Element]) -> Iterator[tuple[str, Span]]:
    """All labels of a text in its order; those inside blocks belong to the blocks. The name of a block that
    is used without parentheses is none."""
    pending: list[Element] = list(reversed([*elements]))
    while pending:
        element = pending.pop()
        if isinstance(element, GroupEntry):
            pending.extend(reversed(element.elements))
        elif isinstance(element, CallEntry) and element.written.label:
            yield label_of(element.written.label), _words_span(element.written.label)
        elif isinstance(element, JoinEntry):
            pending.extend(reversed([inner for branch in element.branches for inner in branch.elements]))
            yield from _label_of(element.layer)
        elif isinstance(element, LayerEntry) and (element.written.labelled or element.call is None):
            yield from _label_of(element)


def _label_of(layer: LayerEntry) -> Iterator[tuple[str, Span]]:
    if layer.head.label:
        yield layer.head.label, _words_span(layer.written.words)


def _words_span(words: tuple[tree.Word, ...]) -> Span:
    return words[0].span.to(words[-1].span)


def check_labels(elements: list[Element], findings: Findings) -> None:
    """Every label once in the text of a file or block; a repeated group may bring it again."""
    seen: dict[str, Span] = {}
    for label, span in written_labels(elements):
        if len(label) == LABEL_LIMIT and span.end - span.start > LABEL_LIMIT:
            findings.add(
                "ND108",
                f"a label has at most {LABEL_LIMIT} characters",
                span,
                help=("give the layer a shorter name",),
            )
            continue
        earlier = seen.setdefault(label_key(label), span)
        if earlier is not span:
            findings.add(
                "ND203",
                f"two layers are called `{label}`",
                span,
                "the second",
                secondary=(Label(earlier, "the first"),),
                help=("give one of them another label",),
            )


def check_parameters(entry: BlockEntry, findings: Findings) -> None:
    """No label is called like a parameter that the block refers to as a volume."""
    block = entry.written
    parameters = {label_key(parameter.name.text): parameter for parameter in block.parameters}
    if not parameters:
        return
    shared = {
        label_key(label): index
        for label, index in written_labels(entry.elements)
        if label_key(label) in parameters
    }
    referred = _references(block.statements) if shared else set()
    for name, index in shared.items():
        if name in referred:
            findings.add(
                "ND203",
                f"`@{name}` can be the label or the parameter of the block",
                index,
                "the label",
                secondary=(Label(parameters[name].name.span, "the parameter"),),
                help=("rename one of them",),
            )


def _references(statements: tuple[Any, ...]) -> set[str]:
    """The names behind every `@` of a text."""
    found: set[str] = set()
    pending: list[Any] = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Reference):
            found.add(label_key(node.name))
        elif isinstance(node, tuple):
            pending.extend(node)
    return found


def join_at(span: Span, findings: Findings) -> Join | None:
    """The join of labels that begins with a kind, at its place in the text of all files."""
    source, in_file = findings.source.locate(span)
    join = joined_names(source.text, in_file.start)
    if join is None:
        return None
    moved = span.start - in_file.start
    return join._replace(span=Span(join.span.start + moved, join.span.end + moved))


def report_joined_labels(keyword: str, span: Span, findings: Findings) -> bool:
    """Report a join whose branches are named without brackets; whether it is one."""
    join = join_at(span, findings)
    if join is None:
        return False
    fix = Edit(join.span, join.meant)
    findings.add("ND220", f"{keyword} joins branches in brackets", join.span, help=(join.cure,), fix=fix)
    return True
