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
        raise click.UsageError("--config and --isolated exclude each other", ctx)
    for option, name in (("--config", found.config), ("--baseline", found.baseline)):
        if name == STDIN:
            raise click.UsageError(f"{option} takes a file name, not `-`", ctx)
    if found.strict and found.max_warnings:
        raise click.UsageError("--strict and --max-warnings exclude each other", ctx)
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
            "help": "Besides errors, report only these codes or prefixes of codes, such as ND4.",
        },
    ),
    (
        ("--extend-select",),
        {
            "metavar": "CODE,...",
            "multiple": True,
            "callback": _keep_codes,
            "help": "Report these codes too, besides those that the settings select.",
        },
    ),
    (
        ("--ignore",),
        {
            "metavar": "CODE,...",
            "multiple": True,
            "callback": _keep_codes,
            "help": "Do not report warnings and notes with these codes or prefixes of codes.",
        },
    ),
    (
        ("--config",),
        {"metavar": "FILE", "help": "Settings file for all networks, instead of the nearest one above each."},
    ),
    (("--isolated", "--no-config"), {"is_flag": True, "help": "Ignore settings files."}),
    (("--strict",), {"is_flag": True, "help": "Exit with 1 on warnings too, not only on errors."}),
    (
        ("--max-warnings",),
        {
            "metavar": "N",
            "type": click.IntRange(0),
            "help": "Exit with 1 if there are more warnings than this.",
        },
    ),
    (
        ("--exit-zero",),
        {"is_flag": True, "help": "Exit with 0 whatever is found; 2 and 3 remain."},
    ),
    (
        ("--baseline",),
        {"metavar": "FILE", "help": "Report only findings that this file does not list."},
    ),
    (
        ("--write-baseline",),
        {"is_flag": True, "help": "Write the findings to the baseline instead of reporting them."},
    ),
    (
        ("--statistics",),
        {"is_flag": True, "help": "Count the findings of each code, and how many --fix can fix."},
    ),
)


def gate_options(command: _Command) -> _Command:
    """Give a command these options; ``given`` reads them."""
    for names, settings in reversed(_OPTIONS):
        option = click.option(*names, **{"callback": _keep, "expose_value": False, **settings})
        command = option(command)
    return command
