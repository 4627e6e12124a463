"""What click knows of a command, as data from which pages are written."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import click

from netdsl.commands.running.recipe_options import optimizer_settings
from netdsl.recipe.entries import entries


class OptionText(NamedTuple):
    """An option: its spellings with the first one first, what it takes (empty for a switch), its sentence,
    what it is by default (empty where that is nothing, or where the sentence says it), its bounds."""

    spellings: tuple[str, ...]
    takes: str
    sentence: str
    default: str
    bounds: str


class Paragraph(NamedTuple):
    """Words that may be filled anew, or lines that stay as they are."""

    text: str
    fixed: bool


class CommandText(NamedTuple):
    """A command by its whole name, ``netdsl check``; ``recipe`` are the options that settle the recipe."""

    name: str
    usage: str
    paragraphs: tuple[Paragraph, ...]
    options: tuple[OptionText, ...]
    recipe: tuple[OptionText, ...]

    @property
    def file_name(self) -> str:
        """``netdsl-check``, as man pages are called."""
        return self.name.replace(" ", "-")

    @property
    def summary(self) -> str:
        """The first paragraph, which is one sentence, without its full stop."""
        return self.paragraphs[0].text.rstrip(".")


def described(group: click.Group) -> list[CommandText]:
    """The group itself, then its commands in the order of their names."""
    context = click.Context(group, info_name="netdsl")
    found = [_command("netdsl", group)]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if not command.hidden:
            found.append(_command(f"netdsl {name}", command))
    return found


def _command(name: str, command: click.Command) -> CommandText:
    context = click.Context(command, info_name=name)
    options: list[OptionText] = []
    recipe: list[OptionText] = []
    for one in command.params:
        if isinstance(one, click.Option) and not one.hidden:
            settles = one.name in _RECIPE and one.metavar in _metavars(one.name or "")
            (recipe if settles else options).append(_option(one, context))
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    return CommandText(name, usage, _paragraphs(command.help or ""), tuple(options), tuple(recipe))


_RECIPE = frozenset([*entries(), *optimizer_settings()])


def _metavars(name: str) -> tuple[str | None, ...]:
    """What an option that settles the recipe takes; others may have the same name, such as ``--batch``
    of ``netdsl bench``."""
    entry = entries().get(name)
    return (entry.metavar,) if entry else (name[0].upper(), None)


def _paragraphs(text: str) -> tuple[Paragraph, ...]:
    found = []
    for piece in inspect.cleandoc(text).split("\n\n"):
        fixed = piece.startswith("\b\n")
        words = piece.removeprefix("\b\n") if fixed else " ".join(piece.split())
        found.append(Paragraph(words, fixed))
    return tuple(found)


def _option(option: click.Option, context: click.Context) -> OptionText:
    switch = option.is_flag or option.count
    long_first = sorted([*option.opts, *option.secondary_opts], key=lambda one: not one.startswith("--"))
    takes = "" if switch else option.metavar or option.make_metavar(context)
    default = option.get_default(context) if option.show_default and not switch else None
    sentence = " ".join((option.help or "").split())
    return OptionText(tuple(long_first), takes, sentence, _plain(default), _bounds(option.type))


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _bounds(kind: click.ParamType[Any]) -> str:
    """``1 to 4,096``, or ``at least 1``."""
    if not isinstance(kind, click.IntRange | click.FloatRange):
        return ""
    low, high = (None if end is None else f"{end:,}" for end in (kind.min, kind.max))
    if low is None:
        return f"at most {high}" if high is not None else ""
    return f"at least {low}" if high is None else f"{low} to {high}"
