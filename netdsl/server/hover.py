"""What an editor shows where the pointer rests: how the figures of a layer come about, what a word means."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.graph.draft.entries import Gap
from netdsl.graph.macros.blocks import signature
from netdsl.graph.names.kinds_and_labels import option_words
from netdsl.graph.names.weight_sharing import layer_head
from netdsl.graph.network import Node
from netdsl.graph.statements.expectations import COUNTS
from netdsl.layers.layer import Layer
from netdsl.layers.registry import kind_named
from netdsl.planning.named_layers import NamedLayers
from netdsl.planning.plan import PlannedLayer
from netdsl.planning.text_analysis import TextAnalysis
from netdsl.quantities import Volume, grouped
from netdsl.reports.as_component import subjects
from netdsl.reports.as_derivation import derivation_as_text
from netdsl.reports.as_kind import channels_as_text, kind_as_text, option_as_lines
from netdsl.reports.display import visible
from netdsl.server.keywords import BRANCH_WORDS, dialect_as_text, keyword_as_text
from netdsl.server.layers_in_text import behind, inside, is_written, layers_at, listed
from netdsl.server.names import Definition, Names, Sort
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.uses import Use

_LINES = 16
"""Of a block that is shown, or of one text among several."""


class Hover(NamedTuple):
    """Markdown about what is at ``span``."""

    span: Span
    markdown: str


_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z_]+)*")


def word_at(text: str, offset: int) -> Span | None:
    """The word that holds a place or ends there."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    for word in _WORD.finditer(text, start, len(text) if end < 0 else end):
        if word.start() <= offset <= word.end():
            return Span(*word.span())
    return None


def in_comment(text: str, offset: int) -> bool:
    """Whether a place is after the ``#`` of its line."""
    start = text.rfind("\n", 0, offset) + 1
    return "#" in text[start:offset]


def hover(analysis: TextAnalysis, names: Names, offset: int) -> Hover | None:
    """What there is to say about a place in a network; None where that is nothing."""
    if in_comment(analysis.source.text, offset):
        return None
    word = word_at(analysis.source.text, offset)
    if (recipe := _recipe_line(analysis, offset)) is not None:
        return hover_recipe(analysis.source.text, offset) if word is not None else Hover(recipe, "")
    if word is not None and (said := _of_statement(analysis, offset, word)):
        return Hover(word, said)
    definition = names.at(offset)
    if definition is not None and word is not None and definition.sort is not Sort.LABEL:
        return Hover(word, _of_name(analysis, definition, offset))
    start = offset if definition is None else definition.span.start
    layers = layers_at(analysis, start)
    if not layers and definition is not None and (used := _of_use(analysis, start)):
        return Hover(word or definition.span, "\n\n".join([f"label `{definition.name}`", *used]))
    if layers:
        return Hover(word or layers[0].span, _of_layers(analysis, layers, word))
    return _of_word(analysis, word) if word is not None else None


def _of_statement(analysis: TextAnalysis, offset: int, word: Span) -> str:
    """What a branch that is no layer means, or what an ``expect`` line is about."""
    written = analysis.source.excerpt(word)
    if written.lower() in BRANCH_WORDS and not _is_label(analysis, word):
        return keyword_as_text(analysis.source, word)
    for statement in analysis.written.statements if analysis.written is not None else ():
        if isinstance(statement, tree.Expect) and statement.span.start <= offset <= statement.span.end:
            return _of_expectation(analysis, statement)
    return ""


def _is_label(analysis: TextAnalysis, word: Span) -> bool:
    """Whether a colon or a reference's sign is beside a word."""
    text = analysis.source.text
    return text[word.end : word.end + 1] == ":" or text[word.start - 1 : word.start] == "@"


def _of_expectation(analysis: TextAnalysis, statement: tree.Expect) -> str:
    """What the network has of what is expected."""
    plan = analysis.plan
    if plan is None or len(plan.layers) < len(analysis.sketch.nodes):
        return ""
    subject = COUNTS.get(" ".join(word.text for word in statement.subject).lower())
    counts = {"params": (plan.parameter_count, "parameters"), "macs": (plan.macs, "MACs of one image")}
    if subject in counts:
        count, unit = counts[subject]
        return f"the network has {grouped(count)} {unit}"
    names = [" ".join(word.text for word in statement.subject[start:]) for start in (1, 2)]
    layers = NamedLayers([node.name for node in analysis.sketch.nodes], names)
    position = next((found for name in names if name and (found := layers.position(name)) is not None), None)
    return _of_layers(analysis, [analysis.sketch.nodes[position]], None) if position is not None else ""


def _recipe_line(analysis: TextAnalysis, offset: int) -> Span | None:
    for statement in analysis.written.statements if analysis.written is not None else ():
        if isinstance(statement, tree.Train):
            for line in statement.lines:
                if line.span.start <= offset <= line.span.end:
                    return line.span
    return None


def hover_recipe(text: str, offset: int) -> Hover | None:
    """What a word of a recipe means: an entry, an optimizer, a loss and the like."""
    word = word_at(text, offset)
    if word is None or in_comment(text, offset):
        return None
    found = subjects(text[word.start : word.end])
    return Hover(word, fenced("\n".join(found))) if found else None


def fenced(text: str) -> str:
    """A text as Markdown shows it, as it is."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _of_name(analysis: TextAnalysis, definition: Definition, offset: int) -> str:
    excerpt = analysis.source.excerpt(definition.whole)
    lines = excerpt.splitlines()
    shown = "\n".join(lines[:_LINES] + (["…"] if len(lines) > _LINES else []))
    if definition.sort is not Sort.BLOCK:
        return f"{definition.sort.value} `{definition.name}`\n\n{fenced(shown)}"
    source, span = analysis.source.locate(definition.span)
    line = source.position(span.start)[0]
    where = f", line {line}" if source.name == analysis.source.name else f", {source.name}:{line}"
    heads = [f"{_signature(analysis, definition)}{where}"]
    heads += _of_use(analysis, offset)
    return "\n\n".join([*heads, fenced(shown)])


def _signature(analysis: TextAnalysis, definition: Definition) -> str:
    assert analysis.file is not None
    for statement in analysis.file.statements:
        if isinstance(statement, tree.Block) and statement.name.span == definition.span:
            return f"block {signature(statement)}"
    return f"block `{definition.name}`"


def _of_use(analysis: TextAnalysis, offset: int) -> list[str]:
    """The figures of the use of a block that is written at a place."""
    uses: set[Use] = set()
    for node in analysis.sketch.nodes:
        use = node.use
        while use is not None and use not in uses:
            uses.add(use)
            use = use.outer
    here = [use.span for use in uses if use.span.start <= offset <= use.span.end]
    if not here:
        return []
    call = min(here, key=lambda span: span.end - span.start)
    nodes = [node for node in analysis.sketch.nodes if inside(node, call)]
    last = [node for node in nodes if not _goes_on(analysis, node, call)]
    outputs = [analysis.volume(behind(analysis, node)) for node in last]
    inputs = [analysis.sketch.volumes[index] for index in nodes[0].inputs[:1]]
    said = [f"{listed(inputs)} → {listed(outputs)}"] if listed(outputs) else []
    layers = analysis.plan.layers if analysis.plan is not None else ()
    planned = [layers[node.position] for node in nodes if node.position < len(layers)]
    if len(planned) == len(nodes):
        said.append(_totals(planned))
    return said


def _goes_on(analysis: TextAnalysis, node: Node | Gap, call: Span) -> bool:
    """Whether the next layer that somebody wrote belongs to the same use of a block."""
    nodes, position = analysis.sketch.nodes, node.position + 1
    while position < len(nodes) and not is_written(nodes[position]):
        position += 1
    return position < len(nodes) and inside(nodes[position], call)


def _totals(planned: list[PlannedLayer]) -> str:
    parameters = sum(layer.parameter_count for layer in planned)
    macs = sum(layer.macs for layer in planned)
    return f"{len(planned)} layers, {grouped(parameters)} parameters, {grouped(macs)} MACs"


def _is_planned(analysis: TextAnalysis, node: Node | Gap) -> bool:
    return analysis.plan is not None and node.position < len(analysis.plan.layers)


def _of_layers(analysis: TextAnalysis, layers: list[Node | Gap], word: Span | None) -> str:
    """The figures of a layer and their derivation, and first what the word under the pointer means."""
    first = layers[0]
    told = []
    if isinstance(first, Node) and word is not None:
        told += _option(type(first.layer), analysis.source.excerpt(word))
    if _is_planned(analysis, first):
        assert analysis.plan is not None
        planned = analysis.plan.layers[first.position]
        told.append(_figures(planned))
        here = f", {visible(analysis.source.name)}:"
        told.append(fenced(derivation_as_text(analysis.plan, planned).replace(here, ", line ")))
    else:
        told += _of_unplanned(analysis, first)
    if len(layers) > 1:
        volumes = listed([analysis.volume(node) for node in layers])
        told.append(f"It is used in {len(layers):,} places of the network: {volumes}")
    return "\n\n".join(told)


def _figures(planned: PlannedLayer) -> str:
    field = planned.receptive_field
    return (
        f"**{planned.output}** · {grouped(planned.parameter_count)} parameters · {grouped(planned.macs)} MACs"
        f" · receptive field {'unknown' if field is None else field}"
    )


def _of_unplanned(analysis: TextAnalysis, node: Node | Gap) -> list[str]:
    """What is known of a layer that no plan has: one before it has a mistake, or the layer itself."""
    volume = analysis.volume(node)
    told = (
        [f"**{volume}**, after an error"]
        if volume is not None
        else ["no volume is known because of an earlier error"]
    )
    if isinstance(node, Node):
        inputs = [analysis.sketch.volumes[index] for index in node.inputs]
        known = [one for one in inputs if one is not None]
        if len(known) == len(inputs) and known and _is_sound(node, known):
            derived = [*node.layer.arithmetic(*known), f"= {node.layer.volume(*known)}"]
            told.append(fenced("\n".join(derived)))
    return told


def _is_sound(node: Node, inputs: list[Volume]) -> bool:
    """Whether a layer can be given some volumes."""
    wanted = node.layer.inputs
    takes = len(inputs) > 1 if wanted is None else len(inputs) == wanted
    if not takes or node.layer.problems(*inputs):
        return False
    return isinstance(node.layer.volume(*inputs), Volume)


def _option(kind: type[Layer], written: str) -> list[str]:
    """What an option of a kind is; nothing where the word is none."""
    for option in kind.options().values():
        if written.lower() in (word.lower() for word in option.words):
            return [fenced("\n".join(line.strip() for line in option_as_lines(kind, option)))]
    if kind_named(written) is kind:
        return [(kind.__doc__ or "").partition("\n")[0]]
    return []


def _of_word(analysis: TextAnalysis, word: Span) -> Hover | None:
    """What a word means wherever it is: a kind, a keyword, a dialect."""
    written = analysis.source.excerpt(word)
    line = _layer_written_at(analysis, word.start)
    kind = kind_named(written)
    if kind is None and line is not None:
        head = layer_head(line)
        kind = head.kind
        if kind is not None and written.lower() in option_words(kind):
            said = _option(kind, written)
            return Hover(word, "\n\n".join(said)) if said else None
        kind = kind if head.span.start <= word.start < head.span.end else None
    if kind is not None:
        return Hover(word, fenced(kind_as_text(kind)))
    if written.lower() == "channels":
        return Hover(word, fenced(channels_as_text()))
    said_of = dialect_as_text(analysis.source, word) or keyword_as_text(analysis.source, word)
    return Hover(word, said_of) if said_of else None


def _layer_written_at(analysis: TextAnalysis, offset: int) -> tree.Layer | None:
    """The layer that is written at a place, of which no network was made: in a block that nothing uses."""
    found: tree.Layer | None = None
    pending: list[object] = [analysis.written]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Layer):
            if node.span.start <= offset <= node.span.end:
                found = node
        elif isinstance(node, tuple) and not isinstance(node, Span):
            pending += node
    return found


def is_recipe(source: Source) -> bool:
    """Whether a text is a recipe in a separate file."""
    return source.name.endswith(".train")
