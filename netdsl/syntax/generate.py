"""Turns the grammar into parse tables, with Lark: ``python -m netdsl.syntax.generate``.

Lark takes longer to load than netdsl takes to check a network, so its work is done ahead: the
tables it computes are written to ``tables.json`` with the checksum of the grammar that they were
made of. They are data and not a module: where Python may not keep bytecode, it compiles a module at
every start, and this one would take a tenth of a whole check.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netdsl.resources import grammar_text
from netdsl.syntax.beginnings import beginnings
from netdsl.syntax.table_format import DROP, KEEP, SPLICE, TABLES_PATH, Rule, Tables
from netdsl.writing import write_file


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
        terminals=tuple((terminal.name, *_pattern(terminal)) for terminal in order),
        ignored=tuple(sorted(lexer_conf.ignore)),
        states=tuple(states),
        rules=tuple(_rule(rule) for rule in parser.rules),
        start=numbers[parse_table.start_states["start"]],
        accept=numbers[parse_table.end_states["start"]],
    )


def _pattern(terminal: Any) -> tuple[str, str]:
    pattern = terminal.pattern.to_regexp()
    return pattern, beginnings(pattern)


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


def tables_text(grammar: str) -> str:
    """The text of ``tables.json`` for a grammar: one terminal, state or rule a line."""
    tables = build_tables(grammar)
    fields = {
        "checksum": str(checksum(grammar)),
        **{name: json.dumps(getattr(tables, name)) for name in ("start", "accept", "ignored")},
        **{name: _lines(getattr(tables, name)) for name in ("terminals", "states", "rules")},
    }
    return "{\n" + ",\n".join(f'"{name}": {text}' for name, text in fields.items()) + "\n}\n"


def _lines(rows: Sequence[object]) -> str:
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]"


def main() -> None:
    write_file(Path(TABLES_PATH), [tables_text(grammar_text()).encode()])


if __name__ == "__main__":
    main()
