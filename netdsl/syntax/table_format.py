"""What parse tables look like: plain data, made by Lark ahead of time and run by the automaton."""

from __future__ import annotations

from typing import NamedTuple

DROP, KEEP, SPLICE = 0, 1, 2
"""What a rule does with each of its symbols: leave it out, take it as a child, take its children."""


class Rule(NamedTuple):
    """One production: the name of its node, and DROP, KEEP or SPLICE for each symbol."""

    name: str
    symbols: tuple[int, ...]


class Tables(NamedTuple):
    """A grammar ready to run.

    ``terminals`` are (name, regular expression) in the order in which they are tried.
    ``states`` map a symbol to what follows: n >= 0 goes to state n, n < 0 reduces by rule -n - 1.
    """

    terminals: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]
    states: tuple[dict[str, int], ...]
    rules: tuple[Rule, ...]
    start: int
    accept: int
