"""Settings of one file that cannot hold together: which of them wins is not left to be guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.diagnostics import Label
from netdsl.gate.selection import selector
from netdsl.gate.settings import Changes, Configuration, Forbidden, Required
from netdsl.gate.value_spans import Path
from netdsl.gate.values import Reading, words


def check_run(reading: Reading, top: Path, found: Configuration) -> None:
    """``strict`` allows no warning, so that ``max-warnings`` counts none; where an override takes strictness
    back, those of its files are counted."""
    most = found.max_warnings
    if not (found.changes.strict and most) or any(one.changes.strict is False for one in found.overrides):
        return
    reading.findings.add(
        "ND684",
        f"`strict` allows no warning, and `max-warnings` allows {most}",
        reading.spans((*top, "max-warnings")).value,
        secondary=(Label(reading.spans((*top, "strict")).value, "every warning fails"),),
        help=(
            "leave out `max-warnings` if every warning is to fail",
            f"leave out `strict` if up to {most} are to pass",
        ),
    )


def check_table(reading: Reading, top: Path, table: Mapping[str, Any], changes: Changes) -> None:
    """What one table says of the same files."""
    _check_codes(reading, top, table)
    if changes.required and changes.forbidden:
        for number, required in enumerate(changes.required):
            if not _can_be_kept(required, changes.forbidden):
                path: Path = (*top, "required-patterns")
                written = table["required-patterns"]
                each = isinstance(written, list) and len(written) == len(changes.required)  # none is wrong
                _refuse_pattern(reading, (*path, number) if each else path, top, changes.forbidden)


def _check_codes(reading: Reading, top: Path, table: Mapping[str, Any]) -> None:
    """The same codes selected and ignored."""
    if "ignore" not in table:
        return
    quiet = Reading(reading.source)  # values that are wrong have been told
    selected = {
        selector(word.text): word
        for name in ("select", "extend-select")
        if name in table
        for word in words(quiet, (*top, name), table[name], "", split=True)
    }
    for word in words(quiet, (*top, "ignore"), table["ignore"], "", split=True):
        code = selector(word.text)
        if code is not None and code in selected:
            reading.findings.add(
                "ND684",
                f"`{word.text}` is selected and ignored",
                word.span,
                secondary=(Label(selected[code].span, "selected here"),),
                help=("leave one of them out; of `ND4` and `ND404` the longer one wins",),
            )


def _can_be_kept(required: Required, forbidden: tuple[Forbidden, ...]) -> bool:
    """Whether some layers fit a pattern without a kind that is forbidden."""
    pattern = required.pattern
    without = frozenset().union(*(one.keywords for one in forbidden))
    allowed = sum(1 << place for place, kinds in enumerate(pattern.keywords) if kinds - without)
    reached, new = 0, pattern.first & allowed
    while new:
        reached |= new
        behind = 0
        for place, following in enumerate(pattern.follow):
            if new >> place & 1:
                behind |= following
        new = behind & allowed & ~reached
    return pattern.empty or bool(reached & pattern.last)


def _refuse_pattern(reading: Reading, path: Path, top: Path, forbidden: tuple[Forbidden, ...]) -> None:
    kinds = ", ".join(f"`{one.word}`" for one in forbidden)
    reading.findings.add(
        "ND684",
        f"no network keeps this pattern without {kinds}",
        reading.spans(path).value,
        secondary=(Label(reading.spans((*top, "forbidden-layers")).value, "forbidden here"),),
        help=("take the kind out of the pattern, or off the list",),
    )
