"""Statements that hold for a whole file: its name and its dialect."""

from __future__ import annotations

import os
import re

from netdsl.diagnostics import Findings, Label
from netdsl.layers.dialect import DIALECTS, LECTURE, Dialect
from netdsl.source import Source
from netdsl.syntax import tree


def network_name(titles: tuple[tree.NetName, ...], source: Source, findings: Findings) -> str:
    """What ``net`` says, or the name of the file."""
    for extra in titles[1:]:
        earlier = Label(titles[0].span, "first named here")
        findings.add("ND213", "the network is named twice", extra.span, secondary=(earlier,))
    if titles:
        return titles[0].title
    return name_of_file(source)


def name_of_file(source: Source) -> str:
    """What a network is called that says no name."""
    stem = os.path.splitext(os.path.basename(source.name).removeprefix("zoo:"))[0]
    return " ".join(re.sub(r"[^\w.+-]", " ", stem).split()) or "network"


def chosen_dialect(statements: tuple[tree.Dialect, ...], findings: Findings) -> Dialect:
    """The dialect that the file names; the lecture's where it names none."""
    for extra in statements[1:]:
        earlier = Label(statements[0].span, "first chosen here")
        findings.add("ND213", "the dialect is chosen twice", extra.span, secondary=(earlier,))
    if not statements:
        return LECTURE
    word = statements[0].name
    dialect = DIALECTS.get(word.text.lower())
    if dialect is None:
        near = findings.near(word.text, DIALECTS, "dialects")
        known = f"the dialects are {', '.join(DIALECTS)}"
        message = f"there is no dialect called `{word.text[:40]}`"
        findings.add("ND225", message, word.span, help=(known,), meant=near)
    return dialect or LECTURE
