"""What every foreign format gives: networks as our text, each with what is found in it.

A format is one file of ``read``, with a function ``read(source) -> list[Imported]``; the first line of its
docstring says what it reads. Its name is the file's. Nothing else lists formats.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple

from netdsl.diagnostics import Diagnostic
from netdsl.resources import module_names
from netdsl.source import Source, Span


class Imported(NamedTuple):
    """A network that was read: its canonical text, empty where no line describes a layer.

    ``first`` is the line of the source that it begins on, from 1.
    """

    name: str
    first: int
    text: str
    findings: list[Diagnostic]


def format_names() -> list[str]:
    """The formats that can be read, in order."""
    return module_names("formats/read")


def reader_of(name: str) -> Callable[[Source], list[Imported]]:
    """What reads the networks of a text in a format of ``format_names``.

    Raises Diagnosed where the text as a whole cannot be read; all that is wrong with one of its networks
    is among its findings.
    """
    read: Callable[[Source], list[Imported]] = importlib.import_module(f"netdsl.formats.read.{name}").read
    return read


def whole_line(source: Source, number: int) -> Span:
    """A line of the listing without the blanks around it."""
    text, start = source.line(number), source.line_start(number)
    return Span(start + len(text) - len(text.lstrip()), start + len(text.rstrip()))
