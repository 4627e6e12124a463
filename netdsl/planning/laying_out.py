"""The canonical text of a network, or what stands in its way."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Findings, has_errors, sort_key
from netdsl.edits import in_file
from netdsl.planning.network_files import foreign
from netdsl.planning.pipeline import in_our_words, plan_source
from netdsl.source import Source
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.syntax.lexer import Token


class LaidOut(NamedTuple):
    """``text`` is None where there is none, for what is wrong."""

    text: str | None
    wrong: list[Diagnostic]


_ROUNDS = 4
"""Texts that papers' words stand in twice, and not soundly, are laid out again until they stay."""


def laid_out(source: Source) -> LaidOut:
    """The canonical text of a network. A text with mistakes of syntax, or with layers of kinds and blocks
    that do not exist, has none: it may be no network."""
    text, wrong, respelled = _once(source)
    for _ in range(_ROUNDS):
        if text is None or not respelled:
            break
        before = text
        text, wrong, respelled = _once(source.with_text(before))
        if text in (None, before):
            text = before
            break
    if text is not None:
        return LaidOut(text, [])
    from netdsl.planning.prose import without_prose  # few texts have no layout

    return LaidOut(None, without_prose(source, wrong))


def _once(source: Source) -> tuple[str | None, list[Diagnostic], bool]:
    """The canonical text, or None and what is wrong; and whether words of papers were put into ours."""
    from netdsl.syntax.parser import parse
    from netdsl.text.canonical_names import canonically_named
    from netdsl.text.formatter import formatted

    read, found = in_our_words(source)
    if read is not source and not foreign(source):
        left_out = [finding for finding in found if Fact.LOST_LINE.holds(finding.code)]
        if left_out:  # rows of a table, which would be lost
            return None, left_out, False
        text, wrong, _ = _once(read)
        contradicted = [finding for finding in found if has_errors([finding])]
        if text is not None and contradicted and not _has_errors_of(source.with_text(text), contradicted):
            return None, contradicted, False  # `FC: 1600 -> 10` where 400 come in: our words would not say it
        return text, wrong, True
    parsed = parse(source)
    if parsed.diagnostics or parsed.file is None:
        return None, foreign(source) or parsed.diagnostics, False
    ours, file, unclear = _in_our_words(source, parsed.file)
    if unclear:
        return None, unclear, False
    strange = _strange_names(file, ours)
    seems = foreign(ours)
    if strange or (seems and has_errors(plan_source(ours).diagnostics)):
        return None, seems or strange, False
    named, file = canonically_named(ours, file)
    text = formatted(named, file, ours=True)
    _check_meaning(named, file, text)
    return text, [], ours is not source


def _in_our_words(source: Source, file: tree.File) -> tuple[Source, tree.File, list[Diagnostic]]:
    """The text with layers as papers write them in our words; or what can be read in two ways."""
    from netdsl.graph.papers import in_our_words, respelled

    whole, findings = file, Findings(source)
    if any(isinstance(statement, tree.Use) for statement in file.statements):
        from netdsl.syntax.used_files import read_used_files

        whole, findings, _ = read_used_files(file, source)
        findings = Findings(findings.source)
    changes = in_our_words(whole, findings).changes
    unclear = [finding for finding in findings.found if in_file(finding, source) and has_errors([finding])]
    if unclear:
        return source, file, sorted(unclear, key=sort_key)
    ours, respelt = respelled(source, file, changes)
    wrong = _errors(source) if changes else []
    if wrong and not _has_errors_of(ours, wrong):
        return source, file, wrong  # `CONV 3 -> 16 3x3`: in our words it would say something else
    return ours, respelt, []


def _has_errors_of(source: Source, wrong: list[Diagnostic]) -> bool:
    """Whether a text has as many errors of each code as are given: else it says something else."""
    return Counter(one.code for one in _errors(source)) == Counter(one.code for one in wrong)


def _errors(source: Source) -> list[Diagnostic]:
    return [finding for finding in plan_source(source).diagnostics if has_errors([finding])]


def _strange_names(file: tree.File, source: Source) -> list[Diagnostic]:
    """What shows that a text is no network, though it parses."""
    from netdsl.graph.macros.unknown_names import report_strange_names

    findings, complete = Findings(source), True
    if any(isinstance(statement, tree.Use) for statement in file.statements):
        from netdsl.syntax.used_files import read_used_files

        file, findings, syntax = read_used_files(file, source)
        complete = not (findings.found or syntax)
        findings = Findings(findings.source)
    report_strange_names(file, findings, complete=complete)
    return sorted((finding for finding in findings.found if in_file(finding, source)), key=sort_key)


def _check_meaning(source: Source, file: tree.File, text: str) -> None:
    """Raise where the canonical text has other words than the file: then it is not written."""
    from netdsl.graph.names.weight_sharing import CANONICAL
    from netdsl.syntax.tokens import tokens
    from netdsl.text.letter_case import canonical_words

    words = canonical_words(file)
    phrases = {offset: word for offset, word in words.items() if word in CANONICAL}
    before = [
        _essence(token._replace(text=phrases.get(token.start, token.text))) for token in tokens(source.text)
    ]
    after = [_essence(token) for token in tokens(text)]
    if before != after:
        raise AssertionError(f"formatting would change the meaning of {source.name}")


_BLANKS = re.compile("[ \t\r\f\u00a0\n]+")


def _essence(token: Token) -> tuple[str, str]:
    """What must stay of a token: all but blanks, case, the length of a link, the form of a quote or minus."""
    if token.kind == "BY":
        return "TIMES", "*"
    if token.kind in ("LINK", "STRING"):
        return token.kind, token.text[1:-1] if token.kind == "STRING" else ""
    if token.kind in ("SIGNED", "RANGE"):
        return token.kind, re.sub("[–−]", "-", token.text)
    if token.kind == "RECIPE":
        from netdsl.recipe.canonical import canonical_line

        return token.kind, _BLANKS.sub("", canonical_line(token.text.strip())).casefold()
    return token.kind, _BLANKS.sub("", token.text).casefold().replace("×", "x")
