"""A baseline: the findings that a project knows of, so that only new ones are told.

An entry is a file, a code and the text of the line that the finding is about: it holds when lines move.
A budget that is exceeded is known up to the amount that it was exceeded by; more is new.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from netdsl.codes import Fact
from netdsl.diagnostics import Diagnosed, Diagnostic, Findings, Label, Severity, file_error
from netdsl.gate.value_spans import Path, spans_of_values
from netdsl.opening import content_of
from netdsl.source import Source, Span

VERSION = 1
_NAME = "netdsl-baseline"
_LIMIT = 2**26

_REMARK = re.compile(r"[ \t]*#.*\Z")


class Entry(NamedTuple):
    """``line`` is the text of a line, blanks made alike and remarks left out. ``most`` is an amount that is
    known, of a budget."""

    code: str
    line: str
    most: int | None = None


class _Known:
    """An entry of the file with its path, and for how many findings it still stands."""

    def __init__(self, entry: Entry, path: Path, count: int) -> None:
        self.entry = entry
        self.path = path
        self.left = self.count = count

    def covers(self, entry: Entry) -> bool:
        most = self.entry.most
        return self.left > 0 and (entry.most is None or most is None or entry.most <= most)


_Entries: TypeAlias = dict[str, dict[tuple[str, str], list[_Known]]]
"""By file, and by code and line."""


class Baseline:
    """The entries of a file, and which of them findings have met."""

    def __init__(self, source: Source, folder: str, entries: _Entries) -> None:
        self.source = source
        self.folder = folder
        self._entries = entries
        self.silenced = 0

    def unknown(self, file: str, findings: Sequence[Diagnostic]) -> list[Diagnostic]:
        """The findings of a file that are no entries; each entry stands for so many findings as it says."""
        known = self._entries.get(key_of(file, self.folder))
        if not known:
            return list(findings)
        left = []
        for finding in findings:
            entry = entry_of(finding)
            alike = known.get((entry.code, entry.line), []) if entry is not None else []
            met = next((one for one in alike if entry is not None and one.covers(entry)), None)
            if met is None:
                left.append(finding)
            else:
                met.left -= 1
                self.silenced += 1
        return left

    def others(self, files: Iterable[str]) -> dict[str, Counter[Entry]]:
        """The entries of all other files that are there."""
        checked = {key_of(file, self.folder) for file in files}
        return {
            file: Counter({one.entry: one.count for alike in known.values() for one in alike})
            for file, known in self._entries.items()
            if file not in checked and (file.startswith("zoo:") or self._is_there(file))
        }

    def _is_there(self, file: str) -> bool:
        try:
            return os.path.exists(os.path.join(self.folder, file))
        except ValueError:  # no name that a file can have
            return False

    def past(self, files: Iterable[str]) -> list[Diagnostic]:
        """The entries of these files, and of files that are gone, that nothing has met (ND690)."""
        checked = {key_of(file, self.folder) for file in files}
        findings = Findings(self.source)
        where = spans_of_values(self.source.text)
        for file, known in self._entries.items():
            gone = not self._is_there(file) and file not in checked
            if file not in checked and (not gone or file.startswith("zoo:")):
                continue
            why = f"{file} no longer exists" if gone else f"{file} no longer has this finding"
            for one in (one for alike in known.values() for one in alike if one.left):
                spans = where.get(one.path)
                line = f", `{one.entry.line[:60]}`" if one.entry.line else ""
                findings.add(
                    "ND690",
                    f"{why}: {one.entry.code}{line}",
                    spans.value if spans else Span(0, 0),
                    severity=Severity.WARNING,
                    help=("regenerate the baseline with --write-baseline",),
                    cause="a stale entry",
                )
        return findings.found


def key_of(file: str, folder: str) -> str:
    """What a file is called in a baseline: relative to its folder, with slashes."""
    if file.startswith("zoo:") or file == "<stdin>":
        return file
    try:
        return os.path.relpath(file, folder).replace(os.sep, "/")
    except ValueError:  # on another drive
        return file.replace(os.sep, "/")


def entry_of(finding: Diagnostic) -> Entry | None:
    """What stands for a finding; None for one that cannot be known beforehand."""
    if Fact.OF_THE_SYSTEM.holds(finding.code):
        return None
    line = ""
    if finding.source is not None and finding.primary is not None:
        number = finding.source.position(finding.primary.span.start)[0]
        line = " ".join(_REMARK.sub("", finding.source.line(number)).split())
    if Fact.BUDGET.holds(finding.code):
        subject, _, amount = finding.cause.partition(" ")
        return Entry(finding.code, subject, int(amount))
    return Entry(finding.code, line)


def read_baseline(path: str) -> Baseline:
    """A baseline; raises Diagnosed: ND689 where it is none."""
    try:
        content = content_of(path, _LIMIT + 1)
        if len(content) > _LIMIT:
            raise Diagnosed(file_error("ND689", path, "the baseline is larger than 64 MiB"))
        source = Source(path, content.decode("utf-8-sig").replace("\r\n", "\n"))
        read = json.loads(source.text)
    except FileNotFoundError:
        cure = "write it: netdsl check --write-baseline"
        raise Diagnosed(file_error("ND689", path, "there is no such baseline", cure)) from None
    except json.JSONDecodeError as error:
        start = max(0, min(error.pos, len(source.text) - 1))
        message = f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        label = Label(Span(start, min(start + 1, len(source.text))))
        raise Diagnosed(Diagnostic("ND689", Severity.ERROR, message, source, label)) from None
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or "it is not JSON in UTF-8"
        raise Diagnosed(file_error("ND689", path, f"the baseline cannot be read: {why}")) from None
    found = Findings(source)
    entries = _Reader(source, found).entries(read)
    if found.found:
        raise Diagnosed(*found.found)
    return Baseline(source, os.path.dirname(os.path.abspath(path)), entries)


class _Reader:
    """Reads the entries, and reports what is none."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self.findings = findings
        self._source = source
        self._spans: dict[Path, Any] | None = None

    def refuse(self, path: Path, message: str) -> None:
        if self._spans is None:
            self._spans = spans_of_values(self._source.text)
        spans = self._spans.get(path)
        cure = "regenerate it with --write-baseline"
        self.findings.add("ND689", message, spans.value if spans else Span(0, 0), help=(cure,))

    def entries(self, read: Any) -> _Entries:
        if not isinstance(read, dict) or _NAME not in read:
            self.refuse((), "this is not a netdsl baseline")
            return {}
        if read[_NAME] is True or read[_NAME] != VERSION:
            self.refuse(
                (_NAME,),
                f"this baseline is of version {read[_NAME]!r:.40}; this netdsl reads version {VERSION}",
            )
            return {}
        files = read.get("findings", {})
        if not isinstance(files, dict):
            self.refuse(("findings",), "`findings` are entries by file")
            return {}
        found: _Entries = {}
        for file, known in files.items():
            by_line = found[file] = {}
            for one in self._of_file(("findings", file), known):
                by_line.setdefault((one.entry.code, one.entry.line), []).append(one)
        return found

    def _of_file(self, path: Path, known: Any) -> Iterator[_Known]:
        if not isinstance(known, list):
            self.refuse(path, "the entries of a file are a list")
            return
        for number, entry in enumerate(known):
            entry_path = (*path, number)
            if not isinstance(entry, dict) or not isinstance(entry.get("code"), str):
                self.refuse(entry_path, "an entry has a `code` and a `line`")
                continue
            line, most, count = entry.get("line", ""), entry.get("most"), entry.get("count", 1)
            sound = isinstance(line, str) and _is_text(line) and (most is None or type(most) is int)
            if not sound or type(count) is not int or count < 1:
                self.refuse(entry_path, "`line` is text; `most` and `count` are numbers")
                continue
            yield _Known(Entry(entry["code"], line, most), entry_path, count)


def baseline_text(
    found: Sequence[tuple[str, Sequence[Diagnostic]]], path: str, before: Baseline | None
) -> str:
    """A baseline that knows all these findings, an entry a line; what is ``before`` of other files stays."""
    folder = os.path.dirname(os.path.abspath(path))
    files = before.others(file for file, _ in found) if before is not None else {}
    for file, findings in found:
        entries = [entry for entry in map(entry_of, findings) if entry is not None]
        files[key_of(file, folder)] = Counter(entries)
    written = ",\n".join(
        f"  {json.dumps(file)}: [\n" + ",\n".join(map(_line, sorted(known.items(), key=str))) + "\n  ]"
        for file, known in sorted(files.items())
        if known
    )
    return f'{{"{_NAME}": {VERSION}, "findings": {{\n{written}\n}}}}\n'


def _line(known: tuple[Entry, int]) -> str:
    entry, count = known
    written: dict[str, Any] = {"code": entry.code, "line": entry.line}
    if entry.most is not None:
        written["most"] = entry.most
    if count > 1:
        written["count"] = count
    return f"    {json.dumps(written, ensure_ascii=False)}"


def _is_text(written: str) -> bool:
    """Whether it can be shown: JSON can hold half of a character."""
    try:
        written.encode()
    except UnicodeEncodeError:
        return False
    return True
