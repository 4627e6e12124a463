"""Outcomes on disk, by content: what has been checked once is not checked again.

An entry's key is a digest of the text, of what was asked for, and of this program; where the outcome also
depends on the name of the file or on other files, a second entry is kept for the name, with what those
other files held. So no entry is ever out of date. Entries are JSON in a few dozen files, each written in one
step, oldest entries dropped first; what is damaged, foreign or in a folder that others can write to is as
good as not there. Nothing read from it is executed.
"""

from __future__ import annotations

import json
import os
import zlib
from binascii import a2b_base64, b2a_base64
from contextlib import suppress
from pathlib import Path
from typing import Any

from netdsl.commands.checking.digests import digest_of, program_digest
from netdsl.commands.checking.outcome import LookedUp, Outcome, Wanted
from netdsl.commands.checking.outcome_data import outcome_as_data, outcome_from_data
from netdsl.opening import content_of
from netdsl.own_folder import cache_root, distrust, read_own, write_own
from netdsl.planning.network_files import RECIPE_ENDING
from netdsl.source import Source

_FILES = 64
_FILE_BYTES = 1 << 20
"""Of one of the files: 64 MiB are kept in all."""

_ENTRY_BYTES = 1 << 19
"""Longer entries are not kept, packed: one of them would drive out all others."""

_TEXT_BYTES = 1 << 25
"""More than any entry has when it is unpacked."""

_MARK = b"netdsl-outcomes-1\n"


def open_cache(settings: str) -> OutcomeCache | None:
    """The cache for outcomes under some settings; None where no folder can be trusted."""
    folder = cache_root() / "checks"
    if distrust(folder):
        return None
    return OutcomeCache(folder, digest_of(settings.encode(), program_digest(folder).encode()))


class OutcomeCache:
    """Entries are found while checking, and written together at the end, by ``save``."""

    def __init__(self, folder: Path, settings: str) -> None:
        self._folder = folder
        self._settings = settings.encode()
        self._files: dict[int, dict[bytes, bytes]] = {}
        self._changed: set[int] = set()

    def find(self, source: Source, wanted: Wanted) -> Outcome | None:
        """What is kept for a text; None where something of it is not, or does no longer hold."""
        key = self._key(source)
        findings = self._entry(key, _FINDINGS)
        if findings == _BY_NAME:
            key = _key_by_name(key, source)
            findings = self._entry(key, _FINDINGS)
        parts = {name: self._entry(key, part) for name, part in _parts(wanted).items()}
        if not isinstance(findings, dict) or None in parts.values():
            return None
        try:
            outcome = outcome_from_data({**_NO_PARTS, **findings, **parts}, source)
        except ValueError:
            return None
        return outcome if all(map(_still_holds, outcome.looked_up)) else None

    def keep(self, source: Source, wanted: Wanted, outcome: Outcome) -> None:
        """Keep the outcome of a text; not where nobody can tell whether it still holds."""
        if not all(one.found for one in outcome.looked_up):
            return
        key = self._key(source)
        if not outcome.general:
            self._put(key, _FINDINGS, _BY_NAME)
            key = _key_by_name(key, source)
        data = outcome_as_data(outcome)
        for name, part in _parts(wanted).items():
            self._put(key, part, data[name])
        self._put(key, _FINDINGS, {name: data[name] for name in data if name not in _NO_PARTS})

    def _key(self, source: Source) -> bytes:
        """The key of a text, whatever its name; of recipes others than of networks."""
        kind = b"recipe" if source.name.endswith(RECIPE_ENDING) else b"network"
        return digest_of(self._settings, kind, _encoded(source.text)).encode()

    def save(self) -> None:
        """Write what is new; whoever writes the same file at the same moment may win."""
        for number in self._changed:
            entries = self._files[number]
            size = len(_MARK) + sum(map(len, entries.values()))
            while size > _FILE_BYTES:  # the oldest first
                size -= len(entries.pop(next(iter(entries))))
            with suppress(OSError):
                write_own(self._path(number), _MARK, *entries.values())
        self._changed.clear()

    def _entry(self, key: bytes, part: str) -> Any:
        name = b"%b %b" % (key, part.encode())
        line = self._loaded(_number(key)).get(name)
        if line is None:
            return None
        try:
            return json.loads(_unpacked(line[len(name) + 1 :]))
        except (ValueError, RecursionError, zlib.error):
            return None

    def _put(self, key: bytes, part: str, data: Any) -> None:
        packed = _packed(json.dumps(data, separators=(",", ":")).encode())
        if len(packed) <= _ENTRY_BYTES:
            name = b"%b %b" % (key, part.encode())
            entries = self._loaded(_number(key))
            entries.pop(name, None)
            entries[name] = b"%b\t%b" % (name, packed)
            self._changed.add(_number(key))

    def _loaded(self, number: int) -> dict[bytes, bytes]:
        """The entries of a file, as lines by their keys."""
        if number not in self._files:
            content = read_own(self._path(number), 2 * _FILE_BYTES) or b""
            lines = content[len(_MARK) :].splitlines(keepends=True) if content.startswith(_MARK) else []
            whole = (line for line in lines if line.endswith(b"\n"))
            self._files[number] = {line.partition(b"\t")[0]: line for line in whole}
        return self._files[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:02d}.outcomes"


_FINDINGS = "findings"
_BY_NAME = "by name"
"""Stands in the place of findings that depend on more than the text: they are kept for its name."""

_NO_PARTS = {"table": "", "plan": "", "fixes": [0, 0, True]}


def _parts(wanted: Wanted) -> dict[str, str]:
    """What of an outcome is kept apart from the findings, and under which name: tables differ by what they
    hold, and by how wide they may be."""
    way = digest_of(json.dumps([wanted.columns, wanted.tools, wanted.recipe]).encode())
    fixes = f"fixes {wanted.tried}"
    parts = {"table": f"table {way} {wanted.width}", "plan": f"plan {way}", "fixes": fixes}
    return {name: part for name, part in parts.items() if getattr(wanted, name)}


def _key_by_name(key: bytes, source: Source) -> bytes:
    folder = os.path.realpath(source.folder) if source.folder else ""
    return digest_of(key, _encoded(source.name), _encoded(folder)).encode()


def _number(key: bytes) -> int:
    return int(key[:4], 16) % _FILES


def _packed(text: bytes) -> bytes:
    """A line with the text in a tenth of its length, and a checksum."""
    return b2a_base64(zlib.compress(text, 1))


def _unpacked(line: bytes) -> bytes:
    """The text of a line, as far as it is one that was kept. Raises ValueError and zlib.error."""
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(a2b_base64(line), _TEXT_BYTES)
    if not unpacking.eof:  # the checksum stands at the end
        raise ValueError("no whole text")
    return text


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _still_holds(one: LookedUp) -> bool:
    """Whether another file is what it was."""
    try:
        same = one.digest is None or digest_of(content_of(one.found, _FILE_BYTES + 1)) == one.digest
        return same and os.path.realpath(one.asked) == one.found
    except (OSError, ValueError):
        return False
