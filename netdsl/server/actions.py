"""What an editor offers to do at a place: the cures of findings, volumes as claims, options that follow from
a claim."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Edit, Findings, has_errors
from netdsl.edits import edited, in_file, mended
from netdsl.graph.draft.entries import Gap, Open
from netdsl.graph.network import Node
from netdsl.planning.cures import claim_cures
from netdsl.planning.option_inference import Solver
from netdsl.planning.text_analysis import TextAnalysis, analysed
from netdsl.quantities import Volume
from netdsl.server.essence import essence
from netdsl.server.layers_in_text import extent, is_written
from netdsl.server.solving import Solution, solutions
from netdsl.source import Source, Span

_SHOWN = 8
"""Ways to complete a layer that are offered."""

_LONGEST = 60

Check: TypeAlias = Callable[[Source], Sequence[Diagnostic]]


class Action(NamedTuple):
    """Something that can be done: edits of the text, which ``cures`` findings. The ``preferred`` one keeps
    what the network is; ``sort`` is quickfix, rewrite or all."""

    title: str
    edits: tuple[Edit, ...]
    sort: str
    cures: tuple[Diagnostic, ...] = ()
    preferred: bool = False


def actions(
    analysis: TextAnalysis, source: Source, findings: Sequence[Diagnostic], span: Span
) -> list[Action]:
    """All that can be done at a place of a text."""
    here = [finding for finding in findings if in_file(finding, source) and _touches(finding, source, span)]
    found = [*_fixes(here), *_cures_of_claims(analysis, here, span), *_solutions(analysis, here, span)]
    unique: dict[tuple[Edit, ...], Action] = {}
    for action in found:
        unique.setdefault(action.edits, action)
    safe = next((action for action in unique.values() if all(edit.safe for edit in action.edits)), None)
    marked = [action._replace(preferred=action is safe) for action in unique.values()]
    return [*marked, *_volumes(analysis, source, span)]


def all_safe_fixes(source: Source, check: Check) -> Action | None:
    """All cures that keep the network, carried out; None where there are none."""
    after, changes = mended(source, check, unsafe=False)
    if after.text == source.text:
        return None
    title = f"Apply {changes} fix{'es' * (changes != 1)} that keep{'s' * (changes == 1)} the network"
    return Action(title, (Edit(Span(0, len(source.text)), after.text, True),), "all")


def _touches(finding: Diagnostic, source: Source, span: Span) -> bool:
    """Whether a finding is about a place of the lines that a selection touches."""
    if finding.primary is None:
        return False
    spans = [finding.primary.span, *([finding.fix.span] if finding.fix else [])]
    first, last = source.position(span.start)[0], source.position(span.end)[0]
    return any(
        source.position(touched.start)[0] <= last and source.position(touched.end)[0] >= first
        for touched in spans
    )


def _fixes(findings: Sequence[Diagnostic]) -> Iterator[Action]:
    for finding in findings:
        if finding.fix is not None and finding.source is not None:
            title = _title(finding.source, finding.fix, finding.help)
            yield Action(title, (finding.fix,), "quickfix", (finding,))


def _title(source: Source, edit: Edit, help: Sequence[str] = ()) -> str:
    """What an edit does, in the words of its finding where these name what is written."""
    new = " ".join(edit.replacement.split())
    named = re.compile(rf"`(?:[^`]* )?{re.escape(new)}`")
    said = next((line for line in help if new and named.search(line)), "")
    if said and len(said) <= _LONGEST:
        return f"Fix: {said}"
    old = " ".join(source.excerpt(edit.span).split())
    if not new:
        return f"Leave out `{_short(old)}`"
    if not old:
        return f"Write `{_short(new)}`"
    return f"Write `{_short(new)}` for `{_short(old)}`"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _cures_of_claims(analysis: TextAnalysis, findings: Sequence[Diagnostic], span: Span) -> Iterator[Action]:
    """Every change of one option that makes a wrong claim true, and the claim that is true."""
    for node in _layers_near(analysis, span):
        wrong = tuple(
            found
            for found in findings
            if node.claim is not None
            and Fact.WRONG_CLAIM.holds(found.code)
            and found.primary
            and found.primary.span == node.claim.span
        )
        inputs = _inputs(analysis, node)
        if not wrong or isinstance(node, Gap) or inputs is None or node.claim is None:
            continue
        for cure in claim_cures(node, inputs, analysis.source, hidden=True):
            if cure.fix is not None:
                yield Action(f"Fix: {cure.text}", (cure.fix,), "quickfix", wrong)
        made = node.layer.volume(*inputs) if not node.layer.problems(*inputs) else None
        if isinstance(made, Volume):
            edit = Edit(node.claim.span, f"[{made}]")
            yield Action(f"Claim [{made}], the layer's output", (edit,), "quickfix", wrong)


def _solutions(analysis: TextAnalysis, findings: Sequence[Diagnostic], span: Span) -> Iterator[Action]:
    """The options of a layer that follow from what it claims: those that it lacks, and those that would have
    to be others."""
    if analysis.draft is None:
        return
    solver = Solver(analysis.draft.dialect, Findings(analysis.source))
    lacking = {entry.span: entry for entry in analysis.draft.entries if isinstance(entry, Open)}
    for node in _layers_near(analysis, span):
        inputs = _inputs(analysis, node)
        asked = tuple(found for found in findings if _is_about(found, node))
        if node.claim is None or inputs is None or not has_errors(list(asked)):
            continue
        entry = node if isinstance(node, Node) else lacking.get(node.span)
        texts = solver.solutions(entry, inputs) if entry is not None else []
        found = [Solution(text, (Edit.behind(node.span, text),)) for text in texts]
        if not found and isinstance(node, Node):
            found = solutions(node, inputs, analysis.source)
        for text, edits in found[:_SHOWN]:
            title = f"Solve: `{text}` gives the claimed {node.claim.volume}"
            yield Action(title, edits, "quickfix", asked)


def _is_about(finding: Diagnostic, node: Node | Gap) -> bool:
    span = extent(node)
    return finding.primary is not None and span.start <= finding.primary.span.start <= span.end


def _layers_near(analysis: TextAnalysis, span: Span) -> Iterator[Node | Gap]:
    """The layers of the lines that a selection touches, each place once."""
    first, last = analysis.source.position(span.start)[0], analysis.source.position(span.end)[0]
    seen: set[Span] = set()
    for node in analysis.sketch.nodes:
        if not analysis.is_exact(node.span.start):
            continue
        if is_written(node) and analysis.is_own(node.span.start) and node.span not in seen:
            extent_of_layer = extent(node)
            if (
                analysis.source.position(extent_of_layer.start)[0] <= last
                and analysis.source.position(extent_of_layer.end)[0] >= first
            ):
                seen.add(node.span)
                yield node


def _inputs(analysis: TextAnalysis, node: Node | Gap) -> tuple[Volume, ...] | None:
    known = [analysis.sketch.volumes[index] for index in node.inputs]
    inputs = tuple(volume for volume in known if volume is not None)
    return inputs if len(inputs) == len(known) else None


def _volumes(analysis: TextAnalysis, source: Source, span: Span) -> Iterator[Action]:
    """Computed volumes as claims, of the selected lines and of the whole text."""
    edits = _claims(analysis)
    if not edits:
        return
    first, last = source.position(span.start)[0], source.position(span.end)[0]
    chosen = [edit for edit in edits if first <= source.position(edit.span.start)[0] <= last]
    for title, wanted in (("here", chosen), ("in the whole file", edits)):
        kept = _sound(analysis, source, wanted) if title != "here" or len(chosen) < len(edits) else []
        if kept:
            yield Action(f"Insert computed volumes {title}", tuple(kept), "rewrite")


def _claims(analysis: TextAnalysis) -> list[Edit]:
    """A claim for every layer and every use of a block that has none and one volume alone."""
    volumes: dict[int, set[str]] = {}
    claimed: set[int] = set()
    for start, node in _claimable(analysis):
        volume = analysis.volume(node)
        if node.claim is not None or volume is None:
            claimed.add(start)
        volumes.setdefault(start, set()).add(str(volume))
    return [
        Edit(Span(start, start), f"[{next(iter(found))}] ", True)
        for start, found in sorted(volumes.items())
        if len(found) == 1 and start not in claimed
    ]


def _claimable(analysis: TextAnalysis) -> Iterator[tuple[int, Node | Gap]]:
    """The layers that may have a claim, each with the place where it would stand."""
    last: dict[Span, tuple[int, Node | Gap]] = {}
    for node in analysis.sketch.nodes:
        use = node.use
        if use is not None and analysis.is_own(use.span.start):
            last[use.span] = use.span.start, node._replace(claim=None)
        if (isinstance(node, Node) and node.layer.inputs == 0) or not analysis.is_exact(node.span.start):
            continue
        if is_written(node) and analysis.is_own(node.span.start):
            yield extent(node).start, node
    calls = {span for span in last if analysis.source.text[span.start : span.start + 1] != "["}
    yield from (last[span] for span in sorted(calls))


def _sound(analysis: TextAnalysis, source: Source, edits: list[Edit]) -> list[Edit]:
    """The claims with which the text is the same network; those at the beginning of a line where not all
    can stand, as in a pattern."""
    outer = [edit for edit in edits if not source.line(_line(source, edit))[: _column(source, edit)].strip()]
    for wanted in (edits, outer):
        text, _ = edited(source.text, wanted)
        if wanted and essence(analysed(source.with_text(text))) == essence(analysis):
            return wanted
    return []


def _line(source: Source, edit: Edit) -> int:
    return source.position(edit.span.start)[0]


def _column(source: Source, edit: Edit) -> int:
    return source.position(edit.span.start)[1] - 1
