"""Layers as papers and slides write them, ``conv3-64`` or ``3x3, 64``, in the words of the language.

One pass over the tree, before anything else reads it: what comes out has kinds, options and values as
docs/language.md has them, at the places where they are written. A spelling that can be read in two ways is
a finding that shows both.
"""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.papers.names import is_separable
from netdsl.graph.papers.walk import InOurWords, in_our_words
from netdsl.graph.papers.written import Change, rewritten
from netdsl.source import Source
from netdsl.syntax import tree

__all__ = ["Change", "InOurWords", "in_our_words", "is_separable", "respelled"]


def respelled(
    source: Source, file: tree.File, changes: tuple[Change, ...] | None = None
) -> tuple[Source, tree.File]:
    """The text of a file and its tree with all changes, by default those of ``in_our_words``."""
    from netdsl.syntax.parser import parse

    if changes is None:
        changes = in_our_words(file, Findings(source)).changes
    if not changes:
        return source, file
    new = source.with_text(rewritten(source.text, changes))
    parsed = parse(new)
    if parsed.file is None or parsed.diagnostics:
        return source, file
    return new, parsed.file
