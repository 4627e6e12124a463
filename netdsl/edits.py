"""Carries out the changes that findings propose."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netdsl.diagnostics import Diagnostic, Edit
from netdsl.source import Source

PASSES = 200
"""A change may bring the next finding to light, so a text is checked anew after each pass."""

CHARACTERS = 2**20
"""That are checked in all passes together, if three passes take no more: long texts have fewer."""


def edited(text: str, edits: Sequence[Edit]) -> tuple[str, int]:
    """The text with every edit that touches no other one, and how many those are.

    Two different changes of one place, which a block or a repeated group may ask for, are both left out:
    neither is right for all its uses.
    """
    wanted = sorted(set(edits), key=lambda edit: (edit.span, edit.replacement))
    pieces: list[str] = []
    end = count = 0
    for place, edit in enumerate(wanted):
        others = wanted[max(0, place - 1) : place] + wanted[place + 1 : place + 2]
        if not any(_touch(edit, other) for other in others):
            pieces += [text[end : edit.span.start], edit.replacement]
            end = edit.span.end
            count += 1
    return "".join([*pieces, text[end:]]), count


def mended(
    source: Source, check: Callable[[Source], Sequence[Diagnostic]], *, unsafe: bool
) -> tuple[Source, int]:
    """The source with the fixes of its findings carried out, and how many changes that took.

    Only the text of ``source`` itself changes, not that of files it uses. ``unsafe`` allows the
    changes that make another network of it.
    """
    total = 0
    for _ in range(max(3, min(PASSES, CHARACTERS // max(1, len(source.text))))):
        fixes = [finding.fix for finding in check(source) if finding.fix and in_file(finding, source)]
        text, count = edited(source.text, [fix for fix in fixes if fix.safe or unsafe])
        if text == source.text:
            break
        total += count
        source = Source(source.name, text, source.folder, source.form)
    return source, total


def in_file(finding: Diagnostic, source: Source) -> bool:
    """Whether a finding is about the file itself, not about one that it uses."""
    return finding.source is not None and finding.source.name == source.name


def _touch(one: Edit, other: Edit) -> bool:
    return one.span.start <= other.span.end and other.span.start <= one.span.end
