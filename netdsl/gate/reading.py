"""Reads a file of settings: `netdsl.toml`, or `[tool.netdsl]` of `pyproject.toml`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netdsl.diagnostics import Diagnostic, Label, Severity, sort_key
from netdsl.gate import values
from netdsl.gate.contradictions import check_run, check_table
from netdsl.gate.files import PYPROJECT
from netdsl.gate.settings import Changes, Configuration, Override
from netdsl.gate.value_spans import Path
from netdsl.gate.values import Reading
from netdsl.source import Source, Span

SUBJECTS = {
    "max-parameters": "parameters",
    "max-params": "parameters",
    "max-macs": "macs",
    "max-connections": "connections",
    "max-memory": "memory",
}
"""Settings that are budgets, and what they are about."""

OF_FILES = (
    "select",
    "extend-select",
    "ignore",
    "strict",
    *SUBJECTS,
    "required-patterns",
    "forbidden-layers",
)
"""Settings that may differ from file to file."""

OF_RUNS = (
    "max-warnings",
    "quiet",
    "format",
    "columns",
    "baseline",
    "exclude",
    "per-file-ignores",
    "overrides",
)
"""Settings that hold for all files."""

_OTHERS_WORDS = {
    "extend-ignore": "ignore",
    "output-format": "format",
    "extend-exclude": "exclude",
    "required-pattern": "required-patterns",
    "pattern": "required-patterns",
    "forbidden": "forbidden-layers",
    "forbid": "forbidden-layers",
    "max-parameter-count": "max-parameters",
    "max-mem": "max-memory",
}
"""What other programs, and people in a hurry, call a setting of ours, where it is not near."""


def read(
    source: Source, folder: str, formats: Sequence[str] = (), columns: Sequence[str] = ()
) -> Configuration | None:
    """The settings of a file, and what is wrong in it; None for a pyproject.toml without our table.

    Patterns are relative to ``folder``. ``formats`` and ``columns`` are those that there are.
    """
    found = _tables(source)
    if isinstance(found, Diagnostic):
        return Configuration(source.name, folder, findings=(found,))
    top: Path = ()
    if os.path.basename(source.name) == PYPROJECT:
        tool = found.get("tool")
        if not isinstance(tool, dict) or "netdsl" not in tool:
            return None
        top, found = ("tool", "netdsl"), tool["netdsl"]
    reading = Reading(source)
    if not isinstance(found, dict):
        reading.refuse_kind(top, found, "a table")
        return Configuration(source.name, folder, findings=tuple(reading.findings.found))
    read = _Tables(reading, top, formats, columns).whole(found)
    findings = tuple(sorted(reading.findings.found, key=sort_key))
    return read._replace(path=source.name, folder=folder, findings=findings)


_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")


def _tables(source: Source) -> dict[str, Any] | Diagnostic:
    """The tables of a TOML file, or why there are none."""
    import tomllib  # few networks have settings beside them

    try:
        if _is_deep(source.text):
            raise RecursionError
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
    except (RecursionError, ValueError):  # ValueError: a whole number of thousands of digits
        said = "brackets or keys are nested too deeply, or a number is too long"
    mistake = _AT.search(said)
    start = len(source.text)
    if mistake is not None and mistake[1] is not None:
        start = min(source.line_start(min(int(mistake[1]), source.line_count)) + int(mistake[2]) - 1, start)
    start = max(0, min(start, len(source.text) - 1))
    why = _AT.sub("", said)
    message = f"this is not TOML: {why[:1].lower()}{why[1:]}"
    label = Label(Span(start, min(start + 1, len(source.text))))
    return Diagnostic("ND685", Severity.ERROR, message, source, label)


_QUOTED = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'')
_DEEPEST = 100
"""Parts of a dotted key: what reading one costs grows with the square of them."""


def _is_deep(text: str) -> bool:
    pieces = re.split(r"[=,\n]", _QUOTED.sub("", text))
    return any(piece.count(".") > _DEEPEST for piece in pieces)


class _Tables:
    """Reads the tables of one file."""

    def __init__(self, reading: Reading, top: Path, formats: Sequence[str], columns: Sequence[str]) -> None:
        self.reading = reading
        self.top = top
        self.formats = formats
        self.columns = columns

    def whole(self, table: Mapping[str, Any]) -> Configuration:
        self._known(table, self.top, (*OF_FILES, *OF_RUNS))
        found = Configuration(
            changes=self._changes(table, self.top),
            overrides=self._each(table, "overrides", self._overrides) or (),
            per_file_ignores=self._each(table, "per-file-ignores", self._per_file_ignores) or (),
            exclude=self._each(table, "exclude", self._globs) or (),
            max_warnings=self._each(table, "max-warnings", values.whole_number, bare=True),
            quiet=self._each(table, "quiet", values.switch, bare=True) or False,
            format=self._each(table, "format", self._format) or "",
            columns=self._each(table, "columns", self._columns) or (),
            baseline=self._each(table, "baseline", self._file) or "",
        )
        check_run(self.reading, self.top, found)
        return found

    def _each(
        self, table: Mapping[str, Any], name: str, read: Callable[..., Any], *, bare: bool = False
    ) -> Any:
        if name not in table:
            return None
        path = (*self.top, name)
        return read(self.reading, path, table[name]) if bare else read(path, table[name])

    def _known(self, table: Mapping[str, Any], top: Path, known: Sequence[str]) -> None:
        for name in table:
            if name not in known:
                self._unknown(name, (*top, name), table[name], known)

    def _unknown(self, name: str, path: Path, value: Any, known: Sequence[str]) -> None:
        findings, key = self.reading.findings, self.reading.spans(path).key
        message = f"there is no setting called `{name[:40]}`"
        if name in OF_RUNS:
            message = f"`{name}` is for all files"
            findings.add("ND683", message, key, help=("put it above the overrides",))
        elif name in ("tool", "netdsl", "lint", "check", "budgets") and isinstance(value, dict):
            where = "at the top of this file" if not self.top else "under `[tool.netdsl]` itself"
            findings.add("ND683", message, key, help=(f"settings go {where}, not in a table of their own",))
        else:
            plain = name.lower().replace("_", "-")
            near = _OTHERS_WORDS.get(plain, plain if plain in known else None)
            near = near if near in known else findings.near(plain, known, "settings")
            listed = "settings are " + ", ".join(one for one in known if one != "max-params")
            findings.add("ND683", message, key, help=(listed,), meant=near)

    # --- what may differ from file to file ---

    def _changes(self, table: Mapping[str, Any], top: Path) -> Changes:
        reading = self.reading

        def given(name: str, read: Callable[..., Any], *more: Any) -> Any:
            return read(reading, (*top, name), table[name], *more) if name in table else None

        budgets = [given(name, values.amount, subject) for name, subject in SUBJECTS.items()]
        if "max-params" in table and "max-parameters" in table:
            reading.refuse((*top, "max-params"), "`max-params` means `max-parameters`, which is given too")
        found = Changes(
            given("select", values.selectors),
            given("extend-select", values.selectors) or (),
            given("ignore", values.selectors) or (),
            given("strict", values.switch),
            tuple(budget for budget in budgets if budget is not None),
            given("required-patterns", values.patterns),
            given("forbidden-layers", values.kinds),
        )
        check_table(reading, top, table, found)
        return found

    def _overrides(self, path: Path, value: Any) -> tuple[Override, ...]:
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.reading.refuse_kind(
                path, value, "a list of tables", 'write `[[overrides]]` and `files = "old/*.net"`'
            )
            return ()
        found = []
        for number, table in enumerate(value):
            own_path = (*path, number)
            self._known(table, own_path, ("files", *OF_FILES))
            files = self._globs((*own_path, "files"), table["files"]) if "files" in table else ()
            if not files and "files" not in table:
                message = "this override names no files"
                cure = 'name them: `files = "old/*.net"`'
                self.reading.findings.add("ND684", message, self.reading.spans(own_path).value, help=(cure,))
            found.append(Override(files, self._changes(table, own_path)))
        return tuple(found)

    def _per_file_ignores(self, path: Path, value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if not isinstance(value, dict):
            self.reading.refuse_kind(path, value, "a table of patterns", 'write `"old/*.net" = ["ND4"]`')
            return ()
        return tuple(
            (pattern, values.selectors(self.reading, (*path, pattern), codes))
            for pattern, codes in value.items()
        )

    # --- what holds for all files ---

    def _globs(self, path: Path, value: Any) -> tuple[str, ...]:
        return tuple(word.text for word in values.words(self.reading, path, value, '["old/*.net"]'))

    def _format(self, path: Path, value: Any) -> str:
        if not isinstance(value, str):
            self.reading.refuse_kind(path, value, "the name of a format")
            return ""
        if "=" in value:
            cure = f"write `--format {value[:60]}` there"
            self.reading.refuse(path, "name output files on the command line", cure)
            return ""
        (word,) = values.words(self.reading, path, value, "")
        return values.one_of(self.reading, word, self.formats, "format")

    def _columns(self, path: Path, value: Any) -> tuple[str, ...]:
        found = []
        for word in values.words(self.reading, path, value, '["parameters", "macs"]', split=True):
            plain = word._replace(text=word.text.replace("-", "_"))
            name = values.one_of(self.reading, plain, self.columns, "column")
            found += [name] if name else []
        return tuple(dict.fromkeys(found))

    def _file(self, path: Path, value: Any) -> str:
        if not isinstance(value, str):
            self.reading.refuse_kind(path, value, "the name of a file")
            return ""
        plain = os.path.normpath(value.replace("\\", "/")) if value else ""
        if not plain or os.path.isabs(plain) or plain.split(os.sep)[0] == os.pardir:
            cure = "name one in the folder of the settings, or below it"
            self.reading.refuse(path, "this file is not in the folder of the settings", cure)
            return ""
        return plain
