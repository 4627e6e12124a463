"""Compiles ``expect pattern`` lines: a regular expression over the layers of a network.

Every kind that is written becomes one position, and a bit in masks that say what may follow what
(Glushkov, 1961, "The Abstract Theory of Automata"). Matching then costs one step a layer whatever
the pattern, so no pattern is slow.
"""

from __future__ import annotations

from typing import NamedTuple

from netdsl.diagnostics import Findings
from netdsl.layers.registry import keywords_meant, modules_by_name
from netdsl.quantities import count_from_text
from netdsl.source import Span
from netdsl.syntax import tree

POSITION_LIMIT = 500
"""Layers of all patterns of a file together, counted repetitions written out."""

PATTERN_LIMIT = 16
"""Patterns of a file: each is matched with all layers."""


class Pattern(NamedTuple):
    """A pattern ready to match.

    ``text`` is its canonical spelling; ``words`` and ``keywords`` say for each position what is
    written and which kinds it means. Bit n of a mask stands for position n: ``first`` may begin,
    ``last`` may end, ``follow[n]`` may come after position n. ``empty``: no layer at all matches.
    """

    text: str
    words: tuple[str, ...]
    keywords: tuple[frozenset[str], ...]
    first: int
    last: int
    follow: tuple[int, ...]
    empty: bool
    span: Span


class _Part(NamedTuple):
    empty: bool
    first: int
    last: int


_NOTHING = _Part(True, 0, 0)


class _InvalidPatternError(Exception):
    """The pattern means nothing; reported already."""


def read_pattern(statement: tree.ExpectPattern, findings: Findings) -> Pattern | None:
    """The pattern of a line; None, with a finding, where it means nothing."""
    if findings.spend("patterns", 1) > PATTERN_LIMIT:
        if findings.spend("patterns", 0) == PATTERN_LIMIT + 1:
            message = f"the file has more than {PATTERN_LIMIT} patterns"
            findings.add(
                "ND214", message, statement.span, help=("combine them in one: `[CONV - RELU]*N - FC`",)
            )
        return None
    compiler = _Compiler(findings)
    try:
        whole = compiler.sequence(statement.pieces)
    except _InvalidPatternError:
        return None
    return Pattern(
        _sequence_text(statement.pieces),
        tuple(compiler.words),
        tuple(compiler.keywords),
        whole.first,
        whole.last,
        tuple(compiler.follow),
        whole.empty,
        statement.span,
    )


class _Compiler:
    """The positions so far."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.words: list[str] = []
        self.keywords: list[frozenset[str]] = []
        self.follow: list[int] = []
        self.names: dict[str, Span] = {}

    def sequence(self, pieces: tuple[tree.PatternPiece, ...]) -> _Part:
        """The depth of this recursion is that of brackets, which the parser limits."""
        whole = _NOTHING
        for piece in pieces:
            part = self._layer(piece) if isinstance(piece, tree.PatternLayer) else self._group(piece)
            whole = self._behind(whole, part._replace(empty=part.empty or piece.optional))
        return whole

    def _layer(self, piece: tree.PatternLayer) -> _Part:
        written = " ".join(word.text for word in piece.words)
        keywords = keywords_meant(written)
        if not keywords:
            near = self.findings.near(written, modules_by_name(), "kinds")
            message = f"there is no kind of layer called `{written[:40]}`"
            span = piece.words[0].span.to(piece.words[-1].span)
            self.findings.add("ND201", message, span, meant=near.upper() if near else None)
            raise _InvalidPatternError
        if self.findings.spend("layers of patterns", 1) > POSITION_LIMIT:
            self.findings.add(
                "ND214",
                f"the patterns have more than {POSITION_LIMIT} layers together",
                piece.span,
                help=("leave the number of repetitions free: `[CONV - RELU]*N`",),
            )
            raise _InvalidPatternError
        bit = 1 << len(self.words)
        self.words.append(written)
        self.keywords.append(keywords)
        self.follow.append(0)
        return _Part(False, bit, bit)

    def _group(self, piece: tree.PatternGroup) -> _Part:
        times = piece.times
        if isinstance(times, tree.Word):
            earlier = self.names.setdefault(times.text, times.span)
            if earlier != times.span:
                self.findings.add(
                    "ND214",
                    f"`{times.text[:40]}` repeats two groups: each needs its own name",
                    times.span,
                    help=("give it another name; `*N` means any number of times",),
                )
                raise _InvalidPatternError
            part = self.sequence(piece.pieces)
            self._link(part.last, part.first)
            return part._replace(empty=True)
        count = 1 if times is None else count_from_text(times.text)
        if count is None or count < 1:
            assert times is not None
            message = "a group is repeated a whole number of times, 1 or more"
            self.findings.add("ND214", message, times.span, help=("write `*3`, or `*N` for any number",))
            raise _InvalidPatternError
        whole = self.sequence(piece.pieces)
        for _ in range(count - 1):
            whole = self._behind(whole, self.sequence(piece.pieces))
        return whole

    def _behind(self, before: _Part, after: _Part) -> _Part:
        self._link(before.last, after.first)
        return _Part(
            before.empty and after.empty,
            before.first | (after.first if before.empty else 0),
            after.last | (before.last if after.empty else 0),
        )

    def _link(self, last: int, first: int) -> None:
        for position in range(last.bit_length()):
            if last >> position & 1:
                self.follow[position] |= first


def _sequence_text(pieces: tuple[tree.PatternPiece, ...]) -> str:
    return " - ".join(_piece_text(piece) for piece in pieces)


def _piece_text(piece: tree.PatternPiece) -> str:
    mark = "?" if piece.optional else ""
    if isinstance(piece, tree.PatternLayer):
        return " ".join(word.text for word in piece.words).upper() + mark
    times = f"*{piece.times.text}" if piece.times else ""
    return f"[{_sequence_text(piece.pieces)}]{times}{mark}"
