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
from netdsl.planning.study import Study
from netdsl.quantities import Volume, grouped
from netdsl.reports.as_component import subjects
from netdsl.reports.as_derivation import derivation_as_text
from netdsl.reports.as_kind import channels_as_text, kind_as_text, option_as_lines
from netdsl.reports.display import visible
from netdsl.server.layers_in_text import behind, inside, is_written, layers_at, listed
from netdsl.server.names import Definition, Names, Sort
from netdsl.server.words import BRANCH_WORDS, dialect_as_text, keyword_as_text
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


def hover(study: Study, names: Names, offset: int) -> Hover | None:
    """What there is to say about a place in a network; None where that is nothing."""
    if in_comment(study.source.text, offset):
        return None
    word = word_at(study.source.text, offset)
    if (recipe := _recipe_line(study, offset)) is not None:
        return hover_recipe(study.source.text, offset) if word is not None else Hover(recipe, "")
    if word is not None and (said := _of_statement(study, offset, word)):
        return Hover(word, said)
    definition = names.at(offset)
    if definition is not None and word is not None and definition.sort is not Sort.LABEL:
        return Hover(word, _of_name(study, definition, offset))
    start = offset if definition is None else definition.span.start
    layers = layers_at(study, start)
    if not layers and definition is not None and (used := _of_use(study, start)):
        return Hover(word or definition.span, "\n\n".join([f"label `{definition.name}`", *used]))
    if layers:
        return Hover(word or layers[0].span, _of_layers(study, layers, word))
    return _of_word(study, word) if word is not None else None


def _of_statement(study: Study, offset: int, word: Span) -> str:
    """What a branch that is no layer means, or what an ``expect`` line is about."""
    written = study.source.excerpt(word)
    if written.lower() in BRANCH_WORDS and not _is_label(study, word):
        return keyword_as_text(study.source, word)
    for statement in study.written.statements if study.written is not None else ():
        if isinstance(statement, tree.Expect) and statement.span.start <= offset <= statement.span.end:
            return _of_expectation(study, statement)
    return ""


def _is_label(study: Study, word: Span) -> bool:
    """Whether a colon or a reference's sign is beside a word."""
    text = study.source.text
    return text[word.end : word.end + 1] == ":" or text[word.start - 1 : word.start] == "@"


def _of_expectation(study: Study, statement: tree.Expect) -> str:
    """What the network has of what is expected."""
    plan = study.plan
    if plan is None or len(plan.layers) < len(study.sketch.nodes):
        return ""
    subject = COUNTS.get(" ".join(word.text for word in statement.subject).lower())
    counts = {"params": (plan.parameter_count, "parameters"), "macs": (plan.macs, "MACs of one image")}
    if subject in counts:
        count, unit = counts[subject]
        return f"the network has {grouped(count)} {unit}"
    names = [" ".join(word.text for word in statement.subject[start:]) for start in (1, 2)]
    layers = NamedLayers([node.name for node in study.sketch.nodes], names)
    position = next((found for name in names if name and (found := layers.position(name)) is not None), None)
    return _of_layers(study, [study.sketch.nodes[position]], None) if position is not None else ""


def _recipe_line(study: Study, offset: int) -> Span | None:
    for statement in study.written.statements if study.written is not None else ():
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


def _of_name(study: Study, definition: Definition, offset: int) -> str:
    excerpt = study.source.excerpt(definition.whole)
    lines = excerpt.splitlines()
    shown = "\n".join(lines[:_LINES] + (["…"] if len(lines) > _LINES else []))
    if definition.sort is not Sort.BLOCK:
        return f"{definition.sort.value} `{definition.name}`\n\n{fenced(shown)}"
    source, span = study.source.locate(definition.span)
    line = source.position(span.start)[0]
    where = f", line {line}" if source.name == study.source.name else f", {source.name}:{line}"
    heads = [f"{_signature(study, definition)}{where}"]
    heads += _of_use(study, offset)
    return "\n\n".join([*heads, fenced(shown)])


def _signature(study: Study, definition: Definition) -> str:
    assert study.file is not None
    for statement in study.file.statements:
        if isinstance(statement, tree.Block) and statement.name.span == definition.span:
            return f"block {signature(statement)}"
    return f"block `{definition.name}`"


def _of_use(study: Study, offset: int) -> list[str]:
    """The figures of the use of a block that is written at a place."""
    uses: set[Use] = set()
    for node in study.sketch.nodes:
        use = node.use
        while use is not None and use not in uses:
            uses.add(use)
            use = use.outer
    here = [use.span for use in uses if use.span.start <= offset <= use.span.end]
    if not here:
        return []
    call = min(here, key=lambda span: span.end - span.start)
    nodes = [node for node in study.sketch.nodes if inside(node, call)]
    last = [node for node in nodes if not _goes_on(study, node, call)]
    outputs = [study.volume(behind(study, node)) for node in last]
    inputs = [study.sketch.volumes[index] for index in nodes[0].inputs[:1]]
    said = [f"{listed(inputs)} → {listed(outputs)}"] if listed(outputs) else []
    layers = study.plan.layers if study.plan is not None else ()
    planned = [layers[node.position] for node in nodes if node.position < len(layers)]
    if len(planned) == len(nodes):
        said.append(_totals(planned))
    return said


def _goes_on(study: Study, node: Node | Gap, call: Span) -> bool:
    """Whether the next layer that somebody wrote belongs to the same use of a block."""
    nodes, position = study.sketch.nodes, node.position + 1
    while position < len(nodes) and not is_written(nodes[position]):
        position += 1
    return position < len(nodes) and inside(nodes[position], call)


def _totals(planned: list[PlannedLayer]) -> str:
    parameters = sum(layer.parameter_count for layer in planned)
    macs = sum(layer.macs for layer in planned)
    return f"{len(planned)} layers, {grouped(parameters)} parameters, {grouped(macs)} MACs"


def _is_planned(study: Study, node: Node | Gap) -> bool:
    return study.plan is not None and node.position < len(study.plan.layers)


def _of_layers(study: Study, layers: list[Node | Gap], word: Span | None) -> str:
    """The figures of a layer and their derivation, and first what the word under the pointer means."""
    first = layers[0]
    told = []
    if isinstance(first, Node) and word is not None:
        told += _option(type(first.layer), study.source.excerpt(word))
    if _is_planned(study, first):
        assert study.plan is not None
        planned = study.plan.layers[first.position]
        told.append(_figures(planned))
        here = f", {visible(study.source.name)}:"
        told.append(fenced(derivation_as_text(study.plan, planned).replace(here, ", line ")))
    else:
        told += _of_unplanned(study, first)
    if len(layers) > 1:
        volumes = listed([study.volume(node) for node in layers])
        told.append(f"It is used in {len(layers):,} places of the network: {volumes}")
    return "\n\n".join(told)


def _figures(planned: PlannedLayer) -> str:
    field = planned.receptive_field
    return (
        f"**{planned.output}** · {grouped(planned.parameter_count)} parameters · {grouped(planned.macs)} MACs"
        f" · receptive field {'unknown' if field is None else field}"
    )


def _of_unplanned(study: Study, node: Node | Gap) -> list[str]:
    """What is known of a layer that no plan has: one before it has a mistake, or the layer itself."""
    volume = study.volume(node)
    told = (
        [f"**{volume}**, after an error"]
        if volume is not None
        else ["no volume is known because of an earlier error"]
    )
    if isinstance(node, Node):
        inputs = [study.sketch.volumes[index] for index in node.inputs]
        known = [one for one in inputs if one is not None]
        if len(known) == len(inputs) and known and _is_sound(node, known):
            steps = [*node.layer.arithmetic(*known), f"= {node.layer.volume(*known)}"]
            told.append(fenced("\n".join(steps)))
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


def _of_word(study: Study, word: Span) -> Hover | None:
    """What a word means wherever it is: a kind, a keyword, a dialect."""
    written = study.source.excerpt(word)
    line = _layer_written_at(study, word.start)
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
    said_of = dialect_as_text(study.source, word) or keyword_as_text(study.source, word)
    return Hover(word, said_of) if said_of else None


def _layer_written_at(study: Study, offset: int) -> tree.Layer | None:
    """The layer that is written at a place, of which no network was made: in a block that nothing uses."""
    found: tree.Layer | None = None
    pending: list[object] = [study.written]
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
