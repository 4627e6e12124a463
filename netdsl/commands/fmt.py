"""netdsl fmt: write networks in their canonical layout."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import click

from netdsl.commands.loading import show
from netdsl.commands.writing import check_writable, replace_text
from netdsl.diagnostics import Diagnosed, Diagnostic, Findings, has_errors, sort_key
from netdsl.edits import in_file
from netdsl.plan.load import plan_source
from netdsl.plan.network_files import STDIN, foreign, open_source
from netdsl.source import Source
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.syntax.lexer import Token


class _Formatted(NamedTuple):
    """A file and its canonical text; ``text`` is None where it cannot be read, which is shown."""

    source: Source | None
    text: str | None

    @property
    def differs(self) -> bool:
        return self.source is not None and self.text not in (None, self.source.text)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; the exit code is 1 where a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Lay networks out alike: blanks, indentation, layer kinds in capitals, options in lower case.

    Comments, names and line ends stay, and so does the meaning. A file with mistakes of syntax, or with
    layers of kinds and blocks that do not exist, is left alone: it may be no network. One whose volumes
    or claims are wrong is laid out. With - the text comes from standard input and goes to standard output.
    """
    outcomes = [_format(name, ctx) for name in files]
    unwritten = False
    for name, outcome in zip(files, outcomes, strict=True):
        if outcome.source is None or outcome.text is None:
            continue
        if diff:
            _show_difference(outcome.source, outcome.text)
        elif check:
            if outcome.differs:
                click.echo(f"would change {outcome.source.name}", err=True)
        elif name == STDIN:
            click.echo(outcome.source.form.dressed(outcome.text), nl=False)
        elif outcome.differs:
            try:
                replace_text(name, outcome.source.form.dressed(outcome.text))
            except Diagnosed as diagnosed:
                show(diagnosed.diagnostics)
                unwritten = True
            else:
                click.echo(f"changed {name}", err=True)
    unread = any(outcome.text is None for outcome in outcomes)
    changed = (check or diff) and any(outcome.differs for outcome in outcomes)
    ctx.exit(1 if unread or changed or unwritten else 0)


_ROUNDS = 4
"""Texts that papers' words stand in twice, and not soundly, are laid out again until they stay."""


def _format(name: str, ctx: click.Context) -> _Formatted:
    try:
        source = open_source(name)
    except Diagnosed as diagnosed:
        show(diagnosed.diagnostics)
        return _Formatted(None, None)
    check_writable(source, ctx)
    text, respelled = _laid_out(source)
    for _ in range(_ROUNDS):
        if text is None or not respelled:
            break
        before = text
        text, respelled = _laid_out(Source(source.name, before, source.folder, source.form))
        if text in (None, before):
            text = before
            break
    return _Formatted(source, text)


def _laid_out(source: Source) -> tuple[str | None, bool]:
    """The canonical text, None, with what is wrong shown, where there is none; and whether words of papers
    were put into ours for it."""
    from netdsl.graph.formatter import formatted
    from netdsl.syntax.parser import parse

    parsed = parse(source)
    if parsed.diagnostics or parsed.file is None:
        show(foreign(source) or parsed.diagnostics)
        return None, False
    ours, file, unclear = _in_our_words(source, parsed.file)
    if unclear:
        show(unclear)
        return None, False
    strange = _strange_names(file, ours)
    seems = foreign(ours)
    if strange or (seems and has_errors(plan_source(ours).diagnostics)):
        show(seems or strange)
        return None, False
    text = formatted(ours, file, ours=True)
    _check_meaning(ours, file, text)
    return text, ours is not source


def _in_our_words(source: Source, file: tree.File) -> tuple[Source, tree.File, list[Diagnostic]]:
    """The text with layers as papers write them in our words; or what can be read in two ways."""
    from netdsl.graph.papers import in_our_words, respelled

    whole, findings = file, Findings(source)
    if any(isinstance(statement, tree.Use) for statement in file.statements):
        from netdsl.graph.used_files import read_used_files

        whole, findings, _ = read_used_files(file, source)
        findings = Findings(findings.source)
    changes = in_our_words(whole, findings).changes
    unclear = [finding for finding in findings.found if in_file(finding, source) and has_errors([finding])]
    if unclear:
        return source, file, sorted(unclear, key=sort_key)
    ours, respelt = respelled(source, file, changes)
    wrong = _errors(source) if changes else []
    if wrong and Counter(finding.code for finding in wrong) != Counter(f.code for f in _errors(ours)):
        return source, file, wrong  # `CONV 3 -> 16 3x3`: in our words it would say something else
    return ours, respelt, []


def _errors(source: Source) -> list[Diagnostic]:
    return [finding for finding in plan_source(source).diagnostics if has_errors([finding])]


def _strange_names(file: tree.File, source: Source) -> list[Diagnostic]:
    """What shows that a text is no network, though it parses."""
    from netdsl.graph.strange_names import report_strange_names

    findings, complete = Findings(source), True
    if any(isinstance(statement, tree.Use) for statement in file.statements):
        from netdsl.graph.used_files import read_used_files

        file, findings, syntax = read_used_files(file, source)
        complete = not (findings.found or syntax)
        findings = Findings(findings.source)
    report_strange_names(file, findings, complete=complete)
    return sorted((finding for finding in findings.found if in_file(finding, source)), key=sort_key)


def _check_meaning(source: Source, file: tree.File, text: str) -> None:
    """Raise where the canonical text has other words than the file: then it is not written."""
    from netdsl.graph.casing import canonical_words
    from netdsl.graph.sharing import CANONICAL
    from netdsl.syntax.tokens import tokens

    words = canonical_words(file)
    phrases = {place: word for place, word in words.items() if word in CANONICAL}
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
    return token.kind, _BLANKS.sub("", token.text).casefold().replace("×", "x")


def _lines(text: str) -> list[str]:
    """The lines with their ends; other signs that Python takes for line ends stay inside them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _show_difference(source: Source, text: str) -> None:
    from difflib import unified_diff

    lines = unified_diff(
        _lines(source.text),
        _lines(text),
        source.name,
        f"{source.name}, formatted",
    )
    for line in lines:
        click.echo(line if line.endswith("\n") else f"{line}\n\\ no line break at the end\n", nl=False)
