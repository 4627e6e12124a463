"""The names of a text: where each is given, and where it is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import LayerHead
from netdsl.graph.expressions.environment import Readings
from netdsl.graph.macros.blocks import called_block, read_blocks
from netdsl.graph.macros.elements import ElementReader
from netdsl.graph.names.kinds_and_labels import option_words
from netdsl.graph.names.labels import written_labels
from netdsl.graph.names.reserved_names import names_of_numbers
from netdsl.graph.names.unique_names import label_key
from netdsl.graph.names.weight_sharing import layer_head, split_phrase
from netdsl.graph.statements.expectations import OF_LAYERS
from netdsl.planning.text_analysis import TextAnalysis
from netdsl.source import Source, Span
from netdsl.syntax import tree


class Sort(Enum):
    """What a name is the name of."""

    BLOCK = "block"
    LABEL = "label"
    PARAMETER = "parameter"
    NUMBER = "number"


class Definition(NamedTuple):
    """Where a name is given: ``span`` is the name itself, ``whole`` the statement or layer. ``scope`` is
    the block in which it holds; None where it holds in the whole file."""

    sort: Sort
    name: str
    span: Span
    whole: Span
    scope: Span | None = None


class Mention(NamedTuple):
    """A place where a name is meant; ``span`` is the name without its ``@``."""

    span: Span
    definition: Definition


class Names(NamedTuple):
    """All names of a text and of the files that it uses; places are those of ``study.source``."""

    definitions: tuple[Definition, ...]
    mentions: tuple[Mention, ...]

    def at(self, offset: int) -> Definition | None:
        """The name that is at a place, given or meant there."""
        for mention in self.mentions:
            if mention.span.start <= offset <= mention.span.end:
                return mention.definition
        for definition in self.definitions:
            if definition.span.start <= offset <= definition.span.end:
                return definition
        return None

    def spans(self, definition: Definition) -> list[Span]:
        """Where a name is given and where it is meant, in order."""
        meant = (mention.span for mention in self.mentions if mention.definition is definition)
        return sorted({definition.span, *meant})


_NONE = Names((), ())


def names_in(analysis: TextAnalysis) -> Names:
    """The names of a text; none of one whose brackets do not close."""
    if analysis.file is None:
        return _NONE
    return names_of(analysis.file, analysis.draft.readings if analysis.draft is not None else None)


def names_of(file: tree.File, readings: Readings | None = None) -> Names:
    """The names of a tree. Without ``readings`` a word that may be an option of its layer counts as one."""
    return _Reading(file, readings).names()


class _Scope(NamedTuple):
    """A text with names of its own: a file or a block."""

    elements: tuple[Any, ...]
    labels: dict[str, Definition]
    numbers: dict[str, Definition]
    span: Span | None


class _Reading:
    def __init__(self, file: tree.File, readings: Readings | None) -> None:
        self.file = file
        self.readings = readings
        self.blocks = blocks_of(file)
        self.numbers = names_of_numbers(file)
        self.reader = ElementReader(self.numbers, self.blocks)
        self.block_names = {
            name: Definition(Sort.BLOCK, name, block.name.span, block.span)
            for name, block in self.blocks.items()
        }
        self.parameters: dict[str, dict[str, Definition]] = {}
        self.found: list[Definition] = list(self.block_names.values())
        self.mentions: list[Mention] = []

    def names(self) -> Names:
        file_numbers = self._numbers(self.file.statements, None)
        scopes = [_Scope(self.file.statements, self._labels(self.file.statements, None), file_numbers, None)]
        for block in self.blocks.values():
            own = {
                parameter.name.text: Definition(
                    Sort.PARAMETER, parameter.name.text, parameter.name.span, parameter.span, block.span
                )
                for parameter in block.parameters
            }
            self.parameters[block.name.text] = own
            self.found += own.values()
            own = {**file_numbers, **own, **self._numbers(block.statements, block.span)}
            labels = self._labels(block.statements, block.span)
            scopes.append(_Scope((*block.parameters, *block.statements), labels, own, block.span))
        for scope in scopes:
            self._walk(scope)
        found = tuple(sorted(self.found, key=lambda one: one.span))
        return Names(found, tuple(sorted(self.mentions, key=lambda one: one.span)))

    def _labels(self, elements: tuple[Any, ...], scope: Span | None) -> dict[str, Definition]:
        labels: dict[str, Definition] = {}
        written = written_labels(self.reader.elements(elements))
        for label, span in written:
            definition = Definition(Sort.LABEL, label, span, span, scope)
            if label_key(label) not in labels:
                labels[label_key(label)] = definition
                self.found.append(definition)
        return labels

    def _numbers(self, statements: tuple[Any, ...], scope: Span | None) -> dict[str, Definition]:
        lets = [one for one in statements if isinstance(one, tree.Let)]
        named = {
            let.name.text: Definition(Sort.NUMBER, let.name.text, let.name.span, let.span, scope)
            for let in reversed(lets)
        }
        self.found += named.values()
        return named

    def _head(self, layer: tree.Layer) -> LayerHead:
        return layer_head(layer, self.numbers)

    def _mention(self, span: Span, definition: Definition | None) -> None:
        if definition is not None:
            self.mentions.append(Mention(span, definition))

    def _walk(self, scope: _Scope) -> None:
        """All mentions in a text; nothing recurses along it."""
        pending: list[Any] = list(scope.elements)
        while pending:
            node = pending.pop()
            if isinstance(node, tree.Reference):
                self._reference(node, scope)
            elif isinstance(node, tree.Call):
                self._call(node, scope)
                pending += [node.times, *(argument.value for argument in node.arguments)]
            elif isinstance(node, tree.Layer):
                pending += self._layer(node, scope)
            elif isinstance(node, tree.Let):
                pending.append(node.value)
            elif isinstance(node, tree.Parameter):
                pending.append(node.default)
            elif isinstance(node, tree.Word):
                self._word(node, scope)
            elif isinstance(node, tree.Expect):
                self._expectation(node, scope)
            elif isinstance(node, tree.Train):
                self._recipe(node, scope)
            elif isinstance(node, tree.Group | tree.Join | tree.Branch | tree.Where | tree.Default):
                pending += [part for part in node if isinstance(part, tuple) and not isinstance(part, Span)]
            elif type(node) is tuple:
                pending += node

    def _reference(self, node: tree.Reference, scope: _Scope) -> None:
        name = Span(node.span.end - len(node.name), node.span.end)
        parameter = scope.numbers.get(node.name) if scope.span is not None else None
        self._mention(name, parameter or scope.labels.get(label_key(node.name)))

    def _call(self, call: tree.Call, scope: _Scope) -> None:
        name = call.block.text
        handed = scope.numbers.get(name) if scope.span is not None else None
        self._mention(call.block.span, handed or self.block_names.get(name))
        parameters = self.parameters_of(name)
        for argument in call.arguments:
            if argument.name is not None:
                self._mention(argument.name.span, parameters.get(argument.name.text))
        self._shared(split_phrase(call.tail)[1], scope)

    def parameters_of(self, block: str) -> dict[str, Definition]:
        """The parameters of a block, also of one whose text has not been walked yet."""
        return self.parameters.get(block, {})

    def _shared(self, phrase: Any, scope: _Scope) -> None:
        if phrase is not None and phrase.label is not None:
            name = phrase.label
            parameter = scope.numbers.get(name.text) if scope.span is not None else None
            self._mention(name.span, parameter or scope.labels.get(label_key(name.text)))

    def _layer(self, layer: tree.Layer, scope: _Scope) -> list[Any]:
        """What is still to be walked of a layer."""
        call = called_block(layer, self.blocks)
        if call is not None:
            self._call(call, scope)
            return [call.times]
        head = self._head(layer)
        self._shared(head.shares, scope)
        items = layer.items if layer.labelled else (*layer.words, *layer.items)
        if head.kind is None:  # perhaps a name that a call hands a layer over under
            return [item for item in items if isinstance(item, tree.Word)]
        options = option_words(head.kind)
        words = [item for item in head.rest if isinstance(item, tree.Word)]
        return [word for word in words if self._is_read(word, options)]

    def _is_read(self, word: tree.Word, options: frozenset[str]) -> bool:
        """Whether a word of a layer is the name of a value there: it may also be an option."""
        if self.readings is not None and word.span in self.readings.read:
            return True
        return word.text.lower() not in options

    def _word(self, word: tree.Word, scope: _Scope) -> None:
        """A name in a formula, or the block or layer that is passed."""
        known = scope.numbers.get(word.text) or self.block_names.get(word.text)
        if known is not None:
            self._mention(word.span, known)
            return
        parts = re.split("([xX])", word.text)  # `kx1` reads k
        if len(parts) > 1 and all(not part or part.isdigit() or part in scope.numbers for part in parts[::2]):
            start = word.span.start
            for part in parts:
                if part in scope.numbers and part not in "xX":
                    self._mention(Span(start, start + len(part)), scope.numbers[part])
                start += len(part)

    def _expectation(self, node: tree.Expect, scope: _Scope) -> None:
        for length in (2, 1):
            named = node.subject[length:]
            if named and " ".join(word.text for word in node.subject[:length]).lower() in OF_LAYERS:
                label = scope.labels.get(label_key(" ".join(word.text for word in named)))
                self._mention(named[0].span.to(named[-1].span), label)
                return

    def _recipe(self, node: tree.Train, scope: _Scope) -> None:
        """The layers that ``freeze`` and ``factor`` name."""
        for line in node.lines:
            for start, name in names_in_recipe_line(line.text):
                begin = line.span.start + start
                self._mention(Span(begin, begin + len(name)), scope.labels.get(label_key(name)))


_NAMING = re.compile(r"(?i)(?:^|(?<=\s))(?:freeze|factor)\b[\s:=]*")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def names_in_recipe_line(line: str) -> Iterator[tuple[int, str]]:
    """What may be names of layers in a line of a recipe, with their places in it."""
    entry = _NAMING.search(line)
    if entry is not None:
        for name in _NAME.finditer(line, entry.end()):
            yield name.start(), name.group()


def blocks_of(file: tree.File | None) -> Mapping[str, tree.Block]:
    """The blocks of a file by name."""
    statements = file.statements if file is not None else ()
    return read_blocks(tuple(one for one in statements if isinstance(one, tree.Block)), _unheard())[0]


def _unheard() -> Findings:
    """Findings that nobody reads: what is wrong is said elsewhere."""
    return Findings(Source("", ""))
