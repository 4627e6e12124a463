"""What is known of a text, with mistakes in it or not: what an editor asks about while it is written."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.diagnostics import Findings, has_errors
from netdsl.graph.draft.entries import Draft, Gap
from netdsl.graph.network import Network, Node
from netdsl.graph.resolve import resolve
from netdsl.planning.costs import planned_layers
from netdsl.planning.plan import Plan
from netdsl.planning.planner import Sketch, sketched_and_planned
from netdsl.quantities import Volume
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.syntax.parser import parse
from netdsl.syntax.used_files import read_used_files


class TextAnalysis(NamedTuple):
    """``written`` is the tree of the text itself, ``file`` the same with what the files that it uses hold;
    places in both are those of ``source``, which joins the texts of all. ``plan`` is that of the whole
    network, or else of its first layers, as far as all their volumes are known; None where there is none.
    ``respelled`` are the lines that are read as sheets have them: ``draft``, ``sketch`` and ``plan`` have
    their layers, at places that are in the line, and the trees have what the grammar makes of them."""

    source: Source
    written: tree.File | None
    file: tree.File | None
    draft: Draft | None
    sketch: Sketch
    plan: Plan | None
    respelled: tuple[Span, ...] = ()

    @property
    def own_nodes(self) -> list[Node | Gap]:
        """The layers that the text itself names, not the files that it uses."""
        return [node for node in self.sketch.nodes if self.is_own(node.span.start)]

    def is_own(self, offset: int) -> bool:
        """Whether a place is in the text itself."""
        source, _ = self.source.locate(Span(offset, offset))
        return source.name == self.source.name

    def is_exact(self, offset: int) -> bool:
        """Whether words are there as the grammar reads them, so that a change of the text can be made."""
        return not any(span.start <= offset <= span.end for span in self.respelled)

    def volume(self, node: Node | Gap) -> Volume | None:
        return self.sketch.volumes[node.position]


def analysed(source: Source) -> TextAnalysis:
    """Parse, resolve and plan a text as far as it goes. Never raises for what a text holds."""
    parsed = parse(source)
    analysis, sound = _analysis(source, parsed.file, parsed.file)
    if sound and not parsed.diagnostics:
        return analysis
    from netdsl.planning.pipeline import readings  # few texts have mistakes
    from netdsl.syntax.respelling import parse_respelled

    edits = readings(source)
    if not edits:
        return analysis
    read, _ = _analysis(source, parsed.file, parse_respelled(source, edits).file)
    return read._replace(file=analysis.file, respelled=tuple(edit.span for edit in edits))


def _analysis(source: Source, written: tree.File | None, file: tree.File | None) -> tuple[TextAnalysis, bool]:
    """What is known of a tree, and whether it has no mistakes."""
    findings = Findings(source)
    if file is not None and any(isinstance(statement, tree.Use) for statement in file.statements):
        file, findings, _ = read_used_files(file, source)
    draft = resolve(file, findings.source, findings) if file is not None else None
    sketch, plan = Sketch((), ()), None
    if draft is not None:
        sketch, plan = sketched_and_planned(draft, findings)
        plan = plan or _beginning(draft, sketch)
    return TextAnalysis(findings.source, written, file, draft, sketch, plan), not has_errors(findings.found)


def _beginning(draft: Draft, sketch: Sketch) -> Plan | None:
    """The plan of the first layers of a network, up to the first that has a mistake."""
    nodes: list[Node] = []
    volumes: list[Volume] = []
    for node, volume in zip(sketch.nodes, sketch.volumes, strict=True):
        if isinstance(node, Gap) or volume is None or not _fits(node, volumes):
            break
        nodes.append(node)
        volumes.append(volume)
    if not nodes:
        return None
    network = Network(draft.name, tuple(nodes), (), draft.source, draft.dialect)
    return Plan(network, planned_layers(network, volumes))


def _fits(node: Node, volumes: list[Volume]) -> bool:
    """Whether a layer can be asked about its costs: a claim may hide that its input does not suit it."""
    inputs = [volumes[index] for index in node.inputs]
    wanted = node.layer.inputs
    takes = len(inputs) > 1 if wanted is None else len(inputs) == wanted
    if not takes or node.layer.problems(*inputs):
        return False
    return isinstance(node.layer.volume(*inputs), Volume)
