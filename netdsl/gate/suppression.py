"""Leaves out what comments silence, and reports comments that silence nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnostic, Edit, Findings, Severity, has_errors, sort_key
from netdsl.gate.comments import Code, Comment, comments
from netdsl.gate.selection import (
    is_selected,
    may_be_ignored,
    nearest_code,
    selected,
    selector,
    shown_all_the_same,
)
from netdsl.gate.settings import Settings
from netdsl.resources import explained_codes
from netdsl.source import Source, Span

UNUSED = "ND686"


def suppressed(source: Source, findings: Sequence[Diagnostic], settings: Settings) -> list[Diagnostic]:
    """The findings that no comment silences, and what is wrong with the comments of ``source``.

    Comments in files that it uses silence what is found there. Whether a comment silences nothing is known
    only where a network has no errors: advice is given to sound networks.
    """
    sources = {id(source): source}
    sources |= {id(one.source): one.source for one in findings if one.source is not None}
    written = {key: _Written(comments(one)) for key, one in sources.items()}
    if not any(one.comments for one in written.values()):
        return list(findings)
    left = list(_left(findings, written))
    own = written[id(source)]
    complete = not has_errors([one for one in findings if not Fact.CONTRACT.holds(one.code)])
    about = [*_wrong(source, own.comments), *(_unused(source, own, settings) if complete else ())]
    told = _left(sorted(selected(about, settings), key=sort_key), written)
    return [*left, *told]


class _Silencer(NamedTuple):
    """One code of a comment, or the whole comment: empty where it names none."""

    comment: Comment
    prefix: str
    code: Code | None


class _Written:
    """The comments of one text, by the lines that they are about, and which of them were of use."""

    def __init__(self, found: list[Comment]) -> None:
        self.comments = found
        self.used: set[tuple[Span, str]] = set()
        self._by_line: dict[int, list[_Silencer]] = {}
        self._blocks: list[tuple[int, int, _Silencer]] = []
        for comment in found:
            for one in _silencers(comment):
                if comment.lines is None:
                    self._blocks.append((0, 1 << 62, one))
                elif comment.lines[0] == comment.lines[1]:
                    self._by_line.setdefault(comment.lines[0], []).append(one)
                else:
                    self._blocks.append((*comment.lines, one))

    def silence(self, finding: Diagnostic, first: int, last: int) -> bool:
        """Whether a comment is about a finding on these lines; notes that the comment was of use."""
        heard = False
        for line in dict.fromkeys((first, last)):
            around = [one for begin, end, one in self._blocks if begin <= line <= end]
            for comment, prefix, code in (*self._by_line.get(line, ()), *around):
                if finding.code.startswith(prefix) and (prefix or finding.code != UNUSED):
                    self.used.add((comment.span, code.text if code else ""))
                    heard = True
        return heard


def _silencers(comment: Comment) -> Iterable[_Silencer]:
    if comment.wrong:
        return
    if not comment.codes:
        yield _Silencer(comment, "", None)
    for code in comment.codes:
        known = selector(code.text)
        if known is not None:
            yield _Silencer(comment, known, code)


def _left(findings: Iterable[Diagnostic], written: dict[int, _Written]) -> Iterable[Diagnostic]:
    for finding in findings:
        source, label = finding.source, finding.primary
        if source is None or label is None:
            yield finding
            continue
        first = source.position(label.span.start)[0]
        last = source.position(max(label.span.end - 1, label.span.start))[0]
        if not written[id(source)].silence(finding, first, last):
            yield finding
        elif not may_be_ignored(finding):
            yield shown_all_the_same(finding)


def _wrong(source: Source, found: Sequence[Comment]) -> list[Diagnostic]:
    """Comments that cannot be read (ND688), and codes that do not exist (ND687)."""
    findings = Findings(source)
    for comment in found:
        if comment.wrong:
            sure = comment.wrong.startswith("a colon")
            findings.add(
                "ND688",
                comment.wrong,
                comment.span,
                severity=Severity.WARNING,
                help=(f"write `{comment.meant or '# netdsl: ignore ND401'}`",),
                fix=Edit(comment.span, comment.meant, safe=sure) if comment.meant else None,
            )
        for code in comment.codes:
            if selector(code.text) is None:
                near = nearest_code(code.text)
                findings.add(
                    "ND687",
                    f"there is no code `{code.text[:40]}`",
                    code.span,
                    severity=Severity.WARNING,
                    help=() if near else ("`netdsl explain` lists the codes",),
                    meant=near,
                )
    return findings.found


def _unused(source: Source, written: _Written, settings: Settings) -> list[Diagnostic]:
    """Comments, and codes in them, that silence nothing. What is not selected may be there unseen."""
    findings = Findings(source)
    told: dict[str, bool] = {}
    for comment in written.comments:
        if comment.wrong or any(selector(code.text) is None for code in comment.codes):
            continue
        for code in comment.codes:
            if code.text not in told:
                told[code.text] = _is_told(code.text, settings)
        idle = [
            code
            for code in comment.codes
            if (comment.span, code.text) not in written.used and told[code.text]
        ]
        if comment.codes and not idle:
            continue
        if not comment.codes and (comment.span, "") in written.used:
            continue
        kept = [code.text for code in comment.codes if code not in idle]
        where = "in this file" if comment.lines is None else "here"
        what = ", ".join(dict.fromkeys(code.text for code in idle))
        message = (
            f"{what} {'is' if len({code.text for code in idle}) == 1 else 'are'} not found {where}"
            if idle
            else f"nothing is found {where}"
        )
        span = Span(idle[0].span.start, idle[-1].span.end) if kept else comment.span
        codes = Span(comment.codes[0].span.start, comment.codes[-1].span.end) if comment.codes else span
        fix = Edit(codes, ", ".join(kept), safe=True) if kept else Edit(comment.removal, "", safe=True)
        findings.add(
            UNUSED,
            f"this comment silences nothing: {message}" if not kept else message,
            span,
            severity=Severity.WARNING,
            help=("leave it out",),
            fix=fix,
        )
    return findings.found


def _is_told(code: str, settings: Settings) -> bool:
    """Whether findings of a code, or of any that begin so, are told."""
    known = selector(code) or code
    return any(is_selected(one, settings) for one in explained_codes() if one.startswith(known))
