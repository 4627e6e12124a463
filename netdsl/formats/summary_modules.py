"""The tree of modules that torchinfo prints, and that torchsummary leaves to be found."""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.formats.summary import Row
from netdsl.formats.summary_answers import answers
from netdsl.formats.summary_kinds import RowRole, role_of

_DEEPEST = 40
"""Modules inside one another: those further in count as lying side by side."""


class Module(NamedTuple):
    """A row with the rows inside it."""

    row: Row
    inside: list[Module]


def modules(rows: tuple[Row, ...]) -> list[Module]:
    """The rows as a tree, by their depth."""
    top: list[Module] = []
    path: list[tuple[int, list[Module]]] = [(-1, top)]
    for row in rows:
        depth = min(row.depth, _DEEPEST)
        while path[-1][0] >= depth:
            path.pop()
        module = Module(row, [])
        path[-1][1].append(module)
        path.append((depth, module.inside))
    return top


_BLOCKS = ((re.compile("basic_?block", re.IGNORECASE), 2), (re.compile("bottleneck", re.IGNORECASE), 3))
"""Residual blocks with the convolutions on their way."""


def nested(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows of torchsummary, which prints a block after what is inside it, as torchinfo would."""
    found: list[Row] = []
    for row in rows:
        if row.parameters or role_of(row.layer) is not None:
            found.append(row)
            continue
        lacking = next((count for name, count in _BLOCKS if name.search(row.layer)), 0)
        index = len(found)
        while lacking and index > 1 and found[index - 1].depth == 1:
            index -= 1
            before = found[index - 1].output
            known = role_of(found[index].layer)
            if known is not None and known[0] is RowRole.CONVOLUTION and before is not None:
                lacking -= any(answer.rank < 2 for answer in answers(found[index], before, False))
        if index < len(found) and not lacking:
            found[index:] = [row, *(inner._replace(depth=2) for inner in found[index:])]
    return tuple(found)
