"""Carries out the changes that findings propose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from netdsl.diagnostics import Diagnostic, Edit, Severity
from netdsl.source import Source

PASSES = 200
"""A change may bring the next finding to light, so a text is checked again after each pass."""

CHARACTERS = 2**18
"""That are checked in all passes together, if three passes take no more: long texts have fewer."""

Check: TypeAlias = Callable[[Source], Sequence[Diagnostic]]


def edited(text: str, edits: Sequence[Edit]) -> tuple[str, int]:
    """The text with every edit that touches no other one, and how many those are.

    Two different changes of one place, which a block or a repeated group may ask for, are both left out:
    neither is right for all its uses.
    """
    within = (edit for edit in set(edits) if 0 <= edit.span.start <= edit.span.end <= len(text))
    wanted = sorted(within, key=lambda edit: (edit.span, edit.replacement))
    pieces: list[str] = []
    end = count = 0
    for index, edit in enumerate(wanted):
        others = wanted[max(0, index - 1) : index] + wanted[index + 1 : index + 2]
        if not any(_touch(edit, other) for other in others):
            pieces += [text[end : edit.span.start], edit.replacement]
            end = edit.span.end
            count += 1
    return "".join([*pieces, text[end:]]), count


class _Version(NamedTuple):
    """A text on its way, with its findings and how many changes have led to it."""

    source: Source
    findings: Sequence[Diagnostic]
    changes: int

    @property
    def errors(self) -> int:
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


class _Mending:
    """The search for a text with fewer errors: at most so many checks, and no text twice."""

    def __init__(self, source: Source, check: Check, unsafe: bool) -> None:
        self.check = check
        self.unsafe = unsafe
        self.left = max(3, min(PASSES, CHARACTERS // (len(source.text) + 1)))
        self.seen = {source.text}

    def mend(self, start: _Version) -> _Version:
        """All fixes at once as often as there are new ones; what leaves more errors than there were is
        taken back, and its fixes are tried one by one."""
        best = version = start
        while (following := self.after(version, self.fixes(version))) is not None:
            version = following
            if version.errors <= best.errors:
                best = version
        return self._one_by_one(best)

    def _one_by_one(self, best: _Version) -> _Version:
        refused: set[tuple[str, str, str]] = set()
        while self.left > 0:
            fixes = [(key, fix) for key, fix in self._named_fixes(best) if key not in refused]
            if not fixes:
                break
            key, fix = fixes[0]
            following = self.after(best, [fix])
            if following is not None and following.errors <= best.errors:
                best = following
            else:
                refused.add(key)
        return best

    def after(self, version: _Version, fixes: Sequence[Edit]) -> _Version | None:
        """The version with fixes carried out; None where that is none, or an earlier one."""
        text, count = edited(version.source.text, fixes)
        if not count or text in self.seen or self.left <= 0:
            return None
        self.left -= 1
        self.seen.add(text)
        before = version.source
        source = before.with_text(text)
        return _Version(source, self.check(source), version.changes + count)

    def fixes(self, version: _Version) -> list[Edit]:
        return [fix for _, fix in self._named_fixes(version)]

    def _named_fixes(self, version: _Version) -> Iterator[tuple[tuple[str, str, str], Edit]]:
        for finding in version.findings:
            fix = finding.fix
            if fix is not None and in_file(finding, version.source) and (fix.safe or self.unsafe):
                yield (finding.code, finding.message, fix.replacement), fix


def mended(source: Source, check: Check, *, unsafe: bool) -> tuple[Source, int]:
    """The source with the fixes of its findings carried out, and how many changes that took.

    Never with more errors than before: what would bring more to light than it fixes is left as it is.
    Only the text of ``source`` itself changes, not that of files it uses. ``unsafe`` allows the
    changes that make another network of it.
    """
    start = _Version(source, check(source), 0)
    best = _Mending(source, check, unsafe).mend(start)
    return best.source, best.changes


TRIED = 1 << 14
"""Characters of a text whose fixes are tried only to say how many would be kept."""


def mendable(source: Source, findings: Sequence[Diagnostic], check: Check) -> tuple[int, int]:
    """How many of the fixes that findings propose would be kept: the safe ones, and all of them; in a
    text of more than TRIED characters, how many there are."""
    start = _Version(source, findings, 0)
    kept: list[int] = []
    before: list[Edit] | None = None
    for unsafe in (False, True):
        mending = _Mending(source, check, unsafe)
        fixes = mending.fixes(start)
        if fixes == before:
            kept.append(kept[0])
        elif len(source.text) > TRIED:
            kept.append(len(set(fixes)))
        elif start.errors == 0 and all(fix.safe for fix in fixes):  # what is right stays so
            kept.append(edited(source.text, fixes)[1])
        else:
            kept.append(_kept(mending, start, fixes, _Mending(source, check, unsafe)))
        before = fixes
    return kept[0], kept[1]


def _kept(mending: _Mending, start: _Version, fixes: Sequence[Edit], again: _Mending) -> int:
    """How many of some fixes are kept where they are tried, all at once or, ``again``, as fixing goes."""
    following = mending.after(start, fixes)
    if following is not None and following.errors > start.errors:
        following = again.mend(start)
    return min(len(set(fixes)), following.changes) if following is not None else 0


def in_file(finding: Diagnostic, source: Source) -> bool:
    """Whether a finding is about the file itself, not about one that it uses."""
    return finding.source is not None and finding.source.name == source.name


def _touch(one: Edit, other: Edit) -> bool:
    return one.span.start <= other.span.end and other.span.start <= one.span.end
