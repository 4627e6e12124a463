"""Checks one file: what it is called, its plan, and all that is to be said about it."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, NamedTuple

from netdsl.commands.checking.inputs import stands_for_nothing
from netdsl.diagnostics import Diagnosed, Diagnostic
from netdsl.gate.checking import checked
from netdsl.gate.settings import NO_SETTINGS, Settings
from netdsl.planning.network_files import STDIN, open_source
from netdsl.source import Source

if TYPE_CHECKING:
    from netdsl.planning.plan import Plan


class Check(NamedTuple):
    """A file as far as it could be read, its plan where there is one, and its findings as its settings want
    them told."""

    file: str
    source: Source | None
    plan: Plan | None
    findings: list[Diagnostic]
    settings: Settings = NO_SETTINGS


def opened(name: str, stdin_name: str | None = None) -> Source:
    """The text of a file; standard input is called ``stdin_name``, and lies where that would lie.

    Raises Diagnosed with what is wrong with the file as a whole.
    """
    try:
        source = open_source(name)
    except Diagnosed:
        nothing = stands_for_nothing(name)
        if nothing is None:
            raise
        raise Diagnosed(nothing) from None
    if name == STDIN and stdin_name:
        return Source(
            stdin_name, source.text, os.path.dirname(os.path.abspath(stdin_name)), source.text_format
        )
    return source


def check_file(name: str, stdin_name: str | None = None, settings: Settings = NO_SETTINGS) -> Check:
    """Open and check a file; what is wrong with the file as a whole is a finding like any other."""
    try:
        source = opened(name, stdin_name)
    except Diagnosed as diagnosed:
        return Check(name, None, None, list(diagnosed.diagnostics))
    return check_source(source, settings)


def check_source(source: Source, settings: Settings = NO_SETTINGS) -> Check:
    """Check a text."""
    plan, findings = checked(source, settings)
    return Check(source.name, source, plan, findings, settings)


def rechecked(source: Source, settings: Settings = NO_SETTINGS) -> list[Diagnostic]:
    """The findings of one text of many."""
    tidy()
    return checked(source, settings)[1]


_LEFT_OBJECTS = 100_000
"""So many of what has been made and not let go are looked through: 15 MB or so."""


def tidy(*, settled: bool = False) -> None:
    """Let go what the texts before have left behind, where it is much: nothing else does between texts.

    ``settled`` where a text is done: what is left then is kept for good, and not looked through again.
    """
    if gc.get_count()[0] > _LEFT_OBJECTS:
        gc.collect()
        if settled:
            gc.freeze()
