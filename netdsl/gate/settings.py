"""What holds for a run and for one file of it, once every setting is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from netdsl.diagnostics import Diagnostic

if TYPE_CHECKING:
    from netdsl.graph.layer_patterns import Pattern


class Budget(NamedTuple):
    """At most so much of a subject: ``parameters``, ``macs``, ``connections``, or ``memory`` in bytes.
    ``written`` is the amount as the settings have it, ``origin`` where: ``netdsl.toml:4``."""

    subject: str
    most: int
    written: str
    origin: str


class Required(NamedTuple):
    """A pattern that the layers have to keep."""

    pattern: Pattern
    origin: str


class Forbidden(NamedTuple):
    """A kind of layer that must not be used: the word for it, and the keywords that it means."""

    word: str
    keywords: frozenset[str]
    origin: str


class Settings(NamedTuple):
    """What holds for one file; ``select`` is None for all codes.

    ``spared`` are selectors that nothing else outdoes: those of `per-file-ignores`.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    strict: bool = False
    budgets: tuple[Budget, ...] = ()
    required: tuple[Required, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()

    @property
    def key(self) -> str:
        """A text that differs where what is told of a file may differ; the same in every process."""
        forbidden = [(one.word, sorted(one.keywords), one.origin) for one in self.forbidden]
        return repr((self._replace(strict=False, forbidden=()), forbidden))


class Changes(NamedTuple):
    """What a table of settings, or the command line, says about files; None where it says nothing.

    A budget whose ``most`` is below 0 takes back the one of its subject.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    strict: bool | None = None
    budgets: tuple[Budget, ...] = ()
    required: tuple[Required, ...] | None = None
    forbidden: tuple[Forbidden, ...] | None = None

    def applied(self, before: Settings) -> Settings:
        """The settings with these changes: what is ignored or selected besides adds up, else later wins."""
        changed = {budget.subject for budget in self.budgets}
        kept = [budget for budget in before.budgets if budget.subject not in changed]
        return Settings(
            before.select if self.select is None else self.select,
            (*before.extend_select, *self.extend_select),
            (*before.ignore, *self.ignore),
            before.spared,
            before.strict if self.strict is None else self.strict,
            (*kept, *(budget for budget in self.budgets if budget.most >= 0)),
            before.required if self.required is None else self.required,
            before.forbidden if self.forbidden is None else self.forbidden,
        )


NO_SETTINGS = Settings()
NO_CHANGES = Changes()


class Override(NamedTuple):
    """Changes for the files that one of the patterns means."""

    files: tuple[str, ...]
    changes: Changes


class Configuration(NamedTuple):
    """All settings of one file of settings; ``path`` is empty where there is none, ``folder`` is what its
    patterns are relative to. ``findings`` are the mistakes in it."""

    path: str = ""
    folder: str = ""
    changes: Changes = NO_CHANGES
    overrides: tuple[Override, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    max_warnings: int | None = None
    quiet: bool = False
    format: str = ""
    columns: tuple[str, ...] = ()
    baseline: str = ""
    findings: tuple[Diagnostic, ...] = ()

    def settings_of(self, name: str, command_line: Changes = NO_CHANGES) -> Settings:
        """What holds for a file, after the overrides that mean it, in their order."""
        if not self.path:
            return command_line.applied(NO_SETTINGS)
        from netdsl.gate.globs import fits

        path = self._relative(name)
        settings = self.changes.applied(NO_SETTINGS)
        for files, changes in self.overrides:
            if any(fits(pattern, path) for pattern in files):
                settings = changes.applied(settings)
        spared = [code for pattern, codes in self.per_file_ignores if fits(pattern, path) for code in codes]
        return command_line.applied(settings._replace(spared=tuple(spared)))

    def excludes(self, name: str) -> bool:
        """Whether a file that a folder or a pattern stands for is left out."""
        if not self.exclude:
            return False
        from netdsl.gate.globs import fits

        path = self._relative(name)
        return any(fits(pattern, path) for pattern in self.exclude)

    def _relative(self, name: str) -> str:
        if not self.folder:
            return name.replace("\\", "/")
        try:
            return os.path.relpath(name, self.folder).replace(os.sep, "/")
        except ValueError:  # on another drive
            return name.replace(os.sep, "/")
