"""What parse tables look like: plain data, made by Lark ahead of time and run by the automaton."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

TABLES_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tables.json")
"""The tables made ahead; written by ``python -m netdsl.syntax.generate``."""

BEYOND_ASCII = "\x80"
"""Stands for all characters beyond ASCII in what terminals may begin with."""

DROP, KEEP, SPLICE = 0, 1, 2
"""What a rule does with each of its symbols: leave it out, take it as a child, take its children."""


class Rule(NamedTuple):
    """One production: the name of its node, and DROP, KEEP or SPLICE for each symbol."""

    name: str
    symbols: tuple[int, ...]


class Tables(NamedTuple):
    """A grammar ready to run.

    ``terminals`` are (name, regular expression, what it may begin with) in the order in which they are tried.
    ``states`` map a symbol to what follows: n >= 0 goes to state n, n < 0 reduces by rule -n - 1.
    """

    terminals: tuple[tuple[str, str, str], ...]
    ignored: tuple[str, ...]
    states: tuple[dict[str, int], ...]
    rules: tuple[Rule, ...]
    start: int
    accept: int


def tables_ahead(checksum: int) -> Tables | None:
    """The tables in ``tables.json``, or None where they were made of another grammar."""
    with open(TABLES_PATH, encoding="utf-8") as file:
        stored = json.load(file)
    if stored["checksum"] != checksum:
        return None
    return Tables(
        terminals=tuple((name, pattern, begins) for name, pattern, begins in stored["terminals"]),
        ignored=tuple(stored["ignored"]),
        states=tuple(stored["states"]),
        rules=tuple(Rule(name, tuple(symbols)) for name, symbols in stored["rules"]),
        start=stored["start"],
        accept=stored["accept"],
    )
