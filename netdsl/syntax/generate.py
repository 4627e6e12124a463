"""Turns the grammar into parse tables, with Lark: ``python -m netdsl.syntax.generate``.

Lark takes longer to load than netdsl takes to check a network, so its work is done ahead: the
tables it computes are written to ``tables.py`` as plain data, with the checksum of the grammar
that they were made of.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from netdsl.resources import grammar_text
from netdsl.syntax.table_format import DROP, KEEP, SPLICE, Rule, Tables

TABLES_PATH = Path(__file__).with_name("tables.py")


def checksum(grammar: str) -> int:
    """What ties tables to their grammar."""
    return zlib.crc32(grammar.encode())


def build_tables(grammar: str) -> Tables:
    """The tables of a grammar; raises Lark's GrammarError where it is not LALR(1)."""
    from lark import Lark

    parser = Lark(grammar, parser="lalr", lexer="contextual")
    lexer_conf, parse_table = parser.parser.lexer_conf, parser.parser.parser._parse_table
    order = parser.parser.lexer.root_lexer.terminals
    rules = {rule: number for number, rule in enumerate(parser.rules)}
    numbers = _numbering(parse_table)
    states: list[dict[str, int]] = [{} for _ in numbers]
    for state, actions in parse_table.states.items():
        if state in numbers:
            states[numbers[state]] = {
                symbol: numbers[target] if isinstance(target, int) else -rules[target] - 1
                for symbol, (_, target) in sorted(actions.items())
            }
    return Tables(
        terminals=tuple((terminal.name, terminal.pattern.to_regexp()) for terminal in order),
        ignored=tuple(sorted(lexer_conf.ignore)),
        states=tuple(states),
        rules=tuple(_rule(rule) for rule in parser.rules),
        start=numbers[parse_table.start_states["start"]],
        accept=numbers[parse_table.end_states["start"]],
    )


def _numbering(parse_table: Any) -> dict[int, int]:
    """States by order of discovery from the start: Lark's own numbers differ from run to run."""
    queue = [parse_table.start_states["start"]]
    numbers = {queue[0]: 0}
    for state in queue:
        for _, (_, target) in sorted(parse_table.states[state].items()):
            if isinstance(target, int) and target not in numbers:
                numbers[target] = len(numbers)
                queue.append(target)
    return numbers


def _rule(rule: Any) -> Rule:
    uses = []
    for symbol in rule.expansion:
        if symbol.is_term:
            uses.append(DROP if symbol.filter_out else KEEP)
        else:
            uses.append(SPLICE if symbol.name.startswith("_") else KEEP)
    return Rule(str(rule.origin.name), tuple(uses))


def tables_module(grammar: str) -> str:
    """The text of ``tables.py`` for a grammar."""
    tables = build_tables(grammar)
    lines = [
        '"""Parse tables of grammar/netdsl.lark. Written by netdsl.syntax.generate; do not edit."""',
        "# ruff: noqa",
        "# fmt: off",
        "",
        "from netdsl.syntax.table_format import Rule, Tables",
        "",
        f"CHECKSUM = {checksum(grammar)}",
        "",
        "TABLES = Tables(",
        "    terminals=(",
        *(f"        ({name!r}, {pattern!r})," for name, pattern in tables.terminals),
        "    ),",
        f"    ignored={tables.ignored!r},",
        "    states=(",
        *(f"        {state!r}," for state in tables.states),
        "    ),",
        "    rules=(",
        *(f"        Rule({rule.name!r}, {rule.symbols!r})," for rule in tables.rules),
        "    ),",
        f"    start={tables.start},",
        f"    accept={tables.accept},",
        ")",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    TABLES_PATH.write_text(tables_module(grammar_text()), encoding="utf-8")


if __name__ == "__main__":
    main()
