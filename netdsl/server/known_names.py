"""The names that may be used at a place, in a text that is being written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from netdsl.server.context import Context, context_at
from netdsl.server.names import Names, Sort, blocks_of, names_of
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.parser import parse
from netdsl.syntax.used_files import read_used_files


class Known(NamedTuple):
    """``block`` is the name of the block that the place is in, empty outside; ``parameters`` are its own,
    ``numbers`` those of ``let`` lines, ``labels`` those above."""

    blocks: Mapping[str, tree.Block]
    labels: tuple[str, ...]
    numbers: tuple[str, ...]
    parameters: tuple[str, ...]
    block: str


def names_known(source: Source, context: Context) -> Known:
    """The names at the place of a context. Where brackets are open the text is read up to there, as if they
    were closed, and the blocks after it by themselves. Nothing is planned for it: it has to be quick."""
    offset = context.word.start
    if context.closers:
        file = _read(source.with_text(source.text[:offset] + context.closers)) or _above(source, offset)
        below = _read(source.with_text(_blocks_below(source.text, offset)))
        blocks = {**blocks_of(below), **blocks_of(file)}
    else:
        file = _read(source) or _without_line(source, offset)
        blocks = dict(blocks_of(file))
    names = names_of(file) if file is not None else Names((), ())
    scope = next((one for one in blocks_of(file).values() if one.span.start < offset < one.span.end), None)
    scope_span = scope.span if scope is not None else None
    own = [one for one in names.definitions if one.scope == scope_span]
    return Known(
        blocks,
        tuple(one.name for one in own if one.sort is Sort.LABEL and one.span.end <= offset),
        tuple(
            one.name
            for one in names.definitions
            if one.sort is Sort.NUMBER and one.scope in (None, scope_span)
        ),
        tuple(one.name for one in own if one.sort is Sort.PARAMETER),
        scope.name.text if scope is not None else "",
    )


def _read(source: Source) -> tree.File | None:
    """The tree of a text with what the files hold that it uses."""
    file = parse(source).file
    if file is not None and any(isinstance(statement, tree.Use) for statement in file.statements):
        file, _, _ = read_used_files(file, source)
    return file


def _without_line(source: Source, offset: int) -> tree.File | None:
    """The tree of a text in which the line of a place says nothing: `CONV 6 3x3 -` links to the next."""
    start, end = _line_around(source.text, offset)
    return _read(source.with_text(source.text[:start] + " " * (end - start) + source.text[end:]))


def _above(source: Source, offset: int) -> tree.File | None:
    """The tree of a text up to the line of a place, with what is open there closed."""
    start, _ = _line_around(source.text, offset)
    return _read(source.with_text(source.text[:start] + context_at(source.text, start).closers))


def _line_around(text: str, offset: int) -> tuple[int, int]:
    end = text.find("\n", offset)
    return text.rfind("\n", 0, offset) + 1, len(text) if end < 0 else end


_BLOCK = re.compile(r"^[ \t]*block[ \t]", re.MULTILINE | re.IGNORECASE)


def _blocks_below(text: str, offset: int) -> str:
    """The text from the next block on: what comes before it may be half a line."""
    below = _BLOCK.search(text, offset)
    return text[below.start() :] if below is not None else ""
