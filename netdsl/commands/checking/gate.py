"""What a run of `netdsl check` lets pass: the settings of its files, the baseline, the exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from netdsl.commands.checking.gate_options import Given
from netdsl.commands.checking.many_files import Manner, outcomes_of, with_libraries
from netdsl.commands.checking.outcome import Outcome, Wanted
from netdsl.diagnostics import Diagnosed, Diagnostic, Severity, has_errors
from netdsl.gate.discovery import Configurations, shown
from netdsl.gate.settings import Configuration, Settings
from netdsl.planning.network_files import STDIN
from netdsl.reports.formats import known_to_settings

if TYPE_CHECKING:
    from netdsl.gate.baseline import Baseline

CLEAN, FINDINGS, USAGE = 0, 1, 2


class Gate:
    """The settings of a run, what is known beforehand, and what is wrong with either."""

    def __init__(self, given: Given, stdin_name: str | None) -> None:
        self.given = given
        self._stdin_name = stdin_name
        self._configurations = Configurations(
            given.changes,
            file=given.config,
            isolated=given.isolated,
            known=known_to_settings,
        )
        self.configuration = self._configurations.of_folder(os.getcwd())
        """Of the current folder: it decides what holds for the whole run."""
        self._found: dict[str, tuple[Configuration, Settings]] = {}
        self._baselines: dict[str, Baseline | None] = {}
        self._wrong: dict[str, tuple[Diagnostic, ...]] = {}

    def kept(self, networks: Sequence[str], named: Sequence[str]) -> tuple[str, ...]:
        """The files without those that settings exclude; what is ``named`` itself stays."""
        by_name = frozenset(named)
        return tuple(
            name
            for name in networks
            if name in by_name or not os.path.exists(name) or not self._of(name).excludes(name)
        )

    def settings_of(self, name: str) -> Settings:
        """What holds for a network of the command line."""
        return self._looked_up(name)[1]

    def _of(self, name: str) -> Configuration:
        return self._looked_up(name)[0]

    def _looked_up(self, name: str) -> tuple[Configuration, Settings]:
        """The settings that hold for a file, and what they come to."""
        if name not in self._found:
            path = self._stdin_name or "<stdin>" if name == STDIN else name
            lies_somewhere = name == STDIN or os.path.exists(name)  # else shipped, or not there at all
            configurations = self._configurations
            found = configurations.of(path) if lies_somewhere else configurations.of_shipped()
            self._found[name] = found, found.settings_of(path, configurations.command_line)
        return self._found[name]

    def outcomes_of(self, networks: Sequence[str], wanted: Wanted, manner: Manner) -> list[Outcome]:
        """The outcomes of all files, each under its own settings."""
        alike: dict[Settings, list[int]] = {}
        for number, name in enumerate(networks):
            alike.setdefault(self.settings_of(name), []).append(number)
        found: dict[int, Outcome] = {}
        for settings, numbers in alike.items():
            names = [networks[number] for number in numbers]
            outcomes = outcomes_of(names, wanted, manner._replace(settings=settings), self._stdin_name)
            found.update(zip(numbers, outcomes, strict=True))
        return with_libraries([found[number] for number in range(len(networks))])

    def formats(self, wanted: tuple[tuple[str, str], ...], ctx: click.Context) -> tuple[tuple[str, str], ...]:
        """The formats that the command line names, or else that of the settings."""
        named = ctx.get_parameter_source("formats") is click.core.ParameterSource.COMMANDLINE
        return ((self.configuration.format, ""),) if self.configuration.format and not named else wanted

    def strict_files(self, outcomes: Sequence[Outcome], networks: Sequence[str]) -> frozenset[str]:
        """The files in which warnings fail, as the outcomes name them; ``networks`` are the names of those of
        the outcomes that end the list."""
        checked = zip(outcomes[len(outcomes) - len(networks) :], networks, strict=True)
        strict = {one.file for one, name in checked if self.settings_of(name).strict}
        own = {one.file for one in outcomes[: len(outcomes) - len(networks)]}
        return frozenset(strict | own if self.given.strict else strict)

    def passed(self, outcomes: Sequence[Outcome], networks: Sequence[str]) -> list[Outcome]:
        """The outcomes of these networks without what their baselines know, behind what is wrong with the
        settings and the baselines themselves."""
        told = []
        checked: dict[str, list[str]] = {}
        settings: dict[str, Settings] = {}
        for one, name in zip(outcomes, networks, strict=True):
            path = self._baseline_path(name)
            known = self._baseline(path)
            if known:
                one = one._replace(findings=known.unknown(one.file, one.findings))
            told.append(one)
            checked.setdefault(path, []).append(one.file)
            settings.setdefault(path, self.settings_of(name))
        own = [(one.path, one.findings) for one in self._configurations.read.values() if one.findings]
        own += self._wrong.items()
        for path, files in checked.items():
            known = self._baseline(path)
            if known is not None:
                from netdsl.gate.selection import selected

                past = selected(known.past(files), settings[path])
                own += [(path, tuple(past))] if past else []
        return [*(Outcome(file, findings) for file, findings in own), *told]

    def looked_at(self, networks: Sequence[str]) -> set[str]:
        """The files besides the networks that decide what is told."""
        return {*self._configurations.read, *map(self._baseline_path, networks)} - {""}

    def _baseline_path(self, name: str) -> str:
        """The baseline for a network: the one of the command line, or of its settings; empty for none."""
        if self.given.baseline is not None:
            return self.given.baseline
        configuration = self._of(name)
        path = os.path.join(configuration.folder, configuration.baseline) if configuration.baseline else ""
        return shown(path) if path else ""

    def _baseline(self, path: str) -> Baseline | None:
        """A baseline, read once; None where there is none, or what is there is none, which is noted."""
        if path not in self._baselines:
            self._baselines[path] = None
            if path and not (self.given.write_baseline and not os.path.lexists(path)):
                from netdsl.gate.baseline import read_baseline

                try:
                    self._baselines[path] = read_baseline(path)
                except Diagnosed as diagnosed:
                    self._wrong[path] = diagnosed.diagnostics
        return self._baselines[path]

    def write_baseline(
        self, outcomes: Sequence[Outcome], networks: Sequence[str], ctx: click.Context
    ) -> list[Outcome]:
        """Make everything that is found known; a usage error where there is no file for it. Returns what is
        left to tell: findings that are never known, such as that a file is missing."""
        from netdsl.commands.console.writing import write_output
        from netdsl.gate.baseline import baseline_text, entry_of
        from netdsl.quantities import counted

        by_path: dict[str, list[tuple[str, Sequence[Diagnostic]]]] = {}
        for one, name in zip(outcomes, networks, strict=True):
            by_path.setdefault(self._baseline_path(name), []).append((one.file, one.findings))
        if "" in by_path:
            raise click.UsageError("--write-baseline needs --baseline FILE, or a `baseline` setting", ctx)
        for path, found in by_path.items():
            before = self._baseline(path)
            if path in self._wrong:
                continue  # what lies there is no baseline, and stays
            try:
                write_output(path, baseline_text(found, path, before))
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or error
                raise click.UsageError(f"cannot write {path!r}: {why}", ctx) from None
            count = sum(entry_of(one) is not None for _, findings in found for one in findings)
            click.echo(f"{path}: {counted(count, 'finding')} recorded as known", err=True)
            self._baselines[path] = None
        return [
            Outcome(one.file, [finding for finding in one.findings if entry_of(finding) is None])
            for one in outcomes
        ]

    def tell_known(self) -> None:
        """One line on what a baseline has left out."""
        for path, known in self._baselines.items():
            if known is not None and known.silenced:
                from netdsl.quantities import counted

                click.echo(f"{counted(known.silenced, 'known finding')} not shown, see {path}", err=True)

    def exit_code(self, outcomes: Sequence[Outcome], networks: Sequence[str]) -> int:
        """0, 1 or 2 for what is told in the end; ``networks`` are the names of the files of the outcomes that
        end the list."""
        if self.has_own_errors:
            return USAGE
        if self.given.exit_zero:
            return CLEAN
        checked = list(zip(outcomes[len(outcomes) - len(networks) :], networks, strict=True))
        strict = self.strict_files(outcomes, networks)
        failed = any(
            has_errors(list(one.findings)) or (one.file in strict and _warnings(one)) for one in outcomes
        )
        return FINDINGS if self._too_many(checked) or failed else CLEAN

    @property
    def has_own_errors(self) -> bool:
        """Whether something is wrong with the settings or the baseline."""
        read = [finding for one in self._configurations.read.values() for finding in one.findings]
        return bool(self._wrong) or has_errors(read)

    def _too_many(self, checked: Sequence[tuple[Outcome, str]]) -> bool:
        """Whether there are more warnings than are allowed, of all files or of those of one file of settings;
        says so."""
        counts: dict[str, tuple[int, int]] = {}
        for one, name in checked:
            configuration = self._of(name)
            most, where = configuration.max_warnings, configuration.path
            if self.given.max_warnings is not None:
                most, where = self.given.max_warnings, "--max-warnings"
            if most is not None and not (self.given.strict or self.settings_of(name).strict):
                counts[where] = counts.get(where, (0, most))[0] + _warnings(one), most
        exceeded = {where: pair for where, pair in counts.items() if pair[0] > pair[1]}
        for where, (count, most) in exceeded.items():
            said = (
                f"{count} warning{'s' * (count != 1)}; {where} allows {f'at most {most}' if most else 'none'}"
            )
            click.echo(said, err=True)
        return bool(exceeded)


def _warnings(outcome: Outcome) -> int:
    """How many warnings the last line counts for a file: one for each misunderstanding."""
    from netdsl.reports.folded_findings import folded

    groups = folded(one for one in outcome.findings if one.severity is Severity.WARNING)
    return len(groups)
