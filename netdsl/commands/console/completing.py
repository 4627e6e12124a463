"""What a shell offers when the Tab key is pressed: the scripts it loads, and the answers to its questions.

What fits a parameter follows from its metavar, so that a new option that takes a FILE is completed without
a word about it here. The scripts of zsh and fish are click's own; bash has one of ours, which offers names
and files together, knows ``--format=json``, and takes names with blanks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import click
from click.shell_completion import BashComplete, CompletionItem, ShellComplete, get_completion_class
from click.shell_completion import split_arg_string as _words

from netdsl.commands import ASKED_BY

SHELLS = ("bash", "zsh", "fish")

_PROGRAM = "netdsl"

_BASH = """\
# netdsl's completion for bash 4.4 and later.
%(complete_func)s() {
    local kind value
    COMPREPLY=()
    while IFS=$'\\t' read -r kind value; do
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            file | dir)
                compopt -o filenames
                while IFS= read -r value; do
                    COMPREPLY+=("$value")
                done < <(compgen -A "${kind/%%dir/directory}" -- "$value")
                ;;
        esac
    done < <(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" %(complete_var)s=bash_complete "$1" 2> /dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(BashComplete):
    """Questions and answers as our script for bash has them: the line up to the cursor, and tabs."""

    source_template = _BASH

    def source(self) -> str:
        return ShellComplete.source(self)  # click looks for bash first, and warns

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("COMP_WORDS", "")
        words = _words(line)
        # A blank behind the last word begins a new one; one that is quoted belongs to it.
        begun = _words(f"{line}.")
        return (words[1:], "") if len(begun) > len(words) else (words[1:-1], words[-1])

    def format_completion(self, item: CompletionItem[Any]) -> str:
        return f"{item.type}\t{item.value}"


def script(group: click.Group, shell: str) -> str:
    """What a shell has to load once."""
    return _shell(group, shell).source()


def answer(group: click.Group, question: str) -> str:
    """The answer to ``bash_complete``, in the shell's form; or its script, for ``bash_source``.

    Empty where there is nothing to offer, or where the line is one that no command takes: whoever is
    writing it wants no message in the middle of it.
    """
    shell, _, wanted = question.partition("_")
    if shell not in SHELLS or wanted not in ("source", "complete"):
        return ""
    if wanted == "source":
        return script(group, shell)
    with suppress(Exception):
        completer = _shell(group, shell)
        words, begun = completer.get_completion_args()
        with suppress(click.ClickException):
            items = _offered(completer, words, begun)
            return "".join(f"{completer.format_completion(item)}\n" for item in items)
    return ""


def _shell(group: click.Group, shell: str) -> ShellComplete:
    kind = _Bash if shell == "bash" else get_completion_class(shell)
    assert kind is not None
    return kind(group, {}, _PROGRAM, ASKED_BY)


def _offered(completer: ShellComplete, words: list[str], begun: str) -> list[CompletionItem[Any]]:
    items = completer.get_completions(words, begun)
    option, equals, _ = begun.partition("=")
    if completer.name != "bash" and equals and option.startswith("--"):
        # bash takes what is behind the = for a word of its own.
        for item in items:
            item.value = f"{option}={item.value}"
    return items


class Completed(click.types.StringParamType):
    """A text for which a shell offers what ``offers`` finds."""

    def __init__(self, offers: Callable[[click.Context, str], Iterable[CompletionItem[Any]]]) -> None:
        self._offers = offers

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[Any]]:
        return list(self._offers(ctx, incomplete))


def completed(name: str, command: click.Command) -> click.Command:
    """The command of that name, with parameters that know what to offer."""
    for parameter in command.params:
        named = _BY_NAME.get((name, parameter.name or ""))
        offers = named or _BY_METAVAR.get(parameter.metavar or "")
        if offers is not None and type(parameter.type) is type(click.STRING):
            parameter.type = Completed(offers)
    return command


def _plain(names: Iterable[str], begun: str) -> list[CompletionItem[Any]]:
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def _files(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    return [CompletionItem(begun, type="file")]


def _folders(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    return [CompletionItem(begun, type="dir")]


def _networks(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    return [*_zoo(ctx, begun), *_files(ctx, begun)]


def _zoo(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    from netdsl.resources import zoo_names

    return _plain(zoo_names(), begun)


def _data(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    return [*_plain(["digits"], begun), *_files(ctx, begun)]


def _formats(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    from netdsl.reports.formats import FORMATS

    return _plain(FORMATS, begun)


def _columns(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    from netdsl.counting.columns import column_names

    return _listed(column_names(), begun)


def _codes(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    from netdsl.resources import explained_codes

    last = begun.rpartition(",")[2]
    return _listed([code if last == last.upper() else code.lower() for code in explained_codes()], begun)


def _listed(names: Iterable[str], begun: str) -> list[CompletionItem[Any]]:
    """What the last of several names with commas between them may be."""
    written, comma, begun = begun.rpartition(",")
    taken = written.split(",")
    left = [name for name in names if name not in taken]
    return _plain([f"{written}{comma}{name}" for name in left], f"{written}{comma}{begun}")


def _tools(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    from netdsl.counting import tool_names

    return _plain(tool_names(), begun)


def _components(entry: str) -> Callable[[click.Context, str], list[CompletionItem[Any]]]:
    def offers(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
        from netdsl.reports.as_component import components

        return _plain(components()[entry], begun)

    return offers


def _subjects(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    """Codes, kinds of layers in the case that is begun, words of the recipe, networks."""
    from netdsl.layers.registry import modules_by_name
    from netdsl.recipe.entries import entries
    from netdsl.reports.as_component import components
    from netdsl.resources import explained_codes

    kinds = [name for name in modules_by_name() if " " not in name]
    words = [*entries(), *(name for named in components().values() for name in named)]
    known = dict.fromkeys([*explained_codes(), *kinds, *words])
    if begun and begun == begun.lower():
        known = dict.fromkeys(map(str.lower, known))
    return [*_plain(known, begun), *_networks(ctx, begun)]


def _layers(ctx: click.Context, begun: str) -> list[CompletionItem[Any]]:
    """The layers of the network before; their names have blanks, for which `_` may stand."""
    from netdsl.planning.network_files import open_source, planned

    plan, _ = planned(open_source(str(ctx.params.get("subject"))))
    names = [one.node.name.replace(" ", "_") for one in plan.layers] if plan is not None else []
    return [CompletionItem(name) for name in names if name.lower().startswith(begun.lower())]


_Offers = Callable[[click.Context, str], Sequence[CompletionItem[Any]]]

_BY_METAVAR: dict[str, _Offers] = {
    "NETWORK...": _networks,
    "NET": _networks,
    "A B | --against REV FILE": _networks,
    "CODE,...": _codes,
    "FILE": _files,
    "FILE...": _files,
    "FILE|-": _files,
    "FILE.png": _files,
    "RUN": _files,
    "RUN|FILE": _files,
    "IMAGE...": _files,
    "DATA": _data,
    "FOLDER": _folders,
}

_BY_NAME: dict[tuple[str, str], _Offers] = {
    ("zoo", "network"): _zoo,
    ("explain", "subject"): _subjects,
    ("explain", "layer"): _layers,
    ("check", "formats"): _formats,
    ("check", "columns"): _columns,
    ("check", "tools"): _tools,
    **{
        (command, entry): _components(entry)
        for command, entries in (
            ("train", ("loss", "optimizer", "schedule", "init", "augment")),
            ("search", ("loss", "optimizer", "schedule", "init", "augment")),
            ("lr-find", ("loss", "optimizer", "init", "augment")),
            ("compile", ("loss", "optimizer")),
        )
        for entry in entries
    },
}
