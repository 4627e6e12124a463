"""The options of `netdsl check` that say what counts: settings, codes, warnings, a baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import click

from netdsl.gate.settings import Changes
from netdsl.planning.network_files import STDIN

_Command = TypeVar("_Command", bound=Callable[..., Any])
_KEPT = "netdsl.gate"


class Given(NamedTuple):
    """The options as they are given."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    config: str | None = None
    isolated: bool = False
    strict: bool = False
    max_warnings: int | None = None
    exit_zero: bool = False
    baseline: str | None = None
    write_baseline: bool = False
    statistics: bool = False

    @property
    def changes(self) -> Changes:
        """What the command line says of files; where some warnings are allowed, strictness ends."""
        strict = True if self.strict else False if self.max_warnings is not None else None
        return Changes(self.select, self.extend_select, self.ignore, strict)


def given(ctx: click.Context) -> Given:
    """The options of a command line, checked against one another."""
    found = Given(**ctx.meta.get(_KEPT, {}))
    if found.config is not None and found.isolated:
        raise click.UsageError("--config names settings, and --isolated reads none", ctx)
    for option, name in (("--config", found.config), ("--baseline", found.baseline)):
        if name == STDIN:
            raise click.UsageError(f"{option} takes the name of a file, and `-` is none", ctx)
    if found.strict and found.max_warnings:
        raise click.UsageError("--strict allows no warning: leave out it or --max-warnings", ctx)
    return found


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    assert param.name is not None
    if ctx.get_parameter_source(param.name) is not click.core.ParameterSource.DEFAULT:
        ctx.meta.setdefault(_KEPT, {})[param.name] = value


def _keep_codes(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> None:
    """``ND4,ND313`` as selectors."""
    found = []
    for written in (code.strip() for value in values for code in value.split(",")):
        from netdsl.gate.selection import nearest_code, selector

        known = selector(written)
        if known is None:
            near = nearest_code(written)
            hint = f"did you mean {near}?" if near else "`netdsl explain` lists the codes"
            raise click.BadParameter(f"there is no code {written!r}: {hint}", ctx, param)
        found.append(known)
    _keep(ctx, param, tuple(found))


_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--select",),
        {
            "metavar": "CODE,...",
            "multiple": True,
            "callback": _keep_codes,
            "help": "Tell errors, and of the rest these codes alone, or all that begin so: ND4.",
        },
    ),
    (
        ("--extend-select",),
        {
            "metavar": "CODE,...",
            "multiple": True,
            "callback": _keep_codes,
            "help": "Tell these besides what the settings select.",
        },
    ),
    (
        ("--ignore",),
        {
            "metavar": "CODE,...",
            "multiple": True,
            "callback": _keep_codes,
            "help": "Leave out warnings and notes of these codes, or of all that begin so.",
        },
    ),
    (
        ("--config",),
        {"metavar": "FILE", "help": "Settings for all files; else those of the nearest folder above each."},
    ),
    (("--isolated", "--no-config"), {"is_flag": True, "help": "Read no settings."}),
    (("--strict",), {"is_flag": True, "help": "Let warnings decide the exit code, as errors do."}),
    (
        ("--max-warnings",),
        {"metavar": "N", "type": click.IntRange(0), "help": "Exit code 1 where there are more warnings."},
    ),
    (
        ("--exit-zero",),
        {"is_flag": True, "help": "Exit code 0 whatever is found; 2 and 3 stay as they are."},
    ),
    (
        ("--baseline",),
        {"metavar": "FILE", "help": "Leave out the findings that this file knows, and tell new ones."},
    ),
    (
        ("--write-baseline",),
        {"is_flag": True, "help": "Write what is found into the baseline, and tell nothing of it."},
    ),
    (
        ("--statistics",),
        {"is_flag": True, "help": "Show how often each code is found, and how many of them --fix mends."},
    ),
)


def gate_options(command: _Command) -> _Command:
    """Give a command these options; ``given`` reads them."""
    for names, settings in reversed(_OPTIONS):
        option = click.option(*names, **{"callback": _keep, "expose_value": False, **settings})
        command = option(command)
    return command
