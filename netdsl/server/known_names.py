"""The names that may be used at a place, in a text that is being written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from netdsl.plan.study import Study, studied
from netdsl.server.context import Context
from netdsl.server.names import Sort, names_in
from netdsl.source import Source
from netdsl.syntax import tree


class Known(NamedTuple):
    """``block`` is the name of the block that the place lies in, empty outside; ``parameters`` are its own,
    ``numbers`` those of ``let`` lines, ``labels`` those above, ``layers`` the names of all layers."""

    blocks: Mapping[str, tree.Block]
    labels: tuple[str, ...]
    numbers: tuple[str, ...]
    parameters: tuple[str, ...]
    block: str
    layers: tuple[str, ...]


def names_known(source: Source, context: Context) -> Known:
    """The names at the place of a context. Where brackets are open the text is read up to there, as if they
    were closed."""
    offset = context.word.start
    study = studied(source.with_text(source.text[:offset] + context.closers))
    rest = studied(source) if not context.closers else _blocks_below(source, offset)
    names = names_in(study)
    statements = (*_statements(study), *_statements(rest))
    blocks: dict[str, tree.Block] = {}
    for statement in statements:
        if isinstance(statement, tree.Block):
            blocks.setdefault(statement.name.text, statement)
    scope = next(
        (
            one
            for one in _statements(study)
            if isinstance(one, tree.Block) and one.span.start < offset and one.span.end > offset
        ),
        None,
    )
    place = scope.span if scope is not None else None
    own = [one for one in names.definitions if one.scope == place]
    return Known(
        blocks,
        tuple(one.name for one in own if one.sort is Sort.LABEL and one.span.end <= offset),
        tuple(
            one.name for one in names.definitions if one.sort is Sort.NUMBER and one.scope in (None, place)
        ),
        tuple(one.name for one in own if one.sort is Sort.PARAMETER),
        scope.name.text if scope is not None else "",
        tuple(node.name for node in study.sketch.nodes),
    )


def _statements(study: Study) -> tuple[tree.Statement, ...]:
    return study.file.statements if study.file is not None else ()


_BLOCK = re.compile(r"^[ \t]*block[ \t]", re.MULTILINE | re.IGNORECASE)


def _blocks_below(source: Source, offset: int) -> Study:
    """The text from the next block on: what stands before it may be half a line."""
    below = _BLOCK.search(source.text, offset)
    return studied(source.with_text(source.text[below.start() :] if below else ""))
