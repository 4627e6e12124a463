"""Numbers that a pattern such as ``[CONV-POOL-FC]`` leaves open, and what would complete it."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

from netdsl.diagnostics import Edit, Findings
from netdsl.graph.expanded_layers import ExpandedLayer, GroupEntry, LayerEntry
from netdsl.graph.options.channel_order import picture_in
from netdsl.graph.options.volumes import VOLUME_OPTIONS
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.layers.registry import kind_named
from netdsl.source import Span
from netdsl.syntax.foreign_syntax import ARROW, arrow_at

_NUMBERED = re.compile(r"([A-Za-z]+)_?([0-9]{2,9})")
"""``fc4096``."""


class _Lack(NamedTuple):
    """One layer without all its numbers."""

    layer: ExpandedLayer
    kind: type[Layer]
    name: str
    options: tuple[Option[Any], ...]


_ARROW_BEHIND = re.compile(r"[ \t]*(?:-+>|=>|→|⇒|—>)[ \t]*[0-9]")


class Missing:
    """Collects the layers that lack options and reports them group by group."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._lacks: list[_Lack] = []
        self._by_group: dict[GroupEntry | None, list[_Lack]] = {}
        self._alike: Counter[tuple[type[Layer], tuple[Option[Any], ...]]] = Counter()

    def add(self, layer: ExpandedLayer, kind: type[Layer], name: str, options: list[Option[Any]]) -> None:
        self._lacks.append(_Lack(layer, kind, name, tuple(options)))

    def report(self) -> None:
        """One finding per layer; the first of a group shows the block that completes the group."""
        shown: set[Span] = set()
        firsts = {lack.layer.entry.span: lack for lack in reversed(self._lacks)}
        for lack in reversed(firsts.values()):  # once for each place, however often a group repeats it
            group = lack.layer.group
            cures: tuple[str, ...]
            if group is None or group.written.where is not None:
                cures = (self._cure(lack),)
            elif group.span in shown:
                cures = ()
            else:
                shown.add(group.span)
                cures = (self._where_block(group),)
            wanted = " and ".join(option.words[0] for option in lack.options)
            cause = f"{lack.kind.keyword} {wanted}"
            if len(lack.options) == 1:
                wanted += f" ({lack.options[0].doc})"
            if group is not None and group.written.where is None:
                cause = f"the group at {group.span.start}"  # one block completes all of it
            message, span = f"{lack.name} lacks {wanted}", lack.layer.entry.span
            self._findings.use = lack.layer.use
            if self._is_arrow(lack):
                continue
            self._findings.add("ND204", message, span, help=cures, about=lack.name, cause=cause)
        for lack in self._lacks:
            self._findings.use = lack.layer.use
            self._findings.shows_again(lack.layer.entry.span)

    def _is_arrow(self, lack: _Lack) -> bool:
        """Report ``CONV 3 -> 16 3x3``, where the first number is what comes in, and no layer."""
        source, written = self._findings.source.locate(lack.layer.entry.span)
        if not lack.kind.has_weights or not _ARROW_BEHIND.match(source.text, written.end):
            return False
        arrow = arrow_at(source, written.end, written.start)
        if arrow is None:
            return False
        offset = lack.layer.entry.span.start - written.start
        span = Span(arrow.span.start + offset, arrow.span.end + offset)
        self._findings.add(
            "ND102", arrow.message, span, help=arrow.cures, fix=Edit(span, arrow.going), cause=ARROW
        )
        return True

    def _cure(self, lack: _Lack) -> str:
        if all(name in lack.kind.options() for name in VOLUME_OPTIONS):
            meant = picture_in(self._findings.source.excerpt(lack.layer.entry.span))
            if meant:
                return f"write `{lack.kind.keyword.lower()} {meant}`"
            return f"for example `{lack.kind.keyword} 32x32x3`"
        named = _NUMBERED.fullmatch(lack.name)
        counts = len(lack.options) == 1 and lack.options[0].type is OptionType.COUNT
        if counts and named is not None and kind_named(named[1]) is lack.kind:
            return f"`{named[2]}` is part of the name here; write `{lack.kind.keyword} {named[2]}`"
        values = " ".join(_example_value(option, 0) for option in lack.options)
        example = f"for example `{lack.kind.keyword} {values}`"
        if self._repeats(lack):
            default = f"default {lack.kind.keyword} {values.replace('kernel ', '')}"
            return f"{example}; `{default}` on its own line sets it for all"
        return example

    def _repeats(self, lack: _Lack) -> bool:
        """Whether several layers of the kind lack the same, which is no number of their own."""
        if any(option.type is OptionType.COUNT for option in lack.options):
            return False
        if not self._alike:
            spans = {(other.kind, other.options, other.layer.entry.span) for other in self._lacks}
            self._alike = Counter((kind, options) for kind, options, _ in spans)
        return self._alike[lack.kind, lack.options] > 1

    def _where_block(self, group: GroupEntry) -> str:
        if not self._by_group:
            for lack in self._lacks:
                self._by_group.setdefault(lack.layer.group, []).append(lack)
        by_kind: dict[str, list[_Lack]] = {}
        for lack in self._by_group[group]:
            entry = lack.layer.entry
            if isinstance(entry, LayerEntry):
                by_kind.setdefault(entry.head.written.upper(), []).append(lack)
        lines = ["complete the group with your own numbers, for example:", "] where {"]
        for written, lacks in by_kind.items():
            options = list(dict.fromkeys(option for lack in lacks for option in lack.options))
            values = [_dealt_values(option, len(lacks)) for option in options]
            lines.append(f"  {written}: {' '.join(values)}")
        return "\n".join([*lines, "}"])


def _dealt_values(option: Option[Any], layers: int) -> str:
    """``8, 16, 32 filters`` for three layers; one value where more would not help the reader."""
    if option.type is not OptionType.COUNT or layers > 6:
        return _example_value(option, 0)
    values = [str(8 * 2**turn) for turn in range(layers)]
    return f"{option.words[0]} {', '.join(values)}"


def _example_value(option: Option[Any], turn: int) -> str:
    if option.example:
        return f"{option.words[0]} {option.example}"
    examples = {
        OptionType.COUNT: str(8 * 2**turn),
        OptionType.INDEX: "1",
        OptionType.SIZE: "2x2",
        OptionType.PADDING: "1",
        OptionType.REAL: "0.5",
        OptionType.FLAG: "",
        OptionType.WORD: option.choices[0] if option.choices else "",
        OptionType.TABLE: "{ 0-2; 1-3 }",
        OptionType.CHANNELS: "0-15",
        OptionType.FACTORS: "1, -1",
    }
    return f"{option.words[0]} {examples[option.type]}".rstrip()
