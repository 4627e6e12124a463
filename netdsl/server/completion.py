"""What may be written at a place: kinds of layers, their options and values, blocks, labels, numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from inspect import getdoc
from typing import Any, NamedTuple

from netdsl.graph.macros.blocks import signature
from netdsl.graph.names.weight_sharing import layer_head
from netdsl.graph.options.paddings import PADDINGS
from netdsl.graph.statements.expectations import SUBJECTS
from netdsl.layers.dialect import DIALECTS
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.layers.registry import all_kinds, kinds
from netdsl.planning.text_analysis import analysed
from netdsl.reports.as_kind import option_as_lines
from netdsl.server.context import Around, Context, context_at
from netdsl.server.keywords import BRANCHES, STATEMENTS, dialect_in_words
from netdsl.server.known_names import Known, names_known
from netdsl.server.recipe_completion import recipe_items
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.syntax.parser import parse
from netdsl.text.printer import option_text


class Kind(Enum):
    """What an item is, for its picture."""

    KEYWORD = "keyword"
    LAYER = "layer"
    BLOCK = "block"
    OPTION = "option"
    VALUE = "value"
    NUMBER = "number"
    LABEL = "label"
    FILE = "file"
    ENTRY = "entry"


class Item(NamedTuple):
    """``text`` to be written, with a short ``detail`` and longer ``about`` in plain text."""

    text: str
    kind: Kind
    detail: str = ""
    about: str = ""


class Completion(NamedTuple):
    """The items that may take the place of ``span``, which is what has been typed of them."""

    span: Span
    items: list[Item]


def completion(source: Source, offset: int) -> Completion:
    """What may be written at a place, whether or not the text parses."""
    context = context_at(source.text, offset)
    items = list(dict.fromkeys(_items(source, context)))
    return Completion(context.word, items)


def _items(source: Source, context: Context) -> Iterator[Item]:
    if context.around is Around.COMMENT:
        return
    if context.around is Around.STRING:
        yield from _files(source, context)
        return
    if context.around is Around.TRAIN or source.name.endswith(".train"):
        yield from (Item(text, Kind(kind), detail) for text, kind, detail in recipe_items(context.element))
        return
    known = names_known(source, context)
    if context.line.endswith("@") or re.search(r"\bweights\s+(?:as|with)\s+\Z", context.line, re.IGNORECASE):
        yield from _labels(known)
    elif context.around is Around.CALL:
        yield from _arguments(context, known)
    elif context.around is Around.PARENTHESES:
        yield from _numbers(known)
    elif context.around is Around.HEAD:
        yield from _defaults(known) if context.line.rstrip().endswith("=") else ()
    elif context.around is not Around.TABLE:
        yield from _in_chain(source, context, known)


def _files(source: Source, context: Context) -> Iterator[Item]:
    """The networks beside the file, after ``use``."""
    if not source.folder or not re.match(r"\s*use\b", context.line, re.IGNORECASE):
        return
    try:
        names = sorted(os.listdir(source.folder))
    except OSError:
        return
    own = os.path.basename(source.name)
    yield from (Item(name, Kind.FILE) for name in names if name.endswith(".net") and name != own)


def _labels(known: Known) -> Iterator[Item]:
    yield from (Item(label.replace(" ", "_"), Kind.LABEL, "label") for label in known.labels)
    yield from (Item(name, Kind.NUMBER, f"parameter of {known.block}") for name in known.parameters)


def _numbers(known: Known) -> Iterator[Item]:
    yield from (Item(name, Kind.NUMBER, f"parameter of {known.block}") for name in known.parameters)
    yield from (Item(name, Kind.NUMBER, "let") for name in known.numbers)
    if known.block:
        yield Item("channels", Kind.NUMBER, "the number of incoming channels")


def _defaults(known: Known) -> Iterator[Item]:
    """What a parameter may be where nothing is passed."""
    yield from _numbers(known)
    yield Item("channels", Kind.NUMBER, "the number of incoming channels")
    yield from _kinds(kind for kind in all_kinds() if kind.inputs == 1 and kind.is_activation)
    yield from _blocks(known)
    yield Item("SKIP", Kind.KEYWORD, "none")


def _arguments(context: Context, known: Known) -> Iterator[Item]:
    block = known.blocks.get(context.callee)
    if block is not None and not re.search(r"=\s*\Z", context.line):
        yield from (
            Item(f"{parameter.name.text} = ", Kind.OPTION, f"parameter of {block.name.text}")
            for parameter in block.parameters
        )
    yield from _numbers(known)
    yield from _kinds(kind for kind in all_kinds() if kind.inputs == 1 and kind.is_activation)
    yield from _blocks(known)
    yield Item("SKIP", Kind.KEYWORD, "none")


def _blocks(known: Known) -> Iterator[Item]:
    for name, block in known.blocks.items():
        text = f"{name}(" if block.parameters else name
        yield Item(text, Kind.BLOCK, signature(block).strip("`"))


def _kinds(wanted: Iterable[type[Layer]]) -> Iterator[Item]:
    for kind in wanted:
        head = (getdoc(kind) or "").partition("\n")[0]
        yield Item(kind.keyword if kind.inputs != 0 else kind.keyword.lower(), Kind.LAYER, head)


def _other_spellings(typed: str) -> Iterator[Item]:
    """What else kinds are called, as far as that has been begun."""
    for name, kind in kinds().items() if typed else ():
        if name != kind.keyword and name.startswith(typed.upper()):
            yield Item(name, Kind.LAYER, kind.keyword)


def _in_chain(source: Source, context: Context, known: Known) -> Iterator[Item]:
    """In a statement or a layer: its beginning, the kind, or an option."""
    words = context.element.split()
    first = words[0].lower() if words else ""
    whole_line = context.element == context.line
    if whole_line and first == "dialect":
        yield from (
            Item(name, Kind.VALUE, "dialect", dialect_in_words(one)) for name, one in DIALECTS.items()
        )
    elif whole_line and first == "expect":
        yield from _expectations(words, source, known)
    elif whole_line and first in ("net", "use", "block") and len(words) < 3:
        return
    elif whole_line and first == "let" and ":" not in context.element:
        yield from _numbers(known) if "=" in words else ()
    elif not words or (whole_line and words == ["default"]) or context.element.rstrip().endswith(":"):
        yield from _options_of(context.element, known)
        yield from _beginnings(context, known, source.excerpt(context.word), whole_line and not words)
    else:
        yield from _options_of(context.element.removeprefix("default "), known)
        yield from _rest_of_kind(words)


def _beginnings(context: Context, known: Known, typed: str, statement: bool) -> Iterator[Item]:
    """What a layer or a line may begin with."""
    if context.line.strip().lower() == "default":
        yield Item("activation", Kind.KEYWORD, "an activation after every layer with weights")
    yield from (Item(name, Kind.NUMBER, f"parameter of {known.block}") for name in known.parameters)
    yield from _blocks(known)
    if context.around is Around.GROUP:
        yield from (Item(keyword.word, Kind.KEYWORD, keyword.sentence) for keyword in BRANCHES)
    yield from _kinds(all_kinds())
    yield from _other_spellings(typed)
    if statement and context.around is Around.FILE:
        yield from (
            Item(keyword.word, Kind.KEYWORD, keyword.sentence, keyword.syntax) for keyword in STATEMENTS
        )
    if statement and context.around is Around.BLOCK:
        yield Item("let", Kind.KEYWORD, "names a number")


def _expectations(words: list[str], source: Source, known: Known) -> Iterator[Item]:
    if len(words) == 1:
        yield from (Item(subject, Kind.KEYWORD, "the quantity that is expected") for subject in SUBJECTS)
    elif words[1].lower() in ("volume", "receptive_field", "receptive"):
        layers = [*known.labels, *(node.name for node in analysed(source).sketch.nodes)]
        yield from (Item(name, Kind.LABEL, "layer") for name in layers)
    elif words[1].lower() == "pattern":
        yield from _kinds(all_kinds())


def _rest_of_kind(words: list[str]) -> Iterator[Item]:
    """What completes a kind of several words: POOL after MAX."""
    written = [word.upper() for word in words[-3:]]
    for name in kinds():
        parts = name.split()
        for length in range(1, min(len(parts), len(written) + 1)):
            if parts[:length] == written[len(written) - length :]:
                yield Item(" ".join(parts[length:]), Kind.LAYER, name)


def _options_of(element: str, known: Known) -> Iterator[Item]:
    """The options of the kind that an element names, or the values of the option that it ends with."""
    layer = _layer_in(element)
    head = layer_head(layer) if layer is not None else None
    if head is None or head.kind is None:
        return
    options = head.kind.options()
    written = [item.text.lower() for item in head.rest if isinstance(item, tree.Word)]
    last = head.rest[-1] if head.rest else None
    if isinstance(last, tree.Word) or (isinstance(last, tree.Mark) and len(head.rest) > 1):
        word = written[-1] if written else ""
        for option in options.values():
            if word in (name.lower() for name in option.words) and option.type is not OptionType.FLAG:
                yield from _values(option, known)
                return
    if written[-1:] in (["no"], ["without"]):
        switches = (option for option in options.values() if option.type is OptionType.FLAG)
        yield from (Item(option.words[0], Kind.OPTION, option.doc) for option in switches if option.default)
        return
    for option in options.values():
        if not any(name.lower() in written for name in option.words):
            yield from _option(head.kind, option)
    yield from _numbers(known)
    if head.kind.has_weights:
        yield Item("same weights as ", Kind.KEYWORD, "shares the weights of an earlier layer")


def _option(kind: type[Layer], option: Option[Any]) -> Iterator[Item]:
    about = "\n".join(line.strip() for line in option_as_lines(kind, option))
    word = option.words[0]
    if option.type is OptionType.FLAG:
        yield Item(f"no {word}" if option.default else word, Kind.OPTION, option.doc, about)
    else:
        yield Item(word, Kind.OPTION, option.doc, about)
    if option.type is OptionType.PADDING:
        yield from (Item(name, Kind.VALUE, f"as {word}", about) for name in PADDINGS)
    if option.bare:
        yield from (Item(choice, Kind.VALUE, option.doc, about) for choice in option.choices)


def _values(option: Option[Any], known: Known) -> Iterator[Item]:
    """What may come after the word of an option."""
    yield from (Item(choice, Kind.VALUE, option.doc) for choice in option.choices)
    yield from (Item(name, Kind.VALUE, "a table of channels") for name in option.tables)
    if option.type is OptionType.PADDING:
        yield from (Item(name, Kind.VALUE, option.doc) for name in PADDINGS)
    if option.default is not None and not option.choices:
        text = option_text(option, option.default).rpartition(" ")[2]
        yield from [Item(text, Kind.VALUE, "by default")] if text else []
    if option.example:
        yield Item(option.example.rpartition(" ")[2], Kind.VALUE, "for instance")
    yield from _numbers(known)


def _layer_in(element: str) -> tree.Layer | None:
    """The layer that a piece of text is the beginning of."""
    parsed = parse(Source("", element.rstrip(" \t,=:/*") or element)).file
    for statement in parsed.statements if parsed is not None else ():
        if isinstance(statement, tree.Layer):
            return statement
    return None
