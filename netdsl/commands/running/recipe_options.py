"""The recipe on the command line: an option for each entry and for each setting of an optimizer."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import click

from netdsl.layers.option import Option, OptionType
from netdsl.optimizers import optimizers
from netdsl.recipe.component import option_text
from netdsl.recipe.entries import Entry, entries, with_setting
from netdsl.recipe.line import EntryError, Line
from netdsl.recipe.reading import read_value
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import entry_from_text
from netdsl.schedules.piecewise import Piecewise
from netdsl.source import Span
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.commands.running.options import Function
    from netdsl.graph.network import Network


def recipe_options(
    *only: str, settings: bool = True, without: Collection[str] = ()
) -> Callable[[Function], Function]:
    """Options for the entries named, or for all; ``settings`` adds those of the optimizers; none that is
    in ``without``.

    They reach the command under their names, None where they are not given.
    """
    chosen = [
        entry for name, entry in entries().items() if (not only or name in only) and name not in without
    ]
    options = [_entry_option(entry) for entry in chosen]
    if settings:
        options += [_setting_option(name) for name in optimizer_settings() if name not in without]

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _entry_option(entry: Entry) -> Callable[[Function], Function]:
    def read(context: click.Context, parameter: click.Parameter, given: str | tuple[str, ...] | None) -> Any:
        if given is None or given == ():
            return None
        text = given if isinstance(given, str) else ", ".join(given)
        if entry.plain and isinstance(entry.default, str):
            return _name(text, context, parameter)
        try:
            return entry_from_text(entry, text)
        except ValueError as error:
            raise click.BadParameter(str(error), context, parameter) from error

    default = entry.default_text
    told = f"{entry.sentence}; {default} by default." if default else f"{entry.sentence}."
    told += " May be repeated." if entry.listed else ""
    return click.option(
        *_flags(entry.name, entry.spellings),
        cls=_Spelled,
        multiple=entry.listed,
        metavar=entry.metavar,
        help=told[0].upper() + told[1:],
        callback=read,
    )


class _Spelled(click.Option):
    """An option with several spellings, of which the help shows the first."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        spellings, self.opts = self.opts, self.opts[:1]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = spellings


def _flags(name: str, words: Collection[str]) -> list[str]:
    """The parameter's name and its spellings on the command line: ``--batch``, ``--batch-size``."""
    written = dict.fromkeys((name, *words))
    return [name, *(f"--{re.sub('[ _]+', '-', word)}" for word in written)]


def _name(text: str, context: click.Context, parameter: click.Parameter) -> str:
    from netdsl.recipe.entries import LONGEST_NAME

    if not 1 <= len(text) <= LONGEST_NAME:
        raise click.BadParameter(f"it has 1 to {LONGEST_NAME:,} characters", context, parameter)
    return text


def optimizer_settings() -> dict[str, list[str]]:
    """Every setting of the optimizers, with the names of those that have it."""
    found: dict[str, list[str]] = {}
    for optimizer, kind in optimizers().items():
        for name in kind.options():
            found.setdefault(name, []).append(optimizer)
    order = ("rate", "momentum", "decay")  # those that most people look for
    return {name: found[name] for name in sorted(found, key=lambda one: (one not in order, one))}


def _setting_option(name: str) -> Callable[[Function], Function]:
    owners = optimizer_settings()[name]
    option = optimizers()[owners[0]].options()[name]
    told = _setting_help(name, owners)
    if option.type is OptionType.FLAG:
        return click.option(f"--{name.replace('_', '-')}", name, is_flag=True, default=None, help=told)

    def read(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
        if text is None:
            return None
        line = Line(tree.Word(text, Span(0, len(text))))
        try:
            value = read_value(line, option)
        except EntryError as error:
            raise click.BadParameter(f"{error.message}, {error.label}", context, parameter) from error
        if not line.at_end():
            raise click.BadParameter(f"{text[:40]!r} is not a number", context, parameter)
        return value

    metavar = name[0].upper()
    return click.option(*_flags(name, option.words), cls=_Spelled, metavar=metavar, help=told, callback=read)


def _setting_help(name: str, owners: list[str]) -> str:
    """``Learning rate; 0.01 by default, 0.001 for adam.``"""
    defaults: dict[str, list[str]] = {}
    for owner in owners:
        option = optimizers()[owner].options()[name]
        if option.default is not None and option.type is not OptionType.FLAG:
            defaults.setdefault(option_text(option, option.default), []).append(owner)
    doc = optimizers()[owners[0]].options()[name].doc
    whose = "" if len(owners) == len(optimizers()) else f" ({', '.join(owners)})"
    shown = ", ".join(
        f"{value} by default" if len(defaults) == 1 else f"{value} for {', '.join(whom)}"
        for value, whom in defaults.items()
    )
    return f"{doc[0].upper()}{doc[1:]}{whose}{f'; {shown}' if shown else ''}."


def chosen_recipe(network: Network, path: str | None, given: Mapping[str, Any]) -> Recipe:
    """The recipe of a network's file, or of a ``.train`` file in its place, changed by what is ``given``.

    Raises Diagnosed where a file is wrong, UsageError where a setting is not one of the optimizer.
    """
    written = network.recipe
    if path is not None:
        from netdsl.commands.console.loading import open_recipe
        from netdsl.diagnostics import Diagnosed, has_errors
        from netdsl.gate.checking import recipe_of

        written, found = recipe_of(open_recipe(path))
        if has_errors(found):
            raise Diagnosed(*found)
    from netdsl.recipe.data_beside import recipe_beside

    return changed_recipe(recipe_beside(written, named=given.get("data") is not None), given)


def changed_recipe(recipe: Recipe, given: Mapping[str, Any]) -> Recipe:
    """The recipe with what the command line gives, None left out: entries first, then settings."""
    present = {name: value for name, value in given.items() if value is not None}
    fields = {name: value for name, value in present.items() if name in Recipe._fields}
    recipe = recipe._replace(**fields)
    for name, value in present.items():
        if name not in fields:
            if name not in recipe.optimizer.options():
                _refuse(name, recipe.optimizer.name, recipe.optimizer.options().values())
            recipe = (
                _with_rate(recipe, value, present) if name == "rate" else with_setting(recipe, name, value)
            )
    for problem in recipe.optimizer.problems():
        raise click.UsageError(problem)
    return recipe


def _with_rate(recipe: Recipe, rate: float, given: Mapping[str, Any]) -> Recipe:
    """The recipe with another rate; a schedule of rates is scaled to begin with it, as in a search."""
    from netdsl.recipe.search_settings import with_value

    if "schedule" in given and isinstance(recipe.schedule, Piecewise):
        raise click.UsageError("--rate has no effect with a --schedule of rates: leave one of them out")
    return with_value(recipe, "rate", rate)


def _refuse(name: str, optimizer: str, options: Collection[Option[Any]]) -> None:
    known = ", ".join(f"--{option.name.replace('_', '-')}" for option in options)
    raise click.UsageError(f"--{name.replace('_', '-')} is not a setting of {optimizer}, which has {known}")
