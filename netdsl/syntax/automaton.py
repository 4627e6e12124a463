"""Runs LALR(1) parse tables and recovers from mistakes, so that one run finds several.

Iterative throughout, so depth of nesting is bounded by a limit and not by Python's stack. Builds
nodes while it reduces; knows nothing of the language beyond the names below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from netdsl.syntax.lexer import END, Lexer, Token
from netdsl.syntax.table_format import DROP, KEEP, SPLICE, Tables

LINE_END = "_NL"
RECOVERED = "layer"
"""The rule that a mistake is taken for, so that parsing continues after it."""

SYNCHRONISING = frozenset(("LINK", "CLOSE", "RIGHT_BRACE", "BAR"))
"""Besides line ends, the tokens that may end a mistake."""

BRACKETS = {"CLOSE": "OPEN", "RIGHT_BRACE": "LEFT_BRACE", "RIGHT_PARENTHESIS": "LEFT_PARENTHESIS"}
_BRACKETS = frozenset((*BRACKETS, *BRACKETS.values()))
NESTING_LIMIT = 64
TOKEN_LIMIT = 50_000
NESTING, LENGTH = "nesting", "length"


class Failure(NamedTuple):
    """A token that cannot be where it is.

    ``state`` is that of the automaton, ``expected`` are the terminals that could stand
    there, ``previous`` is the token before, ``open_brackets`` those not closed yet. ``limit`` is
    empty, or says which limit the text exceeds: NESTING or LENGTH; parsing stops there.
    """

    token: Token
    state: int
    expected: frozenset[str]
    previous: Token | None
    open_brackets: tuple[Token, ...]
    limit: str = ""


class Parsed(NamedTuple):
    """The node of the start rule, or None where the file ended too early, all failures, and how many
    tokens were read."""

    node: Any
    failures: list[Failure]
    tokens: int = 0


Builder = Callable[[list[Any]], Any]


def _children(uses: tuple[int, ...], nodes: list[Any]) -> list[Any]:
    """The children of a node, from what its rule does with each of its symbols."""
    children: list[Any] = []
    for use, node in zip(uses, nodes, strict=True):
        if use == KEEP:
            children.append(node)
        elif use == SPLICE:
            # A list that grows to the right is taken over, not copied: long files stay linear.
            if children:
                children.extend(node)
            else:
                children = node
    return children


class _End(NamedTuple):
    """What happens where a rule ends: its name, what it does with each of its symbols and how many there are,
    and what makes its node; ``only`` is the use of its one symbol, DROP where it has several or none."""

    name: str
    uses: tuple[int, ...]
    size: int
    build: Builder | None
    only: int


class Automaton:
    """A parser for one grammar; may be used again and again."""

    def __init__(
        self, tables: Tables, builders: Mapping[str, Builder], unreadable: Callable[..., Any]
    ) -> None:
        """``unreadable(start, end)`` makes the node that is where a mistake was."""
        self._tables = tables
        self._unreadable = unreadable
        self._lexer = Lexer(tables)
        self._ends = [
            _End(
                rule.name,
                rule.symbols,
                len(rule.symbols),
                builders.get(rule.name),
                rule.symbols[0] if len(rule.symbols) == 1 else DROP,
            )
            for rule in tables.rules
        ]

    def parse(self, text: str, offset: int = 0, token_limit: int = TOKEN_LIMIT) -> Parsed:
        """Parse a text that ends in a line break; never raises for what it holds.

        ``offset`` is added to all offsets in the tree, not to those of failures.
        """
        run = _Run(self._tables, self._ends, self._unreadable, self._lexer, text)
        run.offset, run.token_limit = offset, token_limit
        return run.parse()


class _Run:
    """One parse: the two stacks, the brackets that are open, and the failures so far."""

    def __init__(
        self,
        tables: Tables,
        ends: list[_End],
        unreadable: Callable[..., Any],
        lexer: Lexer,
        text: str,
    ) -> None:
        self.tables = tables
        self.ends = ends
        self.unreadable = unreadable
        self.lexer = lexer
        self.text = text
        self.states = [tables.start]
        self.nodes: list[Any] = []
        self.starts: list[int] = []
        self.open: list[Token] = []
        self.previous: Token | None = None
        self.failures: list[Failure] = []
        self.reported_until = 0
        self.tokens_read = 0
        self.token_limit = TOKEN_LIMIT
        self.offset = 0

    def parse(self) -> Parsed:
        position = 0
        while True:
            token = self._token(position)
            kind = token.kind
            if len(self.open) > NESTING_LIMIT or self.tokens_read > self.token_limit:
                limit = NESTING if len(self.open) > NESTING_LIMIT else LENGTH
                self.failures.append(self._failure(token, limit))
                return Parsed(None, self.failures, self.tokens_read)
            if not self._reduce(kind):
                resumed = self._fail(token)
                if resumed is None:
                    return Parsed(None, self.failures)
                position = resumed
                continue
            if kind == END:
                return Parsed(self.nodes[-1], self.failures, self.tokens_read)
            self._shift(token)
            position = token.start + len(token.text)

    def _token(self, position: int) -> Token:
        self.tokens_read += 1
        return self.lexer.token(self.text, position, self.states[-1])

    def _shift(self, token: Token) -> None:
        self.states.append(self.tables.states[self.states[-1]][token.kind])
        node = token._replace(start=token.start + self.offset) if self.offset else token
        self.nodes.append(node)
        self.starts.append(token.start)
        if token.kind in _BRACKETS:
            self._count_brackets(node)
        self.previous = token

    def _count_brackets(self, token: Token) -> None:
        if token.kind in BRACKETS.values():
            self.open.append(token)
        elif token.kind in BRACKETS and self.open and self.open[-1].kind == BRACKETS[token.kind]:
            self.open.pop()

    def _reduce(self, kind: str) -> bool:
        """Apply the rules that end before a token; whether the token may be here."""
        tables, states, nodes, starts = self.tables.states, self.states, self.nodes, self.starts
        while True:
            action = tables[states[-1]].get(kind)
            if action is None:
                return kind == END and states[-1] == self.tables.accept
            if action >= 0:
                return True
            name, uses, size, build, use = self.ends[-action - 1]
            if use:  # most rules: what is on the stacks is replaced
                only = [nodes[-1]] if use == KEEP else nodes[-1]
                nodes[-1] = only if build is None else build(only)
                states[-1] = tables[states[-2]][name]
                continue
            start = starts[-size] if size else len(self.text)
            children = _children(uses, nodes[len(nodes) - size :])
            del nodes[len(nodes) - size :], states[len(states) - size :], starts[len(starts) - size :]
            nodes.append(children if build is None else build(children))
            starts.append(start)
            states.append(tables[states[-1]][name])

    def _failure(self, token: Token, limit: str = "") -> Failure:
        expected = frozenset(self._acceptable())
        opened = tuple(bracket._replace(start=bracket.start - self.offset) for bracket in self.open)
        return Failure(token, self.states[-1], expected, self.previous, opened, limit)

    def _acceptable(self) -> Iterator[str]:
        """The terminals that the automaton would take now, found by trying the reductions."""
        for name in self.tables.states[self.states[-1]]:
            if (name == END or name.isupper()) and self._takes(name):
                yield name

    def _takes(self, kind: str) -> bool:
        """Whether a token may be here once the rules before it are applied."""
        states = list(self.states[-4 * NESTING_LIMIT :])
        table = self.tables
        while states:
            action = table.states[states[-1]].get(kind)
            if action is None:
                return kind == END and states[-1] == table.accept
            if action >= 0:
                return True
            rule = table.rules[-action - 1]
            if rule.symbols:
                del states[-len(rule.symbols) :]
            if states:
                states.append(table.states[states[-1]][rule.name])
        return False

    def _fail(self, token: Token) -> int | None:
        """Report a token and return the offset to continue at; None where the file has ended.

        One mistake a line is reported: what follows it there is too often its consequence.
        """
        if token.start >= self.reported_until:
            self.failures.append(self._failure(token))
            line_end = self.text.find("\n", token.start)
            self.reported_until = line_end if line_end >= 0 else len(self.text)
        if token.kind == END:
            return None
        start = token.start
        while not self._can_recover():
            self.states.pop()
            start = self.starts.pop()
            node = self.nodes.pop()
            if self.open and node is self.open[-1]:
                self.open.pop()  # no layer is in this bracket: the mistake ends outside it
        self.states.append(self.tables.states[self.states[-1]][RECOVERED])
        self.starts.append(start)
        self.nodes.append(None)
        end = self._end_of_mistake(token)
        self.nodes[-1] = self.unreadable(start, max(end, start))
        return end

    def _can_recover(self) -> bool:
        """Whether a layer may be here, and no bracket is left open that the text has closed."""
        if RECOVERED not in self.tables.states[self.states[-1]]:
            return False
        opened = sum(type(node) is Token and node.kind in BRACKETS.values() for node in self.nodes)
        return opened == len(self.open)

    def _end_of_mistake(self, token: Token) -> int:
        """The offset of the next token that can follow an unreadable layer."""
        depth = 0
        while token.kind != END:
            if depth == 0 and token.kind in SYNCHRONISING and self._takes(token.kind):
                break
            if token.kind in BRACKETS.values():
                depth += 1
            elif token.kind in BRACKETS and depth:
                depth -= 1
            elif token.kind == LINE_END:
                depth = 0
                if self._takes(LINE_END):
                    break
            token = self._token(token.end)
            if self.tokens_read > self.token_limit:
                break
        return token.start
