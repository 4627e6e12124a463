"""Reads the files that ``use "blocks.net"`` names: blocks and ``let`` lines, nothing else.

The only place where a network opens a file. Files are in the folder of the first one or below it,
with symbolic links resolved, so that a network from a stranger reads nothing that is not part of it.
"""

from __future__ import annotations

import os

from netdsl.diagnostics import Diagnostic, Findings
from netdsl.likeness import likeness
from netdsl.opening import NotAFileError, content_of
from netdsl.source import JoinedSource, Seen, Source, undressed
from netdsl.syntax import tree
from netdsl.syntax.automaton import TOKEN_LIMIT
from netdsl.syntax.parser import parse

DEPTH_LIMIT = 16
"""Files that use one another."""

BYTES_LIMIT = 2**20
"""Bytes of all used files together."""


class _UnusableFileError(Exception):
    """Why a file cannot be used, and the cure."""

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cures = (cure,) if cure else ()


def read_used_files(file: tree.File, source: Source) -> tuple[tree.File, Findings, list[Diagnostic]]:
    """The file with the blocks and values of all files that it uses in place of its ``use`` lines;
    findings about all of them; and the mistakes of syntax in the used ones."""
    reader = _Reader(source)
    statements = reader.gather(file.statements, [os.path.realpath(source.name)])
    return file._replace(statements=statements), reader.findings, reader.syntax


class _Reader:
    def __init__(self, source: Source) -> None:
        self.joined = JoinedSource(source)
        self.findings = Findings(self.joined)
        self.syntax: list[Diagnostic] = []
        self.folder = os.path.realpath(source.folder) if source.folder else ""
        self.read: set[str] = set()
        self.bytes_read = 0
        self.tokens_read = 0

    def gather(self, statements: tuple[tree.Statement, ...], path: list[str]) -> tuple[tree.Statement, ...]:
        """The statements with those of used files put in; ``path`` are the files on the way here. The
        depth of this recursion is limited."""
        gathered: list[tree.Statement] = []
        for statement in statements:
            if not isinstance(statement, tree.Use):
                gathered.append(statement)
                continue
            try:
                gathered += self._used(statement, path)
            except _UnusableFileError as error:
                self.joined.seen.append(Seen(os.path.join(self.folder, statement.path), ""))
                self.findings.add("ND224", error.message, statement.span, help=error.cures)
        return tuple(gathered)

    def _used(self, use: tree.Use, path: list[str]) -> tuple[tree.Statement, ...]:
        full = self._full_path(use.path, os.path.dirname(path[-1]) if len(path) > 1 else self.folder)
        if full in path:
            names = [os.path.relpath(name, self.folder) for name in [*path[path.index(full) :], full]]
            raise _UnusableFileError(
                f"files use one another in a cycle: {' -> '.join(names)}",
                "put shared blocks in a separate file",
            )
        if full in self.read:
            return ()
        if len(path) > DEPTH_LIMIT:
            raise _UnusableFileError(f"files use one another more than {DEPTH_LIMIT} deep")
        self.read.add(full)
        source = Source(self._shown(full), self._text(full, use.path))
        parsed = parse(source, self.joined.append(source), TOKEN_LIMIT - self.tokens_read)
        self.tokens_read += parsed.tokens
        kept, others = _parted(parsed.file)
        what = likeness(source.text) if parsed.diagnostics or others else ""
        if what:
            raise _UnusableFileError(f"`{use.path}` seems to be {what}, not blocks for a network")
        if parsed.diagnostics or parsed.file is None:
            self.syntax += parsed.diagnostics
            return ()
        for statement in others:
            message = "a file that is used holds blocks and `let` lines only"
            cure = "this belongs in the file that uses it"
            self.findings.add("ND224", message, statement.span, help=(cure,))
        return self.gather(kept, [*path, full])

    def _shown(self, full: str) -> str:
        """The name of a file as seen from where the first one's name is seen from."""
        return os.path.join(os.path.dirname(self.joined.name), os.path.relpath(full, self.folder))

    def _full_path(self, written: str, folder: str) -> str:
        if not self.folder:
            raise _UnusableFileError(
                "this text is not in a folder that could hold other files",
                "save it as a file beside them, or write the blocks into it",
            )
        if "\0" in written or not written.strip():
            raise _UnusableFileError("this is not a file name")
        full = os.path.realpath(os.path.join(folder, written))
        self.joined.seen.append(Seen(os.path.join(folder, written), full))
        if os.path.isabs(written) or os.path.commonpath([self.folder, full]) != self.folder:
            raise _UnusableFileError(
                "only files in the folder of the first one are used, or in folders below it",
                "copy it there",
            )
        return full

    def _text(self, full: str, written: str) -> str:
        if full in self.joined.unsaved:
            text = self.joined.unsaved[full]
            self._count(len(text.encode("utf-8", "surrogatepass")))
            return text
        try:
            content = content_of(full, BYTES_LIMIT + 1 - self.bytes_read)
        except NotAFileError as error:
            raise _UnusableFileError(f"`{written}` cannot be used: {error.strerror}") from None
        except OSError as error:
            cure = f"it would be {os.path.relpath(full, self.folder)}, beside the first file"
            raise _UnusableFileError(f"`{written}` cannot be read: {error.strerror or error}", cure) from None
        self.joined.seen.append(Seen(full, full, content))
        self._count(len(content))
        try:
            text, _ = undressed(content.decode("utf-8"))
        except UnicodeDecodeError:
            raise _UnusableFileError(f"`{written}` is not UTF-8 text", "save it as UTF-8") from None
        if "\0" in text:
            raise _UnusableFileError(f"`{written}` is binary, not text")
        return text

    def _count(self, size: int) -> None:
        self.bytes_read += size
        if self.bytes_read > BYTES_LIMIT:
            raise _UnusableFileError("the used files are larger than 1 MiB together")


def _parted(file: tree.File | None) -> tuple[tuple[tree.Statement, ...], tuple[tree.Statement, ...]]:
    """The statements that a used file may hold, and the others."""
    kept: list[tree.Statement] = []
    others: list[tree.Statement] = []
    for statement in file.statements if file is not None else ():
        allowed = isinstance(statement, tree.Use | tree.Let | tree.Block)
        (kept if allowed else others).append(statement)
    return tuple(kept), tuple(others)
